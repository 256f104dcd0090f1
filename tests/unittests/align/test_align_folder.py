"""gluonfr.align: whole folders of photographs, whatever is in them."""
import csv
import json
import os
import re

import numpy as np
import pytest
from align_cases import WHITE, photo, points, write_yunet
from cli_cases import run
from PIL import Image, ImageOps
from photo_files import make_photos

from gluonfr.align import STATUSES, DetectorError, Finder, align_face, align_folder, get_detector, read_landmarks
from gluonfr.data.image import encode, read_image, read_photo
from gluonfr.utils.lock import sole_writer


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    return write_yunet(tmp_path_factory.mktemp('yunet') / 'marks.onnx')


def report(out):
    with open(str(out / 'align.csv'), newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


def tree(folder):
    return {os.path.relpath(os.path.join(place, name), str(folder)): os.path.join(place, name)
            for place, _, names in os.walk(str(folder)) for name in names}


def write(folder, **photos):
    folder.mkdir(exist_ok=True)
    for name, image in photos.items():
        (folder / (name + '.png')).write_bytes(encode(image, '.png'))
    return folder


@pytest.mark.filterwarnings('ignore:Corrupt EXIF data')  # Pillow's, of the file that has them
def test_every_kind_of_file_has_a_result(tmp_path, weights, capsys, caplog):
    photos, out = tmp_path / 'photos', tmp_path / 'aligned'
    photos.mkdir()
    expected = make_photos(photos)
    words = ['align', photos, '--out', out, '--detect', 'yunet', '--detector-model', weights, '--no-progress']
    run(*words)
    rows = {row['path']: row for row in report(out)}
    assert {name: row['status'] for name, row in rows.items()} == {n: status for n, (status, _) in expected.items()}
    good = {name for name, (status, _) in expected.items() if status == 'ok'}
    written = {name: name + '.png' if name in ('plain.tif', 'plain.GIF') else name for name in good}
    assert set(tree(out)) == {'align.csv', 'align.json', *written.values()}
    plain = read_image(str(out / 'plain.png')).astype(int)
    for name in good:
        row, face = rows[name], np.asarray(Image.open(str(out / written[name])).convert('RGB')).astype(int)
        found = np.array([float(row['{}{}'.format(axis, i)]) for i in range(1, 6) for axis in 'xy']).reshape(5, 2)
        landmarks = expected[name][1]
        assert np.abs(found - landmarks).max() < 0.01 * np.ptp(landmarks), name
        assert face.shape == (112, 112, 3) and np.abs(face - plain).mean() < 6, name
        assert (row['faces'], row['out']) == ('1', written[name]) and float(row['score']) > 0.9
    for name, said in (('zero.jpg', 'empty'), ('cut.jpg', 'truncated'), ('cut.png', 'truncated'),
                       ('text.jpg', 'unknown'), ('flipped.png', 'damaged'), ('bomb.png', 'too large'),
                       ('gone.jpg', 'No such file'), ('cut.GIF', 'truncated'), ('apple.HEIC', 'pillow-heif')):
        assert said in rows[name]['detail']
    assert 'left out 2 hidden (.cache/, .hidden.png); 2 no image by the suffix (film.mp4, notes.txt).' in caplog.text
    said = capsys.readouterr().out
    for status in ('ok', 'no-face', 'unreadable'):
        count = sum(row['status'] == status for row in rows.values())
        assert '{:14} {:8,}  {}'.format(status, count, STATUSES[status]) in said
    before = {name: os.stat(path).st_mtime_ns for name, path in tree(out).items()}
    run(*words)
    after = {name: os.stat(path).st_mtime_ns for name, path in tree(out).items()}
    assert {name for name in after if after[name] != before[name]} == {'align.csv', 'align.json'}
    assert {row['path']: row for row in report(out)} == rows


def test_cyrillic_and_other_bytes_in_names(tmp_path, weights):
    photos = write(tmp_path / 'photos', **{'Привет': photo(96, 96, [(40, 40)])})
    os.rename(os.fsencode(str(photos / 'Привет.png')), os.path.join(os.fsencode(str(photos)), b'latin-\xe9.png'))
    counts = align_folder(str(photos), str(tmp_path / 'out'), Finder(get_detector('yunet', model=weights)),
                          progress=False)
    assert counts == {'ok': 1} and os.path.isfile(os.path.join(os.fsencode(str(tmp_path / 'out')), b'latin-\xe9.png'))


SEVERAL = photo(256, 320, [(160, 120), (40, 80, WHITE), (240, 200)])  # the first in the middle, the second the largest


@pytest.mark.parametrize('policy, places', [
    ('largest', [(40, 80, 2)]), ('center', [(160, 120)]), ('refuse', []),
    ('all', [(40, 80, 2), (160, 120), (240, 200)])])
def test_several_faces(tmp_path, weights, policy, places):
    photos, out = write(tmp_path / 'photos', group=SEVERAL, one=photo(96, 96, [(40, 40)])), tmp_path / 'out'
    run('align', photos, '--out', out, '--detect', 'yunet', '--detector-model', weights, '--several', policy,
        '--no-progress')
    rows = [row for row in report(out) if row['path'] == 'group.png']
    assert {row['faces'] for row in rows} == {'3'} and [row['status'] for row in rows] == (
        ['ok'] * len(places) or ['several'])
    names = ['group-{}.png'.format(i + 1) for i in range(3)] if policy == 'all' else ['group.png'] * len(places)
    one = 'one-1.png' if policy == 'all' else 'one.png'
    assert set(tree(out)) == {*names, one, 'align.csv', 'align.json'}
    found = [align_face(SEVERAL, points(*place)) for place in places]
    order = [0, 1, 2] if len(found) < 3 or rows[1]['x1'] < rows[2]['x1'] else [0, 2, 1]  # two are as large
    for row, name, i in zip(rows, names, order):
        assert row['out'] == name and np.abs(read_image(str(out / name)).astype(int) - found[i]).max() <= 3


@pytest.mark.parametrize('least, status', [(0, 'ok'), (39, 'ok'), (41, 'too-small')])
def test_small_faces(weights, least, status):
    finder = Finder(get_detector('yunet', model=weights), min_face=least)
    found, image = finder.find(photo(96, 96, [(40, 40)]), 7)
    assert (found.path, found.status, found.count) == ('image 7', status, int(status == 'ok')) and image.shape[0] == 96


def test_a_rotated_face_is_upright_after_alignment(tmp_path):
    upright = write(tmp_path / 'photos', a=np.random.RandomState(0).randint(0, 256, (50, 50, 3), dtype=np.uint8))
    image = np.asarray(Image.open(str(upright / 'a.png')).resize((200, 200), Image.BICUBIC))
    landmarks = points(96, 96, 2)
    want = align_face(image, landmarks).astype(int)
    for angle in (25, 90, 180, 250):
        turned = np.asarray(Image.fromarray(image).rotate(-angle, Image.BICUBIC))
        turn = np.array([[np.cos(np.deg2rad(angle)), -np.sin(np.deg2rad(angle))],
                         [np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))]])
        found = align_face(turned, (landmarks - 99.5) @ turn.T + 99.5)
        assert np.abs(found - want).mean() < 12


