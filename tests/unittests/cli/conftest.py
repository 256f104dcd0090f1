"""What tests of the command share: a small set of faces, and a run on it that is trained once for all of them."""
import pytest
from cli_cases import make_data, train


@pytest.fixture(scope='session')
def data(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp('data'))


@pytest.fixture(scope='session')
def trained(data, tmp_path_factory):
    """A run of 9 steps, 4 an epoch, with verification."""
    pytest.importorskip('tensorboardX', reason='pip install tensorboardX')
    out = tmp_path_factory.mktemp('run') / 'out'
    train(data, out, '--steps', 9, '--eval', data / 'val.bin', '--eval-folds', 2, '--eval-every', 3, '--log-every', 2,
          '--save-every', 2, report=True)
    return out
