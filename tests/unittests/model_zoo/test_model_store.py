"""Pretrained weights: those that are shipped, download and conversion from a real server."""
import functools
import json
import logging
import os
import zipfile

import mxnet as mx
import numpy as np
import pytest
from cli_cases import run
from deploy_cases import images
from mxnet import autograd, gluon, nd
from server_cases import serving

from gluonfr.data import MNIST
from gluonfr.deploy import Embedder, load_net, net_files, read_card
from gluonfr.model_zoo import card_table, get_model, get_model_file
from gluonfr.model_zoo.model_store import choose_card, download, is_cached, list_cards
from gluonfr.utils.download import DownloadError
from gluonfr.utils.files import file_sha256

SHIPPED = [name for name, card in list_cards().items() if card.shipped]
LICENCE = 'for readers of tests only'


# --- weights that come with gluonfr ----------------------------------------------------------------------------------

@pytest.mark.parametrize('name', SHIPPED)
def test_shipped_weights_agree_with_the_table(name):
    card, (facts, params, spec) = list_cards()[name], read_card(get_model_file(name))
    assert (facts['model'], spec) == (card.model, card.spec) and is_cached(card) and download(name) == get_model_file(
        name)
    net = get_model(card.model, pretrained=name)
    assert net.input_spec == spec and not net.need_cls_layer
    for param in net.collect_params().values():
        values = param.data().asnumpy()
        assert values.dtype == np.float32
        if not param.name.endswith(('gamma', 'beta', 'mean', 'var')):
            np.testing.assert_array_equal(values, values.astype('float16'), param.name)
    assert os.path.getsize(params) < card.size * 1.01


@functools.lru_cache(maxsize=None)
def some_digits(root):
    """Every 120th training image, and every tenth test image, as RGB, with labels."""
    train, test = (MNIST(root, train=part, source='full', mirrors=()) for part in (True, False))
    return np.repeat(train.data[::120], 3, 3), train.label[::120], np.repeat(test.data[::10], 3, 3), test.label[::10]


@pytest.mark.parametrize('name', ['lenetplus_arcface', 'lenetplus_softmax'])
def test_shipped_digits_keep_their_accuracy(name, test_data):
    """By the nearest direction of a class, as the class layer does, on every tenth test image."""
    digits, labels, others, theirs = some_digits(test_data('mnist'))
    embed = Embedder(name, batch_size=500)
    known = embed(digits)
    centres = np.stack([known[labels == digit].mean(0) for digit in range(10)])
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    right = embed(others).dot(centres.T).argmax(1) == theirs
    assert abs(100 * right.mean() - list_cards()[name].published['MNIST']) < 0.6


def test_pretrained_weights_train_on_with_a_class_layer_of_their_own():
    net = get_model('lenet++', pretrained=True, classes=7, need_cls_layer=True, weight_norm=True, ctx=[mx.cpu(0)])
    x = nd.random.uniform(shape=(4, 1, 28, 28))
    embedding, pred = net(x)
    assert pred.shape == (4, 7)
    np.testing.assert_array_equal(embedding.asnumpy(), get_model('lenetplus', pretrained=True)(x).asnumpy())
    trainer = gluon.Trainer(net.collect_params(), 'sgd', {'learning_rate': 0.1})
    with autograd.record():
        loss = gluon.loss.SoftmaxCrossEntropyLoss()(net(x)[1], nd.array([0, 1, 2, 3]))
    loss.backward()
    trainer.step(4)
    assert not np.array_equal(net(x)[0].asnumpy(), embedding.asnumpy())


@pytest.mark.parametrize('arguments, error, message', [
    ({'embedding_size': 3}, ValueError, 'lenetplus must have the embedding_size of its weights, 2, got 3: leave it'),
    ({'prelu_last': True}, ValueError, 'prelu_last of its weights, False, got True'),
    ({'units': 3}, TypeError, "unknown argument 'units'"), ({'rot': '.'}, TypeError, "unknown argument 'rot'")])
def test_arguments_that_contradict_the_weights(arguments, error, message):
    with pytest.raises(error, match=message):
        get_model('lenetplus', pretrained=True, **arguments)
    assert get_model('lenetplus', pretrained=True, embedding_size=2, prelu_last=False).embedding_size == 2


@pytest.mark.parametrize('name, photographs', [
    (name, name == 'w600k_mbf') for name in SHIPPED + ['mobilefacenet', 'w600k_mbf']])
def test_weights_that_are_not_for_photographs_say_so_once(name, photographs, monkeypatch, caplog):
    if photographs:  # as after a download
        monkeypatch.setattr(net_files, 'get_model_file', lambda *_: get_model_file('lenetplus_softmax'))
    embedder = Embedder(load_net(name), batch_size=1)
    assert not caplog.text
    for _ in range(2):
        embedder(images(2, embedder.spec.size[0]))
    said = 'not for photographs' if photographs else '{}: these weights are of {}, not for photographs.'.format(
        choose_card(name).name, choose_card(name).data)
    assert caplog.text.count(said) == (0 if photographs else 1)


