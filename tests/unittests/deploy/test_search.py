"""gluonfr.deploy.search: the nearest embeddings of a gallery."""
import importlib

import numpy as np
import pytest

from gluonfr.deploy.search import ENGINES, search

settings = importlib.import_module('gluonfr.deploy.search')


@pytest.fixture(params=ENGINES)
def engine(request):
    if request.param == 'faiss':
        pytest.importorskip('faiss', reason='pip install faiss-cpu')
    return request.param


def sorted_all(gallery, queries, top):
    """By a stable sort of all cosines: the reference."""
    gallery, queries = gallery.astype('float64'), queries.astype('float64')
    scores = queries @ gallery.T / np.linalg.norm(queries, axis=1)[:, None] / np.linalg.norm(gallery, axis=1)
    scores = scores.astype('float32')
    order = np.argsort(-scores, axis=1, kind='stable')[:, :top]
    return order, np.take_along_axis(scores, order, axis=1)


def embeddings(count, size, seed):
    return np.random.RandomState(seed).randn(count, size).astype('float32')


@pytest.mark.parametrize('count, asked, size, top, block', [
    (1000, 7, 64, 10, 1 << 23), (1000, 7, 64, 10, 100), (997, 5, 128, 10, 64), (100, 3, 16, 200, 16),
    (300, 2, 32, 300, 50), (1, 1, 4, 3, 8), (50, 9, 8, 1, 1)])
def test_the_same_as_sorting_all(engine, monkeypatch, count, asked, size, top, block):
    monkeypatch.setattr(settings, 'BLOCK_VALUES', block * size)
    monkeypatch.setattr(settings, 'EXACT_VALUES', 7 * size)
    gallery = embeddings(count, size, 1)
    gallery[count // 2:] = 3 * gallery[:count - count // 2]  # twice each: ties
    queries = np.concatenate([embeddings(asked - 1, size, 2), gallery[:1]])
    indices, scores = search(gallery, queries, top, engine=engine)
    order, want = sorted_all(gallery, queries, top)
    assert indices.dtype == np.int64 and scores.dtype == np.float32
    np.testing.assert_array_equal(indices, order)
    np.testing.assert_array_equal(scores, want)


@pytest.mark.parametrize('queries', [1, 3])
def test_more_queries_than_fit_at_once(monkeypatch, queries):
    monkeypatch.setattr(settings, 'BLOCK_SCORES', 4096 * queries)
    gallery, asked = embeddings(200, 16, 1), embeddings(8, 16, 2)
    np.testing.assert_array_equal(search(gallery, asked, 5)[0], sorted_all(gallery, asked, 5)[0])


def test_equal_scores_stand_in_the_order_of_the_gallery(monkeypatch):
    monkeypatch.setattr(settings, 'BLOCK_VALUES', 100 * 33)
    gallery = np.repeat(embeddings(1, 33, 0), 1000, axis=0)
    assert (search(gallery, embeddings(3, 33, 1), 5)[0] == np.arange(5)).all()


def test_threshold(engine):
    gallery = np.array([[1, 0], [0, 1], [1, 1], [-1, 0]], 'float32')
    indices, scores = search(gallery, np.array([[2, 0], [0, -1]], 'float32'), 3, threshold=0.5, engine=engine)
    assert indices.tolist() == [[0, 2, -1], [-1, -1, -1]]
    np.testing.assert_allclose(scores, [[1, 0.70710678, np.nan], [np.nan] * 3], atol=1e-7)
    assert search(gallery, gallery[0], 3, threshold=1.0, engine=engine)[0].tolist() == [[0, -1, -1]]  # one query


def test_a_file_is_read_a_block_at_a_time(tmp_path, monkeypatch):
    """The gallery is far larger than what numpy may take at once: only blocks of it are ever copied."""
    import tracemalloc
    gallery = embeddings(40000, 64, 0)
    np.save(str(tmp_path / 'gallery.npy'), gallery)
    monkeypatch.setattr(settings, 'BLOCK_VALUES', 500 * 64)
    queries = embeddings(2, 64, 1)
    want = sorted_all(gallery, queries, 5)[0]
    mapped = np.load(str(tmp_path / 'gallery.npy'), mmap_mode='r')
    tracemalloc.start()
    indices, _ = search(mapped, queries, 5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(indices, want)
    assert peak < gallery.nbytes / 8


def test_nothing_in_the_gallery(engine):
    indices, scores = search(np.zeros((0, 4), 'float32'), embeddings(2, 4, 0), 5, engine=engine)
    assert indices.shape == scores.shape == (2, 0)


@pytest.mark.parametrize('gallery, queries, arguments, message', [
    (np.ones((3, 4)), np.ones((2, 5)), {}, r'must be \(G, D\) and \(Q, D\), got \(3, 4\) and \(2, 5\)'),
    (np.ones(4), np.ones(4), {}, r'must be \(G, D\)'),
    (np.ones((3, 4)) * [[1], [0], [1]], np.ones(4), {}, 'gallery must be finite and not all 0, got another at 1'),
    (np.ones((3, 4)), np.full(4, np.nan), {}, 'queries must be finite and not all 0, got another at 0'),
    (np.ones((3, 4)), np.ones(4), {'top': 0}, 'top must be >= 1'),
    (np.ones((3, 4)), np.ones(4), {'threshold': np.nan}, 'threshold must be a finite number'),
    (np.ones((3, 4)), np.ones(4), {'engine': 'magic'}, "engine must be one of 'numpy', 'faiss'")])
def test_wrong_input(gallery, queries, arguments, message):
    with pytest.raises(ValueError, match='search: .*' + message):
        search(gallery, queries, **arguments)


def test_faiss_says_what_to_install():
    try:
        import faiss  # noqa: F401
    except ImportError:
        with pytest.raises(ImportError, match=r"engine 'faiss' needs faiss .*pip install .*\[faiss\]"):
            search(np.ones((3, 4)), np.ones(4), engine='faiss')
    else:
        pytest.skip('faiss is installed')
