"""gluonfr.compat: its decisions as pure functions, and real processes where the behaviour of an import counts."""
import ctypes
import importlib
import os
import re
import sys
import types
import warnings
from importlib.metadata import PackageNotFoundError

import numpy as np
import pytest
from compat_cases import INSTALL, ROOT, fake_wheel, run_python

from gluonfr import compat

# NumPy aliases

def test_aliases_are_set_only_where_absent():
    module = types.SimpleNamespace(bool='kept', sctypeDict={'f': float})
    compat.add_numpy_aliases(module)
    assert module.bool == 'kept'
    assert (module.int, module.float, module.object, module.str) == (int, float, object, str)
    assert module.typeDict is module.sctypeDict


def test_aliases_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        compat.add_numpy_aliases(np)


@pytest.mark.mxnet
@pytest.mark.filterwarnings('ignore::DeprecationWarning:')
@pytest.mark.filterwarnings('ignore::FutureWarning:')
def test_numpy_has_what_mxnet_uses():
    importlib.import_module('mxnet')
    assert np.bool is bool and np.int is int and np.float is float and np.object is object and np.complex is complex
    assert np.typeDict['float32'] is np.float32


@pytest.mark.mxnet
def test_mxnet_numpy_and_gluoncv_work_after_compat():
    code = """
import sys
import gluonfr
import mxnet as mx, mxnet.numpy, mxnet.test_utils
sys.modules['torch'] = None  # GluonCV does not import beside PyTorch 2
import gluoncv
assert mx.np.array([True, False]).asnumpy().sum() == 1
assert mx.np.ones(3, dtype=mx.np.float32)[mx.np.array([1, 0, 1]).astype(bool)].shape == (2,)
print('fine')
"""
    status, out, err = run_python(code)
    assert status == 0 and out.strip().endswith('fine'), err


# What is installed

def test_the_install_command_works_in_a_checkout_and_from_the_index(tmp_path):
    assert compat.install_command('onnx', '/a place') == "pip install 'gluonfr[onnx]>=2.0.dev0'"
    (tmp_path / 'a place').mkdir()
    (tmp_path / 'a place' / 'setup.py').write_text('')
    assert compat.install_command('onnx', tmp_path / 'a place') == "pip install -e '{}/a place[onnx]'".format(tmp_path)
    assert compat.install_command('cpu') == INSTALL
    unbound = [str(path) for path in (ROOT / 'gluonfr').rglob('*.py')
               if re.search(r"install\s+'?gluonfr", path.read_text(encoding='utf-8')) and path.name != 'compat.py']
    assert not unbound, 'these write what install_command is for'


def test_installed_mxnet_knows_every_wheel():
    def version(name):
        if name in ('mxnet', 'mxnet-cu112'):
            return '1.9.1'
        raise PackageNotFoundError(name)

    assert compat.installed_mxnet(version) == {'mxnet': '1.9.1', 'mxnet-cu112': '1.9.1'}


@pytest.mark.parametrize('wheels, importable, numpy, distutils, parts', [
    ({}, False, '1.26.4', True, [INSTALL, compat.install_command('cu112')]),
    ({'mxnet': '1.9.1', 'mxnet-cu112': '1.9.1'}, True, '1.23.5', True,
     ['mxnet and mxnet-cu112', 'pip uninstall -y mxnet mxnet-cu112 && ' + compat.install_command('cu112')]),
    ({'mxnet': '1.9.1', 'mxnet-mkl': '1.6.0'}, True, '1.23.5', True, [INSTALL]),
    ({'mxnet': '1.9.1'}, True, '2.1.0', True, ['NumPy 2.1.0', "pip install 'numpy<2'"]),
    ({'mxnet': '1.9.1'}, True, '1.26.4', False, ['pip install setuptools']),
    ({}, False, '2.5.0', True, [INSTALL]),
])
def test_installation_problem_says_what_to_run(wheels, importable, numpy, distutils, parts):
    problem = compat.installation_problem(wheels, importable, numpy, distutils, python=(3, 12, 1))
    assert all(part in problem for part in parts), problem


