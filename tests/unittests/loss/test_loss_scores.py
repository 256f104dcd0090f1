"""Scores and boundaries of losses over angles, against the formulas."""
import math

import numpy as np
import pytest

import reference as ref
from gluonfr.loss import LOSSES, NoScores, get_loss_list, score_curves

DRAWN = [name for name in get_loss_list() if LOSSES.get(name).head == 'cosine' and name != 'proxyanchor']
C = np.cos(np.radians(np.arange(181)))
BIAS = math.log(8)  # where UniFace's bias begins with ten classes


def only(text):
    (curve,) = score_curves(text)
    return curve


@pytest.mark.parametrize('name', DRAWN)
def test_every_loss_over_cosines_has_curves(name):
    for curve in score_curves(name):
        assert curve.name.startswith(name) and curve.target.shape == curve.theta.shape == (181,)
        assert curve.decision.shape == (len(curve.plane),) * 2
        assert np.isfinite(curve.target).all() and np.isfinite(curve.decision).all()
        if curve.name != 'arcface, easy':  # which jumps at 90 degrees
            assert (np.diff(curve.target) < 1e-5).all()
        assert (np.diff(curve.target[5:60]) < 0).all()


@pytest.mark.parametrize('name', sorted(set(get_loss_list()) - set(DRAWN)))
def test_the_others_say_why_not(name):
    with pytest.raises(NoScores, match='^{}: it'.format(name)):
        score_curves(name)


@pytest.mark.parametrize('text,want', [
    ('cosloss:m=0.2', lambda c: c - 0.2), ('normsoftmax', lambda c: c), ('adacos', lambda c: c),
    ('arcface:m=0.4,easy_margin=False', lambda c: ref.psi(c, 1, 0.4)),
    ('subcenter:m=0.4', lambda c: ref.psi(c, 1, 0.4)),
    ('elasticarc:m=0.4', lambda c: ref.psi(c, 1, 0.4)), ('elasticcos', lambda c: c - 0.35),
    ('liarcface:m=0.3', lambda c: 1 - 2 * (math.acos(c) + 0.3) / math.pi),
    ('asoftmax:m=2', lambda c: (5 * c + ref.psi(c, 2)) / 6),
    ('circle', lambda c: max(1.25 - c, 0) * (c - 0.75))])
def test_the_score_of_the_own_class(text, want):
    np.testing.assert_allclose(only(text).target, [want(c) for c in C.clip(-1, 1)], atol=2e-5)


def test_what_a_loss_depends_on_beside_the_angles():
    names = 'adaface', 'magface', 'dynamicmargin'
    curves = {curve.name: curve.target for name in names for curve in score_curves(name)}
    for q, norm in ((-1, 10), (0, 60), (1, 110)):
        np.testing.assert_allclose(curves['adaface, norm {}'.format(norm)],
                                   [ref.psi(c, 1, -0.4 * q, 0.4 + 0.4 * q) for c in C], atol=2e-5)
    for m, norm in ((0.45, 10), (0.625, 60), (0.8, 110)):
        np.testing.assert_allclose(curves['magface, norm {}'.format(norm)], [ref.psi(c, 1, m) for c in C], atol=2e-5)
    for m, images in ((0.5, '1 image'), (0.05, '100 images')):
        np.testing.assert_allclose(curves['dynamicmargin, ' + images], [ref.psi(c, 1, m) for c in C], atol=2e-5)


@pytest.mark.parametrize('text,want', [
    ('normsoftmax', lambda own, other: own < other), ('adacos', lambda own, other: own < other),
    ('arcface:m=0.5,easy_margin=False', lambda own, other: own + 0.5 < other),
    ('cosloss', lambda own, other: math.cos(own) - 0.35 > math.cos(other)),
    ('uniface', lambda own, other: 64 * (math.cos(own) - 0.4) > BIAS > 64 * math.cos(other))])
def test_the_boundary_between_two_classes(text, want):
    curve = only(text)
    for i in range(3, 180, 13):
        for j in range(2, 180, 11):
            other, own = np.radians(curve.plane[[i, j]])
            assert (curve.decision[i, j] > 0) == want(own, other), (own, other)


def test_hard_negatives_move_the_boundary_of_curricularface():
    early, late = (curve.decision > 0 for curve in score_curves('curricularface'))
    assert early.sum() > late.sum()


def test_sums_and_wrong_arguments():
    with pytest.raises(NoScores, match='as a sum'):
        score_curves('arcface+ringloss:lamda=0.1')
    with pytest.raises(ValueError, match='m must be in') as error:
        score_curves('arcface:m=-1')
    assert not isinstance(error.value, NoScores)
    with pytest.raises(ValueError, match="Did you mean 'arcface'"):
        score_curves('arcfac')
