"""What all tests share: settings, seeds, and the real data that some of them need."""
import os
import random
from pathlib import Path

os.environ.setdefault('OMP_NUM_THREADS', '1')  # small tensors: more threads cost more than they give
os.environ.setdefault('MPLBACKEND', 'Agg')

import gluonfr  # noqa: E402, F401  (before mxnet: it makes mxnet and NumPy fit together)
import mxnet as mx  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402

pytest.register_assert_rewrite('cli_cases', 'record_cases', 'train_cases')  # they hold checks: show what differed

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def seeds():
    """Start every test from the same random state."""
    random.seed(0)
    np.random.seed(0)
    mx.random.seed(0)


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
