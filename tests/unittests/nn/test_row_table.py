"""A table of which an update touches a few rows."""
import mxnet as mx
import numpy as np
import pytest
from mxnet import nd

from gluonfr.nn import row_table
from gluonfr.nn.row_table import RowTable

ROWS, WIDTH = 37, 5
IDS = np.array([0, 3, 4, 11, 12, 13, 30, 36])
RULE = dict(lr=0.1, momentum=0.9, wd=0.01)


def weights(table):
    return np.concatenate([weight for weight, _ in table.pieces])


def momenta(table):
    return np.concatenate([momentum for _, momentum in table.pieces])


def gradients(count, steps=3, width=WIDTH):
    return np.random.RandomState(7).randn(steps, count, width).astype('float32')


@pytest.mark.parametrize('rule', [RULE, dict(RULE, momentum=0.0), dict(RULE, wd=0.0, scale=0.5), dict(RULE, clip=0.3)])
def test_a_step_is_mxnets_lazy_sgd(rule):
    table = RowTable(ROWS, WIDTH, 1.0)
    weight, before = nd.array(weights(table)), weights(table)
    optimizer = mx.optimizer.SGD(learning_rate=rule['lr'], momentum=rule['momentum'], wd=rule['wd'],
                                 clip_gradient=rule.get('clip'), rescale_grad=rule.get('scale', 1.0), lazy_update=True)
    weight = weight.tostype('default')
    state = optimizer.create_state(0, weight)
    for step, gradient in enumerate(gradients(len(IDS))):
        ids = IDS[step:]  # not all in each step
        sparse = nd.sparse.row_sparse_array((nd.array(gradient[step:]), nd.array(ids, dtype='int64')), (ROWS, WIDTH))
        optimizer.update(0, weight, sparse, state)
        table.step(ids, gradient[step:].copy(), **rule)
    np.testing.assert_allclose(weights(table), weight.asnumpy(), rtol=1e-5, atol=1e-6)
    others = np.setdiff1d(np.arange(ROWS), IDS)
    assert (weights(table)[others] == before[others]).all() and not momenta(table)[others].any()
    assert (weights(table)[IDS] != before[IDS]).all()
    if rule['momentum']:
        np.testing.assert_allclose(momenta(table), state.asnumpy(), rtol=1e-5, atol=1e-6)


def test_rows_are_gathered_and_scaled():
    table, out = RowTable(ROWS, WIDTH, 1.0), np.empty((len(IDS), WIDTH), 'float32')
    assert table.gather(IDS, out, False) is None
    assert (out == weights(table)[IDS]).all()
    lengths = table.gather(IDS, out, True)
    np.testing.assert_allclose(lengths, np.linalg.norm(weights(table)[IDS], axis=1), rtol=1e-6)
    np.testing.assert_allclose(out * lengths[:, None], weights(table)[IDS], rtol=1e-6)


@pytest.mark.parametrize('piece', [WIDTH, 7 * WIDTH + 2, ROWS * WIDTH])
def test_the_split_changes_nothing(piece):
    whole, split = RowTable(ROWS, WIDTH, 0.3), RowTable(ROWS, WIDTH, 0.3, piece)
    assert len(whole.pieces) == 1 and all(array.size <= piece for pair in split.pieces for array in pair)
    assert (weights(whole) == weights(split)).all()
    for gradient in gradients(len(IDS)):
        for table in (whole, split):
            table.step(IDS, gradient.copy(), **RULE)
    outs = [np.empty((len(IDS), WIDTH), 'float32') for _ in range(2)]
    for table, out in zip((whole, split), outs):
        table.gather(IDS, out, True)
    assert (weights(whole) == weights(split)).all() and (momenta(whole) == momenta(split)).all()
    assert (outs[0] == outs[1]).all()


def test_blocks_and_cores_change_nothing(monkeypatch):
    """Many blocks go over threads, one does not."""
    ids, gradient = np.arange(0, 1000, 3), gradients(334, 1)[0]
    found = []
    for block in (row_table.BLOCK, 8 * WIDTH):
        monkeypatch.setattr(row_table, 'BLOCK', block)
        monkeypatch.setattr(row_table, 'threads_to_use', lambda: 4)
        table, out = RowTable(1000, WIDTH, 1.0, 300 * WIDTH), np.empty((334, WIDTH), 'float32')
        table.gather(ids, out, True)
        table.step(ids, gradient.copy(), **RULE)
        found.append((weights(table), momenta(table), out))
    assert all((one == other).all() for one, other in zip(*found))


def test_start_values_follow_the_seed():
    tables = [RowTable(2000, WIDTH, 0.5) for _ in range(3)]
    tables[2].seed = 4
    first, again, other = map(weights, tables)
    assert (first == again).all() and (first != other).any()
    assert abs(first.std() - 0.5) < 0.02 and abs(first.mean()) < 0.02 and first.dtype == np.float32
    assert not momenta(tables[0]).any()


def test_what_is_to_be_filled_is_not_drawn_first(monkeypatch):
    table = RowTable(ROWS, WIDTH, 1.0)
    monkeypatch.setattr(np.random, 'Generator', None)
    for array in table.arrays(drawn=False).values():
        array[:] = 2
    assert (weights(table) == 2).all() and sorted(table.arrays()) == ['momentum-0', 'weight-0']
