"""Commands that do less where MXNet is missing: `gluonfr models` and `gluonfr convert`."""
import numpy as np
import pytest
from cli_cases import run

from gluonfr.data import encode
from gluonfr.model_zoo.card_table import list_cards
from gluonfr.model_zoo.sizes import SIZES


@pytest.fixture(autouse=True)
def no_mxnet(monkeypatch):
    monkeypatch.setattr('gluonfr.cli.listing.mxnet_problem', lambda: 'MXNet is not installed.')


def test_nets_are_listed_by_their_sizes_and_all_weights(capsys):
    run('models')
    nets, weights = capsys.readouterr().out.split('\n\npretrained weights\n')
    assert [line.split()[0] for line in nets.splitlines()] == ['name', *sorted(SIZES)]
    assert ['iresnet50', '512', '43.59', 'M', '6.31', 'G', '(also:', 'r50)'] in map(str.split, nets.splitlines())
    assert [line.split()[0] for line in weights.splitlines()] == ['name', *list_cards()]


def test_download_gives_the_published_file(monkeypatch, capsys):
    asked = []
    monkeypatch.setattr('gluonfr.cli.listing.download', lambda *given: asked.append(given) or 'w600k_mbf.onnx')
    run('models', 'download', 'w600k_mbf', '--root', 'there')
    assert asked == [('w600k_mbf', 'there', False)] and capsys.readouterr().out == 'w600k_mbf.onnx\n'


def test_convert_names_the_way_without_it(monkeypatch, capsys):
    monkeypatch.setattr('gluonfr.cli.convert.mxnet_problem', lambda: 'MXNet is not installed.')
    run('convert', 'model-symbol.json', '--out', 'net', code=2)
    said = capsys.readouterr().err
    assert said.startswith('gluonfr convert: MXNet is not installed. Without it an .onnx is a network as it is, and '
                           '`gluonfr export NET --onnx FILE` makes')
    run('convert', 'backbone.pth', '--out', 'net', code=2)
    assert 'is not installed. PyTorch itself writes its model as ONNX' in capsys.readouterr().err


@pytest.mark.parametrize('command', [['export', 'w.pth.tar', '--onnx', 'o.onnx'],
                                     ['embed', 'w.pth.tar', 'faces', '--out', 'o.npz']])
def test_weights_of_pytorch_are_no_net_and_the_way_is_named(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'w.pth.tar').write_bytes(b'PK')
    run(*command, code=2)
    said = capsys.readouterr().err
    assert 'w.pth.tar holds weights of PyTorch, without their graph. `gluonfr convert` makes a network of them' in said
    assert "torch.onnx.export(model.eval(), torch.zeros(1, 3, 112, 112), 'net.onnx')" in said


def test_a_gpu_for_mxnet_names_the_other_way(monkeypatch, capsys):
    monkeypatch.setattr('gluonfr.cli.options.mxnet_problem', lambda: 'MXNet is not installed.')
    run('embed', 'mobilefacenet_drawn', 'faces', '--out', 'o.npz', '--gpu', 1, code=2)
    assert 'not there. --device cuda:1 computes on it by ONNX Runtime: pip install' in capsys.readouterr().err


@pytest.mark.parametrize('faces, message', [(0, 'must hold images'), (3, '--calibrate must be at least 16 faces')])
def test_calibration_without_faces(faces, message, tmp_path, capsys):
    pytest.importorskip('onnx')
    (tmp_path / 'faces').mkdir()
    for i in range(faces):
        (tmp_path / 'faces' / '{}.png'.format(i)).write_bytes(encode(np.full((28, 28, 3), i, 'uint8'), '.png'))
    out = tmp_path / 'o.onnx'
    run('export', 'lenetplus_arcface', '--onnx', out, '--int8', '--calibrate', tmp_path / 'faces', code=2)
    assert message in capsys.readouterr().err and not out.exists()
