"""gluonfr.deploy.engines: the choice of an engine, and what must not be mixed. Nothing here needs MXNet."""
import json
import logging
import sys

import numpy as np
import pytest
from cli_cases import run
from engine_cases import SPEC, by_formula, faces, write_onnx

from gluonfr.data import FolderDataset
from gluonfr.data.image import encode
from gluonfr.deploy import Embedder, embed_to_file, read_gallery
from gluonfr.deploy.engines import choice
from gluonfr.deploy.gallery import check_one_net, made_by

pytest.importorskip('onnx', reason="pip install 'gluonfr[onnx]'")
pytest.importorskip('onnxruntime', reason='pip install onnxruntime')


class Clock:
    """Seconds that pass where an engine computes."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Slow:
    """An engine that takes its time for a call, of the fake clock, when its result is waited for."""
    spec = SPEC

    def __init__(self, clock, *seconds):
        self._clock, self._seconds, self.calls, self.most, self.on_their_way = clock, list(seconds), 0, 0, []

    def submit(self, x):
        assert x.shape == (8,) + SPEC.shape
        self.on_their_way.append(len(self.on_their_way))
        return self._wait

    def _wait(self):
        self.calls, self.most = self.calls + 1, max(self.most, len(self.on_their_way))
        self.on_their_way.pop()
        self._clock.now += self._seconds[min(self.calls, len(self._seconds)) - 1]


def test_the_best_round_of_each_engine_counts(monkeypatch):
    monkeypatch.setattr(choice, 'threads_to_use', lambda: 2)
    clock = Clock()
    engines = {'a': Slow(clock, 9.0, 0.5, 0.25, 0.125), 'b': Slow(clock, 0.25)}
    assert choice.measure(engines, clock) == {'a': 64.0, 'b': 32.0}
    # one call to get ready; in a round the calls that began within 0.3 seconds: of a 2, 4 and 4, of b 3 each
    assert (engines['a'].calls, engines['b'].calls) == (1 + 2 + 4 + 4, 1 + 3 * 3)
    assert engines['a'].most == engines['b'].most == 2, 'the next batch is on its way'


@pytest.mark.parametrize('rates, name', [
    ({'mxnet': 100, 'openvino': 102, 'onnxruntime': 50}, 'mxnet'), ({'mxnet': 100, 'openvino': 104}, 'openvino'),
    ({'onnxruntime': 3, 'openvino': 2}, 'onnxruntime')])
def test_mxnet_stays_unless_another_is_3_per_cent_faster(rates, name):
    assert choice.best(rates) == name


def test_auto_measures_once_for_a_net_and_a_precision(tmp_path, monkeypatch, caplog, notes):
    pytest.importorskip('openvino', reason='pip install openvino')
    caplog.set_level(logging.DEBUG, 'gluonfr')
    measured = []

    def measure(engines):
        measured.append(sorted(engines))
        return {'onnxruntime': 10.0, 'openvino': 20.0}

    monkeypatch.setattr(choice, 'measure', measure)
    path = write_onnx(tmp_path / 'net.onnx')
    for _ in range(2):
        embedder = Embedder(path, engine='auto')
        assert embedder.engine == 'openvino'
    np.testing.assert_allclose(embedder(faces(2)), by_formula(faces(2)), atol=1e-5)
    assert measured == [['onnxruntime', 'openvino']]
    assert caplog.text.count('engine openvino: onnxruntime 10, openvino 20 images/s') == 2
    assert 'engine openvino computes in float32 on cpu' in caplog.text
    Embedder(write_onnx(tmp_path / 'other.onnx', seed=1), engine='auto')
    assert len(measured) == 2 and len(list(notes.iterdir())) == 2
    (key,) = json.loads(next(notes.iterdir()).read_text())
    assert key.startswith('images/s ahead in float32 on cpu, ') and 'onnxruntime ' in key and 'threads' in key
    for file in notes.iterdir():
        file.write_text('{')
    Embedder(path, engine='auto')
    assert len(measured) == 3 and 'It is written anew' in caplog.text


def test_auto_takes_the_only_one(tmp_path, monkeypatch):
    monkeypatch.setattr(choice, 'measure', lambda engines: pytest.fail('there is nothing to compare'))
    monkeypatch.setitem(sys.modules, 'openvino', None)
    assert Embedder(write_onnx(tmp_path / 'net.onnx'), engine='auto').engine == 'onnxruntime'


@pytest.mark.parametrize('engine', [None, 'auto', 'onnxruntime'])
def test_an_engine_is_asked_once_whether_it_can_compute_this(tmp_path, monkeypatch, engine):
    monkeypatch.setitem(sys.modules, 'openvino', None)
    asked, check = [], choice.ENGINES.get('onnxruntime').check
    monkeypatch.setattr(choice.ENGINES.get('onnxruntime'), 'check', lambda *wanted: asked.append(1) or check(*wanted))
    assert Embedder(write_onnx(tmp_path / 'net.onnx'), engine=engine).engine == 'onnxruntime'
    assert len(asked) == 1


def test_notes_that_cannot_be_written_are_told_of(tmp_path, monkeypatch, caplog):
    pytest.importorskip('openvino', reason='pip install openvino')
    (tmp_path / 'file').write_bytes(b'')
    monkeypatch.setenv('MXNET_HOME', str(tmp_path / 'file'))
    monkeypatch.setattr(choice, 'measure', lambda engines: {'onnxruntime': 2.0})
    assert Embedder(write_onnx(tmp_path / 'net.onnx'), engine='auto').engine == 'onnxruntime'
    assert 'cannot be written' in caplog.text


def made(embedder, **changed):
    return dict(made_by(embedder), **changed)


def test_engines_have_one_float32_and_no_other_precision(tmp_path):
    embedder = Embedder(write_onnx(tmp_path / 'net.onnx'))
    mine = made(embedder)
    assert (mine['engine'], mine['precision']) == ('onnxruntime', 'float32')
    check_one_net('a', mine, 'b', made(embedder, engine='openvino'))
    earlier = {name: value for name, value in mine.items() if name != 'engine'}
    check_one_net('a', mine, 'b', earlier)
    with pytest.raises(ValueError, match='a and b must be embedded by one network in one way, got engine '
                                         'openvino against engine mxnet'):
        check_one_net('a', made(embedder, engine='openvino', precision='int8'), 'b', dict(earlier, precision='int8'))


@pytest.fixture
def people(tmp_path):
    """A folder of three people with two images each."""
    for i, image in enumerate(faces(6)):
        person = tmp_path / 'people' / 'p{}'.format(i // 2)
        person.mkdir(parents=True, exist_ok=True)
        (person / '{}.png'.format(i)).write_bytes(encode(image, '.png'))
    return tmp_path / 'people'


def test_what_one_engine_began_another_does_not_go_on_with(tmp_path, people):
    path, out = write_onnx(tmp_path / 'net.onnx'), str(tmp_path / 'out.npz')
    done = []

    class Stopped(Exception):
        pass

    def embedder(engine, stop=False):
        one = Embedder(path, engine='onnxruntime', batch_size=2)
        one.engine, finish = engine, one._finish

        def counted(embeddings, begin):
            if stop and begin == 4:
                raise Stopped
            done.append(begin)
            return finish(embeddings, begin)

        one._finish = counted
        return one

    for engine, begun in (('onnxruntime', [4]), ('openvino', [0, 2, 4])):
        with pytest.raises(Stopped):
            embed_to_file(embedder('onnxruntime', stop=True), FolderDataset(str(people)), out)
        done.clear()
        embed_to_file(embedder(engine), FolderDataset(str(people)), out)
        assert done == begun and read_gallery(out).net['engine'] == engine
        np.testing.assert_allclose(read_gallery(out).embeddings, by_formula(faces(6)), atol=1e-5)


def test_commands_take_an_engine(tmp_path, people, capsys, caplog):
    pytest.importorskip('openvino', reason='pip install openvino')
    net, out = write_onnx(tmp_path / 'net.onnx'), tmp_path / 'out.npz'
    run('embed', net, people, '--out', out, '--engine', 'openvino', '--no-progress', '--verbose')
    assert 'engine openvino computes in float32 on cpu' in caplog.text
    capsys.readouterr()
    image = people / 'p1' / '2.png'
    for options in ([], ['--index', 'numpy'], ['--engine', 'numpy'], ['--engine', 'onnxruntime']):
        run('search', out, image, '--net', net, '--top', 1, '--no-progress', *options)
        assert '1.0000  p1' in capsys.readouterr().out
    run('compare', net, image, image, '--engine', 'openvino', '--device', 'cpu')
    assert '1.0000' in capsys.readouterr().out


@pytest.mark.parametrize('options, said', [
    (['--engine', 'onnxruntime', '--precision', 'bfloat16'], "--precision must be 'float32' or 'int8' for engine"),
    (['--device', 'gpu'], "--device must be 'cpu', 'cuda' or 'cuda:N'"),
    (['--device', 'cuda', '--gpu', '0'], '--gpu and --device must not be given together'),
    (['--precision', 'int8'], "--precision must not be 'int8' for "),
    (['--calibrate', 'people'], '--calibrate is for --precision int8, got float32')])
def test_what_commands_refuse(tmp_path, people, capsys, options, said):
    run('embed', write_onnx(tmp_path / 'net.onnx'), people, '--out', tmp_path / 'out.npz', *options, code=2)
    assert said in capsys.readouterr().err
