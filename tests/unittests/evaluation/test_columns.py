"""Groups and quality from files of two columns."""
import numpy as np
import pytest
from evaluation_cases import make_people, people_and_embeddings

from gluonfr.evaluation import open_given
from gluonfr.evaluation.columns import read_column


def column(folder, text):
    (folder / 'column.csv').write_text(text)
    return str(folder / 'column.csv')


@pytest.mark.parametrize('text', ['image,group\np0/0.png,x\np1,y\n', 'p0/0.png\tx\np1\ty\n',
                                  '# of whom\np0/0 x\np1 y\n'])
def test_an_image_or_a_person_has_a_group(tmp_path, text):
    make_people(tmp_path / 'people', (2, 2))
    mine = open_given(tmp_path / 'people', groups=column(tmp_path, text))
    assert mine.groups.tolist() == ['x', '', 'y', 'y'] and not mine.left_out
    assert '1 image belong to no group' in mine.assumed[-1]


@pytest.mark.parametrize('text, message', [
    ('', 'must have lines of image or person, and value; got none'),
    ('a,x\nb,\n', 'line 2: must be an image or person and a value'),
    ('a,x\na,y\n', 'line 2: a has the value x in a line before, and y here')])
def test_a_wrong_line_is_named(tmp_path, text, message):
    with pytest.raises(ValueError, match='column.csv.*' + message):
        read_column(column(tmp_path, text))


def test_a_file_of_others_is_refused(tmp_path):
    make_people(tmp_path / 'people', (2, 2))
    with pytest.raises(ValueError, match='names none of the images or people of people: it has other, and the set'):
        open_given(tmp_path / 'people', groups=column(tmp_path, 'other,x\n'))


def test_quality_is_a_column_a_file_or_the_norm(tmp_path):
    names, embeddings = people_and_embeddings(3, 2)
    np.savez(tmp_path / 'mine.npz', embeddings=embeddings, people=names, sharpness=np.arange(6) / 2)
    mine = open_given(tmp_path / 'mine.npz', quality='sharpness')
    assert mine.task('quality').truth.quality.tolist() == [0, 0.5, 1, 1.5, 2, 2.5] and mine.has('quality')
    mine = open_given(tmp_path / 'mine.npz', quality='norm')
    assert mine.task('quality').truth.quality is None and mine.has('quality')
    assert not open_given(tmp_path / 'mine.npz').has('quality')
    numbers = column(tmp_path, ''.join('{} {}\n'.format(i, i) for i in range(6)))
    mine = open_given(tmp_path / 'mine.npz', quality=numbers)
    assert mine.quality.tolist() == [0, 1, 2, 3, 4, 5]
    np.savez(tmp_path / 'unit.npz', embeddings=np.eye(6), people=names)
    with pytest.raises(ValueError, match='all embeddings have one length, which says nothing of quality'):
        open_given(tmp_path / 'unit.npz', quality='norm')
    with pytest.raises(ValueError, match='a column of the .npz .sharpness., got blur'):
        open_given(tmp_path / 'mine.npz', quality='blur')
    for text, message in (('0 1\n', '1 must have a number, got no line'),
                          ('0 1\n1 x\n', "1 must have a number, got 'x'")):
        with pytest.raises(ValueError, match=message):
            open_given(tmp_path / 'mine.npz', quality=column(tmp_path, text))
