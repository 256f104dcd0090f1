"""gluonfr.compat: its decisions as pure functions, and real processes where the behaviour of an import counts."""
import importlib
import re
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
def test_mxnet_numpy_and_gluoncv_work_after_compat(tmp_path):
    """Beside PyTorch 2, which GluonCV refuses, and which can be imported behind it."""
    fake_wheel(tmp_path, 'torch', 'here = True', package='torch', version='2.1.0')
    code = """
import gluonfr
import mxnet as mx, mxnet.numpy, mxnet.test_utils
import gluoncv
from gluoncv.utils import LRScheduler
import torch
assert torch.here and not gluoncv._found_pytorch
assert mx.np.array([True, False]).asnumpy().sum() == 1
assert mx.np.ones(3, dtype=mx.np.float32)[mx.np.array([1, 0, 1]).astype(bool)].shape == (2,)
print('fine')
"""
    status, out, err = run_python(code, path=[tmp_path])
    assert status == 0 and out.strip().endswith('fine'), err


# What is installed

def test_the_install_command_works_in_a_checkout_and_from_the_index(tmp_path):
    assert compat.install_command('onnx', '/a place') == "pip install 'gluonfr[onnx]>=2.0.dev0'"
    (tmp_path / 'a place').mkdir()
    (tmp_path / 'a place' / 'setup.py').write_text('')
    assert compat.install_command('onnx', tmp_path / 'a place') == "pip install -e '{}/a place[onnx]'".format(tmp_path)
    assert compat.install_command('cpu') == INSTALL
    assert compat.install_command('onnx', '/a place', 'win32') == 'pip install "gluonfr[onnx]>=2.0.dev0"'
    unbound = [str(path) for path in (ROOT / 'gluonfr').rglob('*.py')
               if re.search(r"install\s+'?gluonfr", path.read_text(encoding='utf-8')) and path.name != 'installed.py']
    assert not unbound, 'these write what install_command is for'


def test_installed_mxnet_knows_every_wheel():
    def version(name):
        if name in ('mxnet', 'mxnet-cu112'):
            return '1.9.1'
        raise PackageNotFoundError(name)

    assert compat.installed_mxnet(version) == {'mxnet': '1.9.1', 'mxnet-cu112': '1.9.1'}


@pytest.mark.parametrize('wheels, importable, numpy, distutils, parts', [
    ({}, False, '1.26.4', True, [INSTALL, compat.install_command('cu112'), 'without MXNet, too: ' +
                                 compat.install_command('onnx')]),
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
    assert 'python3.11 -m venv .venv && .venv/bin/{}. '.format(INSTALL) in problem
    assert problem.endswith('work without MXNet, too: ' + compat.install_command('onnx'))


@pytest.mark.parametrize('system, machine, name', [('win32', 'AMD64', 'Windows'), ('darwin', 'arm64', 'macOS on ARM')])
def test_a_system_that_mxnet_has_no_wheel_for_is_named(system, machine, name):
    problem = compat.installation_problem({}, False, '1.26.4', python=(3, 11), system=system, machine=machine)
    assert 'has no wheel for {}. Use Linux'.format(name) in problem and 'pip install' not in problem


@pytest.mark.parametrize('wheels', [{'mxnet': '1.9.1'}, {'mxnet-cu112': '1.9.1'}, {}])
def test_no_problem(wheels):
    assert compat.installation_problem(wheels, True, '1.26.4') is None
    assert compat.installation_problem(wheels, True, '1.26.4', system='win32') is None, 'built from source'


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


# What MXNet does without

@pytest.mark.mxnet
def test_mxnet_does_without_scikit_learn_which_can_be_imported_afterwards():
    status, out, err = run_python("""
import sys
import gluonfr, mxnet
assert 'sklearn' not in sys.modules and 'sklearn.base' not in sys.modules
assert mxnet.model.FeedForward.__mro__[1] is object
from sklearn.base import BaseEstimator
print('fine', BaseEstimator.__name__)
""")
    assert status == 0 and out.strip().endswith('fine BaseEstimator'), err


@pytest.mark.mxnet
def test_mxnet_has_scikit_learn_where_that_was_imported_first():
    status, out, err = run_python("""
import gluonfr, sklearn.base
import mxnet
print('fine', issubclass(mxnet.model.FeedForward, sklearn.base.BaseEstimator))
""")
    assert status == 0 and out.strip().endswith('fine True'), err
