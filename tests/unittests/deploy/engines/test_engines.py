"""gluonfr.deploy.engines: ONNX files by ONNX Runtime and OpenVINO, without MXNet."""
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from engine_cases import SPEC, by_formula, faces, write_onnx
from helpers import environ

from gluonfr.deploy import Embedder
from gluonfr.deploy.engines import Device, onnxruntime, parse_device
from gluonfr.deploy.engines.onnx_model import OnnxModel

onnx = pytest.importorskip('onnx', reason="pip install 'gluonfr[onnx]'")


@pytest.fixture(params=['onnxruntime', 'openvino'])
def engine(request):
    """The name of each engine that runs ONNX files and is installed."""
    pytest.importorskip(request.param, reason='pip install ' + request.param)
    return request.param


@pytest.mark.parametrize('flip', ['none', 'sum', 'concat'])
def test_embeddings_are_those_of_the_formula(tmp_path, engine, flip):
    path = write_onnx(tmp_path / 'net.onnx')
    for count in (0, 1, 2, 5):
        embedder = Embedder(path, engine=engine, flip=flip, batch_size=2)
        found = embedder(faces(count))
        assert found.shape == (count, 12 if flip == 'concat' else 6) and found.dtype == np.float32
        if count:
            np.testing.assert_allclose(found, by_formula(faces(count), flip), atol=1e-5)
    assert (embedder.spec, embedder.engine, embedder.precision, embedder.device) == (SPEC, engine, 'float32', 'cpu')


@pytest.mark.parametrize('batch', [1, 4])
def test_a_file_for_one_size_of_batch_takes_any(tmp_path, engine, batch):
    embedder = Embedder(write_onnx(tmp_path / 'net.onnx', batch), engine=engine, batch_size=3)
    for count in (1, 2, 5):
        np.testing.assert_allclose(embedder(faces(count)), by_formula(faces(count)), atol=1e-5)


def test_a_call_goes_on_from_a_batch(tmp_path, engine):
    embedder, data = Embedder(write_onnx(tmp_path / 'net.onnx'), engine=engine, batch_size=4), faces(9)
    whole = embedder(data)
    for begin, part in embedder.batches(data, 4):
        assert part.tobytes() == whole[begin:begin + len(part)].tobytes()


def test_several_threads_get_what_one_gets(tmp_path, engine):
    embedder = Embedder(write_onnx(tmp_path / 'net.onnx'), engine=engine, batch_size=2)
    sets = [faces(1 + seed % 4, seed) for seed in range(24)]
    with ThreadPoolExecutor(8) as pool:
        for found, data in zip(pool.map(embedder, sets), sets):
            np.testing.assert_allclose(found, by_formula(data), atol=1e-5)


def test_openvino_has_one_embedding_of_an_image(tmp_path):
    pytest.importorskip('openvino', reason='pip install openvino')
    embedder, data = Embedder(write_onnx(tmp_path / 'net.onnx'), engine='openvino'), faces(5)
    together = embedder(data)
    assert all((embedder(image) == row).all() for image, row in zip(data, together))


def test_a_model_in_memory_is_the_same(tmp_path, engine):
    from gluonfr.deploy.trained_net import TrainedNet
    path = write_onnx(tmp_path / 'net.onnx')
    with open(path, 'rb') as file:
        held = Embedder(TrainedNet(OnnxModel(file.read())), engine=engine)
    assert held.fingerprint() == Embedder(path, engine=engine).fingerprint()
    np.testing.assert_allclose(held(faces(3)), by_formula(faces(3)), atol=1e-5)


