"""What graphs from elsewhere take: whether they normalise their input themselves, in every usual spelling."""
import importlib.util
import json
import logging
import sys
import warnings

import mxnet as mx
import numpy as np
import pytest
from deploy_cases import images
from input_cases import SIZE, Onnx, Symbol, right, spellings

from gluonfr.convert import convert, to_onnx
from gluonfr.data.normalize import normalize
from gluonfr.deploy import Embedder, load_net
from gluonfr.deploy.onnx_net import OnnxNet
from gluonfr.model_zoo import InputSpec

MEAN, STD = np.float32([127.5, 110, 140]), np.float32([128, 60, 70])
FORMATS = {'symbol': Symbol, 'onnx': Onnx}
NAMES = list(spellings(MEAN, STD))
CASES = [(kind, form, name) for kind, writer in FORMATS.items() for form in writer.forms for name in NAMES
         if form == 'scalar' or name not in ('norm', 'conv', 'conv of each')]


def numbers(form):
    """Mean and deviation: with scalars those of all channels."""
    return (MEAN[:1], STD[:1]) if form == 'scalar' else (MEAN, STD)


def cosines(one, other):
    """Of rows."""
    return (one * other).sum(axis=1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)


@pytest.mark.parametrize('kind, form, name', CASES)
def test_a_graph_that_normalises_is_given_grey_levels(tmp_path, caplog, kind, form, name):
    caplog.set_level(logging.INFO)
    writer, data = FORMATS[kind](form), images(3, SIZE)
    net = writer.load(writer.write(spellings(*numbers(form))[name], tmp_path))
    assert net.input_spec == InputSpec((SIZE, SIZE), (0,) * 3, (1,) * 3, 'rgb', 6)
    found = net(mx.nd.array(normalize(np.stack(data), net.input_spec))).asnumpy()
    np.testing.assert_allclose(cosines(found, right(data, *numbers(form))), 1, atol=1e-5)
    assert caplog.text.count('normalises its input itself: it is given RGB grey levels, 0 to 255') == 1


@pytest.mark.parametrize('kind', FORMATS)
@pytest.mark.parametrize('name', NAMES)
def test_what_convert_makes_of_it_embeds_the_same(tmp_path, caplog, kind, name):
    caplog.set_level(logging.INFO)
    writer, data = FORMATS[kind]('broadcast'), images(3, SIZE)
    path = writer.write(spellings(MEAN, STD)[name], tmp_path)
    convert(path, str(tmp_path / 'net'))
    assert caplog.text.count('grey levels') == 1
    net = load_net(str(tmp_path / 'net'))
    assert caplog.text.count('grey levels') == 1  # the card says it
    np.testing.assert_allclose(cosines(Embedder(net)(data), right(data, MEAN, STD)), 1, atol=1e-5)


PLAIN = InputSpec((SIZE, SIZE), embedding_size=6)
UNIT = PLAIN._replace(mean=(0,) * 3, std=(255,) * 3)
GREY = PLAIN._replace(mean=(0,) * 3, std=(1,) * 3)
PLACES = np.random.RandomState(1).uniform(100, 140, (1, 3, SIZE, SIZE)).astype('float32')


@pytest.mark.parametrize('kind', FORMATS)
@pytest.mark.parametrize('steps, spec, sentence', [
    ([], PLAIN, 'does not normalise its input: it is taken to want RGB as (pixel - 127.5) / 127.5'),
    ([('sub', np.float32([0.5] * 3)), ('div', np.float32([0.5] * 3))], UNIT, 'is given RGB as pixel / 255'),
    ([('mul', np.float32([2] * 3)), ('sub', np.float32([1] * 3))], UNIT, 'is given RGB as pixel / 255'),
    ([('sub', np.float32([0.485, 0.456, 0.406])), ('div', np.float32([0.229, 0.224, 0.225]))], UNIT, 'pixel / 255'),
    ([('sub', np.float32([123.7, 116.8, 103.9]))], GREY, 'grey levels'),
    ([('div', np.float32([255] * 3))], GREY, 'grey levels'),
    ([('norm', (np.float32([-0.1, 0.02, -0.2]), np.float32([0.5, 0.4, 0.6])))], PLAIN, 'does not normalise its input'),
    ([('norm', (np.float32([0.45, 0.4, 0.4]), np.float32([0.25, 0.2, 0.2])))], UNIT, 'pixel / 255'),
    ([('norm', (np.float32([115, 100, 90]), np.float32([70, 65, 60])))], GREY, 'grey levels'),
    ([('sub', PLACES), ('div', np.float32([128] * 3))], PLAIN, 'which does not say what its input is: it is taken to')])