class Stops:
    """A detector that is interrupted at its n-th photograph, and keeps those that it saw."""

    def __init__(self, weights, after=None):
        self._detector, self._after, self.seen = get_detector('yunet', model=weights), after, []

    def detect(self, image):
        if self._after is not None and len(self.seen) >= self._after:
            raise KeyboardInterrupt
        self.seen.append(image)
        return self._detector.detect(image)


@pytest.mark.parametrize('policy', ['largest', 'all'])
def test_goes_on_where_it_was_killed(tmp_path, weights, policy):
    photos = write(tmp_path / 'photos', **{'p{}'.format(i): photo(96, 160, [(40, 40), (104, 32, WHITE)] if i % 2 else
                                                                  [(8 * i, 40)]) for i in range(8)})
    whole, broken = tmp_path / 'whole', tmp_path / 'broken'
    first = Stops(weights)
    align_folder(str(photos), str(whole), Finder(first, several=policy), progress=False)
    assert len(first.seen) == 8
    with pytest.raises(KeyboardInterrupt):
        align_folder(str(photos), str(broken), Finder(Stops(weights, 5), several=policy), progress=False)
    done = len({row['path'] for row in report(broken)})
    assert 0 < done < 8
    with open(str(broken / 'align.csv'), 'a') as file:  # as a crash of the machine may leave it
        file.write('p7.png,ok,1,p7.png,0.9')
    (broken / report(broken)[0]['out']).unlink()
    again = Stops(weights)
    assert align_folder(str(photos), str(broken), Finder(again, several=policy), progress=False) == {'ok': 8}
    assert len(again.seen) == 8 - done + 1
    assert {name: open(path, 'rb').read() for name, path in tree(broken).items()} == {
        name: open(path, 'rb').read() for name, path in tree(whole).items()}


