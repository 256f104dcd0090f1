"""gluonfr.data.packing: what it packs, and that nothing is lost."""
import json
import os

import numpy as np
import pytest
from pack_cases import FILES, PEOPLE, contents, fill, packed, picture
from PIL import Image

from gluonfr.data.image import ImageError, decode, encode, read_image
from gluonfr.data.packing import pack_dataset, pack_folder
from gluonfr.data.record import RecordDataset
from gluonfr.utils.lock import sole_writer

LABELS = np.repeat(np.arange(5), list(PEOPLE.values())).tolist()


# --- what is packed ---

def test_bytes_are_kept(tmp_path):
    data = fill(tmp_path / 'people')
    (tmp_path / 'people' / 'Ann' / 'notes.txt').write_text('no image')
    report = pack_folder(tmp_path / 'people', tmp_path / 'face' / 'mine')
    out = tmp_path / 'face' / 'mine'
    left_out = [('Ann/notes.txt', 'no image by the suffix')]
    assert report == (str(out / 'train.rec'), 11, 5, 11, [], [], None, left_out)
    assert sorted(os.listdir(out)) == FILES
    assert packed(out / 'train.rec') == (data, LABELS)
    assert RecordDataset(out / 'train.rec').ranges.tolist() == [[0, 3], [3, 4], [4, 8], [8, 9], [9, 11]]
    assert (out / 'classes.txt').read_text(encoding='utf-8').split('\n') == list(PEOPLE) + ['']
    assert (out / 'property').read_text() == '5,16,12'
    card = json.loads((out / 'pack.json').read_text())
    assert card['source'] == str(tmp_path / 'people') and card['images'] == 11 and card['people'] == 5


def test_formats_are_kept_or_changed(tmp_path):
    jpegs = fill(tmp_path / 'people')
    pngs = fill(tmp_path / 'people', {'Ömer': 2}, suffix='.png')
    bmps = fill(tmp_path / 'people', {'Özgür': 1}, suffix='.bmp')
    everything = jpegs + pngs + bmps
    report = pack_folder(tmp_path / 'people', tmp_path / 'a')
    assert report.copied == 14 and packed(report.path)[0] == everything
    report = pack_folder(tmp_path / 'people', tmp_path / 'b', fmt='.png')
    found = packed(report.path)[0]
    assert report.copied == 2 and found[11:13] == pngs
    assert all(np.array_equal(decode(a), decode(b)) for a, b in zip(found, everything))
    report = pack_folder(tmp_path / 'people', tmp_path / 'c', fmt='.jpg', quality=50)
    found = packed(report.path)[0]
    assert report.copied == 11 and found[:11] == jpegs
    assert found[11:] == [encode(decode(data), '.jpg', 50) for data in pngs + bmps]
    report = pack_folder(tmp_path / 'people', tmp_path / 'd', copy=False, quality=80)
    assert report.copied == 0
    assert packed(report.path)[0] == [encode(decode(data), '.jpg', 80) for data in jpegs] + [
        encode(decode(data), '.png') for data in pngs + bmps]


def test_formats_that_other_readers_of_a_rec_lack_become_png(tmp_path):
    """And every image is packed: TIFF, GIF, and those in folders of a person."""
    image, folder = picture(0), tmp_path / 'people' / 'Ann' / 'trip'
    folder.mkdir(parents=True)
    for name, kind in (('a.tif', 'TIFF'), ('b.GIF', 'GIF'), ('c.webp', 'WEBP')):
        Image.fromarray(image).save(str(folder / name), kind, **({'lossless': True} if kind == 'WEBP' else {}))
    report = pack_folder(tmp_path / 'people', tmp_path / 'out')
    data, labels = packed(report.path)
    assert report.copied == 1 and labels == [0, 0, 0] and [d[:4] for d in data] == [b'\x89PNG', b'\x89PNG', b'RIFF']
    assert np.array_equal(decode(data[0]), image) and np.array_equal(decode(data[2]), image)


def test_resize(tmp_path):
    data = fill(tmp_path / 'people', {'Ann': 2}) + fill(tmp_path / 'people', {'Bob': 1}, (8, 8))
    with pytest.raises(ValueError, match='resize must be given .*Ann_0000.jpg has 16 x 12 pixels and .*Bob_0000.jpg '
                                         'has 8 x 8'):
        pack_folder(tmp_path / 'people', tmp_path / 'a')
    assert not (tmp_path / 'a').exists()
    report = pack_folder(tmp_path / 'people', tmp_path / 'b', resize=8)
    found = packed(report.path)[0]
    assert report.copied == 1 and found[2] == data[2] and decode(found[0]).shape == (8, 8, 3)
    report = pack_folder(tmp_path / 'people', tmp_path / 'c', resize=(10, 20))
    assert RecordDataset(report.path).image_size == (10, 20) and report.copied == 0


