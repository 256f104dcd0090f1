"""DALIRecordIter against ImageLoader, on DALI's CPU pipeline. The GPU pipeline is not tested."""
import gc
import sys

import cv2
import mxnet as mx
import numpy as np
import pytest
from mxnet import gluon

from gluonfr.data import PKSampler
from gluonfr.data import transforms as t
from gluonfr.data.loading import DALIRecordIter, ImageLoader
from gluonfr.data.record import RecordDataset, RecordError, write_image_index
from gluonfr.loss import get_loss
from gluonfr.model_zoo.spec import InputSpec
from gluonfr.train import fit

SIZE = (40, 36)
SPEC = InputSpec(size=SIZE)
CLASSES, EACH = 5, 9
SAMPLES = CLASSES * EACH


@pytest.fixture(scope='module')
def rec(tmp_path_factory):
    """A function: form -> path of a .rec. Skips the test where DALI is absent."""
    pytest.importorskip('nvidia.dali', reason='needs NVIDIA DALI: the extra dali')
    folder = tmp_path_factory.mktemp('rec')
    paths = {form: write(folder / form, form) for form in ('flat', 'arrays', 'insightface')}
    return paths.get


def jpeg(size=SIZE, random=np.random):
    coarse = random.randint(0, 256, (6, 5, 3)).astype(np.uint8)
    image = cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC)
    return cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


