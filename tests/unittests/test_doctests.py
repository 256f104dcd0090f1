"""The examples of docstrings run and give what they say; `pytest --doctest-modules gluonfr` runs the same."""
import doctest
import importlib

import pytest
from helpers import ROOT

WITH_EXAMPLES = sorted('.'.join(path.relative_to(ROOT).with_suffix('').parts).replace('.__init__', '')
                       for path in (ROOT / 'gluonfr').rglob('*.py') if '>>> ' in path.read_text(encoding='utf-8'))


@pytest.mark.parametrize('name', WITH_EXAMPLES)
def test_examples(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    failed, attempted = doctest.testmod(importlib.import_module(name))
    assert attempted and not failed