def test_sizes_that_only_the_pixels_tell(tmp_path):
    """They show in the middle of the packing; nothing is left then that the next call, with `resize`, stumbles over."""
    faces = Faces()
    with pytest.raises(ValueError, match='pack_dataset: resize must be given .*sample 0 has 8 x 8 pixels and sample 2'):
        pack_dataset(faces, tmp_path / 'a', progress=False)
    assert os.listdir(tmp_path / 'a') == []
    assert pack_dataset(faces, tmp_path / 'a', resize=8, progress=False).images == 3


class Faces:
    labels, classes = np.array([0, 7, 7]), ['ann'] + [''] * 6 + ['bob']

    def read(self, index):
        return picture(index, (8, 8 + index // 2)), 0


def test_a_damaged_image_leaves_nothing_to_stumble_over(tmp_path):
    fill(tmp_path / 'people')
    (tmp_path / 'people' / 'Dan' / 'Dan_0002.jpg').write_bytes(encode(picture(1), '.jpg')[:-20])
    with pytest.raises(ImageError, match='Dan_0002.jpg: the image is truncated'):
        pack_folder(tmp_path / 'people', tmp_path / 'a')
    assert pack_folder(tmp_path / 'people', tmp_path / 'a', on_error='skip').images == 10


def test_a_part_of_people_and_images(tmp_path):
    """Drawn by the seed; names and images keep their order."""
    fill(tmp_path / 'people', {'p{:02}'.format(i): i for i in range(1, 13)})
    drawn = set()
    for seed in (0, 0, 1, 2):
        report = pack_folder(tmp_path / 'people', tmp_path / str(len(drawn)), min_images=3, max_people=5, max_images=4,
                             seed=seed, resume=False)
        names = (tmp_path / str(len(drawn)) / 'classes.txt').read_text().split()
        counts = [int(name[1:]) for name in names]
        assert report.people == 5 and names == sorted(names) and min(counts) >= 3
        assert packed(report.path)[1] == np.repeat(np.arange(5), np.minimum(counts, 4)).tolist()
        found = packed(report.path)[0]
        order = [(path.read_bytes() in found) and path for path in sorted((tmp_path / 'people').glob('*/*'))]
        assert [path.read_bytes() for path in order if path] == found
        drawn.add((tuple(names), tuple(found)))
    assert len(drawn) == 3
    card = json.loads((tmp_path / '2' / 'pack.json').read_text())
    assert (card['settings']['max_people'], card['settings']['max_images'], card['settings']['seed']) == (5, 4, 2)
    whole = pack_folder(tmp_path / 'people', tmp_path / 'whole', max_people=99, max_images=99)
    assert (whole.people, whole.images) == (12, 78)


@pytest.mark.parametrize('labels', [[1, 2, 2, 20], [0, 1000, 2000, 1000], [5, 69000000, 5, 7]])
def test_labels_with_holes(tmp_path, labels):
    """People are numbered anew if that is asked for, and classes.txt has the labels that they had."""
    data = fill(tmp_path / 'people', {'x': 4})
    path = tmp_path / 'faces.lst'
    path.write_text(''.join('{}\t{}\tx/x_{:04}.jpg\n'.format(i, label, i) for i, label in enumerate(labels)))
    few = sorted(set(labels))
    with pytest.raises(ValueError, match=r'pack_folder: the labels of .*faces.lst must be 0, 1, 2, ... without holes, '
                                         r'got 3 people with labels in \[{}, {}\]: relabel'.format(few[0], few[-1])):
        pack_folder(path, tmp_path / 'out', root=tmp_path / 'people')
    report = pack_folder(path, tmp_path / 'out', root=tmp_path / 'people', relabel=True)
    order = np.argsort(labels, kind='stable')
    assert packed(report.path) == ([data[i] for i in order], [few.index(labels[i]) for i in order])
    assert (tmp_path / 'out' / 'classes.txt').read_text().split() == list(map(str, few))
    again = pack_folder(report.path, tmp_path / 'again', people=[str(few[0]), str(few[2])])
    assert (tmp_path / 'again' / 'classes.txt').read_text().split() == [str(few[0]), str(few[2])]
    assert packed(again.path)[0] == [data[i] for i in order if labels[i] != few[1]] and again.copied == again.images


def test_which_people(tmp_path):
    data = fill(tmp_path / 'people')
    report = pack_folder(tmp_path / 'people', tmp_path / 'a', min_images=2)
    assert report.left_out == ['Bob', 'Eve'] and report.people == 3
    assert packed(report.path) == (data[:3] + data[4:8] + data[9:], [0] * 3 + [1] * 4 + [2] * 2)
    report = pack_folder(tmp_path / 'people', tmp_path / 'b', people=['Dan', 'Bob', 'Ann'], exclude=['Ann'])
    assert packed(report.path) == (data[3:8], [0] + [1] * 4)
    assert (tmp_path / 'b' / 'classes.txt').read_text() == 'Bob\nDan\n'


def test_split_by_person(tmp_path):
    data = fill(tmp_path / 'people')
    whole = packed(pack_folder(tmp_path / 'people', tmp_path / 'whole').path)[0]
    drawn = set()
    for seed in range(6):
        out = tmp_path / str(seed)
        report = pack_folder(tmp_path / 'people', out, split=0.4, seed=seed)
        assert report.people == 3 and report.val.people == 2 and report.val.path == str(out / 'val' / 'train.rec')
        names = [(folder / 'classes.txt').read_text(encoding='utf-8').split() for folder in (out, out / 'val')]
        assert sorted(names[0] + names[1]) == sorted(PEOPLE)
        assert sorted(packed(report.path)[0] + packed(report.val.path)[0]) == sorted(whole) == sorted(data)
        again = pack_folder(tmp_path / 'people', tmp_path / 'again', split=0.4, seed=seed, resume=False)
        assert contents(out / 'val') == contents(tmp_path / 'again' / 'val')
        assert again.val.images == report.val.images
        drawn.add(tuple(names[1]))
    assert len(drawn) > 2


class Pictures:
    """A dataset whose labels do not ascend."""

    labels = np.array([2, 0, 2, 1, 0])

    def __init__(self, seed=0):
        self.seed = seed

    def read(self, index):
        return picture(self.seed + index), int(self.labels[index])


def test_dataset(tmp_path):
    report = pack_dataset(Pictures(), tmp_path / 'a', fmt='.png')
    dataset = RecordDataset(report.path)
    assert dataset.labels.tolist() == [0, 0, 1, 2, 2]
    for i, index in enumerate([1, 4, 3, 0, 2]):
        assert np.array_equal(dataset.read(i)[0], picture(index))
    report = pack_dataset(Pictures(), tmp_path / 'b', min_images=2, quality=70)
    assert (tmp_path / 'b' / 'classes.txt').read_text() == '0\n2\n' and report.left_out == ['1']
    assert packed(report.path)[0] == [encode(picture(index), '.jpg', 70) for index in (1, 4, 0, 2)]
    assert pack_dataset(Pictures(), tmp_path / 'b', min_images=2, quality=70) == report
    with pytest.raises(ValueError, match='was made from other files or with other settings'):
        pack_dataset(Pictures(seed=5), tmp_path / 'b', min_images=2, quality=70)
    assert packed(pack_dataset(dataset, tmp_path / 'c', fmt='.png').path) == packed(tmp_path / 'a' / 'train.rec')


@pytest.mark.parametrize('arguments, what', [
    ({'resize': 0}, 'pack_folder: resize must be >= 1, got 0'),
    ({'fmt': '.gif'}, "pack_folder: fmt must be one of None, '.jpg', '.png', got '.gif'"),
    ({'quality': 101}, r'pack_folder: quality must be in \[1, 100\], got 101'),
    ({'min_images': 0}, 'pack_folder: min_images must be >= 1'),
    ({'min_images': 5}, 'of the 5 people in .*, none remains: 5 are wanted, .* has 4, min_images is 5'),
    ({'people': ['Ann', 'Zoe']}, "pack_folder: people must be names of people in .*, got 1 .* such as 'Zoe'"),
    ({'exclude': ['ann']}, "pack_folder: exclude must be names of people in .*, got 1 .* such as 'ann'"),
    ({'split': 1.0}, r'pack_folder: split must be in \(0, 1\), got 1.0'),
    ({'split': 0.5, 'people': ['Ann']}, 'pack_folder: split needs at least 2 people, got 1'),
    ({'workers': 0}, 'pack_folder: workers must be >= 1'),
    ({'on_error': 'ignore'}, 'on_error must be one of'),
])
def test_bad_arguments(tmp_path, arguments, what):
    fill(tmp_path / 'people')
    with pytest.raises(ValueError, match=what):
        pack_folder(tmp_path / 'people', tmp_path / 'out', **arguments)
    assert not (tmp_path / 'out').exists()


# --- damaged images ---

def test_damaged_images(tmp_path):
    data = fill(tmp_path / 'people')
    broken = tmp_path / 'people' / 'Dan' / 'Dan_0001.jpg'
    broken.write_bytes(data[5][:-50])
    (tmp_path / 'people' / 'Bob' / 'Bob_0000.jpg').write_bytes(b'')
    with pytest.raises(ImageError, match='(Bob_0000.jpg: the image is empty|Dan_0001.jpg: the image is truncated)'):
        pack_folder(tmp_path / 'people', tmp_path / 'out')
    assert not (tmp_path / 'out' / 'train.rec').exists()
    report = pack_folder(tmp_path / 'people', tmp_path / 'skip', on_error='skip')
    assert packed(report.path) == (data[:3] + data[4:5] + data[6:], [0] * 3 + [1] * 3 + [2] + [3] * 2)
    assert len(report.skipped) == 2 and report.skipped[1][0] == str(broken) and 'truncated' in report.skipped[1][1]
    assert (tmp_path / 'skip' / 'classes.txt').read_text(encoding='utf-8').split() == ['Ann', 'Dan', 'Eve', 'Çiğdem']
    broken.write_bytes(data[5])
    (tmp_path / 'people' / 'Bob' / 'Bob_0000.jpg').write_bytes(data[3])
    report = pack_folder(tmp_path / 'people', tmp_path / 'out', resume=False)
    assert packed(report.path) == (data, LABELS)


# --- calling it again ---

def test_finished_set_is_not_made_again(tmp_path, monkeypatch):
    fill(tmp_path / 'people')
    out = tmp_path / 'out'
    first = pack_folder(tmp_path / 'people', out, split=0.4)
    before = {path: path.stat().st_mtime_ns for path in out.rglob('*') if path.is_file()}
    assert pack_folder(tmp_path / 'people', out, split=0.4) == first
    assert {path: path.stat().st_mtime_ns for path in out.rglob('*') if path.is_file()} == before
    with pytest.raises(ValueError, match='train.rec was made from other files or with other settings.*resume=False'):
        pack_folder(tmp_path / 'people', out, resize=8)
    assert {path: path.stat().st_mtime_ns for path in out.rglob('*') if path.is_file()} == before
    report = pack_folder(tmp_path / 'people', out, resize=8, resume=False)
    assert sorted(os.listdir(out)) == FILES + ['val'] and RecordDataset(report.path).image_size == (8, 8)


def test_set_that_was_not_packed_here_is_not_replaced(tmp_path):
    fill(tmp_path / 'people')
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / 'train.rec').write_bytes(b'precious')
    with pytest.raises(ValueError, match='was made from other files'):
        pack_folder(tmp_path / 'people', tmp_path / 'out')
    assert (tmp_path / 'out' / 'train.rec').read_bytes() == b'precious'


@pytest.mark.parametrize('name', ['classes.txt', 'property', 'train.idx'])
def test_files_of_other_tools_are_not_replaced(tmp_path, name):
    fill(tmp_path / 'people', {'a': 1, 'b': 1})
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / name).write_text('mine')
    with pytest.raises(ValueError, match='out holds {}, and no train.rec that they belong to'.format(name)):
        pack_folder(tmp_path / 'people', tmp_path / 'out')
    assert os.listdir(str(tmp_path / 'out')) == [name] and (tmp_path / 'out' / name).read_text() == 'mine'
    pack_folder(tmp_path / 'people', tmp_path / 'out', resume=False)
    assert sorted(os.listdir(str(tmp_path / 'out'))) == FILES


def test_one_process_at_a_time(tmp_path):
    fill(tmp_path / 'people')
    (tmp_path / 'out').mkdir()
    with sole_writer(str(tmp_path / 'out' / '.lock'), 'out'):
        with pytest.raises(BlockingIOError, match='out is in use: process'):
            pack_folder(tmp_path / 'people', tmp_path / 'out')


def test_lfw(test_data, tmp_path):
    faces = test_data('lfw/aligned')
    report = pack_folder(faces, tmp_path / 'lfw', min_images=30)
    dataset = RecordDataset(report.path)
    names = (tmp_path / 'lfw' / 'classes.txt').read_text(encoding='utf-8').split('\n')[:-1]
    assert report.people == len(names) == 34 and report.images == report.copied == len(dataset)
    assert dataset.image_size == (112, 112)
    for label in 0, 20, 33:
        paths = sorted((faces / names[label]).iterdir())
        begin, end = dataset.ranges[label]
        assert len(paths) == end - begin
        for path, i in zip(paths, range(begin, end)):
            assert dataset.read_bytes(i) == (path.read_bytes(), label)
            assert np.array_equal(dataset.read(i)[0], read_image(path))