def test_a_photograph_that_was_replaced_is_aligned_again(tmp_path, weights):
    photos = write(tmp_path / 'photos', a=photo(96, 96, [(40, 40)]), b=photo(96, 96, [(40, 40)]))
    out = str(tmp_path / 'out')
    align_folder(str(photos), out, Finder(Stops(weights)), progress=False)
    write(tmp_path / 'photos', b=photo(96, 112, [(56, 24)]))
    again = Stops(weights)
    align_folder(str(photos), out, Finder(again), progress=False)
    assert [image.shape for image in again.seen] == [(96, 112, 3)]
    rows = report(tmp_path / 'out')
    assert float(rows[1]['x1']) > float(rows[0]['x1']) + 8 and rows[0]['stamp'] != rows[1]['stamp']
    with open(out + '/align.csv', 'w', newline='', encoding='utf-8') as file:  # of an earlier version
        names = [name for name in rows[0] if name != 'stamp']
        writer = csv.DictWriter(file, names, extrasaction='ignore')
        writer.writeheader()
        writer.writerows(rows)
    third = Stops(weights)
    assert align_folder(str(photos), out, Finder(third), progress=False) == {'ok': 2} and not third.seen


class Fails:
    """A detector that fails on photographs that are black."""

    def detect(self, image):
        if not image.any():
            raise DetectorError('out of memory')
        return []


def test_a_detector_that_fails_does_not_end_the_run(tmp_path):
    photos = write(tmp_path / 'photos', black=photo(30, 30, [], 0), grey=photo(30, 30, []))
    counts = align_folder(str(photos), str(tmp_path / 'out'), Finder(Fails()), progress=False)
    assert counts == {'failed': 1, 'no-face': 1} and report(tmp_path / 'out')[0]['detail'] == 'out of memory'


def test_other_settings_need_overwrite(tmp_path, weights, capsys):
    photos, out = write(tmp_path / 'photos', a=SEVERAL, b=photo(96, 96, [(40, 40)])), tmp_path / 'out'
    words = ['align', photos, '--out', out, '--detect', 'yunet', '--detector-model', weights, '--no-progress']
    run(*words)
    for changed in (['--size', '128'], ['--several', 'center'], ['--min-face', '60'], ['--detect-size', '320']):
        run(*words, *changed, code=2)
        assert 'holds faces aligned with {' in capsys.readouterr().err
    (out / 'mine.png').write_bytes(b'not from here')
    with sole_writer(str(out / '.lock'), 'x'):
        run(*words, '--overwrite', code=2)
    assert '{} is in use: process'.format(out) in capsys.readouterr().err and set(tree(out)) > {'a.png', 'align.csv'}
    run(*words, '--size', '112x96', '--min-face', '60', '--overwrite')
    assert set(tree(out)) == {'a.png', 'align.csv', 'align.json', 'mine.png'}
    assert read_image(str(out / 'a.png')).shape == (112, 96, 3)
    assert [row['status'] for row in report(out)] == ['ok', 'too-small']


@pytest.mark.parametrize('kind', ['csv', 'header', 'json', 'pairs', 'report'])
def test_landmarks_that_are_given(tmp_path, weights, kind):
    photos, out = write(tmp_path / 'photos', a=SEVERAL, b=SEVERAL, none=SEVERAL), tmp_path / 'out'
    known = {'a.png': points(160, 120), 'b.png': points(40, 80, 2)}
    file = tmp_path / ('points.json' if kind in ('json', 'pairs') else 'points.csv')
    if kind == 'report':
        (photos / 'none.png').write_bytes(b'')
        run('align', photos, '--out', tmp_path / 'first', '--detect', 'yunet', '--detector-model', weights)
        file, known['a.png'] = tmp_path / 'first' / 'align.csv', known['b.png']
    elif kind in ('json', 'pairs'):
        file.write_text(json.dumps({n: (p if kind == 'pairs' else p.ravel()).tolist() for n, p in known.items()}))
    else:
        header = 'path,x1,y1,x2,y2,x3,y3,x4,y4,x5,y5\n' if kind == 'header' else ''
        file.write_text(header + ''.join('{},{}\n'.format(n, ','.join(map(str, p.ravel()))) for n, p in known.items()))
    run('align', photos, '--out', out, '--landmarks', file, '--no-progress')
    assert [row['status'] for row in report(out)] == ['ok', 'ok', 'unreadable' if kind == 'report' else 'no-landmarks']
    for name, landmarks in known.items():
        want = align_face(SEVERAL, landmarks).astype(int)
        assert np.abs(read_image(str(out / name)) - want).max() <= 3


@pytest.mark.parametrize('values, status', [([1] * 10, 'bad-landmarks'), ([1, float('nan')] * 5, 'bad-landmarks'),
                                            (points(40, 40).ravel().tolist(), 'ok')])
def test_landmarks_that_are_no_face(tmp_path, values, status):
    photos = write(tmp_path / 'photos', a=photo(96, 96, []))
    (tmp_path / 'points.json').write_text(json.dumps({'a.png': values}))
    run('align', photos, '--out', tmp_path / 'out', '--landmarks', tmp_path / 'points.json', '--no-progress')
    assert report(tmp_path / 'out')[0]['status'] == status


