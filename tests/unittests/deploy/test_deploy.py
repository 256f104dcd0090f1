"""gluonfr.deploy: the Embedder."""

import mxnet as mx
import numpy as np
import pytest
from deploy_cases import FaceDataset, by_hand, images, lenet
from mxnet import gluon, nd
from PIL import Image

from gluonfr.data import ImageLoader
from gluonfr.data.image import ImageError, encode
from gluonfr.data.normalize import normalize
from gluonfr.deploy import Embedder
from gluonfr.model_zoo import InputSpec


@pytest.mark.parametrize('hybridize', [False, True])
@pytest.mark.parametrize('flip', ['none', 'sum', 'concat'])
def test_embedder_is_the_net_by_hand(flip, hybridize):
    net, data = lenet(embedding_size=5), images(7)
    want = by_hand(net, data, net.input_spec, flip)
    if hybridize:  # static memory must not let the second view write over the first
        net.hybridize(static_alloc=True, static_shape=True)
    found = Embedder(net, batch_size=3, flip=flip)(data)
    assert found.dtype == np.float32 and found.shape == (7, 10 if flip == 'concat' else 5)
    np.testing.assert_allclose(found, want, atol=1e-5)


def test_embedder_normalize_false_leaves_lengths():
    net, data = lenet(), images(4)
    plain = Embedder(net, normalize=False)(data)
    assert np.abs(np.linalg.norm(plain, axis=1) - 1).max() > 1e-3
    unit = Embedder(net)(data)
    np.testing.assert_allclose(plain / np.linalg.norm(plain, axis=1, keepdims=True), unit, atol=1e-6)


@pytest.mark.parametrize('count', [0, 1, 3, 4, 8, 9])
@pytest.mark.parametrize('kind', ['array', 'list', 'dataset'])
def test_embedder_any_number_of_images(count, kind):
    net, data = lenet(), images(9)
    want = Embedder(net, batch_size=9)(data)[:count]
    given = {'array': data[:count], 'list': list(data[:count]), 'dataset': FaceDataset(data[:count])}[kind]
    found = Embedder(net, batch_size=4)(given)
    assert found.shape == (count, 2) and found.dtype == np.float32
    np.testing.assert_allclose(found, want, atol=1e-6)


@pytest.mark.parametrize('start', [0, 4, 8, 9])
def test_embedder_batches_from_a_start(start):
    net, data = lenet(), images(9)
    embedder = Embedder(net, batch_size=4)
    whole = embedder(data)
    got = list(embedder.batches(data, start))
    assert [begin for begin, _ in got] == list(range(start, 9, 4))[:len(got)]
    assert sum(len(part) for _, part in got) == 9 - start
    for begin, part in got:
        assert part.tobytes() == whole[begin:begin + len(part)].tobytes(), 'bit for bit, as a resumed run needs it'


@pytest.mark.parametrize('start, message', [(3, 'multiple of batch_size 4, got 3'), (10, r'in \[0, 9\], got 10'),
                                            (-4, r'in \[0, 9\], got -4')])
def test_embedder_refuses_other_starts(start, message):
    with pytest.raises(ValueError, match='Embedder: start must be .*' + message):
        list(Embedder(lenet(), batch_size=4).batches(images(9), start))


def test_embedder_of_a_net_with_class_layer_runs_the_features_only():
    net, data = lenet(classes=4, need_cls_layer=True), images(3)
    want = by_hand(net, data, net.input_spec, 'none')
    calls = []
    net.output.register_forward_hook(lambda *_: calls.append(1))
    np.testing.assert_allclose(Embedder(net)(data), want, atol=1e-6)
    assert not calls


