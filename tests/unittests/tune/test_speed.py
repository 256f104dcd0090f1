"""What the measurement at the beginning of a search makes of the clock."""
import pytest

from gluonfr.tune import speed


def test_the_beginning_and_the_steps_are_told_apart_and_the_first_training_does_not_count(monkeypatch):
    clock, done = [0.0], []
    monkeypatch.setattr(speed.time, 'perf_counter', lambda: clock[0])

    def train(steps):
        clock[0] += 2 + 0.5 * steps + (0 if done else 30)
        done.append(steps)

    assert speed._line((4, 12), train) == pytest.approx((2, 0.5)) and done == [4, 4, 12]


def test_a_clock_that_goes_wrong_gives_no_time_below_zero(monkeypatch):
    times = iter([0, 5, 5, 6])
    monkeypatch.setattr(speed.time, 'perf_counter', lambda: next(times))
    begin, step = speed._line((4, 12), lambda steps: None)
    assert begin > 0 and step > 0
