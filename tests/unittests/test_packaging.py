"""setup.py: what an installation asks for."""
import runpy

import pytest
from helpers import ROOT

from gluonfr.compat import NEWEST_PYTHON

requirements = pytest.importorskip('packaging.requirements')
pytest.importorskip('setuptools')
NEWER = '{}.{}'.format(NEWEST_PYTHON[0], NEWEST_PYTHON[1] + 1)


@pytest.fixture
def said(monkeypatch):
    """What setup.py tells setuptools."""
    words = {}
    monkeypatch.setattr('setuptools.setup', lambda **given: words.update(given))
    runpy.run_path(str(ROOT / 'setup.py'))
    return words


def specifiers(packages, python):
    """{name: specifier} of what counts for a Python."""
    parsed = map(requirements.Requirement, packages)
    return {package.name: package.specifier for package in parsed
            if package.marker is None or package.marker.evaluate({'python_version': python})}


def test_what_needs_no_mxnet_takes_any_numpy_and_python(said):
    found = specifiers(said['install_requires'], NEWER)
    assert {'numpy', 'opencv-python', 'pillow'} <= set(found) and not {'mxnet', 'gluoncv'} & set(found)
    assert all('999' in specifier for specifier in found.values()), 'no bound from above'
    for extra in ('onnx', 'openvino'):
        assert not {'mxnet', 'gluoncv', 'numpy'} & set(specifiers(said['extras_require'][extra], NEWER))
    assert said['python_requires'] == '>=3.8'


@pytest.mark.parametrize('extra, wheel', [('cpu', 'mxnet'), ('cu112', 'mxnet-cu112')])
def test_mxnet_brings_its_bounds_and_is_refused_at_once_where_it_does_not_work(said, extra, wheel):
    packages = said['extras_require'][extra]
    assert packages[1].startswith(wheel), 'it comes first: pip would build an old NumPy before it says no'
    for python in ('3.8', '3.12'):
        found = specifiers(packages, python)
        assert str(found[wheel]) == '==1.9.1' and '2.0' not in found['numpy'] and '2.0' not in found['scipy']
    newer = str(specifiers(packages, NEWER)[wheel])
    assert newer == '==1.9.1+needs.python.3.8.to.{}.{}'.format(*NEWEST_PYTHON)  # a sentence in pip's own words


def test_a_type_checker_is_told_that_gluonfr_has_annotations(said):
    assert 'py.typed' in said['package_data']['gluonfr'] and (ROOT / 'gluonfr' / 'py.typed').is_file()
