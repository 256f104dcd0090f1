"""`gluonfr clean`, with a small ONNX net and without MXNet; and that `gluonfr pack` applies what it says."""
import csv
import hashlib
import os
import re

import numpy as np
import pytest
from cli_cases import run
from evaluation_cases import face

from photo_cases import write_plain_net

from gluonfr.data import encode, open_dataset, write_bin

pytest.importorskip('onnxruntime')
pytest.importorskip('onnx')
pytest.importorskip('jinja2')


@pytest.fixture(scope='module')
def net(tmp_path_factory):
    return write_plain_net(tmp_path_factory.mktemp('net'))


def write_image(path, person, image, side=16):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(face(person, image, 25, side), '.png'))


@pytest.fixture
def people(tmp_path):
    """Eight people of six images, one of them with the wrong name, and much that is no image of a person."""
    home = tmp_path / 'people'
    for person in range(8):
        for image in range(6):
            write_image(home / 'p{}'.format(person) / '{}.png'.format(image), person, image)
    write_image(home / 'p5' / 'wrong.png', 1, 9)
    write_image(home / 'Jos\u00e9 \u59d3' / 'a b.png', 20, 0)
    write_image(home / 'p0' / 'large.png', 0, 8, 40)
    (home / 'p2' / 'copy.png').write_bytes((home / 'p2' / '0.png').read_bytes())
    (home / 'p3' / 'damaged.jpg').write_bytes(b'\xff\xd8 no more')
    (home / 'p3' / 'phone.heic').write_bytes(b'\x00\x00\x00\x18ftypheic')
    (home / 'p3' / 'notes.txt').write_text('no image')
    (home / 'nobody').mkdir()
    (home / 'beside.png').write_bytes(encode(face(3, 1), '.png'))
    return home


def hashes(folder):
    return {os.path.join(root, name): hashlib.sha256(open(os.path.join(root, name), 'rb').read()).hexdigest()
            for root, _, names in os.walk(folder) for name in names}


def clean(*words, code=0):
    run('clean', *words, '--no-progress', code=code)


def rows(out):
    with open(out / 'clean.csv', newline='', encoding='utf-8', errors='surrogateescape') as file:
        return list(csv.DictReader(file))


def kinds(out):
    return {(row['kind'], row['image']): row for row in rows(out)}


def test_each_fault_has_its_row_and_the_folder_stays_as_it_is(net, people, tmp_path, capsys):
    before, out = hashes(people), tmp_path / 'out'
    clean(people, '--net', net, '--out', out, '--min-size', 12)
    said, found = capsys.readouterr().out, kinds(out)
    assert hashes(people) == before
    assert '52 images of 9 people, 50 embedded now' in said and 'exclude.txt: 5 images to leave out' in said
    assert set(found) == {
        ('unreadable', 'p3/damaged.jpg'), ('unreadable', 'p3/phone.heic'), ('no images', 'nobody'),
        ('left out', 'beside.png'), ('left out', 'p3/notes.txt'), ('size', 'p0/large.png'),
        ('wrong label', 'p5/wrong.png'), ('copy', 'p2/copy.png'), ('few', 'Jos\u00e9 \u59d3/a b.png')}
    wrong = found['wrong label', 'p5/wrong.png']
    assert wrong['proposed'] == 'p1' and wrong['resembles'].startswith('p1/') and wrong['action'] == 'relabel'
    assert found['size', 'p0/large.png']['why'] == 'it has 40 x 40 pixels, and the net takes 16 x 16'
    assert found['copy', 'p2/copy.png']['resembles'] == 'p2/0.png'
    assert set((out / 'exclude.txt').read_text(encoding='utf-8').splitlines()) == {
        'p3/damaged.jpg', 'p3/phone.heic', 'p0/large.png', 'p2/copy.png', 'Jos\u00e9 \u59d3/a b.png'}
    page = (out / 'clean.html').read_text(encoding='utf-8')
    assert page.count('<img src="data:image/jpeg;base64,') == 6 and 'p5/wrong.png' in page and '<script' not in page
    assert re.search('threshold 0[.][0-9]{4}', said) and 'Sharpness: 1 % of the images have less than' in said


