"""The examples of docstrings run and give what they say; `pytest --doctest-modules gluonfr` runs the same."""
import doctest
import importlib
import inspect
import re

import pytest
from helpers import ROOT

WITH_EXAMPLES = sorted('.'.join(path.relative_to(ROOT).with_suffix('').parts).replace('.__init__', '')
                       for path in (ROOT / 'gluonfr').rglob('*.py') if '>>> ' in path.read_text(encoding='utf-8'))


@pytest.mark.mxnet
@pytest.mark.parametrize('name', WITH_EXAMPLES)
def test_examples(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    failed, attempted = doctest.testmod(importlib.import_module(name))
    assert attempted and not failed


def on_pages():
    """(module, name) of all that the blocks of README and docs import from gluonfr."""
    for page in [ROOT / 'README.md', *sorted((ROOT / 'docs').rglob('*.md'))]:
        for block in re.findall('^```python\n(.*?)^```', page.read_text(encoding='utf-8'), re.M | re.S):
            for module, names in re.findall(r'^from (gluonfr[\w.]*) import ([\w, ]+)', block, re.M):
                yield from ((module, name.strip()) for name in names.split(','))


@pytest.mark.mxnet
@pytest.mark.parametrize('module, name', sorted(set(on_pages())))
def test_what_pages_use_has_an_example(module, name):
    entry = getattr(importlib.import_module(module), name)
    if not callable(entry) or inspect.isclass(entry) and issubclass(entry, Exception):
        return
    texts = [entry, *(vars(entry).values() if inspect.isclass(entry) else ())]
    assert any('>>> ' in (inspect.getdoc(part) or '') for part in texts), 'give {} an example with >>>'.format(name)
