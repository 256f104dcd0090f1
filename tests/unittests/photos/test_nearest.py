"""The rows of a float16 matrix that are most like a query are those of sorting all cosines."""
import numpy as np
import pytest

from gluonfr.photos import nearest
from gluonfr.photos.nearest import BlockSearch, FaissSearch, products
from gluonfr.utils.vectors import unit_rows

RANDOM = np.random.RandomState(0)


def finder(engine):
    if engine == 'faiss':
        pytest.importorskip('faiss', reason='pip install faiss-cpu')
        return FaissSearch()
    return BlockSearch()


def half(count, size):
    return unit_rows(RANDOM.standard_normal((count, size))).astype('<f2')


def test_products_of_every_float16():
    """All bit patterns of numbers, below 2^-14 too, and both signs, in both halves of a pair."""
    values = np.arange(1 << 16, dtype='<u2').view('<f2')
    values = values[np.isfinite(values)]
    for rows in (np.stack([values, values[::-1]], 1), np.stack([values[::-1], values], 1)):
        for query in ([1.0, 0.0], [0.0, 1.0], [-0.5, 0.25]):
            got = products(rows, np.array([query]))[0]
            np.testing.assert_array_equal(got, (rows.astype('float32') @ np.array(query, 'float32')))


@pytest.mark.parametrize('engine', ['numpy', 'faiss'])
@pytest.mark.parametrize('top, threshold', [(1, None), (7, None), (5, 0.3), (3, 0.99), (400, -1.0)])
def test_the_best_are_those_of_all_cosines(engine, top, threshold, monkeypatch):
    monkeypatch.setattr(nearest, 'MOST_SCORES', 2000)  # some queries at a time
    monkeypatch.setattr(nearest, 'BLOCK', 16)
    rows, queries, dead = half(300, 8), unit_rows(RANDOM.standard_normal((20, 8))), np.array([0, 17, 299])
    rows[20] = rows[21] = rows[19]  # equal ones stand in the order of the rows
    queries[0] = unit_rows(rows[19:20].astype(np.float64))
    cosines = (queries @ unit_rows(rows.astype(np.float64)).T).astype(np.float32)
    cosines[:, dead] = -np.inf
    found = list(nearest.nearest(finder(engine), rows, queries, top, threshold, dead))
    assert len(found) == 20
    for (indices, scores), row in zip(found, cosines):
        order = np.argsort(-row, kind='stable')[:min(top, 297)]
        order = order[row[order] >= (-2 if threshold is None else threshold)]
        assert indices.tolist() == order.tolist()
        np.testing.assert_allclose(scores, row[order], atol=1e-6)
    assert found[0][0][:3].tolist() == [19, 20, 21][:min(top, 3)]


@pytest.mark.parametrize('engine', ['numpy', 'faiss'])
def test_rows_that_come_and_go(engine):
    """None at all, more in a later call, one that was erased."""
    rows, one, none = half(40, 4), finder(engine), np.zeros(0, int)
    query = unit_rows(rows[33:34].astype('float32'))

    def best(some, dead=none):
        (indices, _), = nearest.nearest(one, some, query, 1, 0.999, dead)
        return indices.tolist()

    assert best(rows[:0]) == best(rows[:30]) == []
    assert best(rows) == [33]
    assert best(rows, np.array([33])) == []
    rows[33] = 0
    assert best(rows) == []
