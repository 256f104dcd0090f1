"""The picture callbacks."""
import numpy as np
import pytest
from PIL import Image
from train_cases import loader, train

from gluonfr.train import PlotCurves, PlotEmbeddings


def test_curves_are_drawn_after_each_epoch(tmp_path):
    path = tmp_path / 'new' / 'curves.png'
    train(epochs=1, callbacks=[PlotCurves(str(path))])
    first = np.asarray(Image.open(path).convert('L')).copy()
    train(epochs=3, callbacks=[PlotCurves(str(path), title='three')])
    assert not np.array_equal(first, np.asarray(Image.open(path).convert('L')))


def test_embeddings_are_drawn_every_so_many_epochs(tmp_path):
    data = loader(shuffle=False)
    train(epochs=5, callbacks=[PlotEmbeddings(str(tmp_path / 'pictures'), data, every=2)])
    drawn = sorted((tmp_path / 'pictures').iterdir())
    assert [path.name for path in drawn] == ['epoch-0002.png', 'epoch-0004.png']
    assert np.asarray(Image.open(drawn[0]).convert('L')).std() > 0


def test_every_must_be_an_epoch_at_least(tmp_path):
    with pytest.raises(ValueError, match='PlotEmbeddings: every must be >= 1, got 0'):
        PlotEmbeddings(str(tmp_path), loader(), every=0)
