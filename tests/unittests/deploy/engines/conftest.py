"""Notes of engines go into a folder of the test."""
import pytest


@pytest.fixture(autouse=True)
def notes(tmp_path, monkeypatch):
    """The folder of what is noted of nets."""
    monkeypatch.setenv('MXNET_HOME', str(tmp_path / 'mxnet'))
    return tmp_path / 'mxnet' / 'models' / 'engines'
