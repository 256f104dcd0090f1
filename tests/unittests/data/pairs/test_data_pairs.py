"""Lists of pairs and what becomes of them in a .bin."""
import logging
import os

import numpy as np
import pytest
from helpers import files_up_to

from gluonfr.data.pairs import BinError, read_bin
from gluonfr.data.image import ImageError, decode, encode
from gluonfr.data.pairs import pack_pairs, read_pairs

LFW = ('2\t1', 'Ann_B\t1\t4', 'Ann_B\t2\tCid\t13', 'Cid\t1\t2', 'Ann_B\t4\tDan\t1')
EXPECTED = [('Ann_B/Ann_B_0001.jpg', 'Ann_B/Ann_B_0004.jpg', True), ('Ann_B/Ann_B_0002.jpg', 'Cid/Cid_0013.jpg', False),
            ('Cid/Cid_0001.jpg', 'Cid/Cid_0002.jpg', True), ('Ann_B/Ann_B_0004.jpg', 'Dan/Dan_0001.jpg', False)]


def write_list(tmp_path, lines):
    path = tmp_path / 'pairs.txt'
    path.write_text('\n'.join(lines), encoding='utf-8')
    return path


def noise(seed, side=12):
    return np.random.RandomState(seed).randint(0, 256, (side, side, 3)).astype(np.uint8)


@pytest.fixture
def root(tmp_path):
    """A folder with an image for each name in EXPECTED; those of Cid have another suffix."""
    root = tmp_path / 'faces'
    for seed, name in enumerate(sorted({name for pair in EXPECTED for name in pair[:2]})):
        path = root / name.replace('.jpg', '.png' if 'Cid' in name else '.jpg')
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(noise(seed), path.suffix))
    return root


# ---- lists

@pytest.mark.parametrize('format', ['auto', 'lfw'])
@pytest.mark.parametrize('separator', ['\t', ' ', '  \t', ','])
def test_lfw_list(tmp_path, format, separator):
    path = write_list(tmp_path, [line.replace('\t', separator) for line in LFW])
    assert read_pairs(path, format) == EXPECTED


@pytest.mark.parametrize('format', ['auto', 'lfw'])
@pytest.mark.parametrize('chosen', [(0, 1, 2, 3), (0, 2, 1), (1, 3), (0,)],
                         ids=['balanced', 'unbalanced', 'different', 'same'])
def test_lfw_list_without_a_first_line(tmp_path, format, chosen):
    path = write_list(tmp_path, [LFW[1 + i] for i in chosen])
    assert read_pairs(path, format) == [EXPECTED[i] for i in chosen]


def test_lfw_development_list(tmp_path):
    """Of one fold; the first line has one number."""
    path = write_list(tmp_path, ['2', LFW[1], LFW[3], LFW[2], LFW[4]])
    assert read_pairs(path) == [EXPECTED[i] for i in (0, 2, 1, 3)]


def test_names_of_files(tmp_path):
    pairs = read_pairs(write_list(tmp_path, LFW), names='{name}.{number}.png')
    assert pairs[1] == ('Ann_B.2.png', 'Cid.13.png', False)


@pytest.mark.parametrize('format', ['auto', 'list'])
def test_plain_list(tmp_path, format):
    path = write_list(tmp_path, ['# made by hand', 'a b/1.jpg\tÄ/2.png\t1', '', ' c.jpg\td.jpg\t 0 '])
    assert read_pairs(str(path), format) == [('a b/1.jpg', 'Ä/2.png', True), ('c.jpg', 'd.jpg', False)]


@pytest.mark.parametrize('lines', [
    ['a.jpg b.png 1', 'c.jpg  d.jpg 0'], ['a.jpg,b.png,True', 'c.jpg, d.jpg, False'],
    ['a.jpg\tb.png\ttrue', 'c.jpg\td.jpg\tFALSE'], ['a.jpg b.png\t1', 'c.jpg\td.jpg\t0']])
def test_separators_and_words_of_truth(tmp_path, lines):
    assert read_pairs(write_list(tmp_path, lines)) == [('a.jpg', 'b.png', True), ('c.jpg', 'd.jpg', False)]


