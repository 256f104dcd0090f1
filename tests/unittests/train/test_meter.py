"""The meter: what is read, and what is left for later."""
import math

import pytest
from mxnet import nd

from gluonfr.train.meter import Meter


def meter_with(losses):
    """A step of 2 samples for each loss sum, one of them a hit."""
    meter = Meter()
    for step, loss in enumerate(losses, 1):
        meter.add(step, 0.1, 2, [nd.array([loss])], [nd.array([1])])
    return meter


@pytest.mark.parametrize('leave, read', [(0, 4), (1, 3), (3, 1), (4, 0), (9, 0)])
def test_the_newest_steps_can_be_left(leave, read):
    meter = meter_with([1, 2, 4, 8])
    assert meter.read(leave) is None
    assert (len(meter), meter.count, meter.hits, meter.loss_sum) == (4 - read, 2 * read, read, sum([1, 2, 4, 8][:read]))
    meter.read()
    assert (len(meter), meter.loss, meter.accuracy) == (0, 15 / 8, 0.5)


def test_a_loss_that_is_not_finite_is_found_when_it_is_read():
    meter = meter_with([1, 2, math.inf])
    assert meter.read(leave=1) is None
    assert meter.read() == (3, 0.1, math.inf) and meter.loss_sum == 3


@pytest.mark.parametrize('distances, looks', [((), 2), ([nd.array([3.0])], 3)])
def test_what_is_not_measured_costs_no_look_at_the_device(monkeypatch, distances, looks):
    meter, seen, plain = Meter(), [], nd.NDArray.asnumpy
    for step in range(1, 5):
        meter.add(step, 0.1, 2, [nd.array([1.0])], [nd.array([1])], distances)
    monkeypatch.setattr(nd.NDArray, 'asnumpy', lambda array: seen.append(array.shape) or plain(array))
    meter.read()
    assert len(seen) == looks and meter.distance == (1.5 if distances else None)
