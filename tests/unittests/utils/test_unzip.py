"""gluonfr.utils.unzip: the one file that is wanted, and nothing that an archive wants."""
import hashlib
import stat
import struct
import zipfile

import pytest

from gluonfr.utils.unzip import ArchiveError, extract_member

BODY = bytes(range(256)) * 40


@pytest.fixture
def pack(tmp_path):
    """A function: {member: bytes} -> path of an archive, which lies in a folder of its own."""
    def make(members, kind=None):
        (tmp_path / 'in').mkdir(exist_ok=True)
        path = tmp_path / 'in' / 'pack.zip'
        with zipfile.ZipFile(str(path), 'w', zipfile.ZIP_DEFLATED) as archive:
            for name, body in members:
                member = zipfile.ZipInfo(name)
                member.compress_type = zipfile.ZIP_DEFLATED
                member.external_attr = (kind or 0) << 16
                archive.writestr(member, body)
        return path
    return make


def refused(archive, tmp_path, message, **arguments):
    """Extraction says so and leaves every folder as it was."""
    before = sorted(tmp_path.rglob('*'))
    with pytest.raises(ArchiveError, match=message) as caught:
        extract_member(str(archive), 'net.onnx', str(tmp_path / 'net.onnx'), **{'limit': 100000, **arguments})
    assert str(archive) in str(caught.value) and '\n' not in str(caught.value)
    assert sorted(tmp_path.rglob('*')) == before


@pytest.mark.parametrize('name', ['net.onnx', 'folder/deeper/net.onnx', 'folder\\net.onnx'])
@pytest.mark.parametrize('sha256', [None, hashlib.sha256(BODY).hexdigest()])
def test_the_file_is_found_in_whatever_folder(pack, tmp_path, name, sha256):
    archive = pack([('other.onnx', b'x'), (name, BODY), ('folder/net.onnx.txt', b'y')])
    extract_member(str(archive), 'net.onnx', str(tmp_path / 'net.onnx'), len(BODY), sha256)
    assert (tmp_path / 'net.onnx').read_bytes() == BODY
    assert sorted(path.name for path in tmp_path.iterdir()) == ['in', 'net.onnx']


@pytest.mark.parametrize('name', ['../net.onnx', 'a/../../net.onnx', '/tmp/net.onnx', '..\\net.onnx'])
def test_a_path_that_leads_out(pack, tmp_path, name):
    refused(pack([(name, BODY)]), tmp_path, 'must be a plain file inside the archive')


def test_a_link(pack, tmp_path):
    refused(pack([('net.onnx', b'/etc/passwd')], stat.S_IFLNK | 0o777), tmp_path, 'must be a plain file')


@pytest.mark.parametrize('members, count', [([('other', b'')], 0), ([('a/net.onnx', b'1'), ('b/net.onnx', b'2')], 2)])
def test_none_or_several_of_the_name(pack, tmp_path, members, count):
    refused(pack(members), tmp_path, 'must hold one net.onnx, got {}'.format(count))


def test_a_bomb(pack, tmp_path):
    archive = pack([('net.onnx', bytes(20 << 20))])
    assert archive.stat().st_size < 40000
    refused(archive, tmp_path, 'net.onnx must have at most 100,000 bytes, got 20,971,520')


def test_a_bomb_that_lies_about_its_size(pack, tmp_path):
    archive = pack([('net.onnx', bytes(20 << 20))])
    content = archive.read_bytes()
    assert content.count(struct.pack('<I', 20 << 20)) == 2
    archive.write_bytes(content.replace(struct.pack('<I', 20 << 20), struct.pack('<I', 90000)))
    refused(archive, tmp_path, 'must be a plain zip archive, got: Bad CRC-32')


def test_another_file_of_the_name(pack, tmp_path):
    refused(pack([('net.onnx', BODY)]), tmp_path, 'net.onnx must have the SHA-256 0000, got [0-9a-f]{64}',
            sha256='0000')


@pytest.mark.parametrize('damage, message', [
    (lambda b: b[:len(b) // 2], 'not a zip file'), (lambda b: b'', 'not a zip file'),
    (lambda b: b[:60] + bytes(40) + b[100:], 'plain zip archive'),
    (lambda b: b[:6] + b'\x01' + b[7:].replace(b'PK\x01\x02\x14\x03\x14\x00\x00', b'PK\x01\x02\x14\x03\x14\x00\x01'),
     'encrypted'),
    (lambda b: b.replace(b'\x14\x00\x00\x00\x08\x00', b'\x14\x00\x00\x00\x63\x00'), 'compression')])
def test_a_damaged_archive(pack, tmp_path, damage, message):
    archive = pack([('net.onnx', BODY)])
    archive.write_bytes(damage(archive.read_bytes()))
    refused(archive, tmp_path, message)
