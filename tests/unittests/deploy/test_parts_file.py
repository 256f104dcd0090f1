"""What an interrupted embedding leaves: nothing of it counts that is damaged, or of an image that is another now."""
import numpy as np
import pytest

from gluonfr.deploy.parts_file import Checksummed, append_part, begun_parts


class Bytes:
    """Images by their bytes, as those of a rec."""

    def __init__(self, contents):
        self.contents = contents

    def __len__(self):
        return len(self.contents)

    def read_bytes(self, i):
        return self.contents[i], 0

    def decode(self, data, i):
        return np.frombuffer(data, np.uint8)


CONTENTS = [bytes([i, 7]) for i in range(6)]
PARTS = [np.arange(4, dtype='float32').reshape(2, 2) + i for i in range(3)]


@pytest.fixture
def partial(tmp_path):
    """Three batches of two images."""
    images = Checksummed(Bytes(CONTENTS))
    with open(str(tmp_path / 'partial'), 'a+b') as file:
        assert begun_parts(file, 'job', images) == []
        for start, part in zip((0, 2, 4), PARTS):
            for i in (start, start + 1):
                images.read(i)
            append_part(file, part, images.checksums[start:start + 2])
    return tmp_path / 'partial'


def begun(path, job='job', contents=CONTENTS):
    """How many batches are there; they must be the right ones, and all that the file holds then."""
    for _ in range(2):
        with open(str(path), 'a+b') as file:
            found = begun_parts(file, job, Checksummed(Bytes(contents)))
    for part, right in zip(found, PARTS):
        assert part.dtype == right.dtype and (part == right).all()
    return len(found)


def test_whole(partial):
    assert begun(partial) == 3


def test_a_flipped_byte_anywhere_costs_what_follows(partial):
    good = partial.read_bytes()
    counts = set()
    for place in range(0, len(good), 5):
        partial.write_bytes(good[:place] + bytes([good[place] ^ 0x10]) + good[place + 1:])
        counts.add(begun(partial))
    assert counts == {0, 1, 2}


@pytest.mark.parametrize('cut, left', [(1, 2), (130, 2), (10 ** 6, 0)])
def test_half_a_batch(partial, cut, left):
    partial.write_bytes(partial.read_bytes()[:-cut])
    assert begun(partial) == left


@pytest.mark.parametrize('image, left', [(0, 0), (3, 1), (4, 2)])
def test_an_image_that_is_another_now(partial, image, left, caplog):
    assert begun(partial, contents=CONTENTS[:image] + [b'ab'] + CONTENTS[image + 1:]) == left
    assert 'image {} of 6 is not what it was when it was embedded'.format(image + 1) in caplog.text


def test_another_job_and_a_file_of_an_earlier_version(partial):
    assert begun(partial, 'other') == 0 and begun(partial) == 0
    with open(str(partial), 'wb') as file:
        np.save(file, np.array('job'))
        np.save(file, PARTS[0])
    assert begun(partial) == 0


@pytest.mark.parametrize('order, left', [('j001122', 1), ('jj012', 0), ('j0j12', 1), ('j0122', 3), ('j02', 1)])
def test_two_writers_where_the_file_system_has_no_locks(partial, order, left):
    """Whatever they leave, an embedding counts for the image in its place alone."""
    data, frames = partial.read_bytes(), []
    while data:
        size = 8 + int.from_bytes(data[:4], 'little')
        frames.append(data[:size])
        data = data[size:]
    partial.write_bytes(b''.join(frames['j012'.index(sign)] for sign in order))
    assert begun(partial) == left
