"""gluonfr.deploy: the Embedder, cards, nets from files, and a net on a verification set."""
import json
import os

import mxnet as mx
import numpy as np
import pytest
from mxnet import gluon, nd

from gluonfr.data import ImageLoader, draw_pairs, read_bin, write_bin
from gluonfr.data.bins import BinFile
from gluonfr.data.image import ImageError, encode
from gluonfr.data.normalize import normalize
from gluonfr.deploy import CardError, Embedder, load_net, load_symbol, read_card, write_card
from gluonfr.deploy.verify import score_pairs, verify_pairs
from gluonfr.metrics import kfold_accuracy, pair_scores
from gluonfr.model_zoo import InputSpec, get_model

SPEC = InputSpec((28, 28), (100.0,), (50.0,), 'grey', 2)


def images(count, size=28, seed=0):
    return np.random.RandomState(seed).randint(0, 256, (count, size, size, 3)).astype('uint8')


def lenet(ctx=None, **arguments):
    """A small net with weights that are not the start values of others."""
    net = get_model('lenetplus', **arguments)
    net.initialize(mx.init.Uniform(0.3), ctx=ctx)
    return net


class FaceDataset:
    """The dataset protocol over images in memory."""

    def __init__(self, data, paths=None):
        self._data = data
        if paths:
            self.paths = paths

    def __len__(self):
        return len(self._data)

    def read(self, i):
        return self._data[i], i


def by_hand(net, data, spec, flip):
    """Embeddings of length 1, image by image."""
    rows = []
    for image in data:
        outs = []
        for view in [image] if flip == 'none' else [image, image[:, ::-1]]:
            out = net(nd.array(normalize(view[None], spec)))
            outs.append((out[0] if isinstance(out, tuple) else out).asnumpy()[0])
        row = np.sum(outs, axis=0) if flip == 'sum' else np.concatenate(outs)
        rows.append(row / np.linalg.norm(row))
    return np.stack(rows)


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


@pytest.fixture
def saved(tmp_path):
    """(folder, net) of a net with its card."""
    net = lenet(embedding_size=3, classes=4, need_cls_layer=True)
    net(nd.zeros((1, 1, 28, 28)))
    net.save_parameters(str(tmp_path / 'w.params'))
    write_card(str(tmp_path / 'card.json'), str(tmp_path / 'w.params'), 'lenetplus', {'embedding_size': 3},
               SPEC._replace(embedding_size=3), command='gluonfr train', metrics={'lfw': {'acc': 0.5}})
    return tmp_path, net


def test_card_round_trip(saved):
    folder, _ = saved
    card, params, spec = read_card(str(folder / 'card.json'))
    assert spec == SPEC._replace(embedding_size=3) and isinstance(spec, InputSpec)
    assert os.path.samefile(params, str(folder / 'w.params')) and card['params'] == 'w.params'
    assert card['metrics'] == {'lfw': {'acc': 0.5}} and card['arguments'] == {'embedding_size': 3}
    again = write_card(str(folder / 'two.json'), params, card['model'], card['arguments'], spec,
                       command=card['command'], metrics=card['metrics'])
    assert again == card and not list(folder.glob('.*.tmp'))


@pytest.mark.parametrize('place', ['', 'card.json'])
def test_load_net_from_a_card(saved, place, monkeypatch):
    folder, net = saved
    loaded = load_net(str(folder / place))
    assert loaded.input_spec == SPEC._replace(embedding_size=3)
    net.input_spec = loaded.input_spec
    np.testing.assert_allclose(Embedder(loaded)(images(3)), Embedder(net)(images(3)), atol=1e-6)
    monkeypatch.chdir(folder)
    load_net('card.json')  # a bare name
    load_net('.', ctx=mx.cpu(1))


def change(path, **entries):
    with open(str(path), encoding='utf-8') as stream:
        card = json.load(stream)
    card.update(entries)
    path.write_text(json.dumps({key: value for key, value in card.items() if value is not None}))


@pytest.mark.parametrize('spoil, error, message', [
    (lambda f: (f / 'w.params').write_bytes((f / 'w.params').read_bytes()[:-1]), CardError, 'must have the SHA-256'),
    (lambda f: (f / 'w.params').unlink(), CardError, 'w.params are missing'),
    (lambda f: (f / 'card.json').write_text('{"format"'), CardError, 'is not a card'),
    (lambda f: (f / 'card.json').write_bytes(b'\xff\xfe'), CardError, 'is not a card'),
    (lambda f: (f / 'card.json').write_text('[]'), CardError, 'is not a card of format gluonfr-card-1'),
    (lambda f: change(f / 'card.json', sha256=None, input=None), CardError, 'the card lacks sha256, input'),
    (lambda f: change(f / 'card.json', input={'size': [28, 28], 'smell': 1}), CardError, 'input must hold size, mean'),
    (lambda f: change(f / 'card.json', model='lenetpluss'), ValueError, "Did you mean 'lenetplus'"),
    (lambda f: change(f / 'card.json', arguments={'embedding_size': 4}), ValueError, 'does not hold the weights of'),
    (lambda f: (f / 'card.json').unlink(), FileNotFoundError, 'must hold card.json, got: w.params')])
