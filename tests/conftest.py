"""What all tests share: settings, seeds, and the real data that some of them need."""
import gc
import os
import random
from pathlib import Path

os.environ.setdefault('OMP_NUM_THREADS', '1')  # small tensors: more threads cost more than they give
os.environ.setdefault('MPLBACKEND', 'Agg')

import numpy as np  # noqa: E402
import pytest  # noqa: E402

from gluonfr import compat  # noqa: E402

NO_MXNET = compat.mxnet_problem()
if NO_MXNET is None:
    import mxnet as mx  # after gluonfr, which makes it run here

pytest.register_assert_rewrite('cli_cases', 'record_cases', 'train_cases')  # they hold checks: show what differed

MANY_OBJECTS = 50000
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def seeds():
    """Start every test from the same random state."""
    random.seed(0)
    np.random.seed(0)
    if NO_MXNET is None:
        mx.random.seed(0)


@pytest.fixture
def no_curves(monkeypatch):
    """Trainings in this process draw no curves.png, which would take longer than a small training."""
    monkeypatch.setattr('gluonfr.viz.plot_curves', lambda *arguments, **options: None)


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report(collector):
    """Where there is no MXNet, skip the files that import it: `import mxnet`, `from gluonfr.loss import ...`."""
    _skip_without_mxnet((yield).get_result(), collector.path)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Where there is no MXNet, skip those tests with the mark mxnet that ask for it."""
    report = (yield).get_result()
    if item.get_closest_marker('mxnet'):
        _skip_without_mxnet(report, item.path)


def _skip_without_mxnet(report, path):
    if NO_MXNET is not None and report.failed:
        said = [str(report.longrepr), *(text for _, text in report.sections)]
        if any(NO_MXNET.partition('. ')[0] in text for text in said):
            report.outcome, report.longrepr = 'skipped', (str(path), 1, 'Skipped: needs MXNet')


@pytest.fixture
def test_data():
    """A function: path below the folder of real test data -> Path; skips the test where it is absent.

    The folder is the variable GLUONFR_TEST_DATA, by default ../shared/data beside the project's root.
    """
    folder = Path(os.environ.get('GLUONFR_TEST_DATA') or ROOT.parent / 'shared' / 'data')

    def find(subpath):
        path = folder / subpath
        if not path.exists():
            pytest.skip('needs {}, which is absent: set GLUONFR_TEST_DATA to the folder with the real test data'.format(
                path))
        return path

    return find


def pytest_collection_finish(session):
    """Spare the garbage collector the many objects of the collected tests, at which it would look again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope='module')
def few_objects():
    """Spare it what imports, caches and reports of the tests before this file left, too."""
    if len(gc.get_objects()) > MANY_OBJECTS:
        gc.collect()
        gc.freeze()