@pytest.mark.parametrize('lines,format,message', [
    ([], 'auto', 'must list at least one pair'),
    (['# nothing', ' '], 'auto', 'must list at least one pair'),
    (['a\tb\t1', 'a\tb'], 'auto',
     "line 2: must be a path, a path and 0 or 1, with tabulators, commas or blanks between, got 'a.tb'"),
    (['a\tb\t2'], 'auto', 'line 1: must be a path, a path and 0 or 1'),
    (['a\t\t1'], 'auto', 'line 1: must be a path, a path and 0 or 1'),
    (['a b yes'], 'auto', 'line 1: must be a path, a path and 0 or 1'),
    (['a,b 1'], 'auto', 'line 1: must be a path, a path and 0 or 1'),
    (['a.jpg b.jpg 1', 'a b.jpg c.jpg 0'], 'auto', 'line 2: must be a path, a path and 0 or 1'),
    (['a\tb\t1\t1'], 'list', 'line 1: must be a path, a path and 0 or 1'),
    (LFW, 'list', 'line 1: must be a path, a path and 0 or 1'),
    (LFW[:2] + ('Ann_B\t2',), 'auto', "line 3: must be 'name 1 4' or 'name 1 other 2', got"),
    (LFW[:2] + ('Ann_B\tx\t2',), 'auto', 'line 3: must be'),
    (LFW[:2] + ('Ann_B\t1\tCid\tx',), 'auto', 'line 3: must be'),
    (LFW[:-1], 'auto', r'must hold 2 folds of 1 pair of one person and then 1 of two.*got 3 pairs, 2.*remove'),
    (LFW + LFW[1:2], 'auto', 'got 5 pairs, 3 of them of one'),
    (('10\t300',) + LFW[1:], 'auto', 'got 4 pairs'),
    (('99999999\t99999999',) + LFW[1:], 'auto', 'got 4 pairs'),
    ([LFW[i] for i in (0, 2, 1, 3, 4)], 'auto', 'got 4 pairs, 2 of them of one'),
])
def test_wrong_list(tmp_path, lines, format, message):
    with pytest.raises(ValueError, match='read_pairs: .*pairs.txt.*' + message):
        read_pairs(write_list(tmp_path, lines), format)


def test_no_list(tmp_path):
    with pytest.raises(FileNotFoundError, match='gone.txt'):
        read_pairs(tmp_path / 'gone.txt')
    with pytest.raises(ValueError, match="read_pairs: format must be one of 'auto', 'lfw', 'list', got 'csv'"):
        read_pairs(write_list(tmp_path, LFW), 'csv')


# ---- packing

def test_bytes_are_copied(root, tmp_path):
    out = tmp_path / 'mine.bin'
    report = pack_pairs(EXPECTED, root, out, progress=False)
    pairs = read_bin(out)
    assert pairs.issame.tolist() == [True, False, True, False]
    names = [name.replace('.jpg', '.png') if 'Cid' in name else name for pair in EXPECTED for name in pair[:2]]
    assert pairs.images == [(root / name).read_bytes() for name in names]
    assert report == (str(out), 4, 2, 7, [])


def test_images_of_another_size_are_stretched(root, tmp_path):
    (root / 'Dan' / 'Dan_0001.jpg').write_bytes(encode(np.full((30, 20, 3), (200, 100, 50), np.uint8), '.jpg'))
    pack_pairs(EXPECTED, root, tmp_path / 'mine.bin', resize=12, progress=False)
    pairs = read_bin(tmp_path / 'mine.bin')
    assert {pairs.image(i).shape for i in range(8)} == {(12, 12, 3)}
    assert pairs.images[0] == (root / EXPECTED[0][0]).read_bytes(), 'an image that has the size is copied'
    assert np.abs(pairs.image(7).astype(int) - (200, 100, 50)).max() <= 3
    pack_pairs(EXPECTED[:1], root, tmp_path / 'mine.bin', resize=(6, 9), quality=100, progress=False)
    assert decode(read_bin(tmp_path / 'mine.bin').images[0]).shape == (6, 9, 3)


def test_several_sizes_are_told(root, tmp_path, caplog):
    pack_pairs(EXPECTED, root, tmp_path / 'mine.bin', progress=False)
    (root / 'Dan' / 'Dan_0001.jpg').write_bytes(encode(noise(1, 20), '.jpg'))
    pack_pairs(EXPECTED, root, tmp_path / 'mine.bin', resize=12, progress=False)
    assert not caplog.text
    pack_pairs(EXPECTED, root, tmp_path / 'mine.bin', progress=False)
    assert 'the images have 2 sizes, from 12 x 12 to 20 x 20 pixels, and a network takes one: resize' in caplog.text


def test_quality_and_protocol(root, tmp_path):
    sizes = []
    for quality in (20, 100):
        pack_pairs(EXPECTED, root, tmp_path / 'mine.bin', resize=40, quality=quality, protocol=4, progress=False)
        assert (tmp_path / 'mine.bin').read_bytes()[:2] == b'\x80\4'
        sizes.append(len(read_bin(tmp_path / 'mine.bin').images[0]))
    assert sizes[0] < sizes[1] / 2