def test_names_load_everywhere():
    data = images(3)
    wanted = Embedder(get_model('lenetplus', pretrained='lenetplus_softmax'))(data)
    np.testing.assert_array_equal(Embedder('lenetplus_softmax')(data), wanted)
    np.testing.assert_array_equal(Embedder(load_net('LeNetPlus_Softmax'))(data), wanted)
    by_default = Embedder(load_net('lenet++'))(data)
    np.testing.assert_array_equal(by_default, Embedder('lenetplus_arcface')(data))
    assert not np.array_equal(by_default, wanted)
    with pytest.raises(ValueError, match='names its weights and arguments itself'):
        load_net('lenetplus_softmax', embedding_size=2)


# --- weights of others -----------------------------------------------------------------------------------------------

@pytest.fixture
def store(tmp_path, monkeypatch):
    """A function: sources of the card 'tiny' -> log of a server with its files; the root is under MXNET_HOME."""
    net = get_model('miniresnet18')
    net.initialize(mx.init.Uniform(0.2))
    net(nd.zeros((1, 1, 28, 28)))
    (tmp_path / 'www').mkdir()
    net.save_parameters(str(tmp_path / 'www' / 'tiny.params'))
    with zipfile.ZipFile(str(tmp_path / 'www' / 'pack.zip'), 'w') as archive:
        archive.write(str(tmp_path / 'www' / 'tiny.params'), 'pack/tiny.params')
    files = {path.name: path.read_bytes() for path in (tmp_path / 'www').iterdir()}
    hashes = {name: file_sha256(str(tmp_path / 'www' / name)) for name in files}
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    monkeypatch.setenv('MXNET_HOME', str(tmp_path / 'home'))
    monkeypatch.setattr(card_table, 'TABLE', str(tmp_path / 'cards.json'))
    with serving(files) as (address, log, _):
        def make(*kinds):
            sources = [{'url': address(kind.replace('zip-', '')) + ('pack.zip' if 'zip' in kind else 'tiny.params'),
                        **({'archive': 'pack.zip', 'sha256': hashes['pack.zip']} if 'zip' in kind else {})}
                       for kind in kinds]
            for source in sources:
                if source['url'].split('/')[-2] == 'dead':
                    del source['url']
            card = {'model': 'miniresnet18', 'default': True, 'data': 'noise', 'licence': 'test', 'embedding_size': 2,
                    'input': {'size': [28, 28], 'mean': [0], 'std': [255], 'colour': 'grey'},
                    'page': 'https://example.org', 'sources': sources,
                    'files': {'tiny.params': {'sha256': hashes['tiny.params'], 'size': len(files['tiny.params'])}}}
            (tmp_path / 'cards.json').write_text(json.dumps({'licences': {'test': LICENCE}, 'cards': {'tiny': card}}))
            return log, hashes, tmp_path / 'home' / 'models' / 'tiny', tmp_path / 'www', net
        yield make
    card_table._read_table.cache_clear()


@pytest.mark.parametrize('kinds, asked', [
    (['good'], ['tiny.params']), (['absent', 'moved'], ['tiny.params', 'tiny.params', 'tiny.params']),
    (['absent', 'zip-good'], ['tiny.params', 'pack.zip']), (['zip-wrong', 'good'], ['pack.zip', 'tiny.params'])])
def test_sources_in_order(store, kinds, asked):
    log, hashes, folder, _, _ = store(*kinds)
    assert not is_cached(choose_card('tiny'))
    assert download('tiny') == str(folder / 'tiny.params')
    assert [name for _, name, _ in log] == asked
    assert [path.name for path in folder.iterdir()] == ['tiny.params'], 'no archive, lock or partial file is left'
    assert file_sha256(str(folder / 'tiny.params')) == hashes['tiny.params'] and is_cached(choose_card('tiny'))
    download('tiny')
    assert len(log) == len(asked)


def test_the_licence_is_told_at_the_first_download(store, caplog, tmp_path):
    store('good')
    caplog.set_level(logging.WARNING, 'gluonfr')
    download('tiny', str(tmp_path / 'a'), accept_licence=True)
    assert LICENCE not in caplog.text
    for _ in range(2):
        download('tiny', str(tmp_path / 'b'))
    assert caplog.text.count('tiny: licence: ' + LICENCE) == 1
    assert (tmp_path / 'b' / 'tiny' / 'tiny.params').is_file()


