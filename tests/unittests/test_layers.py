"""The contracts on imports in pyproject.toml hold, and a new arrow against them would not pass."""
import copy
import json
import subprocess
import sys
from fnmatch import fnmatch

import pytest
from helpers import ROOT, environ

grimp = pytest.importorskip('grimp', reason="pip install 'import-linter>=2.0'")
from importlinter import configuration  # noqa: E402
from importlinter.application.use_cases import read_user_options  # noqa: E402
from importlinter.contracts.forbidden import ForbiddenContract  # noqa: E402
from importlinter.contracts.layers import LayersContract  # noqa: E402

KINDS = {'layers': LayersContract, 'forbidden': ForbiddenContract}


@pytest.fixture(scope='module')
def imports():
    """Who imports whom."""
    return grimp.build_graph('gluonfr', include_external_packages=True, exclude_type_checking_imports=True,
                             cache_dir=None)


@pytest.fixture(scope='module')
def contracts():
    """{kind: contract} of pyproject.toml."""
    configuration.configure()
    said = read_user_options(str(ROOT / 'pyproject.toml'))
    return {options['type']: KINDS[options['type']](options['name'], said.session_options, options)
            for options in said.contracts_options}


@pytest.mark.parametrize('kind', sorted(KINDS))
def test_the_contracts_hold(imports, contracts, kind):
    assert contracts[kind].check(graph=copy.deepcopy(imports), verbose=False).kept, 'run lint-imports'


@pytest.mark.parametrize('kind, importer, imported', [
    ('layers', 'gluonfr.model_zoo.model_store', 'gluonfr.convert'), ('layers', 'gluonfr.utils', 'gluonfr.viz.roc'),
    ('layers', 'gluonfr.a_new_package', 'gluonfr.utils'), ('forbidden', 'gluonfr.data.walk', 'mxnet'),
    ('forbidden', 'gluonfr.align.find', 'gluonfr.nn')])
def test_an_arrow_against_the_direction_fails(imports, contracts, kind, importer, imported):
    changed = copy.deepcopy(imports)
    changed.add_module(importer)
    changed.add_import(importer=importer, imported=imported)
    assert not contracts[kind].check(graph=changed, verbose=False).kept


# among the exceptions in pyproject.toml, those that are imported without MXNet
INSIDE_FUNCTIONS = ['gluonfr.data.dataset', 'gluonfr.graph.from_mxnet', 'gluonfr.graph.symbol_file',
                    'gluonfr.graph.symbols', 'gluonfr.utils.params_file']
WITH_MXNET = ' -> mxnet', ' -> gluonfr.train.run_folder'
IMPORTING = """
import importlib, json, sys
sys.modules['mxnet'] = None  # as if it were not there
failed = []
for name in json.loads(sys.argv[1]):
    try:
        importlib.import_module(name)
    except ImportError as error:
        failed.append((name, str(error)))
print(json.dumps(failed))
"""


def test_what_works_without_mxnet_is_imported_without_it(imports, contracts):
    said = contracts['forbidden'].contract_options
    needing = [line.partition(' -> ')[0] for line in said['ignore_imports'] if line.endswith(WITH_MXNET)
               and line.partition(' -> ')[0] not in INSIDE_FUNCTIONS]
    names = [name for name in sorted(imports.modules)
             if any((name + '.').startswith(source + '.') for source in said['source_modules'])]
    assert len(names) > 100
    done = subprocess.run([sys.executable, '-c', IMPORTING, json.dumps(names)], env=environ(), capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert not [(name, error) for name, error in json.loads(done.stdout)
                if not any(fnmatch(name, pattern) or fnmatch(name + '.', pattern) for pattern in needing)]
