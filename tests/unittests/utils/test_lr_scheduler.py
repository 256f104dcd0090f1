"""IterLRScheduler against formulas written a second time, at the edges above all."""
import inspect
import math

import mxnet as mx
import pytest

from gluonfr.utils.lr_scheduler import IterLRScheduler

BASE, TARGET, NITERS, WARMUP = 0.4, 0.02, 110, 10


def make(mode, **kwargs):
    return IterLRScheduler(mode, BASE, NITERS, **dict(dict(step=(30, 60.0), targetlr=TARGET, warmup_iters=WARMUP,
                                                           warmup_lr=0.1), **kwargs))


def test_signature_is_the_originals():
    parameters = inspect.signature(IterLRScheduler).parameters
    assert {name: p.default for name, p in parameters.items() if p.default is not p.empty} == {
        'step': (30e3, 60e3, 90e3), 'step_factor': 0.1, 'targetlr': 0, 'power': 0.9, 'warmup_iters': 0,
        'warmup_lr': 0, 'warmup_mode': 'linear'}
    assert list(parameters)[:3] == ['mode', 'baselr', 'niters']
    assert IterLRScheduler('step', 0.1, 10).learning_rate == 0.1


@pytest.mark.parametrize('t, expected', [(0, 0.1), (1, 0.13), (5, 0.25), (9, 0.37)])
@pytest.mark.parametrize('mode', ['step', 'poly', 'cosine'])
def test_linear_warmup(mode, t, expected):
    assert make(mode)(t) == pytest.approx(expected)


def test_constant_warmup():
    schedule = make('cosine', warmup_mode='constant')
    assert [schedule(t) for t in (0, 9)] == [0.1, 0.1]
    assert schedule(10) == BASE


@pytest.mark.parametrize('mode', ['step', 'poly', 'cosine'])
def test_base_rate_at_the_end_of_the_warmup(mode):
    assert make(mode)(WARMUP) == pytest.approx(BASE)
    assert make(mode, warmup_iters=0)(0) == pytest.approx(BASE)


@pytest.mark.parametrize('t, expected', [(29, 0.4), (30, 0.04), (59, 0.04), (60, 0.004), (10 ** 6, 0.004)])
def test_step(t, expected):
    assert make('step')(t) == pytest.approx(expected)


@pytest.mark.parametrize('t', [11, 35, 60, 109])
def test_poly_and_cosine_between(t):
    left = (NITERS - t) / 100.0
    assert make('poly', power=2)(t) == pytest.approx(TARGET + (BASE - TARGET) * left * left)
    assert make('poly')(t) == pytest.approx(TARGET + (BASE - TARGET) * math.exp(0.9 * math.log(left)))
    half_angle = math.pi * (1 - left) / 2
    assert make('cosine')(t) == pytest.approx(TARGET + (BASE - TARGET) * math.cos(half_angle) ** 2)


@pytest.mark.parametrize('t', [NITERS, NITERS + 1, 2 * NITERS, 10 ** 7])
@pytest.mark.parametrize('mode', ['poly', 'cosine'])
def test_stays_at_the_target_from_niters_on(mode, t):
    value = make(mode)(t)
    assert isinstance(value, float) and value == TARGET


@pytest.mark.parametrize('mode', ['poly', 'cosine'])
def test_warmup_may_be_all_there_is(mode):
    schedule = make(mode, warmup_iters=NITERS)
    assert schedule(NITERS - 1) < BASE and schedule(NITERS) == TARGET


def test_value_depends_on_the_update_alone():
    fresh, used = make('step'), make('step')
    for t in range(100):
        used(t)
    assert [used(t) for t in (5, 35, 70)] == [fresh(t) for t in (5, 35, 70)]


def test_an_optimizer_with_a_default_rate_does_not_change_it():
    schedule = make('poly')
    mx.optimizer.create('adam', lr_scheduler=schedule)
    assert schedule(WARMUP) == BASE


@pytest.mark.parametrize('name, value', [
    ('mode', 'linear'), ('baselr', -1), ('niters', 0), ('niters', 1.5), ('step', (-1,)), ('step_factor', 0),
    ('targetlr', -1e-3), ('power', 0), ('warmup_iters', -1), ('warmup_iters', NITERS + 1), ('warmup_lr', -1),
    ('warmup_mode', 'cubic'), ('baselr', float('nan'))])
def test_errors_name_the_parameter_and_the_value(name, value):
    arguments = dict(mode='poly', baselr=BASE, niters=NITERS)
    arguments[name] = value
    shown = value[0] if isinstance(value, tuple) else value
    with pytest.raises(ValueError, match=r'IterLRScheduler: {} must be .*got .*{}'.format(name, shown)):
        IterLRScheduler(**arguments)


@pytest.mark.parametrize('epoch, i, rate', [(0, 0, 0.001), (5, 0, 0.0505), (10, 0, 0.1), (55, 117, 0.05),
                                            (75, 0, 0.0188255)])
def test_the_schedule_of_1_0s_mnist_examples(epoch, i, rate):
    """They have GluonCV 0.3's LRScheduler, which counts epochs: nepochs=101, niters=234, warmup_epochs=10."""
    batches = 234
    schedule = IterLRScheduler('cosine', 0.1, 101 * batches, targetlr=1e-8, warmup_iters=10 * batches, warmup_lr=0.001)
    assert schedule(epoch * batches + i) == pytest.approx(rate, abs=1e-6)
