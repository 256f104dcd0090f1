"""gluonfr.viz.roc: what is drawn is looked at by eye; here the values on the axes, the files and bad input."""
import os

import numpy as np
import pytest
from gluonfr.metrics import accuracy_curve, kfold_curve, roc_curve, tar_at_far
from gluonfr.viz.roc import plot_accuracy, plot_roc, plot_scores

pytest.importorskip('matplotlib')
pytest.importorskip('seaborn')


def scored(n=2000, gap=2.0, seed=0):
    rng = np.random.RandomState(seed)
    issame = np.arange(n) % 2 == 0
    return rng.randn(n) + gap * issame, issame


def legend(figure):
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


def test_the_curve_is_the_largest_tar_at_each_far():
    scores, issame = scored()
    roc = roc_curve(scores, issame)
    axes = plot_roc(roc.tpr, roc.fpr).axes[0]
    x, y = axes.lines[0].get_data()
    assert axes.get_xscale() == 'log' and axes.get_xlim() == (1e-3, 1) and x[0] == 1e-3 and x[-1] == 1
    np.testing.assert_array_equal(y[::100], tar_at_far(scores, issame, x[::100]).tar)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ('FPR', 'TPR')


def test_marks_stand_on_the_curve_and_in_the_legend():
    scores, issame = scored()
    fpr, tpr, _ = roc_curve(scores, issame)
    figure = plot_roc(tpr, fpr, 'FAR', 'TAR', names='a net', fars=(1e-4, 1e-2, 0.1))
    # 1e-4 is below 1 / 1000 impostors: nothing to measure there
    tars = tar_at_far(scores, issame, [1e-2, 0.1]).tar
    np.testing.assert_allclose(figure.axes[0].collections[0].get_offsets(), np.column_stack([[1e-2, 0.1], tars]))
    text, = legend(figure)
    assert text.split('\n') == ['a net'] + ['   {:.2f} % at {:g}'.format(100 * t, f) for t, f in zip(tars, (0.01, 0.1))]
    assert figure.axes[0].get_xlabel() == 'FAR' and figure.axes[0].get_ylabel() == 'TAR'


def test_several_curves_of_different_length(tmp_path):
    curves = [roc_curve(*scored(n, gap)) for n, gap in ((100, 1), (2000, 2), (30000, 3))]
    path = plot_roc([c.tpr for c in curves], [c.fpr for c in curves], names=['a', 'b', 'c'],
                    path=str(tmp_path / 'new' / 'roc.png'))
    assert 1000 < os.path.getsize(path) < 60000 and os.listdir(os.path.dirname(path)) == ['roc.png']
    figure = plot_roc([c.tpr for c in curves], [c.fpr for c in curves], names=['a', 'b', 'c'])
    assert len(figure.axes[0].lines) == 3 and [t.split('\n')[0] for t in legend(figure)] == ['a', 'b', 'c']
    assert figure.axes[0].get_xlim()[0] == 1e-5  # of the 15,000 impostors of c
    assert np.isfinite(figure.axes[0].lines[0].get_ydata()).all()


@pytest.mark.parametrize('log', [True, False])
@pytest.mark.parametrize('gap', [0.0, 1e6])
def test_useless_and_perfect_scores(log, gap):
    roc = roc_curve(*(scored(gap=gap) if gap else (np.zeros(10), np.arange(10) < 5)))
    figure = plot_roc(list(roc.tpr), list(roc.fpr), log=log)
    y = figure.axes[0].lines[0].get_ydata()
    assert y[-1] == 1 and y[0] == (1 if gap else 0)


def test_a_curve_over_a_grid_that_does_not_begin_at_far_0():
    tar, far = kfold_curve(*scored(), np.linspace(-1, 2, 10), 10)
    y = plot_roc(tar, far).axes[0].lines[0].get_ydata()
    assert far[0] > 1e-2 and np.isnan(y[0]) and y[-1] == tar[-1]


