"""Faces without names become groups, which can be named."""
import csv
import os
import sys

import numpy as np
import pytest
from evaluation_cases import face
from photo_cases import CountingNet, made_up
from scipy.cluster.hierarchy import fcluster, linkage

from gluonfr.align import PhotoFaces, template
from gluonfr.data import encode, open_dataset
from gluonfr.photos import cluster, group_faces

pytest.importorskip('jinja2')


@pytest.fixture
def faces(tmp_path):
    """Three people of 5, 4 and 3 images, one of whom nobody else is, and a larger image, in one folder."""
    home = tmp_path / 'faces'
    home.mkdir()
    for person, count in enumerate((4, 5, 3, 1)):
        for image in range(count):
            (home / 'p{} {}.png'.format(person, image)).write_bytes(encode(face(person, image, 25), '.png'))
    (home / 'large.png').write_bytes(encode(face(0, 9, 25, 20), '.png'))
    (home / 'damaged.jpg').write_bytes(b'no image')
    return home


def read(path):
    with open(path, newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


def group(faces, out, threshold=0.5, **options):
    return cluster(open_dataset(faces, 'skip'), CountingNet(size=64), str(out), root=faces, threshold=threshold,
                   **options)


def tree(folder):
    return {person: sorted(os.listdir(os.path.join(folder, person))) for person in sorted(os.listdir(folder))}


@pytest.mark.parametrize('threshold', [0.3, 0.6, 0.7, 0.8, 0.95])
def test_groups_are_those_of_average_linkage_over_all_faces(threshold):
    units = made_up(people=9, images=7, spread=0.6)[0]
    distances = np.maximum(1 - (units @ units.T)[np.triu_indices(63, 1)], 0)
    whole = fcluster(linkage(distances, 'average'), 1 - threshold, 'distance')
    found = group_faces(units, threshold)
    assert (found[:, None] == found).tolist() == (whole[:, None] == whole).tolist()
    sizes = np.bincount(found)
    assert (np.diff(sizes) <= 0).all() and len(sizes) == whole.max()


def test_people_are_found_and_one_face_alone_is_a_group(monkeypatch):
    units, people = made_up(people=6, images=5)
    found = group_faces(units, 0.4)
    assert (found[:, None] == found).tolist() == (people[:, None] == people).tolist()
    assert group_faces(units[:1], 0.4).tolist() == [0]
    monkeypatch.setattr(sys.modules['gluonfr.photos.cluster'], 'MOST', 4)  # `photos.cluster` is the function
    with pytest.raises(ValueError, match='threshold must be higher, got 0.4000: 5 faces hang together by it'):
        group_faces(units, 0.4)


def test_groups_have_folders_of_links_and_each_image_a_line(faces, tmp_path):
    report = group(faces, tmp_path / 'out')
    assert [len(found) for found in report.groups] == [5, 4, 3]
    assert (report.images, report.new, report.alone, report.named, report.left_out) == (13, 13, 1, 0, 2)
    people = tree(tmp_path / 'out' / 'people')
    assert list(people) == ['group-001', 'group-002', 'group-003']
    assert [name.partition('-')[2] for name in people['group-001']] == ['p1 {}.png'.format(i) for i in range(5)]
    link = tmp_path / 'out' / 'people' / 'group-001' / people['group-001'][0]
    assert link.is_symlink() and link.read_bytes() == (faces / 'p1 0.png').read_bytes()
    rows = {row['image']: row for row in read(tmp_path / 'out' / 'groups.csv')}
    assert len(rows) == 15 and rows['p1 3.png']['group'] == '1'
    assert rows['p3 0.png']['why'] == 'no other face is like it'
    assert rows['large.png']['why'] == 'it has 20 x 20 pixels, and the net takes 12 x 12'
    assert 'image' in rows['damaged.jpg']['why']
    assert (tmp_path / 'out' / 'groups.html').read_text(encoding='utf-8').count('<img') == 12
    packed = open_dataset(tmp_path / 'out' / 'people', people=True)
    assert len(packed) == 12 and packed.num_classes == 3


def name_groups(out, names):
    rows = read(out / 'names.csv')
    for row, name in zip(rows, names):
        row['name'] = name
    with open(out / 'names.csv', 'w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_names_as_long_as_names_can_be(faces, tmp_path):
    os.rename(str(faces / 'p0 0.png'), str(faces / ('x' * 251 + '.png')))
    group(faces, tmp_path / 'out')
    files = [row['file'] for row in read(tmp_path / 'out' / 'groups.csv') if 'x' * 200 in row['image']]
    assert len(files) == 1 and (tmp_path / 'out' / files[0]).read_bytes()[:4] == b'\x89PNG'


def test_names_stay_when_photographs_are_added_and_join_groups(faces, tmp_path):
    out = tmp_path / 'out'
    group(faces, out)
    name_groups(out, ['Ann \u59d3', '', 'Ann \u59d3'])
    (out / 'people' / 'group-002' / 'mine.txt').write_text('mine')
    for image in range(3, 9):  # the third group becomes the first
        (faces / 'p2 {}.png'.format(image)).write_bytes(encode(face(2, image, 25), '.png'))
    report = group(faces, out)
    assert [len(found) for found in report.groups] == [9, 5, 4] and (report.new, report.named) == (6, 2)
    people = tree(out / 'people')
    counts = {person: len(files) for person, files in people.items()}
    assert counts == {'Ann \u59d3': 14, 'group-002': 1, 'group-003': 4}
    assert people['group-002'] == ['mine.txt']  # which is not ours
    assert [row['name'] for row in read(out / 'names.csv')] == ['Ann \u59d3', 'Ann \u59d3', '']


def test_files_that_a_strange_table_names_stay(faces, tmp_path):
    out = tmp_path / 'out'
    group(faces, out)
    beside = tmp_path / 'beside'
    beside.mkdir()
    names = [str(beside / 'a'), 'people/../../beside/b', 'people/linked/c', 'groups.html', 'people/a\\..\\d']
    for name in 'abc':
        (beside / name).write_text('mine')
    os.symlink(str(beside), str(out / 'people' / 'linked'))
    rows = read(out / 'groups.csv')
    with open(out / 'groups.csv', 'w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows([*rows, *(dict(rows[0], file=name) for name in names)])
    group(faces, out)
    assert sorted(os.listdir(str(beside))) == ['a', 'b', 'c'] and (out / 'groups.html').exists()


@pytest.mark.parametrize('name', ['../up', '.hidden', 'a/b', 'a\\b'])
def test_a_name_that_is_no_folder_is_refused_and_all_stays(faces, tmp_path, name):
    group(faces, tmp_path / 'out')
    before = tree(tmp_path / 'out' / 'people')
    name_groups(tmp_path / 'out', [name])
    with pytest.raises(ValueError, match='a name must be that of a folder'):
        group(faces, tmp_path / 'out')
    assert tree(tmp_path / 'out' / 'people') == before


def test_several_faces_of_a_photograph_have_names_of_their_own(tmp_path):
    photo = np.concatenate([face(0, 0, 25), face(1, 0, 25)], axis=1)
    images = [photo, photo, face(0, 1, 25), face(1, 1, 25)]
    points = template(12)
    found = PhotoFaces(images, [points, points + [12, 0], points, points], 12)
    found.paths[:2] = ['both.jpg'] * 2
    report = cluster(found, CountingNet(size=64), str(tmp_path / 'out'), threshold=0.5)
    rows = read(tmp_path / 'out' / 'groups.csv')
    assert {row['image'] for row in rows} == {'both.jpg', 'both.jpg#2', 'image 2', 'image 3'}
    assert [len(faces) for faces in report.groups] == [2, 2]
    assert all(row['file'].endswith('.png') and (tmp_path / 'out' / row['file']).is_file() for row in rows)


def test_the_threshold_is_measured_where_no_card_advises_one(tmp_path):
    home = tmp_path / 'faces'
    home.mkdir()
    for person in range(30):
        for image in range(2):
            (home / '{} {}.png'.format(person, image)).write_bytes(encode(face(person, image, 25), '.png'))
    report = group(home, tmp_path / 'out', None)
    assert 0.2 < report.threshold < 0.8 and report.said.startswith('threshold {:.4f}: measured on these images'.format(
        report.threshold))
    assert len(report.groups) == 30 and report.alone == 0


def test_what_does_not_go(faces, tmp_path):
    with pytest.raises(ValueError, match='cluster: threshold must be'):
        group(faces, tmp_path / 'out', 1.5)
    with pytest.raises(ValueError, match='cluster: out must not lie among the photographs'):
        group(faces, faces / 'out')
    with pytest.raises(ValueError, match='no image can be used, the first, .*large.png, as it has 20 x 20 pixels'):
        cluster(open_dataset(faces / 'large.png'), CountingNet(size=64), str(tmp_path / 'out'))
