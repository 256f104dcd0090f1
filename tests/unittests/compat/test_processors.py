"""The cores that a process may use, and the threads of OpenMP on them."""
import pytest
from compat_cases import run_python

from gluonfr import compat
from gluonfr.compat import processors


def make_topology(folder, siblings):
    for cpu, text in enumerate(siblings):
        (folder / 'cpu{}'.format(cpu) / 'topology').mkdir(parents=True)
        (folder / 'cpu{}'.format(cpu) / 'topology' / 'thread_siblings_list').write_text(text + '\n')
    return str(folder)


@pytest.mark.parametrize('cpus, cores', [
    ({0, 1, 2, 3}, [{0, 2}, {1, 3}]), ({0, 2}, [{0, 2}]), ({0, 1}, [{0}, {1}]), ({0, 9}, [{0}, {9}])])
def test_core_groups(tmp_path, cpus, cores):
    assert compat.core_groups(cpus, make_topology(tmp_path, ['0,2', '1,3', '0,2', '1,3'])) == cores


@pytest.mark.parametrize('files, quota', [
    ({'cpu.max': '150000 100000'}, 1.5), ({'cpu.max': 'max 100000'}, None), ({}, None),
    ({'cpu/cpu.cfs_quota_us': '400000', 'cpu/cpu.cfs_period_us': '100000'}, 4.0),
    ({'cpu/cpu.cfs_quota_us': '-1', 'cpu/cpu.cfs_period_us': '100000'}, None)])
def test_cpu_quota(tmp_path, files, quota):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text + '\n')
    assert compat.cpu_quota(str(tmp_path)) == quota


def test_usable_cores_are_at_least_one(monkeypatch):
    monkeypatch.setattr(processors, 'cpu_quota', lambda: 0.5)
    assert compat.usable_cores() == 1


@pytest.mark.parametrize('given, cores, expected', [
    ({}, 2, {'OMP_NUM_THREADS': '2', 'GOMP_SPINCOUNT': compat.SPIN_COUNT}),
    ({}, 6, {'OMP_NUM_THREADS': '6', 'GOMP_SPINCOUNT': compat.SPIN_COUNT, 'MXNET_CPU_TEMP_COPY': '14'}),
    ({'MXNET_CPU_TEMP_COPY': '4'}, 6,
     {'OMP_NUM_THREADS': '6', 'GOMP_SPINCOUNT': compat.SPIN_COUNT, 'MXNET_CPU_TEMP_COPY': '4'}),
    ({'OMP_NUM_THREADS': '1'}, 2, {'OMP_NUM_THREADS': '1', 'GOMP_SPINCOUNT': compat.SPIN_COUNT}),
    ({'OMP_WAIT_POLICY': 'ACTIVE'}, 2, {'OMP_WAIT_POLICY': 'ACTIVE', 'OMP_NUM_THREADS': '2'}),
    ({'GOMP_SPINCOUNT': '7'}, 2, {'GOMP_SPINCOUNT': '7', 'OMP_NUM_THREADS': '2'})])
def test_thread_defaults_keep_what_the_user_set(given, cores, expected):
    compat.set_thread_defaults(given, cores)
    assert given == expected


@pytest.mark.parametrize('text, expected', [('3', 3), (' 2,1', 2), ('', 7), ('0', 7), ('many', 7)])
def test_threads_to_use(monkeypatch, text, expected):
    monkeypatch.setattr(processors, 'usable_cores', lambda: 7)
    assert compat.threads_to_use({'OMP_NUM_THREADS': text}) == expected
    assert compat.threads_to_use({}) == 7


@pytest.mark.mxnet
def test_threads_of_a_real_process():
    code = 'import os, gluonfr, mxnet; print(os.environ["OMP_NUM_THREADS"], os.environ["GOMP_SPINCOUNT"])'
    status, out, err = run_python(code)
    assert status == 0 and out.split() == [str(compat.usable_cores()), compat.SPIN_COUNT], err


def test_missing_openmp_is_named():
    def load(name):
        raise OSError(name)

    with pytest.raises(ImportError, match='apt-get install libgomp1'):
        compat.check_openmp(load)