def test_accuracy_and_its_best_threshold(tmp_path):
    accs, thresholds = accuracy_curve(*scored())
    figure = plot_accuracy(accs, thresholds)
    best = np.argmax(accs)
    axes = figure.axes[0]
    np.testing.assert_allclose(axes.collections[0].get_offsets(), [[thresholds[best], 100 * accs[best]]])
    assert legend(figure) == ['best {:.2f} % at {:.4g}'.format(100 * accs[best], thresholds[best])]
    assert (np.diff(axes.lines[0].get_xdata()) > 0).all() and axes.lines[0].get_ydata().max() == 100 * accs[best]
    assert os.path.getsize(plot_accuracy(accs, thresholds, path=str(tmp_path / 'a.png'))) < 60000


@pytest.mark.mxnet
def test_histograms_and_threshold(tmp_path, monkeypatch):
    import mxnet as mx
    drawn = []
    monkeypatch.setattr('gluonfr.viz.roc.save_png', lambda figure, path: drawn.append(figure) or path)
    scores, issame = scored()
    assert plot_scores(scores, issame, 'a.png', threshold=1.0, bins=20, title='lfw') == 'a.png'
    text = legend(drawn[0])
    assert text[:2] == ['1,000 impostor pairs', '1,000 genuine pairs']
    assert text[2] == 'threshold 1: {:.2f} % impostors accepted,\n{:.2f} % genuine rejected'.format(
        100 * np.mean(scores[~issame] >= 1), 100 * np.mean(scores[issame] < 1))
    heights = drawn[0].axes[0].patches[0].get_xy()[:, 1]
    counts = np.histogram(scores[~issame], np.histogram_bin_edges(scores, 20))[0]
    assert heights.max() == pytest.approx(100 * counts.max() / 1000)
    monkeypatch.undo()
    path = plot_scores(mx.nd.array(scores), mx.nd.array(issame), str(tmp_path / 'new' / 'a.png'))
    assert 1000 < os.path.getsize(path) < 60000


def test_many_points_are_drawn_and_the_same_data_give_the_same_file(tmp_path):
    scores, issame = scored(200000)
    roc = roc_curve(scores, issame)
    for name in 'ab':
        plot_roc(roc.tpr, roc.fpr, path=str(tmp_path / name))
        plot_accuracy(roc.tpr, roc.thresholds, path=str(tmp_path / (name + 'c')))
    assert (tmp_path / 'a').read_bytes() == (tmp_path / 'b').read_bytes()
    assert (tmp_path / 'ac').read_bytes() == (tmp_path / 'bc').read_bytes()


def test_pyplot_and_its_settings_are_left_alone(tmp_path):
    import matplotlib
    from matplotlib import pyplot
    before, settings = pyplot.get_fignums(), dict(matplotlib.rcParams)
    plot_roc([0, 1], [0, 1])
    plot_accuracy([0.5, 1], [0, 1])
    plot_scores(*scored(), str(tmp_path / 'a.png'))
    assert pyplot.get_fignums() == before and dict(matplotlib.rcParams) == settings


@pytest.mark.parametrize('call,match', [
    (lambda: plot_roc([0, 1], [0, 0.5, 1]), r'plot_roc: tpr and fpr must be \(M,\), M >= 1, got \(2,\) and \(3,\)'),
    (lambda: plot_roc([], []), r'plot_roc: tpr and fpr must be \(M,\), M >= 1, got \(0,\)'),
    (lambda: plot_roc([0, 1], [1, 0]), 'plot_roc: fpr must rise, got 1 to 0'),
    (lambda: plot_roc([0, 2], [0, 1]), r'plot_roc: tpr must be finite and in \[0, 1\], got 0 to 2'),
    (lambda: plot_roc([0, np.nan], [0, 1]), 'plot_roc: tpr must be finite'),
    (lambda: plot_roc([[0, 1]], [[0, 1]], names=['a', 'b']), 'one number of curves, got 1, 1 and 2'),
    (lambda: plot_roc([[0, 1], [0, 1]], [[0, 1]]), 'one number of curves, got 2, 1 and'),
    (lambda: plot_accuracy([0.5], [0, 1]), r'plot_accuracy: accs and thresholds must be \(M,\)'),
    (lambda: plot_accuracy([0.5, 1], [0, np.inf]), 'plot_accuracy: thresholds must be finite'),
    (lambda: plot_scores([1, 2], [1, 1], 'a.png'), 'pairs must be of both kinds'),
])
def test_what_is_refused(call, match):
    with pytest.raises(ValueError, match=match):
        call()