def test_embedder_takes_the_weights_of_a_net_that_is_trained_on_or_moved():
    net, data = lenet(), images(3)
    net.hybridize(static_alloc=True, static_shape=True)
    embedder = Embedder(net, batch_size=2)
    before, print_before = embedder(data), embedder.fingerprint()
    trainer = gluon.Trainer(net.collect_params(), 'adam', {'learning_rate': 0.01})
    x = nd.array(normalize(data, net.input_spec))
    with mx.autograd.record():
        loss = (nd.L2Normalization(net(x)) ** 3).sum()
        inside = embedder(data)  # nothing of it is recorded
    loss.backward()
    trainer.step(3)
    assert inside.tobytes() == before.tobytes() == embedder(data).tobytes()
    embedder.update()
    after = embedder(data)
    assert np.abs(after - before).max() > 1e-4 and embedder.fingerprint() != print_before
    np.testing.assert_allclose(after, by_hand(net, data, net.input_spec, 'none'), atol=1e-5)
    net.collect_params().reset_ctx(mx.cpu(1))
    embedder.update()
    np.testing.assert_allclose(embedder(data), after, atol=1e-6)


def test_embedder_on_one_of_several_contexts():
    net, data = lenet(ctx=[mx.cpu(1), mx.cpu(2)]), images(3)
    np.testing.assert_allclose(Embedder(net)(data), Embedder(net, ctx=mx.cpu(2))(data), atol=1e-6)


def test_embedder_of_a_block_without_parameters_takes_the_spec():
    block = gluon.nn.HybridSequential()
    block.add(gluon.nn.GlobalAvgPool2D(), gluon.nn.Flatten())
    found = Embedder(block, InputSpec((4, 4), (0,) * 3, (1,) * 3, 'bgr'), normalize=False)(images(2, 4))
    np.testing.assert_allclose(found, images(2, 4).mean(axis=(1, 2))[:, ::-1], rtol=1e-5)


def test_embedder_of_a_symbol_block(tmp_path):
    net, data = lenet(), images(3)
    net.hybridize()
    want = by_hand(net, data, net.input_spec, 'none')
    net.export(str(tmp_path / 'net'))
    block = gluon.SymbolBlock.imports(str(tmp_path / 'net-symbol.json'), ['data'], str(tmp_path / 'net-0000.params'))
    with pytest.raises(ValueError, match='Embedder: SymbolBlock has no input_spec'):
        Embedder(block)
    np.testing.assert_allclose(Embedder(block, net.input_spec)(data), want, atol=1e-6)


def test_embedder_names_the_image_of_another_size():
    data = list(images(3)) + [images(1, 20)[0]]
    with pytest.raises(ValueError, match=r'Embedder: images must be RGB of shape \(28, 28, 3\), got \(20, 20, 3\) for '
                                         r'image 3\.'):
        Embedder(lenet())(data)
    with pytest.raises(ValueError, match=r'for image people/d\.jpg\.'):
        Embedder(lenet())(FaceDataset(data, ['people/{}.jpg'.format(c) for c in 'abcd']))
    with pytest.raises(ValueError, match=r'got \(28, 28\) for image 0'):
        Embedder(lenet())([data[0][:, :, 0]])


def test_embedder_takes_one_image_and_arrays_of_mxnet(tmp_path):
    embedder, data = Embedder(lenet()), images(3)
    want = embedder(data)
    path = tmp_path / 'a.png'
    path.write_bytes(encode(data[1], '.png'))
    for one in (str(path), path, data[1], mx.image.imread(str(path)), [mx.image.imread(str(path))], Image.open(path),
                [Image.open(path).convert('RGBA')]):
        np.testing.assert_array_equal(embedder(one), want[1:2])
    np.testing.assert_array_equal(embedder([path, nd.array(data[2], dtype='uint8')]), want[1:])
    np.testing.assert_array_equal(embedder(nd.array(data, dtype='uint8')), want)
    with pytest.raises(ValueError, match=r"for image .*a\.png\. The faces in .* aligned by `gluonfr align`, by "
                                         r"--detect of embed, compare and search, or by detect='yunet'"):
        path.write_bytes(encode(images(1, 20)[0], '.png'))
        embedder([data[0], path])
    with pytest.raises(FileNotFoundError, match='gone.png'):
        embedder('gone.png')
    for wrong in (None, path.read_bytes(), iter([path])):
        with pytest.raises(TypeError, match='Embedder: images must be a path, an RGB array or an image of Pillow'):
            embedder(wrong)


