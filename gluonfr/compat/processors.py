"""The processors that this process may use, and the threads that OpenMP starts on them."""
import ctypes
import os
from pathlib import Path
from typing import Callable, Iterable, List, Mapping, MutableMapping, Optional, Set

# How often a waiting OpenMP thread looks again before it sleeps. Measured on two cores, MXNet 1.9.1, MobileFaceNet:
# training is the fastest from 3,000 on (66-69 images/s, 63-65 with 1,000, 56-63 with 100), one image on both cores
# takes 3.4 ms with 3,000 or more, 4.9 with 1,000 and 8.5 with 100; beside a busy process long waiting is slow.
SPIN_COUNT = '3000'


def core_groups(cpus: Iterable[int], topology: str = '/sys/devices/system/cpu') -> List[Set[int]]:
    """Return the logical `cpus` (ids) of each physical core, a list of sets; one each where it cannot be known."""
    cores = {}
    for cpu in sorted(cpus):
        siblings = Path(topology, 'cpu{}'.format(cpu), 'topology', 'thread_siblings_list')
        try:
            cores.setdefault(siblings.read_text(encoding='ascii').strip(), set()).add(cpu)
        except OSError:
            return [{cpu} for cpu in sorted(cpus)]
    return list(cores.values())


def cpu_quota(cgroup: str = '/sys/fs/cgroup') -> Optional[float]:
    """Return the CPUs' worth of time that the control group grants (a float), or None without a limit."""
    try:
        quota, period = Path(cgroup, 'cpu.max').read_text(encoding='ascii').split()
    except (OSError, ValueError):
        try:
            quota = Path(cgroup, 'cpu', 'cpu.cfs_quota_us').read_text(encoding='ascii').strip()
            period = Path(cgroup, 'cpu', 'cpu.cfs_period_us').read_text(encoding='ascii').strip()
        except OSError:
            return None
    if quota in ('max', '-1'):
        return None
    return int(quota) / int(period)


def usable_cores() -> int:
    """Return the physical cores that this process may use, at least 1."""
    if not hasattr(os, 'sched_getaffinity'):
        return os.cpu_count() or 1
    cores = len(core_groups(os.sched_getaffinity(0)))
    quota = cpu_quota()
    return max(1, cores if quota is None else min(cores, int(quota)))


def threads_to_use(environ: Mapping[str, str] = os.environ) -> int:
    """Return the number of threads for work on the CPU: OMP_NUM_THREADS if that is set, else the usable cores."""
    first = environ.get('OMP_NUM_THREADS', '').split(',')[0].strip()
    return int(first) if first.isdigit() and int(first) else usable_cores()


def set_thread_defaults(environ: MutableMapping[str, str], cores: int) -> None:
    """Set the OpenMP variables that the user has not set; they count only until MXNet is loaded.

    MXNet by itself takes half the logical processors, which is half the machine where there is no hyper-threading.
    """
    environ.setdefault('OMP_NUM_THREADS', str(cores))
    if 'OMP_WAIT_POLICY' not in environ:
        environ.setdefault('GOMP_SPINCOUNT', SPIN_COUNT)
    # Each graph that runs holds the next two of MXNet's temporary memories, 4 by default: with three graphs side by
    # side (gluonfr.deploy.inference), the first and the third would take turns. On 16 cores MobileFaceNet embeds 1,600
    # images/s with 34 of them and 656 with 4. A training is as fast with more of them, but takes up to a fifth more
    # memory (MobileFaceNet 1,534 MiB with 4, 1,805 with 64).
    if cores > 2:
        environ.setdefault('MXNET_CPU_TEMP_COPY', str(2 * cores + 2))


def check_openmp(load: Callable = ctypes.CDLL) -> None:
    """Raise ImportError where libgomp, which MXNet links and its wheel does not carry, is missing."""
    try:
        load('libgomp.so.1')
    except OSError as error:
        raise ImportError('gluonfr: MXNet needs the OpenMP library libgomp.so.1 ({}). Install it: '
                          'apt-get install libgomp1, or dnf install libgomp'.format(error)) from error
