"""gluonfr.deploy.engines: nets of MXNet by other engines, beside MXNet itself."""
import logging

import mxnet as mx
import numpy as np
import pytest
from deploy_cases import images, lenet

from gluonfr.data import read_bin
from gluonfr.deploy import Embedder, load_net
from gluonfr.deploy.engines import choice, parity
from gluonfr.deploy.verify import PairImages

pytest.importorskip('onnx', reason="pip install 'gluonfr[onnx]'")


@pytest.fixture(params=['onnxruntime', 'openvino'])
def engine(request):
    """The name of each engine beside MXNet that is installed."""
    pytest.importorskip(request.param, reason='pip install ' + request.param)
    return request.param


@pytest.mark.parametrize('flip', ['none', 'sum', 'concat'])
def test_a_net_in_memory(engine, flip):
    net, data = lenet(embedding_size=16, classes=4, need_cls_layer=True), images(5)
    want = Embedder(net, flip=flip)(data)
    embedder = Embedder(net, flip=flip, engine=engine, batch_size=2)
    np.testing.assert_allclose(embedder(data), want, atol=1e-5)
    assert embedder.fingerprint() == Embedder(net).fingerprint() and embedder.spec == Embedder(net).spec
    for param in net.collect_params('.*weight').values():
        param.set_data(param.data() * 1.25)
    assert Embedder(net)(data).tobytes() != want.tobytes()
    np.testing.assert_allclose(embedder(data), want, atol=1e-5)
    embedder.update()
    np.testing.assert_allclose(embedder(data), Embedder(net, flip=flip)(data), atol=1e-5)


def test_a_card_and_a_symbol(tmp_path, engine):
    from gluonfr.convert import export_symbol
    want = Embedder('lenetplus_arcface')(images(3))
    np.testing.assert_allclose(Embedder('lenetplus_arcface', engine=engine)(images(3)), want, atol=1e-5)
    export_symbol(load_net('lenetplus_arcface'), str(tmp_path / 'net'))
    symbol = str(tmp_path / 'net-symbol.json')
    np.testing.assert_allclose(Embedder(symbol, engine=engine)(images(3)), want, atol=1e-5)


def test_files_have_the_fingerprint_of_their_net(tmp_path):
    """It is read without MXNet, and galleries of both can be compared."""
    from gluonfr.convert import export_symbol
    from gluonfr.deploy.trained_net import TrainedNet
    export_symbol(load_net('mobilefacenet_drawn'), str(tmp_path / 'net'))
    for place in ('lenetplus_arcface', 'mobilefacenet_drawn', str(tmp_path / 'net-symbol.json')):
        assert TrainedNet(place).fingerprint() == TrainedNet(load_net(place)).fingerprint()


def test_pretrained_weights_on_real_faces(engine, test_data):
    place = str(test_data('weights/insightface_mobilefacenet_y1/model-symbol.json'))
    faces = PairImages(read_bin(str(test_data('lfw/lfw.bin'))))
    data = np.stack([faces.read(i)[0] for i in range(6)])
    found = Embedder(place, engine=engine)(data)
    np.testing.assert_allclose(found, Embedder(place)(data), atol=1e-5)


def test_a_net_is_compared_once(monkeypatch, engine, caplog, notes):
    caplog.set_level(logging.DEBUG, 'gluonfr')
    net = lenet(embedding_size=16)
    embedders = [Embedder(net, engine=engine) for _ in range(3)]
    assert caplog.text.count('gives the embeddings of MXNet within') == 1 and len(list(notes.iterdir())) == 1
    embedders[0].update()
    Embedder(lenet(embedding_size=16), engine=engine)
    assert caplog.text.count('gives the embeddings of MXNet within') == 2, 'another net, once more'


def test_what_differs_is_refused(monkeypatch, engine, notes):
    monkeypatch.setattr(parity, 'TOLERANCE', 1e-12)
    with pytest.raises(ValueError, match="must give MXNet's embeddings within 1e-12, got a difference of .*: use "
                                         "engine='mxnet'"):
        Embedder(lenet(embedding_size=16), engine=engine)
    assert not notes.exists()


def test_without_mxnet_nothing_is_compared_and_that_is_said_once(monkeypatch, engine, caplog):
    net = lenet(embedding_size=16)
    monkeypatch.setattr(parity, 'mxnet_problem', lambda: 'MXNet is not installed.')
    for _ in range(2):
        Embedder(net, engine=engine)
    assert caplog.text.count('nothing has compared it with MXNet, which is not installed here. This is said once.') == 1


def test_without_an_engine_named_mxnet_computes(monkeypatch):
    monkeypatch.setattr(choice, 'measure', lambda engines: pytest.fail('nobody has asked for it'))
    embedder = Embedder(lenet())
    assert (embedder.engine, embedder.device) == ('mxnet', 'cpu')
    assert Embedder(lenet(ctx=mx.cpu(1)), ctx=mx.cpu(1)).device == 'cpu(1)'


def test_auto_leaves_out_what_differs(monkeypatch, engine, caplog):
    monkeypatch.setattr(parity, 'TOLERANCE', 1e-12)
    assert Embedder(lenet(embedding_size=16), engine='auto').engine == 'mxnet'
    assert 'engine {} is left out: '.format(engine) in caplog.text


def test_auto_with_calibration_is_mxnet():
    net, data = lenet(embedding_size=16), images(4)
    assert Embedder(net, engine='auto', precision='int8', calibration=data).engine == 'mxnet'


def test_a_net_of_half_precision_is_for_mxnet(engine):
    net = lenet()
    net.cast('float16')
    with pytest.raises(ValueError, match=r"engine must be 'mxnet' for a float16 network, got .*net.cast\('float32'\)"):
        Embedder(net, engine=engine)


def test_mxnet_does_not_run_onnx_files(tmp_path):
    from engine_cases import write_onnx
    with pytest.raises(ValueError, match="engine must be 'onnxruntime' or 'openvino' for an ONNX file, got 'mxnet'"):
        Embedder(write_onnx(tmp_path / 'net.onnx'), engine='mxnet')


def test_less_bits_of_a_net_in_memory(engine):
    with pytest.raises(ValueError, match="precision must not be 'int8' for engine .* but of ONNX files with layers"):
        Embedder(lenet(), engine=engine, precision='int8')