def test_pack_applies_it_and_the_next_time_nothing_is_embedded(net, people, tmp_path, capsys):
    out = tmp_path / 'out'
    clean(people, '--net', net, '--out', out)
    run('pack', 'folder', people, '--out', tmp_path / 'packed', '--exclude-images', out / 'exclude.txt',
        '--relabel-images', out / 'relabel.csv', '--on-error', 'skip', '--no-progress')
    packed = open_dataset(tmp_path / 'packed')
    counts = dict(zip(packed.classes, np.bincount(packed.labels).tolist()))
    assert counts == {'p{}'.format(i): 7 if i == 1 else 6 for i in range(8)}
    capsys.readouterr()
    clean(tmp_path / 'packed', '--net', net, '--out', out)  # a rec with the same bytes
    assert '49 images of 8 people, 0 embedded now' in capsys.readouterr().out
    assert rows(out) == [] and (out / 'exclude.txt').read_text() == ''


def test_a_rec_is_known_by_its_keys(net, people, tmp_path):
    run('pack', 'folder', people, '--out', tmp_path / 'packed', '--resize', 16, '--on-error', 'skip', '--no-progress')
    clean(tmp_path / 'packed', '--net', net, '--out', tmp_path / 'out')
    packed = open_dataset(tmp_path / 'packed')
    wrong = [row for row in rows(tmp_path / 'out') if row['kind'] == 'wrong label']
    assert [packed.classes[packed.labels[packed.names.index(row['image'])]] for row in wrong] == ['p5']
    run('pack', 'folder', tmp_path / 'packed', '--out', tmp_path / 'again', '--exclude-images',
        tmp_path / 'out' / 'exclude.txt', '--relabel-images', tmp_path / 'out' / 'relabel.csv', '--no-progress')
    again = open_dataset(tmp_path / 'again')
    assert dict(zip(again.classes, np.bincount(again.labels).tolist()))['p1'] == 7


def test_a_test_set_and_quality(net, people, tmp_path, capsys):
    images = [encode(face(person, image, 25, 16), '.png') for person, image in ((4, 0), (30, 0), (31, 0), (32, 0))]
    write_bin(str(tmp_path / 'test.bin'), images, [True, False])
    clean(people, '--net', net, '--out', tmp_path / 'out', '--against', tmp_path / 'test.bin', '--stretch',
          '--min-norm', 0.01, '--min-sharpness', 1, '--min-images', 1, '--near', 0.9)
    found = kinds(tmp_path / 'out')
    assert found['in test', 'p4/0.png']['action'] == 'exclude' and ('size', 'p0/large.png') not in found
    assert sorted(image for kind, image in found if kind == 'person in test') == [
        'p4/{}.png'.format(i) for i in range(1, 6)]
    assert not [kind for kind, _ in found if kind in ('few', 'norm', 'blurred')]
    clean(people, '--net', net, '--out', tmp_path / 'out', '--min-sharpness', 1e9)
    assert '51  Not sharp' in capsys.readouterr().out


@pytest.mark.parametrize('words, message', [
    (['PEOPLE', '--out', 'PEOPLE/out'], 'out must not lie among the photographs of'),
    (['nothing', '--out', 'OUT'], 'there is no file or folder nothing'),
    (['PEOPLE', '--out', 'OUT', '--threshold', '1'], '--threshold must be in (-1, 1), got 1'),
    (['PEOPLE', '--out', 'OUT', '--min-size', '50'], 'no image can be used, the first, '),
    (['PEOPLE', '--out', 'OUT', '--against', 'SCORES'], '--against must be images or embeddings, got'),
    (['PEOPLE/nobody', '--out', 'OUT'], 'must hold a folder for each person')])
def test_what_does_not_go_is_said_in_the_words_of_the_command(net, people, tmp_path, capsys, words, message):
    (tmp_path / 'scores.csv').write_text('score,same\n0.5,1\n0.1,0\n')
    places = {'PEOPLE': people, 'PEOPLE/out': people / 'out', 'PEOPLE/nobody': people / 'nobody',
              'OUT': tmp_path / 'out', 'SCORES': tmp_path / 'scores.csv'}
    clean(*(places.get(word, word) for word in words), '--net', net, code=2)
    error = capsys.readouterr().err
    assert error.startswith('gluonfr clean: ') and message in error
    assert not (tmp_path / 'out' / 'clean.csv').exists()