def test_what_is_assumed_is_said_once(tmp_path, caplog, kind, steps, spec, sentence):
    caplog.set_level(logging.INFO)
    writer = FORMATS[kind]('broadcast')
    path = writer.write(steps, tmp_path)
    assert writer.load(path).input_spec == spec
    assert sentence in caplog.text and len(caplog.records) == 1 and 'net' in caplog.text
    assert caplog.records[0].levelname == ('WARNING' if spec is PLAIN else 'INFO')
    caplog.clear()
    convert(path, str(tmp_path / 'net'))
    assert [record.getMessage() for record in caplog.records if sentence in record.getMessage()] and \
        load_net(str(tmp_path / 'net')).input_spec == spec
    assert len(caplog.records) == 2  # and that it is no net of the zoo


@pytest.mark.parametrize('kind', FORMATS)
@pytest.mark.parametrize('values, classes', [(1000, True), (10, True), (8631, True), (6, False), (512, False)])
def test_a_classifier_is_not_taken_without_a_word(tmp_path, caplog, kind, values, classes):
    """As those of GluonCV, whose symbols end in 1,000 scores."""
    writer, weight = FORMATS[kind]('broadcast'), np.random.RandomState(0).normal(0, 1, (values, 3, SIZE, SIZE))
    path = writer.write([], tmp_path, np.float32(weight))
    said = '{} gives {} values, as a class layer does and embeddings rarely do'.format(path, values)
    for take in (writer.load, lambda path: convert(path, str(tmp_path / 'net'))):
        caplog.clear()
        take(path)
        assert caplog.text.count(said) == classes
    caplog.clear()
    assert load_net(str(tmp_path / 'net')).input_spec.embedding_size == values
    assert not caplog.records  # it was said once
    if importlib.util.find_spec('onnxruntime'):
        to_onnx(path, tmp_path / 'copy.onnx', spec={'size': SIZE})
        assert caplog.text.count(said) == classes


@pytest.mark.parametrize('kind', FORMATS)
def test_class_scores_are_no_embedding(tmp_path, kind):
    writer = FORMATS[kind]('broadcast')
    path = writer.write([], tmp_path, scores=True)
    for take in (writer.load, lambda path: convert(path, str(tmp_path / 'net')),
                 lambda path: to_onnx(path, tmp_path / 'copy.onnx')):
        with pytest.raises(ValueError, match='ends in class scores .[sS]oftmax., not in an embedding'):
            take(path)


def test_onnx_that_takes_whole_numbers(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    writer, data = Onnx('broadcast'), images(3, SIZE)
    writer.kind = 'UINT8'
    net = writer.load(writer.write([('cast', None)], tmp_path))
    assert net.input_spec == GREY and 'takes whole numbers: it is given RGB grey levels' in caplog.text
    np.testing.assert_allclose(cosines(Embedder(net)(data), right(data, 0, 1)), 1, atol=1e-5)


def test_onnx_is_not_taken_to_want_what_nobody_has_read(tmp_path, monkeypatch):
    path = Onnx('scalar').write([], tmp_path)
    monkeypatch.setitem(sys.modules, 'onnx', None)
    with pytest.raises(ImportError, match=r"pip install .*\[onnx\]"):
        load_net(path)
    assert OnnxNet(path, PLAIN).input_spec == PLAIN


@pytest.mark.parametrize('old', ['_MinusScalar', '_minus_scalar'])
def test_a_symbol_of_another_version_of_mxnet(tmp_path, capfd, old):
    """Its operators may have old names; MXNet says nothing of an upgrade or of types."""
    writer, data = Symbol('scalar'), images(3, SIZE)
    path = writer.write(spellings(MEAN[0], STD[0])['sub mul'], tmp_path)
    with open(path, encoding='utf-8') as stream:
        graph = json.load(stream)
    graph['attrs']['mxnet_version'] = ['int', 10000]
    for node in graph['nodes']:
        node['op'] = old if node['op'] == '_minus_scalar' else node['op']
        node['attrs'] = dict(node.get('attrs', {}), lr_mult='0.1', weight_wd_mult='0.2')
    with open(path, 'w', encoding='utf-8') as stream:
        json.dump(graph, stream)
    with warnings.catch_warnings():
        warnings.simplefilter('error', UserWarning)
        net = writer.load(path)
        convert(path, str(tmp_path / 'net'))
        found = Embedder(load_net(str(tmp_path / 'net')))(data)
    assert net.input_spec == GREY and capfd.readouterr() == ('', '')
    np.testing.assert_allclose(cosines(found, right(data, MEAN[0], STD[0])), 1, atol=1e-5)
