"""ArrayLoader: order, exact resume, edges and bad input."""
import numpy as np
import pytest

from gluonfr.data import ArrayLoader, ImageLoader, PKSampler


def images(n=10, channels=1):
    return np.arange(n * 6 * channels, dtype=np.uint8).reshape(n, 2, 3, channels)


def labels_of(batches):
    return [label.asnumpy().tolist() for _, label in batches]


@pytest.mark.parametrize('channels', [1, 3])
def test_uint8_images_become_scaled_channel_first_batches(channels):
    data = images(5, channels)
    batch, label = next(iter(ArrayLoader(data, np.arange(5), 4)))
    assert batch.shape == (4, channels, 2, 3) and batch.dtype == np.float32 and label.dtype == np.int32
    np.testing.assert_array_equal(batch.asnumpy(), data[:4].transpose(0, 3, 1, 2).astype(np.float32) / 255)


def test_float_data_and_labels_stay_as_they_are():
    data = np.random.normal(size=(3, 7)).astype(np.float32)
    batch, label = next(iter(ArrayLoader(data, [0.5, 1.5, 2.5], 3)))
    np.testing.assert_array_equal(batch.asnumpy(), data)
    assert label.dtype == np.float32 and label.asnumpy().tolist() == [0.5, 1.5, 2.5]


@pytest.mark.parametrize('last_batch, expected', [
    ('keep', [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]),
    ('discard', [[0, 1, 2, 3], [4, 5, 6, 7]]),
    ('pad', [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 0, 1]])])
def test_last_batch(last_batch, expected):
    loader = ArrayLoader(images(), np.arange(10), 4, last_batch=last_batch)
    assert labels_of(loader) == expected and len(loader) == len(expected)
    assert labels_of(loader) == expected, 're-iterable'


def test_pad_with_fewer_samples_than_a_batch():
    assert labels_of(ArrayLoader(images(3), np.arange(3), 7, last_batch='pad')) == [[0, 1, 2, 0, 1, 2, 0]]


def test_shuffle_takes_every_sample_once_in_a_new_order_each_epoch():
    loader = ArrayLoader(images(), np.arange(10), 4, shuffle=True, seed=3)
    first, second = labels_of(loader), labels_of(loader)
    assert first != second and loader.epoch == 2
    assert sorted(sum(first, [])) == sorted(sum(second, [])) == list(range(10))


def test_order_depends_on_seed_and_epoch_only():
    make = lambda seed: ArrayLoader(images(), np.arange(10), 3, shuffle=True, seed=seed)  # noqa: E731
    loader = make(5)
    run = [labels_of(loader) for _ in range(4)]
    np.random.seed(99)
    again = make(5)
    again.epoch = 2
    assert labels_of(again) == run[2] and labels_of(again) == run[3]
    assert labels_of(make(6)) != run[0]
    # NumPy freezes RandomState: this order must never change, or a checkpoint of an older version resumes wrongly
    assert sum(run[0], []) == [5, 1, 7, 3, 4, 6, 8, 9, 2, 0]


@pytest.mark.parametrize('start', [0, 1, 3, 4])
def test_resume_gives_exactly_the_remaining_batches(start):
    loader = ArrayLoader(images(), np.arange(10), 3, shuffle=True, seed=1)
    whole = [(x.asnumpy(), y.asnumpy()) for x, y in loader.batches(7)]
    rest = list(loader.batches(7, start))
    assert len(rest) == len(whole) - start
    for (x, y), (x0, y0) in zip(rest, whole[start:]):
        np.testing.assert_array_equal(x.asnumpy(), x0)
        np.testing.assert_array_equal(y.asnumpy(), y0)


@pytest.mark.parametrize('arguments, message', [
    (dict(data=images(0), label=[]), 'at least one sample'),
    (dict(label=np.arange(9)), r'label must have one entry for each sample, \(10,\), got shape \(9,\)'),
    (dict(label=np.zeros((10, 1))), 'label must have one entry'),
    (dict(batch_size=0), 'batch_size must be >= 1, got 0'),
    (dict(batch_size=2.5), 'batch_size must be a whole number'),
    (dict(batch_size=None), 'batch_size must be an int >= 1'),
    (dict(batch_size=11, last_batch='discard'), 'batch_size must be at most 10'),
    (dict(last_batch='rollover'), "last_batch must be one of 'keep', 'discard', 'pad', got 'rollover'"),
    (dict(seed=-1), 'seed must be in'),
    (dict(data=np.zeros((10, 4), np.uint8)), r'images \(N,H,W,C\)'),
    (dict(data=np.array([[1.], [np.nan]] * 5)), 'data must be finite, got 5 NaN .*, the first in sample 1'),
    (dict(label=[np.inf] + [0.] * 9), 'label must be finite')])
def test_bad_values(arguments, message):
    with pytest.raises(ValueError, match='ArrayLoader: .*' + message):
        ArrayLoader(**{**dict(data=images(), label=np.arange(10), batch_size=2), **arguments})


@pytest.mark.parametrize('arguments, message', [
    (dict(data=[1, 2]), 'data must be a numpy array, got list'),
    (dict(data=np.zeros((10, 2), np.int64)), 'data must be uint8 or float, got int64'),
    (dict(label=['a'] * 10), 'label must be integers or floats')])
def test_bad_types(arguments, message):
    with pytest.raises(TypeError, match='ArrayLoader: ' + message):
        ArrayLoader(**{**dict(data=images(), label=np.arange(10), batch_size=2), **arguments})


def test_bad_start():
    with pytest.raises(ValueError, match=r'start must be in \[0, 5\], got 6'):
        ArrayLoader(images(), np.arange(10), 2).batches(0, 6)


def test_loader_with_a_sampler():
    labels = np.tile(np.arange(5), 8)
    sampler = PKSampler(labels, p=2, k=4, seed=1)
    loader = ArrayLoader(images(40), labels, sampler=sampler)
    assert len(loader) == len(sampler) and loader.batch_size == 8
    batches = labels_of(loader)
    assert batches == labels[sampler.indices(0)].tolist()
    assert labels_of(loader) == labels[sampler.indices(1)].tolist()
    assert labels_of(loader.batches(0, 3)) == batches[3:]


@pytest.mark.parametrize('arguments, message', [(dict(shuffle=True), 'shuffle must be False'),
                                                (dict(batch_size=9), 'batch_size must be None or 8')])
def test_loader_refuses_what_the_sampler_decides(arguments, message):
    labels = np.tile(np.arange(5), 8)
    with pytest.raises(ValueError, match=message):
        ArrayLoader(images(40), labels, sampler=PKSampler(labels, 2, 4), **arguments)


def test_loader_refuses_indices_beyond_its_data():
    labels = np.tile(np.arange(5), 8)
    loader = ArrayLoader(images(10), labels[:10], sampler=PKSampler(labels, 2, 4))
    with pytest.raises(IndexError):
        list(loader)


@pytest.mark.parametrize('label', [2 ** 31, 2 ** 40 + 7, -2 ** 31 - 1])
def test_labels_that_are_no_int32_are_refused(label):
    said = r'label must be integers in \[-2\^31, 2\^31\), got {}'.format(label)
    with pytest.raises(ValueError, match='ArrayLoader: ' + said):
        ArrayLoader(images(2), np.array([0, label]), 2)

    class Faces:
        def __len__(self):
            return 2

        def read(self, i):
            return images(2)[i], label * i

    with pytest.raises(ValueError, match='ImageLoader: ' + said):
        list(ImageLoader(Faces(), 2))