@pytest.mark.parametrize('name, text, message', [
    ('a.csv', 'a.png,1,2,3\n', 'line 1: must be a path and ten numbers'),
    ('a.csv', 'a.png,1,2,3,4,5,6,7,8,9,x\n', 'line 1: must be a path and ten numbers'),
    ('a.csv', 'a.png' + ',1' * 10 + '\na.png' + ',1' * 10, 'line 2: each photograph must have one face'),
    ('a.json', '[1]', 'must be an object, got a list'), ('a.json', '{', 'is no JSON of paths'),
    ('a.json', '{"a.png": [1, 2]}', "'a.png': must be a path and ten numbers"),
    ('a.json', '{"a.png": null}', "'a.png': must be a path and ten numbers")])
def test_landmark_files_that_are_wrong(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=message):
        read_landmarks(str(tmp_path / name))


@pytest.mark.parametrize('words, message', [
    (['photos', '--out', 'photos/out', '--landmarks', 'l.json'], 'out must not lie among the photographs of .*photos'),
    (['photos', '--out', 'photos', '--landmarks', 'l.json'], 'out must not lie among the photographs of .*photos'),
    (['nowhere', '--out', 'out', '--landmarks', 'l.json'], 'there is no folder'),
    (['l.json', '--out', 'out', '--landmarks', 'l.json'], 'there is no folder'),
    (['empty', '--out', 'out', '--landmarks', 'l.json'], 'must hold images .* got none'),
    (['photos', '--out', 'out'], '--detect NAME or --landmarks FILE must be given'),
    (['photos', '--out', 'out', '--several', 'all'], 'need --detect or --landmarks'),
    (['photos', '--out', 'out', '--landmarks', 'l.json', '--detect-size', '9'], '--detect-size need --detect'),
    (['photos', '--out', 'out', '--detect', 'mtcnn', '--detector-model', 'l.json'], "unknown argument 'model'"),
    (['photos', '--out', 'out', '--detect', 'yunet', '--landmarks', 'l.json'], 'must not be given together'),
    (['photos', '--out', 'out', '--landmarks', 'l.json', '--size', '100x112'], '--size must be'),
    (['photos', '--out', 'out', '--landmarks', 'l.json', '--min-face', '-1'], '--min-face must be >= 0'),
    (['photos', '--out', 'out', '--landmarks', 'gone.csv'], 'gone.csv'),
    (['photos', '--out', 'out', '--detect', 'yunet', '--detector-model', 'gone.onnx'], 'there are no weights gone')])
def test_wrong_words(tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / 'photos', a=photo(30, 30, []))
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'l.json').write_text('{}')
    run('align', *words, code=2)
    assert re.search('gluonfr align: .*' + message, capsys.readouterr().err)


@pytest.mark.parametrize('arguments', [{}, {'detector': 'yunet', 'landmarks': {}}])
def test_a_finder_needs_one_source(arguments):
    with pytest.raises(ValueError, match='Finder: either detector or landmarks must be given'):
        Finder(**arguments)


@pytest.mark.parametrize('kind', ['JPEG', 'PNG', 'WEBP'])
@pytest.mark.parametrize('orientation', range(10))
def test_read_photo_turns_as_pillow_does(tmp_path, kind, orientation):
    small = np.random.RandomState(0).randint(0, 256, (4, 6, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(small).resize((48, 32)).save(str(tmp_path / 'a'), kind, exif=exif)
    with Image.open(str(tmp_path / 'a')) as image:
        want = np.asarray(ImageOps.exif_transpose(image))
    found = read_photo(str(tmp_path / 'a'))
    assert found.shape == want.shape and np.abs(found.astype(int) - want).max() <= 2 and found.flags.c_contiguous
    assert read_image(str(tmp_path / 'a')).shape == (32, 48, 3)  # which faces that are aligned are read with


def test_names_as_long_as_names_can_be(tmp_path, weights):
    """Where a suffix makes them too long, the end of the stem goes; the same call goes on with what is there."""
    photos, out = tmp_path / 'photos', tmp_path / 'out'
    write(photos, **{'x' * 251: photo(96, 96, [(40, 40)])})
    os.rename(str(write(photos, y=photo(96, 96, [(40, 40)])) / 'y.png'), str(photos / ('\u5b89' * 83 + '.tif')))
    for several in ('largest', 'all'):
        finder = Finder(get_detector('yunet', model=weights), several=several)
        for _ in range(2):
            assert align_folder(str(photos), str(out / several), finder, progress=False) == {'ok': 2}
        rows = report(out / several)
        assert len({row['out'] for row in rows}) == 2 and all(
            os.path.isfile(str(out / several / row['out'])) for row in rows)
