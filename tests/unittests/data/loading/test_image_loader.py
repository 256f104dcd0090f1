"""ImageLoader: the same batches for any number of workers and after a resume, errors at their batch, no thread left."""
import gc
import threading
import time

import mxnet as mx
import numpy as np
import pytest
from mxnet import gluon
from train_cases import assert_identical, values

from gluonfr.data.image import ImageError, decode, encode
from gluonfr.data.loading import ImageLoader, ToTensor
from gluonfr.data.sampler import BalancedSampler, PKSampler
from gluonfr.data.transforms import Mirror, Resize
from gluonfr.model_zoo.spec import InputSpec
from gluonfr.train import Callback, Checkpoint, Evaluate, embed, fit

SPEC = InputSpec((16, 12), (120, 110, 100), (60, 61, 62), 'bgr')
WORKERS = pytest.mark.parametrize('workers', [0, 1, 4])


class Jpegs:
    """Encoded pictures in memory with the methods of a data set of faces: class c is a patch in the c-th corner."""

    def __init__(self, count=50, classes=4, size=(16, 12)):
        self.num_classes, self.labels = classes, np.arange(count) % classes
        random = np.random.RandomState(0)
        pictures = random.randint(0, 100, (count,) + size + (3,)).astype(np.uint8)
        for picture, label in zip(pictures, self.labels):
            picture[(label // 2) * 8:(label // 2) * 8 + 8, (label % 2) * 6:(label % 2) * 6 + 6] += 120
        self.data = [encode(picture) for picture in pictures]
        self.reads = []

    def __len__(self):
        return len(self.data)

    def read(self, i):
        self.reads.append(i)
        return decode(self.data[i]), int(self.labels[i])


@pytest.fixture(scope='module')
def pictures():
    return Jpegs()


@pytest.fixture(autouse=True)
def no_threads_left():
    yield
    if loader_threads():
        gc.collect()
    assert not loader_threads()


def loader_threads():
    return [t for t in threading.enumerate() if t.name.startswith('gluonfr-ahead')]


def arrays(batches):
    return [(x.asnumpy(), label.asnumpy()) for x, label in batches]


def assert_same(first, second):
    assert len(first) == len(second)
    for (x, label), (x2, label2) in zip(first, second):
        np.testing.assert_array_equal(x, x2)
        np.testing.assert_array_equal(label, label2)


@WORKERS
def test_batches_are_the_images_in_order(pictures, workers):
    loader = ImageLoader(pictures, 8, workers=workers)
    batches = list(loader)
    assert len(loader) == len(batches) == 7
    for step, (x, label) in enumerate(batches):
        expected = [pictures.read(i) for i in range(step * 8, min(step * 8 + 8, 50))]
        assert x.dtype == np.uint8 and label.dtype == np.int32 and x.context == label.context == mx.cpu()
        np.testing.assert_array_equal(x.asnumpy(), [image for image, _ in expected])
        assert label.asnumpy().tolist() == [c for _, c in expected]


@pytest.mark.parametrize('colour', ['rgb', 'bgr', 'grey'])
def test_with_a_spec_batches_are_what_to_tensor_makes_of_them(pictures, colour):
    spec = SPEC._replace(colour=colour)
    if colour == 'grey':
        spec = spec._replace(mean=(100.,), std=(50.,))
    for (x, _), (raw, _) in zip(ImageLoader(pictures, 20, spec=spec), ImageLoader(pictures, 20)):
        assert x.dtype == np.float32 and x.shape == (raw.shape[0], len(spec.mean), 16, 12)
        np.testing.assert_array_equal(x.asnumpy(), ToTensor(spec)(raw).asnumpy())


def make(pictures, workers, **kwargs):
    settings = dict(batch_size=8, shuffle=True, seed=3, spec=SPEC,
                    transform='mirror,crop,photometric,lowres,jpeg,erase')
    return ImageLoader(pictures, workers=workers, **{**settings, **kwargs})


@pytest.mark.parametrize('kwargs', [{}, dict(prefetch=1), dict(prefetch=100), dict(last_batch='pad'), dict(spec=None)],
                         ids=str)
def test_results_do_not_depend_on_workers_or_what_ran_before(pictures, kwargs):
    expected = arrays(make(pictures, 0, **kwargs).batches(5))
    for workers in (1, 4):
        loader = make(pictures, workers, **kwargs)
        next(iter(loader))
        np.random.seed(workers)
        assert_same(arrays(loader.batches(5)), expected)
    other = arrays(make(pictures, 0, seed=4, **kwargs).batches(5))
    assert any((x != y).any() for (x, _), (y, _) in zip(other, expected))


def test_each_sample_draws_its_own_and_anew_each_epoch(pictures):
    def drawn(epoch, seed=0, batch_size=10):
        values = {}

        def record(image, random):
            values[len(values)] = random.random_sample()
            return image
        list(ImageLoader(pictures, batch_size, transform=record, workers=0, seed=seed).batches(epoch))
        return list(values.values())

    first = drawn(0)
    assert len(set(first)) == 50 and not set(first) & set(drawn(1)) and not set(first) & set(drawn(0, seed=1))
    assert drawn(0, batch_size=7) == first, 'the place in the epoch counts, not the batch'
    # a resumed run of any later version must draw the same
    seeds = np.random.RandomState((0, 0, 1)).randint(0, 2 ** 32, 50, np.uint32)
    assert first[3] == np.random.RandomState(seeds[3]).random_sample()


@WORKERS
@pytest.mark.parametrize('start', [1, 4, 7])
def test_resume_gives_exactly_the_remaining_batches(pictures, workers, start):
    loader = make(pictures, workers)
    assert_same(arrays(loader.batches(2, start)), arrays(loader.batches(2))[start:])


def test_resume_does_not_read_what_it_leaves_out():
    pictures = Jpegs()
    list(ImageLoader(pictures, 10, workers=2).batches(0, 3))
    assert sorted(pictures.reads) == list(range(30, 50))


@pytest.mark.parametrize('make_sampler', [lambda labels: PKSampler(labels, 3, 4, seed=2),
                                          lambda labels: BalancedSampler(labels, 9, seed=2)])
def test_sampler_decides_the_order_and_seed_the_transforms(pictures, make_sampler):
    sampler = make_sampler(pictures.labels)
    one, two = (ImageLoader(pictures, sampler=sampler, transform=Mirror(), seed=seed, workers=2) for seed in (0, 1))
    assert len(one) == len(sampler) and one.batch_size == sampler.batch_size
    for (x, label), (y, label2), index in zip(one.batches(3), two.batches(3), sampler.indices(3)):
        assert label.asnumpy().tolist() == label2.asnumpy().tolist() == pictures.labels[index].tolist()
        assert (x != y).sum().asscalar() > 0


def test_plain_iterations_take_the_next_epoch(pictures):
    loader = make(pictures, 2)
    runs = [arrays(loader), arrays(loader)]
    assert loader.epoch == 2
    for epoch, run in enumerate(runs):
        assert_same(run, arrays(loader.batches(epoch)))


def test_transform_may_change_the_size():
    pictures = Jpegs(size=(40, 30))
    x, _ = next(ImageLoader(pictures, 4, spec=SPEC, transform=[Resize((16, 12)), 'mirror'], workers=1).batches(0))
    assert x.shape == (4, 3, 16, 12)


# threads

def test_threads_end_with_the_iteration(pictures):
    batches = ImageLoader(pictures, 4, workers=3).batches(0)
    assert not loader_threads(), 'none before the first batch is asked for'
    next(batches)
    assert 1 <= len(loader_threads()) <= 3
    del batches
    assert not loader_threads()
    for _ in ImageLoader(pictures, 4, workers=3):
        break
    assert not loader_threads()


def test_prefetch_bounds_what_is_read_ahead():
    pictures = Jpegs()
    batches = ImageLoader(pictures, 5, workers=4, prefetch=2).batches(0)
    next(batches)
    deadline = time.time() + 10
    while len(pictures.reads) < 15 and time.time() < deadline:
        time.sleep(.01)
    time.sleep(.05)
    assert len(pictures.reads) == 15, 'the batch given out and two more'
    del batches


def test_an_abandoned_iteration_finishes_only_the_batch_in_work():
    go = threading.Event()

    class Gated(Jpegs):
        def read(self, i):
            assert i < 5 or go.wait(20)
            return super().read(i)

    pictures = Gated(200)
    batches = ImageLoader(pictures, 5, workers=1, prefetch=30).batches(0)
    next(batches)
    threading.Timer(.5, go.set).start()
    del batches
    assert go.is_set() and len(pictures.reads) == 10


def test_default_workers(pictures):
    loader = ImageLoader(pictures, 5)
    assert 1 <= loader._workers <= 8 and loader._prefetch == loader._workers + 2


# errors

@WORKERS
def test_an_error_of_reading_comes_at_its_batch(workers):
    pictures = Jpegs()
    pictures.data[23] = pictures.data[23][:40]
    batches = ImageLoader(pictures, 5, workers=workers).batches(0)
    for _ in range(4):
        next(batches)
    with pytest.raises(ImageError, match='the image is truncated: a JPEG of 40 bytes'):
        next(batches)
    assert not loader_threads()
    assert list(batches) == []


@WORKERS
def test_images_of_different_sizes(workers):
    pictures = Jpegs()
    pictures.data[23] = Jpegs(1, size=(30, 20)).data[0]
    with pytest.raises(ValueError, match=r'ImageLoader: the images of a batch must have one shape, got \(16, 12, 3\) '
                                         r'for sample 20 and \(30, 20, 3\) for sample 23. Bring them to one size'):
        list(ImageLoader(pictures, 5, workers=workers))


def test_images_of_another_size_than_the_spec_says(pictures):
    with pytest.raises(ValueError, match=r'ImageLoader: with this spec images must be RGB of shape \(112, 112, 3\), '
                                         r'got \(16, 12, 3\) for sample 0. .*Resize'):
        list(ImageLoader(pictures, 5, spec=InputSpec()))


@pytest.mark.parametrize('image, shown', [(np.zeros((16, 12, 3), np.float32), r'float32 \(16, 12, 3\) for sample 0'),
                                          (np.zeros((16, 12), np.uint8), r'uint8 \(16, 12\)'), ('path', 'str ')])
def test_images_that_are_none(pictures, image, shown):
    with pytest.raises(TypeError, match=r'ImageLoader: images must be uint8 arrays \(H,W,C\), got ' + shown):
        list(ImageLoader(pictures, 5, transform=lambda _, random: image))


@pytest.mark.parametrize('arguments, error, message', [
    (dict(dataset=[1, 2]), TypeError, r'dataset must have a length and read\(i\) .*, got list'),
    (dict(dataset=Jpegs(0)), ValueError, 'dataset must hold at least one sample, got none'),
    (dict(batch_size=None), ValueError, 'batch_size must be an int >= 1, got None'),
    (dict(batch_size=0), ValueError, 'batch_size must be >= 1'), (dict(seed=-1), ValueError, 'seed must be'),
    (dict(last_batch='x'), ValueError, 'last_batch must be one of'),
    (dict(batch_size=51, last_batch='discard'), ValueError, 'batch_size must be at most 50'),
    (dict(workers=-1), ValueError, 'workers must be >= 0, got -1'),
    (dict(prefetch=0), ValueError, 'prefetch must be >= 1, got 0'),
    (dict(spec=(112, 112)), TypeError, 'spec must be an InputSpec'),
    (dict(shuffle=True, batch_size=None, sampler=PKSampler(np.arange(50) % 4, 2, 2)), ValueError,
     'shuffle must be False')])
def test_bad_values(pictures, arguments, error, message):
    with pytest.raises(error, match='ImageLoader: ' + message):
        ImageLoader(**{**dict(dataset=pictures, batch_size=5), **arguments})


def test_unknown_transform(pictures):
    with pytest.raises(ValueError, match="unknown transform 'flip'"):
        ImageLoader(pictures, 5, transform='flip')


# training and evaluation

def train(pictures, **kwargs):
    net = gluon.nn.HybridSequential(prefix='net_')
    with net.name_scope():
        net.add(gluon.nn.Conv2D(4, 3, strides=2, activation='relu'), gluon.nn.Flatten(), gluon.nn.Dense(6))
    return fit(net, gluon.loss.SoftmaxCrossEntropyLoss(), make(pictures, 2, transform='mirror', batch_size=10, seed=1),
               head=gluon.nn.Dense(4, in_units=6, prefix='head_'), epochs=3, seed=2,
               optimizer_params=dict(learning_rate=.05, momentum=.9), **kwargs)


class StopAt(Callback):
    def __init__(self, step):
        self.step = step

    def on_step_end(self, state):
        if state.step == self.step:
            state.request_stop('test')


def test_fit_learns_and_resumes_bit_for_bit(tmp_path):
    pictures = Jpegs()
    pictures.labels //= 2  # above or below: the same in a mirror
    whole = train(pictures, callbacks=[Evaluate(ImageLoader(pictures, 16, spec=SPEC, workers=1))])
    assert whole.metrics['test_accuracy'] > .9
    stopped = train(pictures, callbacks=[Checkpoint(str(tmp_path), every_steps=1), StopAt(7)])
    assert (stopped.epoch, stopped.batch) == (1, 2)
    resumed = train(pictures, resume=str(tmp_path))
    assert resumed.step == whole.step == 15
    assert_identical(values(whole), values(resumed))


def test_embed_takes_the_samples_in_order(pictures):
    flatten = gluon.nn.Flatten()
    embeddings, labels = embed(flatten, ImageLoader(pictures, 7, spec=SPEC, workers=3), mx.cpu())
    assert labels.tolist() == pictures.labels.tolist()
    batch = mx.nd.array(np.stack([pictures.read(i)[0] for i in range(50)]), dtype='uint8')
    np.testing.assert_array_equal(embeddings, ToTensor(SPEC)(batch).asnumpy().reshape(50, -1))


@pytest.mark.parametrize('counts, k, said', [
    ((4, 4, 1, 3, 2), 4, '3 of 5 people have fewer than 4 images and repeat them in a batch. 1 has a single one, which '
                         'is its own positive. `gluonfr pack folder --min-images 4` leaves such people out.'),
    ((2, 2, 4), 3, '2 of 3 people have fewer than 3 images and repeat them in a batch. `gluonfr pack'),
    ((1, 1, 2), 2, '2 have a single one, which is its own positive.'), ((1, 1, 2), 1, None), ((4, 5, 6), 4, None)])
def test_images_that_repeat_in_a_batch_are_told(counts, k, said, caplog):
    data = Jpegs(sum(counts))
    data.labels = np.repeat(np.arange(len(counts)), counts)
    ImageLoader(data, sampler=PKSampler(data.labels, p=2, k=k))
    assert caplog.text == '' if said is None else 'ImageLoader: ' in caplog.text and said in caplog.text