def write(prefix, form='flat', images=None):
    """Write a .rec with MXNet's own writer: 'flat', 'arrays' (flat, with arrays as labels) or 'insightface'."""
    random = np.random.RandomState(3)
    images = images or [jpeg(random=random) for _ in range(SAMPLES)]
    first = int(form == 'insightface')
    end = first + len(images)
    file = mx.recordio.MXIndexedRecordIO('{}.idx'.format(prefix), '{}.rec'.format(prefix), 'w')

    def put(key, label, image=b''):
        file.write_idx(key, mx.recordio.pack(mx.recordio.IRHeader(0, label, key, 0), image))

    if first:
        put(0, [end, end + CLASSES])
    for i, image in enumerate(images):
        put(first + i, float(i // EACH) if form == 'flat' else [i // EACH, 0.5], image)
    for person in range(CLASSES if first else 0):
        put(end + person, [first + person * EACH, first + (person + 1) * EACH])
    file.close()
    return '{}.rec'.format(prefix)


def make(path, batch_size=8, **kwargs):
    return DALIRecordIter(path, batch_size, ctx=mx.cpu(), num_threads=1, **kwargs)


def arrays(batches):
    """All images and labels of some batches, and the sizes of these."""
    batches = list(batches)
    return (np.concatenate([x.asnumpy() for x, _ in batches]), np.concatenate([y.asnumpy() for _, y in batches]),
            [len(y) for _, y in batches])


def assert_same(batches, others):
    for a, b in zip(arrays(batches), arrays(others)):
        np.testing.assert_array_equal(a, b)


def test_without_dali_a_sentence_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'nvidia.dali', None)
    with pytest.raises(ImportError, match=r"pip install .*\[dali\]', or .*ImageLoader, --data-iter gluon\."):
        DALIRecordIter(write(tmp_path / 'a'), 4)


@pytest.mark.parametrize('form', ['flat', 'arrays', 'insightface'])
@pytest.mark.parametrize('shuffle', [False, True])
def test_images_labels_and_order_of_the_gluon_path(rec, form, shuffle):
    images, labels, sizes = arrays(make(rec(form), shuffle=shuffle, seed=4))
    expected = ImageLoader(RecordDataset(rec(form)), 8, shuffle=shuffle, seed=4, workers=0)
    expected_images, expected_labels, expected_sizes = arrays(expected)
    assert images.dtype == np.uint8 and labels.dtype == np.int32
    assert np.abs(images.astype(int) - expected_images).mean() < 0.5
    np.testing.assert_array_equal(labels, expected_labels)
    assert sizes == expected_sizes == [8] * 5 + [5]
    assert np.bincount(labels).tolist() == [EACH] * CLASSES


def test_the_clean_index_suits_the_reader_of_dali_itself(rec):
    from nvidia.dali import Pipeline, fn
    pipeline = Pipeline(SAMPLES, 1, None)
    with pipeline:
        encoded, label = fn.readers.mxnet(path=rec('insightface'), index_path=write_image_index(rec('insightface')))
        pipeline.set_outputs(fn.decoders.image(encoded), label)
    pipeline.build()
    images, labels = (output.as_array() for output in pipeline.run())
    expected, expected_labels, _ = arrays(make(rec('insightface')))
    np.testing.assert_array_equal(images, expected)
    np.testing.assert_array_equal(labels[:, 0], expected_labels)


@pytest.mark.parametrize('mean, std, colour', [
    ((127.5,) * 3, (128.0,) * 3, 'rgb'),
    ((123.0, 117.0, 104.0), (58.0, 57.0, 56.0), 'bgr'),
    ((120.0,), (60.0,), 'grey')])
def test_normalisation_by_the_spec(rec, mean, std, colour):
    spec = InputSpec(SIZE, mean, std, colour)
    images, _, _ = arrays(make(rec('flat'), spec=spec))
    expected, _, _ = arrays(ImageLoader(RecordDataset(rec('flat')), 8, spec=spec, workers=0))
    assert images.dtype == np.float32 and images.shape == (SAMPLES, len(mean)) + SIZE
    grey_levels = np.abs(images - expected) * np.reshape(std, (-1, 1, 1))
    assert grey_levels.max() < (0.51 if colour == 'grey' else 1e-3)


def test_float16(rec):
    images, _, _ = arrays(make(rec('flat'), spec=SPEC, dtype='float16'))
    expected, _, _ = arrays(make(rec('flat'), spec=SPEC))
    assert images.dtype == np.float16
    np.testing.assert_allclose(images, expected, atol=1e-3)


@pytest.mark.parametrize('transform, most', [
    ([t.Mirror(1)], 0), ('mirror', 0), (t.Mirror(), 0), ([t.Crop(pad=0)], 0.5), ([t.Crop()], 1.5),
    ([t.Photometric(hue=0.1)], 0.5), ([t.LowResolution(scale=(0.5, 1), p=0.8)], 1.2), ([t.JPEGQuality(p=0.7)], 0.5),
    ([t.Erase(p=0.7)], 0), ([t.Erase(p=0.7, fill=9)], 0), ([t.Compose([t.Mirror(), t.Crop(0)]), t.Erase(p=1)], 0.5),
    ([t.CenterCrop((31, 33)), t.Mirror()], 0), ([t.Resize((50, 60))], 0.5), ([t.Resize(20), t.Erase(p=1)], 2),
    ('mirror,crop,photometric,low_resolution,jpeg_quality,erase', 2)])
def test_augmentations_of_the_gluon_path(rec, transform, most):
    expected, _, _ = arrays(ImageLoader(RecordDataset(rec('flat')), 16, seed=6, transform=transform, workers=0))
    images, _, _ = arrays(make(rec('flat'), 16, seed=6, transform=transform))
    assert images.shape == expected.shape
    assert np.abs(images.astype(int) - expected).mean() <= most
    if images.shape[1:3] == SIZE:
        plain, _, _ = arrays(make(rec('flat'), 16))
        changed = np.abs(images.astype(int) - plain).mean(axis=(1, 2, 3)) > 0
        assert 0.25 < changed.mean() and np.abs(images.astype(int) - plain).mean() > most + 1, 'it does something'


def test_mirror_takes_about_half_of_the_images_others_each_epoch(rec):
    loader = make(rec('flat'), 16, transform='mirror')
    plain, _, _ = arrays(make(rec('flat'), 16))
    epochs = [arrays(loader)[0] for _ in range(4)]
    mirrored = np.array([[(a == b[:, ::-1]).all() for a, b in zip(epoch, plain)] for epoch in epochs])
    kept = np.array([[(a == b).all() for a, b in zip(epoch, plain)] for epoch in epochs])
    assert (mirrored ^ kept).all()
    assert 0.35 < mirrored.mean() < 0.65  # 180 draws: 4 standard deviations
    assert not (mirrored[0] == mirrored[1]).all()


def test_shuffled_epochs_differ_and_repeat_by_seed(rec):
    loader, again, other = (make(rec('flat'), shuffle=True, seed=seed, transform='mirror,crop,erase')
                            for seed in (5, 5, 6))
    first, second = arrays(loader), arrays(loader)
    assert loader.epoch == 2 and len(loader) == 6
    assert first[1].tolist() != second[1].tolist() and sorted(first[1]) == sorted(second[1])
    again.epoch = 1
    assert_same(again, make(rec('flat'), shuffle=True, seed=5, transform='mirror,crop,erase').batches(1))
    np.testing.assert_array_equal(arrays(again.batches(0))[0], first[0])
    assert arrays(other)[1].tolist() != first[1].tolist()


def test_batches_goes_on_exactly_where_an_epoch_was_left(rec):
    loader = make(rec('insightface'), shuffle=True, transform='mirror,crop,photometric,jpeg,erase', spec=SPEC)
    whole = list(loader.batches(3))
    assert_same(whole[2:], make(rec('insightface'), shuffle=True, spec=SPEC,
                                transform='mirror,crop,photometric,jpeg,erase').batches(3, 2))
    assert list(loader.batches(3, len(loader))) == []
    left = [loader.batches(3) for _ in range(5)]
    for batches in left:
        next(batches)
    assert_same(loader.batches(3), whole)
    assert_same(whole[1:], left[0])
    del left, batches
    gc.collect()


@pytest.mark.parametrize('last_batch, lengths', [
    ('keep', [8, 8, 8, 8, 8, 5]), ('discard', [8] * 5), ('pad', [8] * 6)])
def test_last_batch(rec, last_batch, lengths):
    loader = make(rec('flat'), last_batch=last_batch)
    _, labels, sizes = arrays(loader)
    assert sizes == lengths and len(loader) == len(lengths)
    expected = ImageLoader(RecordDataset(rec('flat')), 8, last_batch=last_batch)
    assert labels.tolist() == np.concatenate([expected._dataset.labels[i] for i in expected.indices(0)]).tolist()


@pytest.mark.parametrize('last_batch', ['keep', 'discard', 'pad'])
@pytest.mark.parametrize('batch_size', [4, 14])
def test_shards_together_are_one_loader_with_a_larger_batch(rec, last_batch, batch_size):
    common = dict(shuffle=True, seed=2, last_batch=last_batch, transform='mirror,erase')
    shards = [make(rec('flat'), batch_size, num_shards=3, shard_id=i, **common) for i in range(3)]
    whole = make(rec('flat'), 3 * batch_size, **common)
    taken = [shard.indices(1) for shard in shards]
    for step, batch in enumerate(whole.batches(1)):
        parts = [list(shard.batches(1, step))[0] for shard in shards if step < len(shard)]
        x, y = (np.empty(a.shape, a.dtype) for a in (batch[0], batch[1]))
        for i, (images, labels) in enumerate(parts):
            x[i::3], y[i::3] = images.asnumpy(), labels.asnumpy()
        assert_same([batch], [(mx.nd.array(x, dtype=x.dtype), mx.nd.array(y, dtype=y.dtype))])
    flat = np.concatenate([np.concatenate(part) for part in taken])
    if last_batch == 'keep':
        assert sorted(flat) == list(range(SAMPLES)), 'disjoint and complete'
    else:
        assert {len(shard) for shard in shards} == {len(whole)}
        assert {len(index) for part in taken for index in part} == {batch_size}
        assert len(set(flat)) == (SAMPLES if last_batch == 'pad' else len(flat))


def test_with_keep_a_shard_may_lack_the_last_batch(rec):
    shards = [make(rec('flat'), 4, num_shards=11, shard_id=i) for i in range(11)]  # 45 = 44 + 1
    assert [len(shard) for shard in shards] == [2] + [1] * 10
    assert [len(shard.indices(0)) for shard in shards] == [2] + [1] * 10
    assert len(shards[0].indices(0)[1]) == 1


def test_a_sampler_decides_the_order(rec):
    data = RecordDataset(rec('insightface'))
    sampler = PKSampler(data.labels, 3, 4, seed=1)
    loader = make(data, None, sampler=sampler)
    _, labels, sizes = arrays(loader.batches(2))
    np.testing.assert_array_equal(labels, data.labels[sampler.indices(2).ravel()])
    assert sizes == [12] * len(sampler) and len(loader) == len(sampler)


def test_fit_learns_the_same_net_as_from_the_gluon_path(rec):
    def train(loader):
        net, head = gluon.nn.HybridSequential(), gluon.nn.Dense(CLASSES)
        net.add(gluon.nn.Conv2D(8, 5, strides=3, activation='relu'), gluon.nn.GlobalAvgPool2D(), gluon.nn.Flatten())
        state = fit(net, get_loss('softmax'), loader, head=head, epochs=3, ctx=mx.cpu(),
                    optimizer_params={'learning_rate': 0.3})
        return [epoch['loss'] for epoch in state.history], head.weight.data().asnumpy()

    options = dict(shuffle=True, seed=1, transform='mirror', spec=SPEC)
    losses, weights = train(make(rec('insightface'), **options))
    expected_losses, expected = train(ImageLoader(RecordDataset(rec('insightface')), 8, workers=0, **options))
    assert losses[2] < losses[0]
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-4)
    np.testing.assert_allclose(weights, expected, atol=1e-4)


