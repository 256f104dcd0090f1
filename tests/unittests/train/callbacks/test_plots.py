"""The picture callbacks."""
import numpy as np
import pytest
from PIL import Image
from train_cases import loader, train

from gluonfr import viz
from gluonfr.train import Callback, PlotCurves, PlotEmbeddings, StepCSV


def test_curves_are_drawn_after_each_epoch(tmp_path):
    path = tmp_path / 'new' / 'curves.png'
    train(epochs=1, callbacks=[PlotCurves(str(path))])
    first = np.asarray(Image.open(path).convert('L')).copy()
    train(epochs=3, callbacks=[PlotCurves(str(path), title='three')])
    assert not np.array_equal(first, np.asarray(Image.open(path).convert('L')))


def test_curves_with_steps_and_verification(tmp_path, monkeypatch):
    """The files that other callbacks write, with the epoch as a fraction; the end of a run within an epoch too."""
    drawn = []
    monkeypatch.setattr(viz, 'plot_curves', lambda history, path, **more: drawn.append((history, more)))
    steps, pairs = tmp_path / 'steps.csv', tmp_path / 'verify.csv'
    pairs.write_text('step,set,acc\n3,lfw,0.5\n')

    class Stop(Callback):
        order = -2

        def on_step_end(self, state):
            if state.step == 8:
                state.request_stop('the test wants it')

    train(epochs=2, callbacks=[Stop(), StepCSV(str(steps), 3),
                               PlotCurves('c.png', 'title', steps=str(steps), verification=str(pairs))])
    assert [[row['epoch'] for row in history] for history, _ in drawn] == [[.5, 1], [.5, 1, 8 / 6]]
    assert all(float(row['loss']) > 0 for row in drawn[1][0]) and drawn[1][1]['title'] == 'title'
    assert drawn[1][1]['verification'] == [{'step': '3', 'set': 'lfw', 'acc': '0.5', 'epoch': .5}]


def test_embeddings_are_drawn_every_so_many_epochs(tmp_path):
    data = loader(shuffle=False)
    train(epochs=5, callbacks=[PlotEmbeddings(str(tmp_path / 'pictures'), data, every=2)])
    drawn = sorted((tmp_path / 'pictures').iterdir())
    assert [path.name for path in drawn] == ['epoch-0002.png', 'epoch-0004.png']
    assert np.asarray(Image.open(drawn[0]).convert('L')).std() > 0


def test_every_must_be_an_epoch_at_least(tmp_path):
    with pytest.raises(ValueError, match='PlotEmbeddings: every must be >= 1, got 0'):
        PlotEmbeddings(str(tmp_path), loader(), every=0)