def test_onnx_runtime_computes_prelus_as_convolutions_if_the_package_onnx_is_there(tmp_path, monkeypatch):
    pytest.importorskip('onnxruntime', reason='pip install onnxruntime')
    model = OnnxModel(write_onnx(tmp_path / 'net.onnx'))
    operators = [node.op_type for node in onnx.load_model_from_string(onnxruntime._for_cpus(model)).graph.node]
    assert operators == ['Conv', 'Conv', 'Relu', 'Conv', 'Add', 'Flatten', 'Gemm']
    assert onnxruntime._for_cpus(OnnxModel(write_onnx(tmp_path / 'q.onnx', eight_bit=True))).endswith('q.onnx')
    monkeypatch.setitem(sys.modules, 'onnx', None)
    assert onnxruntime._for_cpus(model) == model.content
    np.testing.assert_allclose(Embedder(model.content)(faces(3)), by_formula(faces(3)), atol=1e-5)


def test_a_file_in_8_bits_says_so(tmp_path, engine):
    path = write_onnx(tmp_path / 'net.onnx', eight_bit=True)
    for precision in ('float32', 'int8'):
        embedder = Embedder(path, engine=engine, precision=precision)
        assert embedder.precision == 'int8'
        cosines = (embedder(faces(4)) * by_formula(faces(4))).sum(axis=1)
        assert 0.99 < cosines.min() and cosines.max() < 1 - 1e-7
    with pytest.raises(ValueError, match="calibration is for engine 'mxnet': a file with layers in 8 bits"):
        Embedder(path, engine=engine, precision='int8', calibration=faces(2))


def test_bfloat16_is_near(tmp_path):
    openvino = pytest.importorskip('openvino', reason='pip install openvino')
    if 'BF16' not in openvino.Core().get_property('CPU', 'OPTIMIZATION_CAPABILITIES'):
        pytest.skip('needs a processor with avx512_bf16 or AMX')
    embedder = Embedder(write_onnx(tmp_path / 'net.onnx'), engine='openvino', precision='bfloat16')
    cosines = (embedder(faces(4)) * by_formula(faces(4))).sum(axis=1)
    assert 0.999 < cosines.min() and cosines.max() < 1 - 1e-8
    with pytest.raises(ValueError, match="precision must be 'int8' for an ONNX file with layers in 8 bits, got 'bfl"):
        Embedder(write_onnx(tmp_path / 'q.onnx', eight_bit=True), engine='openvino', precision='bfloat16')


def test_bfloat16_is_refused_where_the_processor_has_none(tmp_path, monkeypatch):
    openvino = pytest.importorskip('openvino', reason='pip install openvino')

    class Core:
        def get_property(self, device, name):
            return ['FP32', 'INT8'] if name == 'OPTIMIZATION_CAPABILITIES' else 'An old processor'

    monkeypatch.setattr(openvino, 'Core', Core)
    with pytest.raises(ValueError, match="Embedder: precision must be 'float32' or 'int8' on a processor without AMX "
                                         "and avx512_bf16, got 'bfloat16' on An old processor"):
        Embedder(write_onnx(tmp_path / 'net.onnx'), engine='openvino', precision='bfloat16')


@pytest.mark.parametrize('given, message', [
    (dict(engine='tensorrt'), "engine must be one of 'auto', 'mxnet', 'onnxruntime', 'openvino', got 'tensorrt'"),
    (dict(precision='float64'), "precision must be one of 'float32', 'bfloat16', 'int8', got 'float64'"),
    (dict(device='gpu'), "device must be 'cpu', 'cuda' or 'cuda:N', the number of an NVIDIA GPU, got 'gpu'"),
    (dict(device=1), "device must be 'cpu', 'cuda' or 'cuda:N'.*got 1"),
    (dict(device='cuda:x'), "got 'cuda:x'"),
    (dict(ctx='cpu(0)', device='cpu'), 'ctx and device must not be given together'),
    (dict(engine='onnxruntime', precision='bfloat16'), "precision must be 'float32' or 'int8' for engine 'onnxr"),
    (dict(engine='onnxruntime', precision='int8'), r"precision must not be 'int8' for .*net\.onnx, which has no layers "
                                                   r'in 8 bits. `gluonfr export NET --onnx FILE --int8 --calibrate')])