@pytest.mark.parametrize('python, importable, numpy', [
    ((3, 13), False, '2.5.0'), ((3, 14, 1), True, '2.5.0'), ((3, 13), False, '1.26.4')])
def test_a_python_that_mxnet_does_not_work_with_is_named(python, importable, numpy):
    problem = compat.installation_problem({}, importable, numpy, python=python)
    assert '3.8 to 3.12; this is 3.{}. '.format(python[1]) in problem
    assert problem.endswith('python3.11 -m venv .venv && .venv/bin/' + INSTALL)


@pytest.mark.parametrize('wheels', [{'mxnet': '1.9.1'}, {'mxnet-cu112': '1.9.1'}, {}])
def test_no_problem(wheels):
    assert compat.installation_problem(wheels, True, '1.26.4') is None


WITHOUT_MXNET = """
import importlib.metadata as metadata, importlib.machinery as machinery
found, version = machinery.PathFinder.find_spec, metadata.version
machinery.PathFinder.find_spec = lambda name, *more: None if name == 'mxnet' else found(name, *more)
def without(name):
    if name.startswith('mxnet'):
        raise metadata.PackageNotFoundError(name)
    return version(name)
metadata.version = without
"""


def test_missing_mxnet_in_a_real_process():
    code = WITHOUT_MXNET + """
import gluonfr, gluonfr.data, gluonfr.metrics
try:
    gluonfr.loss
except ModuleNotFoundError as error:
    print(error.name, error)
"""
    status, out, err = run_python(code)
    assert status == 0 and out.startswith('mxnet gluonfr: MXNet is ') and INSTALL in out, err


@pytest.mark.mxnet
def test_what_needs_no_mxnet_does_not_import_it_and_it_is_prepared_when_it_is():
    code = """
import os, sys, gluonfr, gluonfr.align, gluonfr.convert, gluonfr.data, gluonfr.deploy, gluonfr.metrics
import gluonfr.model_zoo, gluonfr.viz
print('mxnet' in sys.modules, 'OMP_NUM_THREADS' in os.environ)
import mxnet
print('OMP_NUM_THREADS' in os.environ)
"""
    status, out, err = run_python(code)
    assert status == 0 and out.split() == ['False', 'False', 'True'], err


@pytest.mark.mxnet
def test_two_wheels_in_a_real_process(tmp_path):
    fake_wheel(tmp_path, 'mxnet')
    fake_wheel(tmp_path, 'mxnet-cu112')
    status, _, err = run_python('load_compat()', [tmp_path])
    assert status != 0 and 'ImportError: gluonfr: mxnet and mxnet-cu112 are installed together' in err, err


@pytest.mark.mxnet
def test_an_earlier_failed_import_is_named(tmp_path):
    fake_wheel(tmp_path, 'mxnet', 'from . import base\nraise AttributeError("np.bool")')
    (tmp_path / 'mxnet' / 'base.py').write_text('')
    code = """
try:
    import mxnet
except AttributeError:
    load_compat()
"""
    status, _, err = run_python(code, [tmp_path])
    assert status == 0 and 'RuntimeWarning: mxnet was imported before gluonfr, and that import failed' in err, err
    assert "import gluonfr before mxnet, or run: pip install 'numpy<1.24'" in err


@pytest.mark.mxnet
@pytest.mark.skipif(tuple(map(int, np.__version__.split('.')[:2])) < (1, 24), reason='NumPy < 1.24 has np.bool itself')
def test_mxnet_works_after_its_own_import_failed():
    importlib.import_module('mxnet')
    code = """
try:
    import mxnet
except AttributeError:
    import gluonfr
    import mxnet
    print(mxnet.nd.ones(2).sum().asscalar())
"""
    status, out, err = run_python(code)
    assert status == 0 and out.strip() == '2.0', err


def test_mxnet_loaded_before_leaves_the_threads_alone():
    code = """
import numpy
load_compat.__globals__['numpy'] = numpy
import sys, types, os
sys.modules['mxnet'] = types.ModuleType('mxnet')
load_compat()
print('OMP_NUM_THREADS' in os.environ)
"""
    status, out, err = run_python(code)
    assert status == 0 and out.strip() == 'False', err