def test_missing_images(root, tmp_path, caplog):
    os.remove(str(root / 'Dan' / 'Dan_0001.jpg'))
    pairs = EXPECTED + [('x{}.jpg'.format(i), EXPECTED[0][0], True) for i in range(6)]
    with pytest.raises(FileNotFoundError, match=r'pack_pairs: .*faces lacks 7 of the 13 images of the pairs: '
                                                r'Dan/Dan_0001.jpg, x0.jpg, x1.jpg, x2.jpg, x3.jpg and others. Give'):
        pack_pairs(pairs, root, tmp_path / 'mine.bin', progress=False)
    assert not (tmp_path / 'mine.bin').exists()
    with caplog.at_level(logging.WARNING, 'gluonfr'):
        report = pack_pairs(pairs, root, tmp_path / 'mine.bin', on_error='skip', progress=False)
    assert report[1:4] == (3, 2, 6) and len(read_bin(tmp_path / 'mine.bin')) == 3
    assert report.skipped[0] == ('Ann_B/Ann_B_0004.jpg', 'Dan/Dan_0001.jpg', 'the file is missing')
    assert [first for first, _, _ in report.skipped[1:]] == ['x{}.jpg'.format(i) for i in range(6)]
    assert 'skipped 7 of 10 pairs' in caplog.text


@pytest.mark.parametrize('damage', [b'', b'\xff\xd8\xff\xe0 cut off', b'text'])
def test_damaged_images(root, tmp_path, damage):
    path = root / 'Ann_B' / 'Ann_B_0002.jpg'
    path.write_bytes(damage)
    with pytest.raises(ImageError, match='Ann_B_0002.jpg: the image is'):
        pack_pairs(EXPECTED, root, tmp_path / 'mine.bin', progress=False)
    assert not (tmp_path / 'mine.bin').exists()
    report = pack_pairs(EXPECTED, root, tmp_path / 'mine.bin', on_error='skip', progress=False)
    assert report.pairs == 3 and len(report.skipped) == 1 and 'Ann_B_0002.jpg: the image is' in report.skipped[0][2]


@pytest.mark.parametrize('options,message', [
    (dict(pairs=[]), 'pairs must hold at least one whose images can be read, got 0'),
    (dict(pairs=[('a', 'b', True)], on_error='skip'), r'got 1, the first: a b \(the file is missing\)'),
    (dict(on_error='ignore'), "on_error must be one of 'raise', 'skip'"),
    (dict(resize=0), 'resize must be >= 1, got 0'),
    (dict(resize=(3, -1)), 'resize must be >= 1, got -1'),
    (dict(quality=0), 'quality must be in'),
    (dict(protocol=3), 'pack_pairs: protocol must be one of 2, 4, got 3'),
])
def test_bad_arguments(root, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        pack_pairs(**dict(dict(pairs=EXPECTED, root=root, out=tmp_path / 'mine.bin', progress=False), **options))
    assert sorted(os.listdir(str(tmp_path))) == ['faces']


def test_bad_truth(root, tmp_path):
    with pytest.raises(BinError, match='got str for pair 0'):
        pack_pairs([EXPECTED[0][:2] + ('same',)], root, tmp_path / 'mine.bin', progress=False)


def test_no_space_left(root, tmp_path):
    """Nothing is left of a file that could not be written whole."""
    (root / 'Dan' / 'Dan_0001.jpg').write_bytes(encode(noise(0, 200), '.png'))
    with files_up_to(20000), pytest.raises(OSError):
        pack_pairs(EXPECTED, root, tmp_path / 'mine.bin', progress=False)
    assert os.listdir(str(tmp_path)) == ['faces']


def test_lfw(test_data, tmp_path):
    """From LFW's images and list comes the .bin that others made from them, image by image."""
    pairs = read_pairs(test_data('lfw/pairs.txt'))
    assert len(pairs) == 6000
    report = pack_pairs(pairs, test_data('lfw/aligned'), tmp_path / 'lfw.bin', protocol=4, progress=False)
    mine, theirs = read_bin(tmp_path / 'lfw.bin'), read_bin(test_data('lfw/lfw.bin'))
    assert mine.images == theirs.images and np.array_equal(mine.issame, theirs.issame)
    assert (report.pairs, report.same, report.images, report.skipped) == (6000, 3000, 7701, [])
