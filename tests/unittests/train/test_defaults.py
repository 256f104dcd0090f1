"""Numbers of a training that fit the set and the length of the run."""
import pytest

from gluonfr.train.defaults import choose_numbers


@pytest.mark.parametrize('batch, lr', [(8, .00625), (128, .1)])
def test_the_rate_fits_a_default_batch(batch, lr):
    numbers = choose_numbers(4, default=batch)
    assert (numbers.batch_size, numbers.lr) == (batch, pytest.approx(lr))


@pytest.mark.parametrize('batch_size, lr, used', [(None, .3, .3), (8, None, .1), (8, .3, .3)])
def test_what_is_given_stays(batch_size, lr, used):
    numbers = choose_numbers(6, batch_size=batch_size, default=8, lr=lr)
    assert (numbers.batch_size, numbers.lr) == (8, used)


@pytest.mark.parametrize('lr_mode, lr_steps, used', [
    (None, [], 'cosine'), (None, [2], 'step'), ('poly', [2], 'poly'), ('step', [], 'step')])
def test_the_rate_falls_in_steps_where_steps_are_given(lr_mode, lr_steps, used):
    assert choose_numbers(4, lr_mode=lr_mode, lr_steps=lr_steps).lr_mode == used


@pytest.mark.parametrize('steps, epochs, run', [
    (None, None, (80, 20)), (None, 3, (12, 3)), (3, None, (3, 1)), (9, None, (9, 3)), (60, 1, (4, 1)), (4, 3, (4, 1))])
def test_steps_and_epochs_of_a_run(steps, epochs, run):
    numbers = choose_numbers(4, batch_size=12, steps=steps, epochs=epochs)
    assert (numbers.steps, numbers.epochs) == run


@pytest.mark.parametrize('given, steps, filled', [
    ((0, 0), 3, (0, 0)), (('auto', 'auto'), 120, (12, 30)), (('auto', 7), 9, (0, 7)),
    (('auto', 'auto'), 10 ** 5, (100, 500)), ((0, 500), 120, (0, 500))])
def test_warmups_that_fit_the_run(given, steps, filled):
    numbers = choose_numbers(4, batch_size=12, steps=steps, warmup=given[0], margin_warmup=given[1])
    assert (numbers.warmup, numbers.margin_warmup) == filled


def test_a_warmup_longer_than_the_run():
    assert choose_numbers(4, steps=3, warmup=4, lr_mode='step').warmup == 4
    with pytest.raises(ValueError, match=r"warmup must be at most 3, the steps of this run, got 4. warmup='auto' fits"):
        choose_numbers(4, steps=3, warmup=4)
