"""gluonfr.data.pack: what it packs, that nothing is lost, and what an interruption or a full disk leaves."""
import json
import multiprocessing
import os
import resource
import signal
import time

import numpy as np
import pytest
from PIL import Image

from gluonfr.data import pack as module
from gluonfr.data import pack_write
from gluonfr.data.image import ImageError, decode, encode, read_image
from gluonfr.data.pack import pack_dataset, pack_folder
from gluonfr.data.record import RecordDataset
from gluonfr.utils.lock import sole_writer

PEOPLE = {'Ann': 3, 'Bob': 1, 'Dan': 4, 'Eve': 1, 'Çiğdem': 2}
FILES = ['classes.txt', 'pack.json', 'property', 'train.crc', 'train.idx', 'train.rec']


def picture(seed, size=(16, 12)):
    return np.random.RandomState(seed).randint(0, 256, size + (3,)).astype(np.uint8)


def fill(root, people=PEOPLE, size=(16, 12), suffix='.jpg'):
    """Write images of people; return their bytes, in the order in which they should be packed."""
    data = []
    for person, count in people.items():
        (root / person).mkdir(parents=True)
        for i in range(count):
            data.append(encode(picture(len(data), size), suffix))
            (root / person / '{}_{:04d}{}'.format(person, i, suffix)).write_bytes(data[-1])
    return data


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def packed(path, on_error='raise'):
    dataset = RecordDataset(path, on_error=on_error)
    return [dataset.read_bytes(i)[0] for i in range(len(dataset))], dataset.labels.tolist()


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


def test_one_process_at_a_time(tmp_path):
    fill(tmp_path / 'people')
    (tmp_path / 'out').mkdir()
    with sole_writer(str(tmp_path / 'out' / '.lock'), 'out'):
        with pytest.raises(BlockingIOError, match='out is in use: process'):
            pack_folder(tmp_path / 'people', tmp_path / 'out')


# --- interruptions ---

CROWD = {'p{:03d}'.format(i): 1 + i % 4 for i in range(120)}  # 300 images, some 4 MB


@pytest.fixture(scope='module')
def crowd(tmp_path_factory):
    """A folder of people, and what packing it without an interruption gives."""
    root = tmp_path_factory.mktemp('crowd')
    fill(root / 'people', CROWD, (96, 96))
    pack_folder(root / 'people', root / 'whole')
    return root


def in_child(function):
    """Run `function` in a process of its own and return that; its memory is a copy of this one's."""
    process = multiprocessing.get_context('fork').Process(target=function)
    process.start()
    return process


def finish(crowd, out, monkeypatch):
    """Pack the rest; return how many images that took, and check that all is as without the interruption."""
    loaded = []
    monkeypatch.setattr(module, '_encoded', lambda *args, original=module._encoded: loaded.append(1) or original(*args))
    report = pack_folder(crowd / 'people', out)
    assert contents(out) == contents(crowd / 'whole') and sorted(os.listdir(out)) == FILES
    assert report.images == report.copied == sum(CROWD.values())
    return len(loaded)


def test_killed_while_packing(crowd, tmp_path, monkeypatch):
    out = tmp_path / 'out'
    part = out / 'train.rec.part'
    monkeypatch.setattr(pack_write, '_MARK_EVERY', 100000)
    encoded, total = module._encoded, (crowd / 'whole' / 'train.rec').stat().st_size
    for share in 0.2, 0.4, 0.6, 0.8:
        def slow(*args, stop=(share + 0.1) * 300):
            if args[-1] > stop:
                time.sleep(60)  # so that it cannot be done before it is killed
            return encoded(*args)

        monkeypatch.setattr(module, '_encoded', slow)
        process = in_child(lambda: pack_folder(crowd / 'people', out, workers=1, progress=False))
        while process.is_alive() and not (part.exists() and part.stat().st_size > share * total):
            time.sleep(0.0005)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert sorted(os.listdir(out)) == ['.lock', 'train.rec.journal', 'train.rec.part']
        with pytest.raises(FileNotFoundError):
            RecordDataset(out / 'train.rec')
    monkeypatch.setattr(module, '_encoded', encoded)
    assert finish(crowd, out, monkeypatch) < 0.3 * sum(CROWD.values())


