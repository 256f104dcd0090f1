"""Images that are left out or given to others when a set is packed."""
import numpy as np
import pytest

from gluonfr.data import encode, open_dataset, pack_folder
from gluonfr.data.packing.changes import (image_keys, read_excluded, read_relabelled, write_excluded,
                                          write_relabelled)


def make_people(folder, people=('ann', 'bob', 'eve'), images=3):
    for i, person in enumerate(people):
        (folder / person / 'album').mkdir(parents=True)
        for k in range(images):
            place = folder / person / ('album' if k == 2 else '.') / '{}.png'.format(k)
            place.write_bytes(encode(np.full((8, 8, 3), 40 * i + k, np.uint8), '.png'))
    return folder


def content(path):
    """{person: grey values of the images}."""
    found = {}
    packed = open_dataset(path)
    for i in range(len(packed)):
        image, label = packed.read(i)
        found.setdefault(packed.classes[label], []).append(int(image[0, 0, 0]))
    return found


def test_images_are_left_out_and_given_to_others_and_to_new_people(tmp_path):
    people = make_people(tmp_path / 'people')
    assert 'ann/album/2.png' in image_keys(open_dataset(people, people=True))
    report = pack_folder(people, tmp_path / 'out', exclude_images=['ann/0.png', 'eve/album/2.png'],
                         relabel_images={'ann/album/2.png': 'bob', 'eve/1.png': 'carl', 'eve/0.png': 'carl'},
                         progress=False)
    assert content(tmp_path / 'out') == {'ann': [1], 'bob': [2, 40, 41, 42], 'carl': [80, 81]}
    assert (report.images, report.people) == (7, 3)


def test_those_of_a_rec_go_by_their_keys(tmp_path):
    pack_folder(make_people(tmp_path / 'people'), tmp_path / 'first', progress=False)
    keys = image_keys(open_dataset(tmp_path / 'first'))
    pack_folder(tmp_path / 'first', tmp_path / 'second', exclude_images=[keys[0]],
                relabel_images={keys[8]: 'ann', keys[7]: 'aaron'}, progress=False)
    assert content(tmp_path / 'second') == {'aaron': [81], 'ann': [1, 2, 82], 'bob': [40, 41, 42], 'eve': [80]}


def test_without_changes_the_same_bytes_are_packed(tmp_path):
    people = make_people(tmp_path / 'people')
    for name, changes in (('a', {}), ('b', {'exclude_images': [], 'relabel_images': {}})):
        pack_folder(people, tmp_path / name, progress=False, **changes)
    assert (tmp_path / 'a' / 'train.rec').read_bytes() == (tmp_path / 'b' / 'train.rec').read_bytes()


def test_a_damaged_image_may_be_among_those_that_are_left_out(tmp_path):
    people = make_people(tmp_path / 'people')
    (people / 'ann' / '0.png').write_bytes(b'damaged')
    for on_error in ('raise', 'skip'):
        pack_folder(people, tmp_path / on_error, exclude_images=['ann/0.png'], on_error=on_error, progress=False)
        assert content(tmp_path / on_error)['ann'] == [1, 2]


@pytest.mark.parametrize('changes, message', [
    ({'exclude_images': ['ann/9.png', 'x']}, "exclude_images must be images of .*, got 2 that are not there, such as"),
    ({'relabel_images': {'no': 'ann'}}, "relabel_images must be images of .*, got 1 that are not there, such as 'no'"),
    ({'exclude_images': ['{}/{}'.format(person, image) for person in ('ann', 'bob', 'eve')
                         for image in ('0.png', '1.png', 'album/2.png')]}, 'exclude_images leaves no image')])
def test_changes_that_cannot_be_made(tmp_path, changes, message):
    people = make_people(tmp_path / 'people')
    with pytest.raises(ValueError, match='pack_folder: ' + message):
        pack_folder(people, tmp_path / 'out', progress=False, **changes)
    assert not (tmp_path / 'out' / 'train.rec').exists()


def test_any_name_comes_back_from_the_files(tmp_path):
    names = ['a/b.jpg', ' space ', '"quoted"', 'two\nlines', '\u59d3\u540d/1.png', 'a,b;c', 'caf\udce9.jpg']
    write_excluded(str(tmp_path / 'exclude.txt'), names)
    assert read_excluded(tmp_path / 'exclude.txt') == names
    write_relabelled(str(tmp_path / 'relabel.csv'), [(name, 'a "b", c', 'old', 'why') for name in names])
    assert read_relabelled(tmp_path / 'relabel.csv') == dict.fromkeys(names, 'a "b", c')


@pytest.mark.parametrize('text, message', [
    ('path,person\n', 'must have the columns image and person, got path, person'), ('', 'got nothing'),
    ('image,person\na,b\na,c\n', 'line 3: a must be of one person, got b and c'),
    ('image,person\na,\n', 'line 2: image and person must be there')])
def test_relabel_files_that_are_wrong(tmp_path, text, message):
    (tmp_path / 'relabel.csv').write_text(text)
    with pytest.raises(ValueError, match=message):
        read_relabelled(tmp_path / 'relabel.csv')


def test_a_line_that_is_half_quoted_is_refused(tmp_path):
    (tmp_path / 'exclude.txt').write_text('"a\n')
    with pytest.raises(ValueError, match='must hold the name of an image on each line'):
        read_excluded(tmp_path / 'exclude.txt')
