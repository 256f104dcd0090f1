"""Reports of an alignment that come from elsewhere: they remove nothing but faces of ours."""
import csv
import os

import pytest
from align_cases import photo

from gluonfr.align import Finder, align_folder, template
from gluonfr.align.report import COLUMNS
from gluonfr.data.image import encode


def align(folder, **options):
    points = {str(folder / 'photos' / 'a' / 'b.png'): template(40)}
    return align_folder(str(folder / 'photos'), str(folder / 'out'), Finder(landmarks=points), 40, progress=False,
                        **options)


@pytest.fixture
def aligned(tmp_path):
    """A folder with photos/a/b.png, out/ with its face, and files that are nobody's business in and beside out."""
    (tmp_path / 'photos' / 'a').mkdir(parents=True)
    (tmp_path / 'photos' / 'a' / 'b.png').write_bytes(encode(photo(48, 48, []), '.png'))
    assert align(tmp_path) == {'ok': 1}
    for name in ('mine.png', 'out/mine.png', 'other/a/b.png'):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text('mine')
    return tmp_path


def say(folder, **cells):
    """Have the report say something else of the only photograph."""
    path = folder / 'out' / 'align.csv'
    with open(path, newline='', encoding='utf-8') as file:
        row, = csv.DictReader(file)
    with open(path, 'w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerow(dict(row, **cells))


@pytest.mark.parametrize('out', ['{}/mine.png', '../mine.png', 'a/../../mine.png', 'mine.png', 'align.json',
                                 'a/b-2.png'])
def test_overwrite_removes_nothing_by_a_strange_report(aligned, out):
    say(aligned, out=out.format(aligned))
    with pytest.raises(ValueError, match='align.csv must be the report of an alignment into its folder, got another one'
                                         '.* Nothing was removed: give another folder'):
        align(aligned, overwrite=True)
    for name in ('mine.png', 'out/mine.png', 'out/a/b.png', 'out/align.json'):
        assert (aligned / name).exists(), name


def test_overwrite_follows_no_path_and_no_link_out_of_its_folder(aligned):
    beside = str(aligned / 'other' / 'a' / 'b.png')
    say(aligned, path=beside, out=beside)  # which is what the face would be called
    with pytest.raises(ValueError, match='does not lie in'):
        align(aligned, overwrite=True)
    os.rename(str(aligned / 'out' / 'a'), str(aligned / 'away'))
    os.symlink(str(aligned / 'other' / 'a'), str(aligned / 'out' / 'a'))
    say(aligned, path='a/b.png', out='a/b.png')
    with pytest.raises(ValueError, match='does not lie in'):
        align(aligned, overwrite=True)
    assert (aligned / 'other' / 'a' / 'b.png').read_text() == 'mine'


@pytest.mark.parametrize('out', ['../mine.png', 'mine.png', ''])
def test_a_face_of_another_name_is_made_again(aligned, out):
    (aligned / 'out' / 'a' / 'b.png').unlink()
    say(aligned, out=out)
    assert align(aligned) == {'ok': 1} and (aligned / 'out' / 'a' / 'b.png').exists()
    with open(aligned / 'out' / 'align.csv', newline='', encoding='utf-8') as file:
        assert [row['out'] for row in csv.DictReader(file)] == ['a/b.png']


def test_photographs_of_the_same_names_are_not_replaced(aligned):
    """A copy of the photographs, given as the folder of faces."""
    copy = aligned / 'copy'
    (copy / 'a').mkdir(parents=True)
    (copy / 'a' / 'b.png').write_text('mine')
    points = {str(aligned / 'photos' / 'a' / 'b.png'): template(40)}

    def into(out, **options):
        return align_folder(str(aligned / 'photos'), str(out), Finder(landmarks=points), 40, progress=False, **options)

    with pytest.raises(ValueError, match='copy must not hold files that are called as faces would be, got 1 of 1 '
                                         'without the report of an alignment, such as a/b.png. Give another folder'):
        into(copy)
    assert (copy / 'a' / 'b.png').read_text() == 'mine' and not (copy / 'align.json').exists()
    assert into(aligned / 'out') == {'ok': 1}  # with a report all goes on
    assert into(copy, overwrite=True) == {'ok': 1} and (copy / 'a' / 'b.png').read_bytes()[:4] == b'\x89PNG'


def test_overwrite_removes_the_faces_of_its_report(aligned):
    (aligned / 'photos' / 'a' / 'b.png').rename(aligned / 'photos' / 'c.png')
    assert align(aligned, overwrite=True) == {'no-landmarks': 1}
    assert not (aligned / 'out' / 'a' / 'b.png').exists() and (aligned / 'out' / 'mine.png').exists()