def test_what_is_refused(tmp_path, given, message):
    pytest.importorskip('onnxruntime', reason='pip install onnxruntime')
    with pytest.raises(ValueError, match='Embedder: .*' + message):
        Embedder(write_onnx(tmp_path / 'net.onnx'), **given)


def test_an_engine_that_is_not_installed(tmp_path, monkeypatch):
    path = write_onnx(tmp_path / 'net.onnx')
    monkeypatch.setitem(sys.modules, 'openvino', None)  # as Python has it for what cannot be imported
    with pytest.raises(ImportError, match=r"engine='openvino' needs the openvino package .*pip install .*\[openvino\]"):
        Embedder(path, engine='openvino')
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)
    for engine in (None, 'onnxruntime'):
        with pytest.raises(ImportError, match='ONNX models run with the onnxruntime package'):
            Embedder(path, engine=engine)
    with pytest.raises(ValueError, match=r'no engine can compute this here\. .*ONNX models run with.*\[openvino\]'):
        Embedder(path, engine='auto')


def test_openvino_runs_what_onnx_runtime_is_not_there_for(tmp_path, monkeypatch):
    pytest.importorskip('openvino', reason='pip install openvino')
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)
    embedder = Embedder(write_onnx(tmp_path / 'net.onnx'))
    assert embedder.engine == 'openvino'
    np.testing.assert_allclose(embedder(faces(2)), by_formula(faces(2)), atol=1e-5)


def test_devices():
    assert [parse_device(text) for text in ('cpu', 'cuda', 'cuda:3')] == [
        Device('cpu', 0), Device('cuda', 0), Device('cuda', 3)]
    assert [str(parse_device(text)) for text in ('cpu', 'cuda', 'cuda:3')] == ['cpu', 'cuda:0', 'cuda:3']


class Runtime:
    """ONNX Runtime with code for GPUs on a machine that has none."""
    options = None

    def __init__(self, real):
        self.SessionOptions = real.SessionOptions
        self._real = real

    def get_available_providers(self):
        return [onnxruntime.CUDA, onnxruntime.CPU]

    def preload_dlls(self):
        pass

    def set_default_logger_severity(self, level):
        pass

    def InferenceSession(self, content, options, providers, enable_fallback=1):  # noqa: N802
        assert enable_fallback == 0 or providers == [onnxruntime.CPU]
        Runtime.options = providers
        return self._real.InferenceSession(content, options, providers=[onnxruntime.CPU])


def test_a_gpu_that_cannot_be_used_is_refused(tmp_path, monkeypatch):
    """What a GPU computes is measured by scripts/benchmark/cuda.py."""
    real = pytest.importorskip('onnxruntime', reason='pip install onnxruntime')
    path = write_onnx(tmp_path / 'net.onnx')
    monkeypatch.setattr(real, 'get_available_providers', lambda: [onnxruntime.CPU])
    with pytest.raises(ValueError, match=r"device must be 'cpu' for the package onnxruntime, got 'cuda:1'\. Its form "
                                         r'for GPUs takes its place: pip uninstall -y onnxruntime && .*\[onnx-gpu\]'):
        Embedder(path, device='cuda:1')
    monkeypatch.setattr(onnxruntime, '_import', lambda: Runtime(real))
    with pytest.raises(ValueError, match="got 'cuda:1', and ONNX Runtime says: it finds only the CPU.*nvidia-smi"):
        Embedder(path, device='cuda:1')
    assert Runtime.options[0] == (onnxruntime.CUDA, dict(onnxruntime.EXACT, device_id=1)), 'float32 without shortcuts'
    if 'openvino' in sys.modules or pytest.importorskip('openvino', reason='pip install openvino'):
        with pytest.raises(ValueError, match="device must be 'cpu' for engine 'openvino', got 'cuda:0'"):
            Embedder(path, device='cuda', engine='openvino')