@pytest.mark.parametrize('kinds', [['absent', 'zip-absent'], ['zip-dead']])
def test_offline_says_which_file_to_put_where_and_takes_it(store, kinds):
    log, hashes, folder, www, _ = store(*kinds)
    with pytest.raises(DownloadError) as caught:
        get_model('miniresnet18', pretrained=True)
    said = str(caught.value)
    assert 'tiny: no source gave these weights (' in said and '\n' not in said
    assert ('HTTP 404' in said) == ('absent' in kinds) and ('nobody offers them' in said) == ('absent' not in kinds)
    assert 'Put tiny.params (SHA-256 {tiny.params}) or pack.zip (SHA-256 {pack.zip}) into '.replace(
        '{tiny.params}', hashes['tiny.params']).replace('{pack.zip}', hashes['pack.zip']) in said
    assert said.endswith('into {}: see https://example.org.'.format(folder)) and folder.is_dir()
    del log[:]
    (folder / 'pack.zip').write_bytes((www / 'pack.zip').read_bytes()[:-1])
    with pytest.raises(ValueError, match='pack.zip must have the SHA-256 .* Delete it'):
        download('tiny')
    (folder / 'pack.zip').write_bytes((www / 'pack.zip').read_bytes())
    assert download('tiny') == str(folder / 'tiny.params') and log == []
    assert (folder / 'pack.zip').is_file(), "the user's own file stays"
    (folder / 'tiny.params').write_bytes(b'damaged')
    assert file_sha256(download('tiny')) == hashes['tiny.params']


def test_a_file_that_is_another_is_not_parsed(store):
    _, _, folder, _, _ = store('good')
    folder.mkdir(parents=True)
    (folder / 'tiny.params').write_bytes(b'no weights')
    with pytest.raises(ValueError, match='tiny.params must have the SHA-256 .*got .*Delete it'):
        get_model('miniresnet18', pretrained=True)


def test_weights_of_others_are_converted_once(store):
    pytest.importorskip('gluonfr.convert', reason='the converter is not there')
    log, _, folder, _, net = store('good')
    first = get_model('miniresnet18', pretrained=True, accept_licence=True)
    card = json.loads((folder / 'converted' / 'card.json').read_text())
    assert card['model'] == 'miniresnet18' and card['source']['file'] == 'tiny.params'
    (folder / 'tiny.params').unlink()
    second = get_model('miniresnet18', pretrained='tiny')
    assert len(log) == 1 and first.input_spec == second.input_spec == choose_card('tiny').spec
    assert [path.name for path in folder.iterdir()] == ['converted'] and is_cached(choose_card('tiny'))
    data = images(2)
    wanted = Embedder(net, first.input_spec)(data)
    for other in (first, second, load_net('tiny'), load_net('miniresnet18')):
        np.testing.assert_allclose(Embedder(other)(data), wanted, atol=1e-6)


def test_the_store_calls_the_converter_that_it_was_given(store, monkeypatch):
    """It lies above the store, which must not import it."""
    *_, folder, _, _ = store('good')
    calls = []
    monkeypatch.setattr('gluonfr.utils.converter._converter', lambda *paths, **options: calls.append((paths, options)))
    assert get_model_file('tiny') == str(folder / 'converted' / 'card.json')
    assert calls == [((str(folder / 'tiny.params'), str(folder / 'converted')),
                      {'model': 'miniresnet18', 'spec': choose_card('tiny').spec})]


def test_models_command(store, capsys, tmp_path):
    pytest.importorskip('gluonfr.convert', reason='the converter is not there')
    store('good')
    run('models')
    row = capsys.readouterr().out.splitlines()[-1].split()
    assert row == ['tiny', 'miniresnet18*', '2', '1.9', '28x28', 'grey', '(x-0)/255', 'noise', 'no',
                   *LICENCE.split(), '-']
    run('models', 'download', 'tiny', '--root', tmp_path / 'r', '--accept-licence')
    said = capsys.readouterr().out
    assert said == '{}\n'.format(tmp_path / 'r' / 'tiny' / 'converted' / 'card.json')
    run('models', '--root', tmp_path / 'r')
    assert ' yes ' in capsys.readouterr().out.splitlines()[-1]
    run('models', 'download', code=2)
    run('models', 'tiny', 'tiny', code=2)
    assert capsys.readouterr().err.count('gluonfr models: give one NAME, or `download` and the name') == 2


def test_published_y1_from_the_real_table(test_data, tmp_path):
    pytest.importorskip('gluonfr.convert', reason='the converter is not there')
    source = test_data('weights/insightface_mobilefacenet_y1')
    folder = tmp_path / 'ms1m_y1'
    folder.mkdir()
    for name in ('model-symbol.json', 'model-0000.params'):
        (folder / name).symlink_to(source / name)
    net = get_model('mobilefacenet_y1', pretrained=True, root=str(tmp_path))
    assert net.input_spec == choose_card('ms1m_y1').spec and (folder / 'converted' / 'card.json').is_file()
    faces = images(2, 112)
    original = Embedder(str(source / 'model-symbol.json'))(faces)
    np.testing.assert_allclose(Embedder(net)(faces), original, atol=1e-4)
