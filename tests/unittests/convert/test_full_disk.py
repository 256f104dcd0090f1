"""`gluonfr convert` and `gluonfr export` on a full disk: a sentence, and nothing half written."""
import os

import pytest
from cli_cases import run
from convert_cases import MOBILE, OnnxWriter, mobile, random_net, write_symbol
from helpers import files_up_to

from gluonfr.deploy import write_card


@pytest.fixture
def places(tmp_path):
    """{kind of source: its path}"""
    net, folder = random_net('mobilefacenet', **MOBILE), tmp_path / 'run'
    folder.mkdir()
    net.save_parameters(str(folder / 'w.params'))
    write_card(str(folder / 'card.json'), str(folder / 'w.params'), 'mobilefacenet', MOBILE, net.input_spec)
    return {'net': str(folder), 'symbol': write_symbol(mobile(), str(tmp_path / 'model')), 'folder': tmp_path}


def on_a_full_disk(capsys, size, words):
    """What a command says that can write no file of more than `size` bytes, which must fail."""
    with files_up_to(size):
        run(*words, code=2)
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1 and 'Traceback' not in said
    return said


@pytest.mark.parametrize('size', [5000, 1 << 19])  # the first file does not fit, or the weights do not
@pytest.mark.parametrize('option, package', [('--symbol', None), ('--onnx', 'onnx'), ('--torch', 'torch')])
def test_export(places, capsys, size, option, package):
    if package:
        pytest.importorskip(package, reason='pip install ' + package)
    before, target = sorted(os.listdir(str(places['folder']))), str(places['folder'] / 'out')
    said = on_a_full_disk(capsys, size, ['export', places['net'], option, target])
    assert '{} cannot be written: '.format(target) in said and 'Make room and give the same command again' in said
    assert sorted(os.listdir(str(places['folder']))) == before


@pytest.mark.parametrize('size', [5000, 1 << 19])
@pytest.mark.parametrize('kind', ['symbol', 'onnx'])
def test_convert(places, capsys, size, kind):
    if kind == 'onnx':
        pytest.importorskip('onnx', reason='pip install onnx')
        places['onnx'] = str(places['folder'] / 'net.onnx')
        OnnxWriter().write(random_net('mobilefacenet', **MOBILE), places['onnx'])
    before, target = sorted(os.listdir(str(places['folder']))), str(places['folder'] / 'out')
    said = on_a_full_disk(capsys, size, ['convert', places[kind], '--out', target])
    assert '{} cannot be written: '.format(target) in said and 'Make room and give the same command again' in said
    assert sorted(os.listdir(str(places['folder']))) == before