def test_load_net_from_a_spoilt_card(saved, spoil, error, message):
    folder, _ = saved
    spoil(folder)
    with pytest.raises(error, match=message):
        load_net(str(folder))


def test_load_net_from_a_name_and_weights(saved):
    folder, net = saved
    weights = str(folder / 'w.params')
    want = Embedder(net)(images(3))
    net.cast('float16')
    net.save_parameters(str(folder / 'half.params'))
    for path, tolerance in ((weights, 1e-6), (str(folder / 'half.params'), 2e-3)):
        loaded = load_net('LeNetPlus', path, embedding_size=3)
        assert {np.dtype(param.dtype) for param in loaded.collect_params().values()} == {np.dtype('float32')}
        np.testing.assert_allclose(Embedder(loaded)(images(3)), want, atol=tolerance)


@pytest.mark.parametrize('arguments, error, message', [
    (('lenetplus',), ValueError, 'the model lenetplus needs params'),
    (('lenetplus', 'nowhere.params'), FileNotFoundError, 'there are no weights nowhere.params'),
    (('lenetpluss', 'w.params'), ValueError, "unknown model 'lenetpluss'. Did you mean 'lenetplus'"),
    (('runs/nowhere',), FileNotFoundError, 'there is no folder runs/nowhere'),
    (('nowhere.json',), FileNotFoundError, 'there is no card nowhere.json'),
    (('no-symbol.json',), FileNotFoundError, 'there is no no-symbol.json'),
    (('card.json', 'w.params'), ValueError, 'a card names its weights and arguments itself'),
    (('lenetplus', 'text.params'), ValueError, 'text.params does not hold the weights of LeNetPlus .* is damaged'),
    (('lenetplus', 'empty.params'), ValueError, 'empty.params does not hold the weights'),
    (('miniresnet18', 'w.params'), ValueError, 'w.params does not hold the weights of MiniResNet18')])
def test_load_net_says_what_is_wrong(saved, monkeypatch, arguments, error, message):
    folder, _ = saved
    (folder / 'text.params').write_text('no weights at all' * 10)
    (folder / 'empty.params').write_bytes(b'')
    monkeypatch.chdir(folder)
    with pytest.raises(error, match=message) as caught:
        load_net(*arguments)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('normalises', [False, True])
def test_load_symbol(tmp_path, normalises):
    net = gluon.nn.HybridSequential()
    net.add(gluon.nn.Conv2D(2, 3), gluon.nn.Flatten(), gluon.nn.Dense(4))
    net.initialize()
    if normalises:
        data = mx.sym.var('data')
        symbol = net((mx.sym.identity(data) - 127.5) * 0.0078125)
        net(nd.zeros((1, 3, 16, 16)))
        symbol.save(str(tmp_path / 'm-symbol.json'))
        nd.save(str(tmp_path / 'm-0003.params'),
                {'arg:' + name: p.data() for name, p in net.collect_params().items()})
    else:
        net.hybridize()
        net(nd.zeros((1, 3, 16, 16)))
        net.export(str(tmp_path / 'm'), epoch=3)
    (tmp_path / 'm-0002.params').write_bytes(b'an older one')
    loaded = load_symbol(str(tmp_path / 'm-symbol.json'), size=(16, 16))
    std = 1.0 if normalises else 127.5
    assert loaded.input_spec == InputSpec((16, 16), (0.0 if normalises else 127.5,) * 3, (std,) * 3, 'rgb', 4)
    data = images(3, 16)
    own = InputSpec((16, 16), (127.5,) * 3, (128.0 if normalises else 127.5,) * 3)
    np.testing.assert_allclose(Embedder(loaded)(data), Embedder(net, own)(data), atol=1e-5)


@pytest.mark.parametrize('symbol, weights, message', [
    ('{', None, 'must be an MXNet symbol'), ('[]', None, 'must be an MXNet symbol'),
    ('{"nodes": []}', None, 'must be an MXNet symbol'), (None, b'text', 'Invalid NDArray'),
    (None, 'missing', 'needs weights, .*-NNNN.params'), (None, 'named', 'there are no weights')])
def test_load_symbol_says_what_is_wrong(tmp_path, symbol, weights, message):
    net = lenet()
    net.hybridize()
    net(nd.zeros((1, 1, 28, 28)))
    net.export(str(tmp_path / 'm'))
    path, params = tmp_path / 'm-symbol.json', tmp_path / 'm-0000.params'
    if symbol is not None:
        path.write_text(symbol)
    if isinstance(weights, bytes):
        params.write_bytes(weights)
    elif weights:
        params.unlink()
    with pytest.raises((ValueError, FileNotFoundError), match='load_symbol: .*' + message) as caught:
        load_symbol(str(path), str(params) if weights == 'named' else None)
    assert '\n' not in str(caught.value)


