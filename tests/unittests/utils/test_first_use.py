"""Names of packages that are imported when they are first used, and registries that are filled then."""
import importlib
import sys

import pytest

from gluonfr.utils.registry import Registry

PACKAGE = """
from gluonfr.utils.first_use import on_first_use
here = 1
__getattr__, __dir__ = on_first_use(__name__, part=['thing'])
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with a module more."""
    folder = tmp_path / 'lazily'
    folder.mkdir()
    (folder / '__init__.py').write_text(PACKAGE)
    (folder / 'part.py').write_text('from gluonfr.utils import Registry\nthing = 2\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module('lazily')
    for name in ('lazily', 'lazily.part'):
        sys.modules.pop(name, None)


def test_a_module_is_imported_when_a_name_of_it_is_used(package):
    assert {'here', 'thing'} <= set(dir(package)) and 'lazily.part' not in sys.modules
    assert package.thing == 2 and 'lazily.part' in sys.modules
    with pytest.raises(AttributeError, match="module 'lazily' has no attribute 'think'"):
        package.think  # noqa: B018


def test_a_registry_is_filled_at_the_first_question(package):
    shapes = Registry('shape', home='lazily.part')
    shapes.register('square')(dict)
    assert 'lazily.part' not in sys.modules
    assert 'SQUARE' in shapes and 'lazily.part' in sys.modules


def test_a_registry_that_cannot_be_filled_says_so_each_time():
    shapes = Registry('shape', home='no_such_module_of_shapes')
    for ask in (shapes.names, lambda: 'square' in shapes, lambda: shapes.canonical('square')):
        with pytest.raises(ModuleNotFoundError, match='no_such_module_of_shapes'):
            ask()
