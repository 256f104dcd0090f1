"""`gluonfr cluster`, with a small ONNX net and without MXNet; `pack` and `embed` take its groups."""
import hashlib

import pytest
from cli_cases import embedded, run
from evaluation_cases import face
from photo_cases import write_plain_net

from gluonfr.data import encode, open_dataset, pack_folder

pytest.importorskip('onnxruntime')
pytest.importorskip('onnx')
pytest.importorskip('jinja2')


@pytest.fixture(scope='module')
def net(tmp_path_factory):
    return write_plain_net(tmp_path_factory.mktemp('net'))


@pytest.fixture
def faces(tmp_path):
    home = tmp_path / 'faces'
    home.mkdir()
    for person, count in enumerate((5, 4, 3, 1, 1)):
        for image in range(count):
            (home / '{} {}.png'.format(person, image)).write_bytes(encode(face(person, image, 25, 16), '.png'))
    (home / 'notes.txt').write_text('no image')
    return home


def cluster(*words, code=0):
    run('cluster', *words, '--no-progress', code=code)


def hashes(folder):
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob('*')}


def test_groups_get_names_and_go_to_pack_and_embed(net, faces, tmp_path, capsys):
    before, out = hashes(faces), tmp_path / 'out'
    cluster(faces, '--net', net, '--out', out, '--threshold', 0.5)
    said = capsys.readouterr().out
    assert said.startswith('threshold 0.5000, as given\n14 faces, 14 embedded now: 3 groups of 12 faces, '
                           '0 with a name; 2 alone, ')
    assert hashes(faces) == before
    lines = (out / 'names.csv').read_text().splitlines()
    assert lines[0] == 'group,images,example,name' and lines[1].startswith('1,5,0 ')
    (out / 'names.csv').write_text('\n'.join([lines[0], lines[1] + 'Ann', lines[2], lines[3] + 'Bob']) + '\n')
    cluster(faces, '--net', net, '--out', out, '--threshold', 0.5)
    assert '0 embedded now: 3 groups of 12 faces, 2 with a name' in capsys.readouterr().out
    run('pack', 'folder', out / 'people', '--out', tmp_path / 'packed', '--no-progress')
    assert open_dataset(tmp_path / 'packed').classes == ['Ann', 'Bob', 'group-002']
    run('embed', net, out / 'people', '--out', tmp_path / 'people.npz', '--no-progress')
    assert embedded(tmp_path / 'people.npz')['classes'].tolist() == ['Ann', 'Bob', 'group-002']


def test_a_rec_and_the_threshold_of_the_card(net, faces, tmp_path, capsys):
    for path in faces.glob('*.png'):
        (tmp_path / 'people' / 'all').mkdir(parents=True, exist_ok=True)
        (tmp_path / 'people' / 'all' / path.name).write_bytes(path.read_bytes())
    pack_folder(tmp_path / 'people', tmp_path / 'packed', progress=False)
    cluster(tmp_path / 'packed', '--net', net, '--out', tmp_path / 'out')
    assert 'measured on these images, as the card of the network advises none' in capsys.readouterr().out
    from gluonfr.deploy.advice import write_advice
    write_advice(str(net / 'card.json'), [{'fmr': 1e-3, 'threshold': 0.45, 'low': 0.4, 'high': 0.5, 'people': 9,
                                           'data': 'mine', 'data_sha256': '', 'flip': 'none', 'precision': 'float32'}])
    cluster(tmp_path / 'packed', '--net', net, '--out', tmp_path / 'out', '--min-images', 4)
    said = capsys.readouterr().out
    assert 'threshold 0.4500 [0.4000, 0.5000]: that of the card' in said and '2 groups of 9 faces' in said
    assert all(path.suffix == '.png' for path in (tmp_path / 'out' / 'people').glob('*/*'))


@pytest.mark.parametrize('words, message', [
    (['FACES', '--out', 'FACES/out'], '--out must not lie among the photographs of'),
    (['nothing', '--out', 'OUT'], 'there is no file or folder nothing'),
    (['FACES', '--out', 'OUT', '--threshold', '2'], '--threshold must be in (-1, 1), got 2'),
    (['FACES', '--out', 'OUT', '--several', 'all'], '--several and --min-face need --detect or --landmarks')])
def test_what_does_not_go_is_said_in_the_words_of_the_command(net, faces, tmp_path, capsys, words, message):
    places = {'FACES': faces, 'FACES/out': faces / 'out', 'OUT': tmp_path / 'out'}
    cluster(*(places.get(word, word) for word in words), '--net', net, code=2)
    error = capsys.readouterr().err
    assert error.startswith('gluonfr cluster: ') and message in error