@pytest.mark.parametrize('kwargs, error, message', [
    (dict(batch_size=0), ValueError, 'DALIRecordIter: batch_size must be >= 1, got 0'),
    (dict(batch_size=None), ValueError, 'batch_size must be an int >= 1, got None'),
    (dict(batch_size=46, last_batch='discard'), ValueError, 'batch_size must be at most 45'),
    (dict(last_batch='roll'), ValueError, 'last_batch must be one of'),
    (dict(num_shards=0), ValueError, 'num_shards must be >= 1'),
    (dict(num_shards=2, shard_id=2), ValueError, r'shard_id must be in \[0, 1\], got 2'),
    (dict(num_shards=2, sampler=PKSampler([0, 1], 1, 1), batch_size=None), ValueError, 'num_shards must be 1 with a'),
    (dict(dtype='float64'), ValueError, 'dtype must be one of'),
    (dict(spec=3), TypeError, 'spec must be an InputSpec'),
    (dict(spec=InputSpec(size=(112, 112))), ValueError, r'takes images of \(112, 112\), got \(40, 36\) .*Resize or'),
    (dict(spec=SPEC, transform=[t.Resize(36)]), ValueError, r'takes images of \(40, 36\), got \(36, 36\)'),
    (dict(transform='miror'), ValueError, "Did you mean 'mirror'"),
    (dict(transform=[lambda image, random: image]), ValueError, 'must be made of Mirror, .*Take ImageLoader')])
def test_bad_parameters(rec, kwargs, error, message):
    with pytest.raises(error, match=message):
        DALIRecordIter(rec('flat'), **{'batch_size': 8, 'ctx': mx.cpu(), **kwargs})


@pytest.mark.parametrize('image, message', [
    (b'no image at all, only some text', 'record 5 of .*damaged or of an unknown format'),
    (jpeg()[:-300], 'record 5 of .*truncated'),
    (b'', 'record 5 of .*no image'),
    (jpeg((36, 40)), 'record 5 of .*36 x 40 pixels, others are 40 x 36')],
    ids=['text', 'truncated', 'empty', 'another size'])
def test_a_bad_record_is_named(rec, tmp_path, image, message):
    path = write(tmp_path / 'bad', 'arrays', [jpeg()] * 5 + [image] + [jpeg()] * 3)
    with pytest.raises(RecordError, match=message):
        list(make(path, 2))


def test_what_a_dataset_skips_is_left_out(rec, tmp_path):
    path = write(tmp_path / 'bad', images=[jpeg()] * 5 + [b'none'] + [jpeg()] * 3)
    data = RecordDataset(path, on_error='skip')
    assert len(data.skipped) == 1 and arrays(make(data, 4))[2] == [4, 4]
