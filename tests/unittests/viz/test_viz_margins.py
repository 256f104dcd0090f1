"""gluonfr.viz.margins: the lines on the axes, and bad input."""
import os

import numpy as np
import pytest

from gluonfr.viz import plot_margins

pytest.importorskip('matplotlib')
pytest.importorskip('seaborn')
ANGLES = np.linspace(0, 120, 241)
COS = np.cos(np.radians(ANGLES))


def decision(m):
    return (COS - m)[None, :] - COS[:, None]


def test_scores_left_and_the_boundary_right():
    figure = plot_margins(['none', 'CosFace'], ANGLES, [COS, COS - 0.5], ANGLES, [decision(0), decision(0.5)])
    left, right, legend = figure.axes
    np.testing.assert_array_equal(left.lines[1].get_ydata(), COS - 0.5)
    for line, m in zip(right.lines[1:], (0, 0.5)):  # the first is the diagonal
        x, y = line.get_data()
        np.testing.assert_allclose(np.cos(np.radians(x)) - m, np.cos(np.radians(y)), atol=2e-3)
        assert len(x) > 100
    assert [text.get_text() for text in legend.get_legend().get_texts()] == ['none', 'CosFace']
    assert left.lines[0].get_linestyle() != left.lines[1].get_linestyle()


def test_a_boundary_that_is_nowhere_is_an_empty_line(tmp_path):
    path = plot_margins(['never'], ANGLES, [COS], ANGLES, [decision(9)], path=str(tmp_path / 'new' / 'margins.png'))
    assert 1000 < os.path.getsize(path) < 60000


@pytest.mark.parametrize('change', [{'names': []}, {'names': ['a', 'b']}, {'targets': [COS[1:]]},
                                    {'decisions': [decision(0)[1:]]}])
def test_shapes_that_do_not_fit_are_refused(change):
    given = dict(names=['a'], theta=ANGLES, targets=[COS], plane=ANGLES, decisions=[decision(0)])
    with pytest.raises(ValueError, match='plot_margins: targets must be'):
        plot_margins(**dict(given, **change))