def test_embedder_refuses_what_is_not_finite():
    net = lenet()
    weight = net.features[0].weight if hasattr(net.features[0], 'weight') else next(
        p for name, p in net.collect_params().items() if name.endswith('weight'))
    weight.set_data(weight.data() * np.nan)
    with pytest.raises(ValueError, match='Embedder: embeddings must be finite, got NaN or infinity for image 0'):
        Embedder(net)(images(2))


@pytest.mark.parametrize('given, message', [
    (dict(batch_size=0), 'Embedder: batch_size must be >= 1, got 0'),
    (dict(flip='both'), "Embedder: flip must be one of 'none', 'sum', 'concat', got 'both'"),
    (dict(spec=(112, 112)), 'LeNetPlus has no input_spec')])
def test_embedder_parameters(given, message):
    with pytest.raises(ValueError, match=message):
        Embedder(lenet(), **given)


def test_embedder_shows_a_bar(capsys):
    Embedder(lenet(), batch_size=2)(images(3), progress='faces')
    assert 'faces: 100%' in capsys.readouterr().err


def test_damaged_files_are_named_while_embedding(tmp_path):
    from gluonfr.data import FolderDataset
    for name in ('a', 'b'):
        (tmp_path / name).mkdir()
        (tmp_path / name / '1.png').write_bytes(encode(images(1)[0], '.png'))
    bad = tmp_path / 'b' / '2.png'
    bad.write_bytes(b'\x89PNG no more')
    with pytest.raises(ImageError, match='2.png'):
        Embedder(lenet())(FolderDataset(str(tmp_path)))


def test_the_embedder_reads_as_training_does():
    """The same batch as a loader with the net's spec gives."""
    net, data = lenet(), FaceDataset(images(4))
    (x, _), = ImageLoader(data, 4, spec=net.input_spec)
    np.testing.assert_allclose(Embedder(net, normalize=False)(data), net(x).asnumpy(), rtol=1e-5)


def test_one_image_runs_where_it_was_faster_of_late(monkeypatch):
    """An image by itself goes to all cores or to one, by what each took; the embeddings are the same to the bit."""
    monkeypatch.setenv('OMP_NUM_THREADS', '2')
    embedder = Embedder(lenet(), normalize=False)
    runner, x = embedder._engine.runner, normalize(images(1), embedder.spec)
    expected = [embedder.forward(x) for _ in range(8)]
    assert all((one == expected[0]).all() for one in expected)
    whole, single = runner._whole, runner._replicas[0]
    assert whole.seconds > 0 and single.seconds > 0, 'both have been tried'
    for fast, slow in ((whole, single), (single, whole)):
        fast._times.extend([1.0] * 4)
        slow._times.extend([2.0] * 4)
        runner._turn = 3
        assert [runner._for_one_image() for _ in range(400)] == [fast] * 396 + [slow] * 4, 'now and then a trial'
    together = embedder.forward(np.concatenate([x] * 3))
    assert (together == expected[0]).all()


def test_zero_embeddings_are_told(caplog):
    """Such as those of weights that were never loaded; a network of zeros gives no others."""
    net = lenet()
    net(nd.zeros((1, 1, 28, 28)))
    for parameter in net.collect_params().values():
        parameter.data()[:] = 0
    assert not Embedder(net, batch_size=3)(images(4)).any()
    assert 'the embeddings of 4 images are all zero and like nothing, the first that of image 0.' in caplog.text
    caplog.clear()
    assert Embedder(lenet(), batch_size=3)(images(4)).any() and not caplog.text
