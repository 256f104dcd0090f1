"""How much fits into some minutes."""
import pytest

from gluonfr.tune.plan import Plan, Speeds, fit_plan, make_rungs, plan_seconds

SPEEDS = Speeds(0.5, 0.01, 5, 0.8, 30)
ASKED = dict(folds=3, available=200, epoch=60, rungs=3)


def test_rungs_keep_a_quarter_and_at_least_three():
    assert make_rungs(64, 4, 6400) == [(64, 100), (16, 400), (4, 1600), (3, 6400)]
    assert make_rungs(5, 3, 16) == [(5, 4), (3, 16)] and make_rungs(2, 3, 16) == [(2, 16)]
    assert make_rungs(40, 1, 16) == [(40, 16)] and make_rungs(40, 3, 2) == [(40, 1), (10, 1), (3, 2)]


def test_a_plan_is_counted_training_by_training():
    plan = Plan(5, [(5, 4), (3, 16)], 7, 11)
    adapters = sum(3 * (0.5 + 0.01 * steps) for steps in [4] * 5 + [16] * 3)
    images = sum(3 * (5 + 0.8 * 7) + 30 for _ in range(3)) + 3 * (5 + 0.8 * 11 + 30)
    assert plan_seconds(plan, SPEEDS, 3) == pytest.approx(adapters + images)


@pytest.mark.parametrize('more', [{}, {'finetune': False}, {'start': True}, {'finetune_steps': 20}], ids=str)
def test_more_time_gives_more_and_never_more_than_there_is(more):
    plans = [fit_plan(seconds, SPEEDS, **ASKED, **more) for seconds in (900, 1800, 3600, 36000)]
    for seconds, plan in zip((900, 1800, 3600, 36000), plans):
        assert plan_seconds(plan, SPEEDS, 3) <= seconds and plan.rungs[0][0] == plan.candidates <= 200
    sizes = [plan_seconds(plan, SPEEDS, 3) for plan in plans]
    assert sizes == sorted(sizes) and plans[-1].candidates == 200
    assert all((plan.start_steps > 0) == ('start' in more) for plan in plans)
    steps = {plan.finetune_steps for plan in plans}
    assert steps == {0} if 'finetune' in more else steps == {20} if more.get('finetune_steps') else min(steps) >= 10


def test_what_does_not_fit_is_no_plan():
    assert fit_plan(30, SPEEDS, **ASKED) is None and fit_plan(-1, SPEEDS, **ASKED) is None
    assert fit_plan(120, SPEEDS, **ASKED) is None  # no ten steps of three finalists
    assert fit_plan(400, SPEEDS, **ASKED, start=True) is None
    assert fit_plan(900, SPEEDS, **ASKED, finetune_steps=200) is None