# Threads

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
    monkeypatch.setattr(compat, 'cpu_quota', lambda: 0.5)
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
    monkeypatch.setattr(compat, 'usable_cores', lambda: 7)
    assert compat.threads_to_use({'OMP_NUM_THREADS': text}) == expected
    assert compat.threads_to_use({}) == 7


@pytest.mark.mxnet
def test_threads_of_a_real_process():
    code = 'import os, gluonfr, mxnet; print(os.environ["OMP_NUM_THREADS"], os.environ["GOMP_SPINCOUNT"])'
    status, out, err = run_python(code)
    assert status == 0 and out.split() == [str(compat.usable_cores()), compat.SPIN_COUNT], err


# Room for threads and memory

class Libc:
    """Starts so many threads and no more."""

    def __init__(self, allowed):
        self.allowed, self.calls = allowed, []
        self.sem_wait = ctypes.CDLL(None).sem_wait

    def sem_init(self, *_):
        self.calls.append('init')

    def pthread_create(self, *_):
        self.calls.append('create')
        return 11 if self.calls.count('create') > self.allowed else 0  # EAGAIN

    def sem_post(self, *_):
        self.calls.append('post')

    def pthread_join(self, *_):
        self.calls.append('join')


LINUX = pytest.mark.skipif(not sys.platform.startswith('linux'), reason='needs Linux')


@LINUX
@pytest.mark.parametrize('allowed, found', [(0, 0), (2, 2), (5, 3)])
def test_threads_are_tried_and_ended(allowed, found):
    library = Libc(allowed)
    assert compat.startable(3, library) == found
    assert library.calls.count('post') == library.calls.count('join') == found


@LINUX
def test_threads_of_this_process_can_be_started():
    before = len(os.listdir('/proc/self/task'))
    assert compat.startable(4) == 4
    assert len(os.listdir('/proc/self/task')) == before


@pytest.mark.parametrize('count, allowed, said', [
    (8, 8, None), (8, 7, 'start 8 threads here, and the system allows 7. Raise the limit (ulimit -u')])
def test_too_few_threads_are_a_sentence(count, allowed, said):
    problem = compat.thread_problem(count, allowed)
    assert (problem is None) if said is None else said in problem


@pytest.mark.parametrize('limit, used, said', [
    (None, 500, None), (1500, 500, None), (1499, 500, 'take 1000 MiB of addresses, and the limit of this process '
                                                      'leaves 999 of 1499. Raise it: ulimit -v unlimited'),
    (400, 500, 'leaves 0 of 400')])
def test_too_little_memory_is_a_sentence(limit, used, said):
    problem = compat.memory_problem(1000, limit, used)
    assert (problem is None) if said is None else said in problem


@LINUX
def test_what_mxnet_takes_grows_with_the_threads(monkeypatch):
    asked = []
    monkeypatch.setattr(compat, 'threads_to_use', lambda: 4)
    monkeypatch.setattr(compat, 'addresses', lambda: (3000, 100))
    monkeypatch.setattr(compat, 'startable', lambda count: asked.append(count) or count)
    assert compat.room_problem() is None and compat.room_problem(3, 500) is None
    assert asked == [9, 12]  # NumPy is here already
    assert 'take {} MiB'.format(870 + 72 * 12 + 2000) in compat.room_problem(3, 2000)


@pytest.mark.mxnet
@LINUX
def test_a_small_limit_ends_the_import_with_the_sentence():
    code = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (900 << 20, 900 << 20))
load_compat()
"""
    status, _, err = run_python(code)
    assert status == 1 and 'ImportError: gluonfr: MXNet and what comes with it take' in err, err
    assert 'of 900. Raise it: ulimit -v unlimited' in err


def test_missing_openmp_is_named():
    def load(name):
        raise OSError(name)

    with pytest.raises(ImportError, match='apt-get install libgomp1'):
        compat.check_openmp(load)