def test_published_y1_symbol(test_data):
    net = load_net(str(test_data('weights/insightface_mobilefacenet_y1/model-symbol.json')))
    assert net.input_spec == InputSpec((112, 112), (0,) * 3, (1,) * 3, 'rgb', 128)  # the graph normalises
    pairs = read_bin(str(test_data('lfw/lfw.bin')))
    few = list(range(12)) + list(range(300, 312))  # same people, then different ones
    part = BinFile(pairs.path, pairs.sha256, [pairs.images[2 * p + side] for p in few for side in (0, 1)],
                   pairs.issame[few])
    result = verify_pairs(Embedder(net, batch_size=16), part, 'lfw', nfolds=1)
    assert result.row['acc'] == 1.0 and 0.1 < result.row['threshold'] < 0.6


@pytest.fixture
def pairs(tmp_path):
    """24 pairs of 6 'people' in two folds: a person is a grey level."""
    labels = np.repeat(np.arange(6), 6)
    data = np.clip(labels[:, None, None, None] * 40 + images(36) // 8, 0, 255).astype('uint8')
    first, second, issame = draw_pairs(labels, 24, 2)
    path = str(tmp_path / 'set.bin')
    write_bin(path, [encode(data[i], '.png') for pair in zip(first, second) for i in pair], issame)
    return read_bin(path)


def test_verify_pairs_row_is_the_metrics_by_hand(pairs):
    embedder = Embedder(lenet(embedding_size=4), flip='sum')
    result = verify_pairs(embedder, pairs, 'set', nfolds=2, fars=(1e-3, 0.1))
    data = [pairs.image(i) for i in range(48)]
    embeddings = embedder(data)
    scores = pair_scores(embeddings[0::2], embeddings[1::2])
    np.testing.assert_allclose(result.scores, scores, atol=1e-6)
    accuracy = kfold_accuracy(scores, pairs.issame, 2)
    row = result.row
    assert row['acc'] == pytest.approx(accuracy.mean, abs=1e-5) and row['std'] == pytest.approx(accuracy.std, abs=1e-5)
    assert (row['set'], row['pairs'], row['flip'], row['sha256']) == ('set', 24, 'sum', pairs.sha256)
    assert row['tar@0.001_low'] <= row['tar@0.001'] <= row['tar@0.001_high']
    assert row['tar@0.001'] <= row['tar@0.1'] and row['far_at_0.1'] <= 0.1
    assert (row['thresholds'], row['pca']) == ('exact', 0)


def test_classic_grid_and_pca(pairs):
    embedder = Embedder(lenet(embedding_size=4))
    exact = verify_pairs(embedder, pairs, 'set', nfolds=2).row
    classic = verify_pairs(embedder, pairs, 'set', nfolds=2, compat=True).row
    assert classic['thresholds'] == 'classic grid' and list(classic) == list(exact)
    scores = verify_pairs(embedder, pairs, 'set', nfolds=2).scores
    squared = 2 - 2 * scores  # the classic rule, fold by fold: accept below the best of arange(0, 4, 0.01)
    folds = []
    for fold in (slice(0, 12), slice(12, 24)):
        other = np.ones(24, bool)
        other[fold] = False
        hits = [np.mean((squared[other] < t) == pairs.issame[other]) for t in np.arange(0, 4, 0.01)]
        folds.append(np.mean((squared[fold] < np.arange(0, 4, 0.01)[int(np.argmax(hits))]) == pairs.issame[fold]))
    assert classic['acc'] == pytest.approx(np.mean(folds), abs=1e-5)
    assert verify_pairs(embedder, pairs, 'set', nfolds=2, pca=2).row['pca'] == 2
    with pytest.raises(ValueError, match='pca_scores: components must be in'):
        verify_pairs(embedder, pairs, 'set', nfolds=2, pca=5)


def test_verify_pairs_says_what_is_wrong(pairs):
    embedder = Embedder(lenet())
    with pytest.raises(ValueError, match='nfolds must be at most the number of pairs, 24, got 25'):
        verify_pairs(embedder, pairs, 'set', nfolds=25)
    with pytest.raises(ValueError, match='far'):
        verify_pairs(embedder, pairs, 'set', nfolds=2, fars=(2,))
    pairs.images[5] = pairs.images[5][:40]
    with pytest.raises(ValueError, match=r'image 5 \(of pair 2\)'):
        verify_pairs(embedder, pairs, 'set', nfolds=2)


def test_score_pairs_of_a_perfect_net():
    issame = np.array([True, False] * 10)
    random = np.random.RandomState(0)
    first = random.randn(20, 8)
    second = np.where(issame[:, None], first + 0.01 * random.randn(20, 8), -first)
    row = score_pairs(np.stack([first, second], 1).reshape(40, 8), issame, 'x', nfolds=5, note='n').row
    assert row['acc'] == 1 and row['std'] == 0 and row['auc'] == 1 and row['eer'] == 0 and row['note'] == 'n'
    assert row['tar@0.001'] == 1 and row['val@1e-3'] == 1


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
