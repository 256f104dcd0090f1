"""The set of scripts/million.py: the same images with labels drawn from many."""
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from gluonfr.data import SyntheticFaces, open_dataset, pack_dataset

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def million(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / 'scripts'))
    import million
    yield million
    for name in ('million', 'leaderboard'):
        sys.modules.pop(name)


def test_labels_are_spread_over_all(million, tmp_path):
    rec = pack_dataset(SyntheticFaces(5, 3, size=32), str(tmp_path / 'people'), progress=False).path
    path = million.spread_labels(rec, str(tmp_path / 'spread'), 70000)
    before, after = open_dataset(os.path.dirname(rec)), open_dataset(os.path.dirname(path))
    assert after.num_classes == 70000 and len(np.unique(after.labels)) == 5 and after.labels[-1] == 69999
    assert (np.unique(after.labels, return_inverse=True)[1] == before.labels).all()
    assert all((after.read(i)[0] == before.read(i)[0]).all() for i in range(len(before)))
    assert million.spread_labels(rec, str(tmp_path / 'spread'), 70000) == path
