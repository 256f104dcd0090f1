"""gluonfr.viz.rates and pair_grid: what is drawn is looked at by eye; here the values on the axes and bad input."""
import os

import numpy as np
import pytest

from gluonfr.viz import plot_cmc, plot_det, plot_pairs, plot_reject

pytest.importorskip('matplotlib')
pytest.importorskip('seaborn')


def test_a_det_stands_on_probits_with_rates_as_ticks():
    axes = plot_det([0, 0.0227501, 0.5], [1, 0.158655, 0.05], names='a net').axes[0]
    np.testing.assert_allclose(axes.lines[0].get_data(), [[-2, 0], [-1, -1.644854]], atol=1e-4)
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ['1 %', '5 %', '20 %', '50 %']
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ['a net']


def test_a_cmc_has_ranks_on_a_log_axis_and_its_band():
    axes = plot_cmc([1, 2, 5], [.5, .7, .9], low=[.4, .6, .8], high=[.6, .8, 1]).axes[0]
    np.testing.assert_allclose(axes.lines[0].get_data(), [[1, 2, 5], [50, 70, 90]])
    assert axes.get_xscale() == 'log' and [tick.get_text() for tick in axes.get_xticklabels()] == ['1', '2', '5']
    assert len(axes.collections) == 1 and axes.get_legend() is None


def test_error_versus_reject_in_percent():
    axes = plot_reject([0, .2], [.1, .05]).axes[0]
    np.testing.assert_allclose(axes.lines[0].get_data(), [[0, 20], [10, 5]])
    assert axes.get_ylim()[0] == 0


def test_several_models_differ_without_colour(tmp_path):
    lines = plot_reject([[0, .2]] * 3, [[.1, .05], [.2, .1], [.3, .2]], names=list('abc')).axes[0].lines
    assert len({line.get_linestyle() for line in lines}) == len({line.get_marker() for line in lines}) == 3
    path = plot_det([[.1, .2]] * 2, [[.2, .1], [.3, .2]], path=str(tmp_path / 'new' / 'det.png'), names=['a', 'b'])
    assert 1000 < os.path.getsize(path) < 60000


@pytest.mark.parametrize('draw, said', [
    (lambda: plot_det([0, 1], [1, 0]), 'plot_det: fmr and fnmr must have points'),
    (lambda: plot_det([.1], [.1, .2]), r'plot_det: fmr and fnmr must be \(M,\), M >= 1, got \(1,\) and \(2,\)'),
    (lambda: plot_det([.1, np.nan], [.1, .2]), 'plot_det: fmr must be finite'),
    (lambda: plot_det([[.1], [.1]], [[.1], [.1]], names=['a']), 'must be of one number of curves, got 2, 2 and 1'),
    (lambda: plot_cmc([0, 1], [.1, .2]), 'plot_cmc: rank must be >= 1, got 0'),
    (lambda: plot_cmc([1, 2], [.1, .2], low=[0, .1]), 'plot_cmc: low and high must be given together, got low alone'),
    (lambda: plot_cmc([1, 2], [.1, 1.2]), r'plot_cmc: rate must be finite and in \[0, 1\], got 0.1 to 1.2'),
    (lambda: plot_reject([], []), r'plot_reject: rejected and fnmr must be \(M,\), M >= 1')])
def test_what_cannot_be_drawn_is_refused(draw, said):
    with pytest.raises(ValueError, match=said):
        draw()


def test_pairs_stand_side_by_side_with_score_and_name(tmp_path):
    faces = np.random.RandomState(0).randint(0, 255, (5, 8, 6, 3)).astype('uint8')
    figure = plot_pairs(faces, [face[:, :, 0] for face in faces], scores=[.1, .2, .3, .4, .5],
                        names=['$a$', 'b' * 40, 'c', 'd', 'e'], columns=3)
    assert len(figure.axes) == 6 and [len(axes.images) for axes in figure.axes] == [2] * 5 + [0]
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), faces[0])
    assert [axes.texts[0].get_text() for axes in figure.axes[:2]] == ['0.1000\n$a$', '0.2000\n' + 29 * 'b' + '\u2026']
    assert os.path.getsize(plot_pairs(faces[:1], faces[1:2], path=str(tmp_path / 'pair.png'))) > 500


@pytest.mark.parametrize('first, second, options, said', [
    ([], [], {}, r'one length in \[1, 200\], got 0, 0'),
    (np.zeros((2, 4, 4), 'uint8'), np.zeros((1, 4, 4), 'uint8'), {}, 'got 2, 1'),
    (np.zeros((1, 4, 4)), np.zeros((1, 4, 4), 'uint8'), {}, 'images must be uint8'),
    (np.zeros((1, 4, 4), 'uint8'), np.zeros((1, 4, 4), 'uint8'), {'columns': 0}, 'columns'),
    (np.zeros((1, 4, 4), 'uint8'), np.zeros((1, 4, 4), 'uint8'), {'scores': []}, 'got 1, 1, 0')])
def test_what_are_no_pairs_is_refused(first, second, options, said):
    with pytest.raises(ValueError, match=said):
        plot_pairs(first, second, **options)