def external(path, place):
    """A net whose weights lie in another file."""
    model = onnx.load(write_onnx(path))
    onnx.save(model, str(path), save_as_external_data=True, location='weights.bin', size_threshold=0)
    model = onnx.load(str(path), load_external_data=False)
    for entry in model.graph.initializer:
        for pair in entry.external_data:
            if pair.key == 'location':
                pair.value = place
    with open(str(path), 'wb') as file:
        file.write(model.SerializeToString())
    return str(path)


def test_weights_beside_a_model(tmp_path, engine):
    path = external(tmp_path / 'net.onnx', 'weights.bin')
    np.testing.assert_allclose(Embedder(path, engine=engine)(faces(2)), by_formula(faces(2)), atol=1e-5)
    before = OnnxModel(path).sha256
    data = bytearray((tmp_path / 'weights.bin').read_bytes())
    data[0] ^= 1
    (tmp_path / 'weights.bin').write_bytes(bytes(data))
    assert OnnxModel(path).sha256 != before


@pytest.mark.parametrize('place', ['../weights.bin', '/etc/passwd', 'a/../../weights.bin'])
def test_weights_in_other_places_are_refused(tmp_path, place):
    (tmp_path / 'weights.bin').write_bytes(b'')
    (tmp_path / 'net').mkdir()
    path = external(tmp_path / 'net' / 'net.onnx', place)
    with pytest.raises(ValueError, match=r'net\.onnx keeps weights in .*, outside its folder, .*save_as_external'):
        Embedder(path)


def test_weights_that_are_missing_or_in_memory(tmp_path):
    path = external(tmp_path / 'net.onnx', 'gone.bin')
    with pytest.raises(FileNotFoundError, match=r'net\.onnx keeps weights in gone\.bin, which is missing: put that'):
        Embedder(path)
    with open(path, 'rb') as file, pytest.raises(ValueError, match='in memory must hold its weights, got one with'):
        OnnxModel(file.read())


@pytest.mark.parametrize('content', [b'', b'no model at all', b'\x0a\x08location\x12\xff'])
def test_what_is_no_model(tmp_path, engine, content):
    (tmp_path / 'net.onnx').write_bytes(content)
    with pytest.raises((ValueError, FileNotFoundError), match=r'net\.onnx'):
        Embedder(str(tmp_path / 'net.onnx'), engine=engine)


def test_constants_that_no_memory_holds(tmp_path, engine):
    """What each runtime says of them is a sentence."""
    onnx = pytest.importorskip('onnx', reason='pip install onnx')
    model = onnx.load(write_onnx(tmp_path / 'net.onnx'))
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.int64([1 << 24, 1 << 24, 1 << 10]), 'sides'))
    model.graph.node.extend([onnx.helper.make_node('ConstantOfShape', ['sides'], ['zeros']),
                             onnx.helper.make_node('ReduceMax', ['zeros'], ['zero'], keepdims=0),
                             onnx.helper.make_node('Add', ['embedding', 'zero'], ['sum'])])
    model.graph.output[0].name = 'sum'
    onnx.save(model, str(tmp_path / 'net.onnx'))
    with pytest.raises(ValueError, match='no model that .* can run|ONNX Runtime cannot run the model on images'):
        Embedder(str(tmp_path / 'net.onnx'), engine=engine)


def test_openvino_sends_nothing_and_the_host_chooses_how_processes_start(tmp_path):
    """Its telemetry, where it is installed, forks a process that sends what is used to its maker."""
    write_onnx(tmp_path / 'net.onnx')
    code = ('import multiprocessing, sys\nimport numpy as np\nfrom gluonfr.deploy import Embedder\n'
            "Embedder(sys.argv[1], engine='openvino')(np.zeros((2, 16, 16, 3), 'uint8'), progress=True)\n"
            "print(multiprocessing.get_start_method(allow_none=True), 'openvino_telemetry' in sys.modules)")
    done = subprocess.run([sys.executable, '-c', code, str(tmp_path / 'net.onnx')], env=environ(), capture_output=True,
                          text=True, timeout=100)
    assert done.stdout == 'None False\n', done.stderr
