"""Public functions and constructors say the types of their parameters, and the package says so by py.typed."""
import importlib
import inspect
import typing

import pytest
from helpers import ROOT

PACKAGES = ('align', 'compat', 'convert', 'data', 'deploy', 'distributed', 'evaluation', 'finetune', 'graph',
            'loss', 'metrics', 'model_zoo', 'nn', 'photos', 'report', 'scale', 'train', 'train.callbacks', 'tune',
            'utils', 'viz')


def public(package):
    """(name, function or constructor) of what a package exports; classes that define none of their own have none."""
    module = importlib.import_module('gluonfr.' + package)
    for name in module.__all__:
        entry = getattr(module, name)
        if inspect.isclass(entry):
            entry = vars(entry).get('__init__', vars(entry).get('__new__'))
            if issubclass(getattr(module, name), tuple) and not inspect.isfunction(entry):
                continue  # a namedtuple
        if inspect.isfunction(entry):
            yield name, entry


@pytest.mark.mxnet
@pytest.mark.parametrize('package', PACKAGES)
def test_parameters_have_types(package):
    missing = ['{}: {}'.format(name, parameter.name) for name, function in public(package)
               for parameter in list(inspect.signature(function).parameters.values())
               if parameter.name not in ('self', 'cls') and parameter.annotation is parameter.empty
               and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)]
    assert not missing, 'give these parameters type annotations: ' + ', '.join(missing)


@pytest.mark.mxnet
@pytest.mark.parametrize('package', PACKAGES)
def test_the_types_are_there(package):
    """A name in quotes, or of another Python, would show here."""
    for _, function in public(package):
        typing.get_type_hints(function)


def test_the_package_ships_its_types():
    assert (ROOT / 'gluonfr' / 'py.typed').is_file() and "'py.typed'" in (ROOT / 'setup.py').read_text()


def test_no_package_is_forgotten():
    there = {path.parent.name for path in (ROOT / 'gluonfr').glob('*/__init__.py')}
    assert there - {'cli'} == {package.partition('.')[0] for package in PACKAGES}, 'add the package to PACKAGES above'
