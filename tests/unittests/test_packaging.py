"""setup.py, before and beside an installation."""
import runpy
import sys

import pytest
from helpers import ROOT


@pytest.mark.parametrize('version', [(3, 7, 17), (3, 13, 0), (3, 14, 1)])
def test_a_python_without_mxnet_is_refused_before_pip_builds_numpy(version, monkeypatch):
    monkeypatch.setattr(sys, 'version_info', version)
    with pytest.raises(SystemExit, match=r'must be 3\.8 to 3\.12, .* got {}\.{}\. Install'.format(*version[:2])):
        runpy.run_path(str(ROOT / 'setup.py'))


def test_a_type_checker_is_told_that_gluonfr_has_annotations(monkeypatch):
    said = {}
    monkeypatch.setattr('setuptools.setup', lambda **words: said.update(words))
    runpy.run_path(str(ROOT / 'setup.py'))
    assert 'py.typed' in said['package_data']['gluonfr'] and (ROOT / 'gluonfr' / 'py.typed').is_file()
