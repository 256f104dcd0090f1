"""gluonfr pack check: damage of packed sets, by their checksums or by decoding."""
import os
import shutil
import zlib

import numpy as np
import pytest
from record_cases import LABELS, images, write

from gluonfr.cli import main
from gluonfr.data import write_bin
from gluonfr.data.record.checksums import FORMAT, file_crc, read_checksums, write_checksums
from gluonfr.data.packing import check_pack
from gluonfr.data.record import RecordDataset
from gluonfr.utils.files import write_sha256


def flip(path, place):
    data = bytearray(path.read_bytes())
    data[place] ^= 4
    path.write_bytes(bytes(data))


def middle(path, key):
    """A byte in the middle of a record's image."""
    file = RecordDataset(path).file
    start, end = file.offsets([key, key + 1])
    return int(start + end) // 2


def faults(place):
    return [(what, why) for part in check_pack(str(place), False) for what, why in part.faults]


def test_flipped_bytes_are_found_where_decoding_finds_none(tmp_path):
    path, _ = write(tmp_path)
    assert faults(tmp_path) == [] and len(read_checksums(str(tmp_path / 'train.crc'))[0]) == 1 + len(LABELS) + 4
    for key in (3, 9):
        flip(path, middle(path, key))
    assert 9 not in [key for key, _ in RecordDataset(path, on_error='skip').skipped]  # it decodes to other pixels
    assert faults(tmp_path) == [('record 3', 'it is not what was packed'), ('record 9', 'it is not what was packed')]


def test_every_byte_is_under_a_checksum(tmp_path):
    path, _ = write(tmp_path)
    for name in ('train.rec', 'train.idx', 'property', 'train.crc'):
        data = (tmp_path / name).read_bytes()
        for place in np.linspace(0, len(data) - 1, 25).astype(int):
            flip(tmp_path / name, place)
            assert len(faults(path)) == 1, (name, place)
            (tmp_path / name).write_bytes(data)


def test_a_file_that_is_cut_off_goes_on_or_lacks_another(tmp_path):
    path, _ = write(tmp_path)
    data = path.read_bytes()
    cut = int(RecordDataset(path).file.offsets([9])[0])
    path.write_bytes(data[:cut + 10])
    assert [what for what, _ in faults(path)] == ['record {}'.format(i) for i in range(9, 15)]
    path.write_bytes(data + b'more')
    assert faults(path) == [('train.rec', 'it goes on behind its last record')]
    path.write_bytes(data)
    (tmp_path / 'property').unlink()
    assert faults(path) == [('property', 'it is missing')]


def test_checksums_of_files_elsewhere_are_not_looked_up(tmp_path):
    (tmp_path / 'set').mkdir()
    path, _ = write(tmp_path / 'set')
    (tmp_path / 'mine').write_text('mine')
    write_checksums(str(path), read_checksums(str(tmp_path / 'set' / 'train.crc'))[0], [])
    data = (tmp_path / 'set' / 'train.crc').read_bytes().split(b'\n', 1)[1]
    data += '{:08x}\t{}\t../mine\n'.format(*file_crc(str(tmp_path / 'mine'))).encode()
    head = '{} {:08x}\n'.format(FORMAT, zlib.crc32(data)).encode()
    (tmp_path / 'set' / 'train.crc').write_bytes(head + data)
    (what, why), = faults(path)
    assert what == 'train.crc' and "'../mine' does not lie in" in why


def test_foreign_sets_are_decoded(tmp_path):
    path, data = write(tmp_path)
    (tmp_path / 'train.crc').unlink()
    found, = check_pack(str(tmp_path), False)
    assert (found.count, found.by, found.faults) == (10, 'decoding', [])
    content = path.read_bytes()
    place = content.index(data[4])
    path.write_bytes(content[:place] + bytes(len(data[4])) + content[place + len(data[4]):])
    (what, why), = faults(tmp_path)
    assert what == 'record 5' and 'unknown format' in why
    path.write_bytes(b'no rec')
    (what, why), = faults(tmp_path)
    assert what == 'all' and 'train' in why


def test_pairs(tmp_path):
    path = tmp_path / 'pairs.bin'
    pictures = images(4)
    write_bin(str(path), pictures, [True, False], protocol=4)
    assert check_pack(str(path), False)[0].by == 'decoding' and not faults(path)
    write_sha256(str(path))
    assert check_pack(str(path), False)[0].by == 'checksums' and not faults(path)
    flip(path, path.read_bytes().index(pictures[2]) + len(pictures[2]) // 2)
    assert faults(path)[0] == ('all', 'its SHA-256 is not that in pairs.bin.sha256')
    path.write_bytes(b'no pickle')
    assert [what for what, _ in faults(path)] == ['all', 'all']


def test_the_command(tmp_path, capsys):
    people = tmp_path / 'people'
    for name, count in (('a', 3), ('b', 2), ('c', 2)):
        (people / name).mkdir(parents=True)
        for i, picture in enumerate(images(count)):
            (people / name / '{}.jpg'.format(i)).write_bytes(picture)
    out = tmp_path / 'set'
    assert main(['pack', 'folder', str(people), '--out', str(out), '--split', '0.3', '--no-progress']) == 0
    assert main(['pack', 'check', str(out), '--no-progress']) == 0
    said = capsys.readouterr().out
    assert said.count('compared with their checksums: all well') == 2
    assert os.path.join(str(out), 'val', 'train.rec') in said
    flip(out / 'val' / 'train.rec', middle(out / 'val' / 'train.rec', 1))
    flip(out / 'classes.txt', 0)
    with pytest.raises(SystemExit) as stop:
        main(['pack', 'check', str(out), '--no-progress'])
    assert stop.value.code == 1
    said = capsys.readouterr().out
    assert '{}: classes.txt: it is not what was written'.format(out / 'train.rec') in said
    assert '{}: record 1: it is not what was packed'.format(out / 'val' / 'train.rec') in said
    shutil.rmtree(str(people / 'a'))
    assert main(['pack', 'check', str(people)]) == 2 and main(['pack', 'check', str(tmp_path / 'gone')]) == 2
    assert 'must be a .rec or .bin, or a folder of them' in capsys.readouterr().err
