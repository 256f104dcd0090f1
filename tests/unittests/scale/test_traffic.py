"""What workers send: by formula, and counted in a training; what it leaves of their time."""
import numpy as np
import pytest
from helpers import ROOT

from gluonfr.scale import Links, Rates, dense_traffic, predict_scaling, sharded_traffic

LINKS, RATES = Links(worker_gbytes=1.0, server_gbytes=2.0, latency=0.001), Rates(gflops=100, gbytes=10)


@pytest.mark.mxnet
@pytest.mark.parametrize('workers, divided', [(2, None), (2, 'dense'), (4, 'dense'), (4, 'sampled')])
def test_a_step_sends_what_the_formulas_say(workers, divided, monkeypatch):
    from mxnet import gluon, nd

    from gluonfr.distributed import Alone, ShardedDense, ShardedPartialFC
    from gluonfr.loss import get_loss
    from gluonfr.nn import NormDense
    from gluonfr.train import Callback, fit, loop

    class Counting(Alone):
        """A worker whose others answer nothing."""
        number, count, first = 1, workers, False
        sent = 0

        def sum(self, key, arrays):
            self.sent += 4 * arrays[0].size

        def total(self, key, values):
            self.sent += 4 * values.size
            return values

        def slots(self, key, values):
            slots = np.zeros((self.count,) + values.shape, 'float32')
            slots[self.number] = values
            return self.total(key, slots)

        def gather(self, value):
            return [value] * self.count

    class Steps(Callback):
        every_worker = True
        at = ()

        def on_step_end(self, state):
            self.at += (state.workers.sent,)

    here, steps = Counting(), Steps()
    monkeypatch.setattr(loop, 'join_workers', lambda: here)
    classes, width, batch = 12, 5, 8
    net, loss = gluon.nn.Dense(width, in_units=3), get_loss('cosface', classes=classes, s=4)
    head = {None: lambda: NormDense(classes, True, True, in_units=width),
            'dense': lambda: ShardedDense(classes, width, here, batch, s=4),
            'sampled': lambda: ShardedPartialFC(classes, width, here, batch, num_sample=8, s=4)}[divided]()
    rows = [(nd.ones((batch, 3)), nd.arange(batch, dtype='int32'))] * 3
    fit(net, loss, rows, head=head, callbacks=[steps])
    learned = width * 3 + width
    formula = sharded_traffic(width, learned, batch, workers) if divided else dense_traffic(classes, width, learned)
    sums = 4 * 3  # of losses, hits and distances
    assert np.diff(steps.at).tolist() == [formula + sums] * 2


def test_servers_are_what_many_workers_wait_for():
    few, many = predict_scaling(100000, 'mobilefacenet', 32, [2, 64], rates=RATES, links=LINKS, servers=2)[::3]
    assert few.bottleneck == 'workers' and many.bottleneck == 'servers'
    assert many.exchange == pytest.approx(64 * many.traffic / 2 / 2e9 + 3 * 0.001)
    more = predict_scaling(100000, 'mobilefacenet', 32, [64], rates=RATES, links=LINKS, servers=64)[0]
    assert more.bottleneck == 'workers' and more.efficiency > many.efficiency


def test_one_worker_sends_nothing_and_is_its_own_measure():
    for found in predict_scaling(1000, 'mobilefacenet', 32, [1], rates=RATES, links=LINKS):
        assert (found.traffic, found.exchange, found.bottleneck) == (0, 0, 'nothing')
        assert found.efficiency == pytest.approx(1) or found.head == 'sampled' and 1 < found.efficiency < 1.1


def test_divided_classes_send_no_table():
    dense, sharded, sampled = predict_scaling(10 ** 7, 'iresnet50', 64, [8], rates=RATES, links=LINKS, servers=8)
    assert dense.traffic > 100 * sharded.traffic and dense.exchange > 100 * sharded.exchange
    assert sharded.samples > 1.5 * dense.samples and sampled.samples > 1.5 * sharded.samples
    assert (sampled.traffic, sampled.exchange) == (sharded.traffic, sharded.exchange)


@pytest.mark.parametrize('wrong', [dict(images=0), dict(servers=0), dict(workers=[2, 0])])
def test_numbers_out_of_range_are_refused(wrong):
    settings = {**dict(images=8, workers=[2], servers=1), **wrong}
    with pytest.raises(ValueError, match='predict_scaling: {} must be >= 1'.format(next(iter(wrong)))):
        predict_scaling(1000, 'mobilefacenet', rates=RATES, links=LINKS, **settings)


def test_the_table_in_the_docs_is_by_the_formula():
    text = (ROOT / 'docs' / 'scale.md').read_text(encoding='utf-8')
    rows = [line.strip('| ').split(' | ') for line in text.splitlines() if '%) |' in line]
    assert len(rows) == 12
    rates, links = Rates(gflops=10000, gbytes=700), Links(worker_gbytes=10, server_gbytes=10, latency=0.001)
    for classes, head, sent, *cells in rows:
        found = [one for workers in (8, 16, 32, 64) for one in predict_scaling(
            int(classes.replace(',', '')), 'iresnet50', 64, [workers], rates=rates, links=links, servers=workers)
            if one.head == head]
        assert sent == '{:,.0f} MB'.format(found[-1].traffic / 1e6)
        assert cells == ['{:,.0f} ({:.0%})'.format(one.samples, one.efficiency) for one in found]