@pytest.mark.parametrize('name', ['replace', 'remove'])
@pytest.mark.parametrize('nth', range(5))
def test_killed_while_finishing(crowd, tmp_path, monkeypatch, name, nth):
    """At each of the renamings and removals that give the finished files their names."""
    out = tmp_path / 'out'
    monkeypatch.setattr(pack_write, '_MARK_EVERY', 100000)
    if name == 'remove':  # those of a set that is replaced
        (crowd / 'other').mkdir(exist_ok=True)
        pack_folder(crowd / 'people', out, people=['p000', 'p001'])

    def killed():
        calls, original = [], getattr(os, name)

        def call(*args):
            calls.append(args)
            if len(calls) > nth:
                os.kill(os.getpid(), signal.SIGKILL)
            original(*args)

        setattr(os, name, call)
        pack_folder(crowd / 'people', out, resume=name == 'replace', progress=False)

    process = in_child(killed)
    process.join()
    if process.exitcode != -signal.SIGKILL:
        assert process.exitcode == 0 and nth > 1
    if (out / 'train.rec').exists():
        packed(out / 'train.rec')  # the old or the new, whole
    finish(crowd, out, monkeypatch)


def test_damage_to_what_was_packed_is_found(crowd, tmp_path, monkeypatch):
    """After a power failure a file may have zeros where data were, and half a line may end the journal."""
    out = tmp_path / 'out'
    monkeypatch.setattr(pack_write, '_MARK_EVERY', 100000)
    process = in_child(lambda: [setattr(os, 'replace', lambda *args: os.kill(os.getpid(), signal.SIGKILL)),
                                pack_folder(crowd / 'people', out, progress=False)])
    process.join()
    with open(out / 'train.rec.part', 'r+b') as part:
        part.seek(part.seek(0, os.SEEK_END) // 2)
        part.write(bytes(50))
    with open(out / 'train.rec.journal', 'ab') as journal:
        journal.write(b'[299, 29')
    assert 0.4 * sum(CROWD.values()) < finish(crowd, out, monkeypatch) < 0.6 * sum(CROWD.values())


def test_unfinished_set_of_other_files_is_not_continued(crowd, tmp_path):
    out = tmp_path / 'out'
    fill(tmp_path / 'people')
    process = in_child(lambda: [setattr(os, 'replace', lambda *args: os.kill(os.getpid(), signal.SIGKILL)),
                                pack_folder(tmp_path / 'people', out, progress=False)])
    process.join()
    os.utime(tmp_path / 'people' / 'Dan' / 'Dan_0001.jpg', (1, 1))
    with pytest.raises(ValueError, match='train.rec.part was made from other files or with other settings'):
        pack_folder(tmp_path / 'people', out)
    report = pack_folder(tmp_path / 'people', out, resume=False)
    assert report.images == 11 and sorted(os.listdir(out)) == FILES


@pytest.mark.parametrize('share', [0.00001, 0.5, 0.9999])
def test_full_disk(crowd, tmp_path, monkeypatch, share):
    """A limit on the size of a file stands for the disk: the system refuses to write on, in the middle of a record."""
    out = tmp_path / 'out'
    monkeypatch.setattr(pack_write, '_MARK_EVERY', 100000)
    limit = int(share * (crowd / 'whole' / 'train.rec').stat().st_size)
    said = tmp_path / 'said'

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            pack_folder(crowd / 'people', out, progress=False)
        except OSError as error:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            said.symlink_to('{}'.format(error)[:250].replace('/', '|'))  # a link needs no room

    in_child(limited).join()
    message = os.readlink(said)
    assert 'pack: ' in message and 'cannot be written: File too large' in message and 'make room' in message
    assert set(os.listdir(out)) <= {'train.rec.journal', 'train.rec.part', 'classes.txt', 'pack.json'}
    again = finish(crowd, out, monkeypatch)
    assert share < 0.1 or again < (1.1 - share) * sum(CROWD.values())


# --- real faces ---

def test_lfw(test_data, tmp_path):
    faces = test_data('lfw/aligned')
    start = time.time()
    report = pack_folder(faces, tmp_path / 'lfw', min_images=30)
    assert time.time() - start < 60
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
