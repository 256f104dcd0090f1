"""Commands that do less where MXNet is missing: `gluonfr models` and `gluonfr convert`."""
import pytest
from cli_cases import run

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
    assert said.startswith('gluonfr convert: MXNet is not installed. `gluonfr export NET --onnx FILE` makes')
