"""FolderDataset and ListDataset: which files are samples, in which order and class, and what becomes of bad ones."""
import logging
import os
import pickle
import shutil
import threading

import numpy as np
import pytest

from gluonfr.data.dataset import label_ranges
from gluonfr.data.folder import FolderDataset
from gluonfr.data.image import ImageError, encode
from gluonfr.data.lists import ListDataset


def face(value, side=8):
    return np.full((side, side, 3), (value, 2 * value, 255 - value), np.uint8)


def write(path, value, fmt=None):
    """Write a lossless image (whatever its suffix says) that shows its value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(face(value), fmt or '.png'))
    return path


NAMES = ['bob/10.png', 'bob/2.PNG', 'carl/a.jpg', 'carl/k.webp', 'carl/x.bmp', 'Älva/a b.jpeg']  # as they are sorted
VALUES = [1, 0, 4, 5, 3, 2]
LEFT_OUT = [('.git/', 'hidden'), ('bob/.hidden.jpg', 'hidden'), ('bob/notes.txt', 'no image by the suffix'),
            ('readme.txt', 'no image by the suffix')]


@pytest.fixture
def people(tmp_path):
    """A folder of three people with 2, 1 and 3 images, and what does not belong to them."""
    root = tmp_path / 'people'
    for name, value in zip(NAMES, VALUES):
        write(root / name, value)
    (root / 'readme.txt').write_text('not a person')
    (root / 'bob' / 'notes.txt').write_text('not an image')
    (root / 'bob' / '.hidden.jpg').write_bytes(b'')
    (root / '.git').mkdir()
    return root


def test_folder(people):
    dataset = FolderDataset(people)
    assert [os.path.relpath(path, str(people)) for path in dataset.paths] == NAMES
    assert dataset.classes == ['bob', 'carl', 'Älva'] and dataset.num_classes == 3 and len(dataset) == 6
    assert dataset.labels.dtype == np.int64 and dataset.labels.tolist() == [0, 0, 1, 1, 1, 2]
    assert dataset.ranges.dtype == np.int64 and dataset.ranges.tolist() == [[0, 2], [2, 5], [5, 6]]
    assert dataset.ignored_files == LEFT_OUT and dataset.ignored == 4 and dataset.skipped == []
    assert repr(dataset) == 'FolderDataset(6 images of 3 classes)'
    for i, value in enumerate(VALUES):
        image, label = dataset.read(i)
        assert image.dtype == np.uint8 and np.array_equal(image, face(value))
        assert type(label) is int and label == dataset.labels[i]
    assert dataset.read(-1)[1] == 2
    with pytest.raises(IndexError):
        dataset.read(6)


@pytest.mark.mxnet
def test_indexing_is_gluon_style(people):
    image, label = FolderDataset(str(people))[2]
    assert image.dtype == np.uint8 and image.shape == (8, 8, 3) and np.array_equal(image.asnumpy(), face(4))
    assert type(label) is int and label == 1
    assert FolderDataset(people, transform=lambda image, label: (image.shape, -label))[2] == ((8, 8, 3), -1)


def test_order_does_not_depend_on_that_of_the_disk(people, monkeypatch):
    """Names are sorted by their characters, whatever the locale or the file system says."""
    before = FolderDataset(people).paths
    moved = people.parent / 'moved'
    for name in reversed(NAMES):
        (moved / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(str(people / name), str(moved / name))
    monkeypatch.setenv('LC_ALL', 'sv_SE.UTF-8')
    assert [p.replace('moved', 'people') for p in FolderDataset(moved).paths] == before


def test_read_from_threads(people):
    dataset = FolderDataset(people)
    results = {}

    def run(i):
        results[i] = all(np.array_equal(dataset.read(j)[0], face(VALUES[j])) for j in range(6) for _ in range(5))

    threads = [threading.Thread(target=run, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == dict.fromkeys(range(4), True)


def test_datasets_go_to_worker_processes(people):
    dataset = pickle.loads(pickle.dumps(FolderDataset(people)))
    assert np.array_equal(dataset.read(0)[0], face(1))


def test_damaged_image_raises_where_it_is_read(people):
    (people / 'carl' / 'k.webp').write_bytes(b'')
    dataset = FolderDataset(people)
    assert len(dataset) == 6
    with pytest.raises(ImageError, match=r'carl.k\.webp: the image is empty'):
        dataset[3]
    os.remove(str(people / 'carl' / 'a.jpg'))
    with pytest.raises(FileNotFoundError, match=r'carl.a\.jpg'):
        dataset.read(2)


def test_skip(people, caplog):
    """Bad images, and people who have no other, are left out and reported; labels have no gaps."""
    (people / 'bob' / '2.PNG').write_bytes(b'')
    (people / 'bob' / '10.png').write_bytes(b'\x89PNG')
    (people / 'carl' / 'k.webp').write_bytes(b'no image')
    (people / 'empty').mkdir()
    with caplog.at_level(logging.WARNING, 'gluonfr'):
        dataset = FolderDataset(people, on_error='skip')
    assert dataset.classes == ['carl', 'Älva'] and dataset.num_classes == 2
    assert [os.path.relpath(path, str(people)) for path in dataset.paths] == [NAMES[2]] + NAMES[4:]
    assert dataset.labels.tolist() == [0, 0, 1] and dataset.ranges.tolist() == [[0, 2], [2, 3]]
    assert [os.path.relpath(path, str(people)) for path, _ in dataset.skipped] == [
        'empty', 'bob/10.png', 'bob/2.PNG', 'carl/k.webp']
    assert [reason.split(': ')[-1][:24] for _, reason in dataset.skipped] == [
        'a person without images', 'a PNG of 4 bytes without', 'the image is empty (0 by', 'the image is damaged or ']
    assert 'FolderDataset: skipped 4' in caplog.text
    assert np.array_equal(dataset.read(2)[0], face(2))


def test_every_image_of_a_person_counts(people, caplog):
    """In folders of any depth, of every suffix, and through links; but not beside the folders of people."""
    for name in ('bob/trip/2019/a.TIF', 'bob/trip/b.Gif', 'carl/c.heic'):
        write(people / name, 9)
    write(people.parent / 'elsewhere' / 'd.jfif', 9)
    (people / 'carl' / 'linked').symlink_to(people.parent / 'elsewhere')
    (people / 'carl' / 'loop').symlink_to(people)
    write(people / 'group.jpg', 9)
    (people / 'bob' / 'raw.CR2').write_text('')
    with caplog.at_level(logging.INFO, 'gluonfr'):
        dataset = FolderDataset(people)
    assert [os.path.relpath(path, str(people)) for path in dataset.paths] == [
        'bob/10.png', 'bob/2.PNG', 'bob/trip/2019/a.TIF', 'bob/trip/b.Gif', 'carl/a.jpg', 'carl/c.heic', 'carl/k.webp',
        'carl/linked/d.jfif', 'carl/x.bmp', 'Älva/a b.jpeg']
    assert dataset.labels.tolist() == [0] * 4 + [1] * 5 + [2]
    raw = 'of an image format that is not read (make it PNG or JPEG)'
    assert sorted(dataset.ignored_files) == sorted(LEFT_OUT + [
        ('group.jpg', 'beside the folders of people'), ('bob/raw.CR2', raw),
        ('carl/loop/', 'a link to a folder above it')])
    assert caplog.messages == [
        '{}: left out 1 beside the folders of people (group.jpg); 2 hidden (.git/, bob/.hidden.jpg); 2 no image by the '
        'suffix (bob/notes.txt, readme.txt); 1 {} (bob/raw.CR2); 1 a link to a folder above it (carl/loop/).'.format(
            people, raw)]


def test_sets_in_folders_are_not_taken_for_people_in_silence(tmp_path, caplog):
    for name in ('train/ann/1.png', 'train/bob/1.png', 'val/carl/1.png'):
        write(tmp_path / name, 1)
    assert FolderDataset(tmp_path).classes == ['train', 'val']
    assert 'all images lie in folders of folders. train, val count as one person each' in caplog.text


def folder_without_images(root):
    (root / 'anna').mkdir()
    (root / 'anna' / 'notes.txt').write_text('')
    for i in range(7):
        (root / 'p{}'.format(i)).mkdir()


def only_files(root):
    write(root / '1.jpg', 1)


@pytest.mark.parametrize('make,on_error,message', [
    (lambda root: None, 'raise', 'must hold a folder for each person with images in it, got 0 files and no folder'),
    (only_files, 'raise', 'got 1 file and no folder'),
    (folder_without_images, 'raise', r'each folder .* must hold images .*got 8 .*: anna, p0, p1, p2, p3 and others'),
    (folder_without_images, 'skip', 'no image can be read, the first because of: a person without images'),
    (only_files, 'ignore', "on_error must be one of 'raise', 'skip', got 'ignore'"),
])
def test_no_folder_of_people(tmp_path, make, on_error, message):
    make(tmp_path)
    with pytest.raises(ValueError, match='FolderDataset: .*' + message):
        FolderDataset(tmp_path, on_error=on_error)


def test_no_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match='gone'):
        FolderDataset(tmp_path / 'gone')
    with pytest.raises(NotADirectoryError, match='1.jpg'):
        FolderDataset(write(tmp_path / '1.jpg', 1))


# ---- lists

def write_list(path, *lines, **options):
    path.write_bytes('\n'.join(lines).encode(options.get('encoding', 'utf-8')))
    return path


@pytest.mark.mxnet
def test_list(people):
    path = write_list(people.parent / 'list.txt', '# people', '', 'people/carl/x.bmp\t4', 'people/Älva/a b.jpeg\t0',
                      '  ', 'people/bob/2.PNG\t 2 \r')
    dataset = ListDataset(path)
    assert dataset.labels.tolist() == [4, 0, 2] and dataset.labels.dtype == np.int64
    assert dataset.num_classes == 5 and dataset.ranges is None and len(dataset) == 3
    assert [dataset.read(i)[0][0, 0, 0] for i in range(3)] == [3, 2, 0]
    image, label = dataset[1]
    assert np.array_equal(image.asnumpy(), face(2)) and type(label) is int and label == 0


@pytest.mark.mxnet
def test_list_root_and_absolute_paths(people):
    path = write_list(people.parent / 'list.txt', 'bob/2.PNG\t0', '{}\t1'.format(people / 'carl' / 'x.bmp'))
    dataset = ListDataset(str(path), root=people, transform=lambda image, label: label + 10)
    assert [dataset.read(i)[0][0, 0, 0] for i in range(2)] == [0, 3] and dataset[1] == 11
    assert dataset.ranges.tolist() == [[0, 1], [1, 2]]


def test_list_with_a_byte_order_mark(people):
    path = write_list(people.parent / 'list.txt', 'people/bob/2.PNG\t0', encoding='utf-8-sig')
    assert ListDataset(path).read(0)[0][0, 0, 0] == 0


def test_list_of_names_that_are_not_utf_8(tmp_path):
    name = 'k\xe5re.png'.encode('latin1')
    with open(os.path.join(os.fsencode(str(tmp_path)), name), 'wb') as file:
        file.write(encode(face(7), '.png'))
    (tmp_path / 'list.txt').write_bytes(name + b'\t0\n')
    assert ListDataset(tmp_path / 'list.txt').read(0)[0][0, 0, 0] == 7


def test_list_of_the_folder_is_the_folder(people):
    folder = FolderDataset(people)
    lines = ['{}\t{}'.format(file, label) for file, label in zip(folder.paths, folder.labels)]
    path = write_list(people.parent / 'list.txt', *lines)
    dataset = ListDataset(path)
    assert dataset.paths == folder.paths and np.array_equal(dataset.labels, folder.labels)
    assert np.array_equal(dataset.ranges, folder.ranges) and dataset.num_classes == folder.num_classes


def test_list_skip(people):
    (people / 'carl' / 'x.bmp').write_bytes(b'')
    path = write_list(people.parent / 'list.txt', 'people/bob/2.PNG\t0', 'people/carl/x.bmp\t2', 'people/gone.jpg\t1')
    with pytest.raises(FileNotFoundError, match='gone.jpg'):
        ListDataset(path).read(2)
    dataset = ListDataset(path, on_error='skip')
    assert dataset.labels.tolist() == [0] and dataset.num_classes == 3
    assert dataset.ranges.tolist() == [[0, 1], [1, 1], [1, 1]]
    assert [os.path.basename(p) for p, _ in dataset.skipped] == ['x.bmp', 'gone.jpg']


@pytest.mark.parametrize('lines, names, labels, said', [
    (['a b.jpg\t0', 'c,d.jpg\t7'], ['a b.jpg', 'c,d.jpg'], [0, 7], None),
    (['a b.jpg,0', 'c.jpg, 7'], ['a b.jpg', 'c.jpg'], [0, 7], None),
    (['a b.jpg 0', 'c.jpg   7'], ['a b.jpg', 'c.jpg'], [0, 7], None),
    # MXNet's tools/im2rec.py --list writes these
    (['5\t0.000000\tp/a.jpg', '3\t7.000000\tp/b c.jpg'], ['p/a.jpg', 'p/b c.jpg'], [0, 7],
     'im2rec: index, label, path.'),
    (['0\t3.0\t0.5\t-1\ta.jpg', '1\t4\t1\t2\tb.jpg'], ['a.jpg', 'b.jpg'], [3, 4], 'of several labels the first'),
    # InsightFace's face2rec2.py reads these
    (['1\t/x/a.jpg\t0', '1\t/x/b.jpg\t12'], ['/x/a.jpg', '/x/b.jpg'], [0, 12], 'face2rec: aligned, path, label.'),
    (['1\ta.jpg\t5', '0\tb.jpg\t6\t10\t20\t90\t99'], ['a.jpg', 'b.jpg'], [5, 6], '1 of 2 images are not aligned'),
])
def test_forms_of_lists(tmp_path, lines, names, labels, said, caplog):
    with caplog.at_level(logging.INFO, 'gluonfr'):
        dataset = ListDataset(write_list(tmp_path / 'list.lst', *lines), root='/x')
    assert dataset.paths == [os.path.join('/x', name) for name in names] and dataset.labels.tolist() == labels
    assert said is None and not caplog.text or said in caplog.text


@pytest.mark.parametrize('lines, number', [
    (['0\t1.0\ta.jpg', '1\t1.5\tb.jpg'], 2),  # half a person
    (['1\ta.jpg\t5', '2\tb.jpg\t6'], 2),  # face2rec knows 0 and 1
    (['1\ta.jpg\t5', 'b.jpg\t6'], 2), (['a.jpg,0', 'b.jpg 1 ', 'c.jpg,'], 2),
    (['0\t-1\ta.jpg'], 1), (['path,label', 'a.jpg,0'], 1),
])
def test_a_list_has_one_form(tmp_path, lines, number):
    path = write_list(tmp_path / 'list.lst', *lines)
    with pytest.raises(ValueError, match='list.lst, line {}: must be a path, a tabulator and'.format(number)):
        ListDataset(path)


@pytest.mark.parametrize('line', ['a.jpg;0', 'a.jpg\t', '\t0', 'a.jpg\t-1', 'a.jpg\t1.0', 'a.jpg\tbob', 'a.jpg',
                                  'a.jpg\t2147483648', 'a.jpg\t' + '9' * 5000])
def test_wrong_line(tmp_path, line):
    path = write_list(tmp_path / 'list.txt', '# comment', 'b.jpg\t0', line)
    with pytest.raises(ValueError, match='ListDataset: .*list.txt, line 3: must be a path, a tabulator and a whole'):
        ListDataset(path)


def test_empty_list(tmp_path):
    with pytest.raises(ValueError, match='ListDataset: .*list.txt must list at least one image'):
        ListDataset(write_list(tmp_path / 'list.txt', '# nothing', ''))
    with pytest.raises(FileNotFoundError, match='gone.txt'):
        ListDataset(tmp_path / 'gone.txt')


@pytest.mark.parametrize('labels,classes,expected', [
    ([0, 0, 1, 2, 2, 2], 3, [[0, 2], [2, 3], [3, 6]]), ([1, 1, 3], 5, [[0, 0], [0, 2], [2, 2], [2, 3], [3, 3]]),
    ([0, 1, 0], 2, None), ([1, 1, 0], 2, None), ([0], 1, [[0, 1]]),
])
def test_label_ranges(labels, classes, expected):
    ranges = label_ranges(np.array(labels), classes)
    assert ranges is None if expected is None else ranges.tolist() == expected


def test_ranges_of_one_label_beyond_all_others():
    """An array of all classes would take 32 GiB."""
    with pytest.raises(ValueError, match='the labels of the set must be 0, 1, 2, ..., got 2 people with labels up to'):
        label_ranges(np.array([0, 2 ** 31 - 1]), 2 ** 31)


def test_lfw(test_data):
    dataset = FolderDataset(test_data('lfw/aligned'))
    assert len(dataset) == 13232 and dataset.num_classes == 5748 and dataset.ignored == 0
    assert (np.diff(dataset.ranges, axis=1) > 0).all() and dataset.ranges[-1, 1] == 13232
    assert dataset.read(5000)[0].shape == (112, 112, 3)
