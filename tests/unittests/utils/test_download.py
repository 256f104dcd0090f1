"""gluonfr.utils.download, against a server that misbehaves."""
import hashlib
import re
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from helpers import environ, files_up_to
from server_cases import serving

from gluonfr.utils import download
from gluonfr.utils.download import DownloadError, fetch

BODY = np.random.RandomState(0).bytes(300000)
SHA256 = hashlib.sha256(BODY).hexdigest()
NOWHERE = 'http://127.0.0.1:9/net.bin'  # nothing listens there


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    with serving({'net.bin': BODY}) as (address, log, _):
        yield lambda *kinds: [address(kind) + 'net.bin' for kind in kinds], log


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize('known', [{'sha256': SHA256}, {'sha1': hashlib.sha1(BODY).hexdigest()},
                                   {'sha256': SHA256, 'size': len(BODY)}], ids=['sha256', 'sha1', 'size'])
def test_a_file_and_no_other_is_made(server, tmp_path, known, capsys):
    urls, log = server
    path = tmp_path / 'new' / 'folder' / 'net.bin'
    assert fetch(urls('good')[0], path, **known) == str(path)
    assert path.read_bytes() == BODY and names(path.parent) == ['net.bin']
    assert log == [('good', 'net.bin', None)] and 'net.bin: 100%' in capsys.readouterr().err
    assert fetch(urls('good'), path, **known) == str(path)
    assert len(log) == 1, 'a file that is there is not asked for'


@pytest.mark.parametrize('kind', ['good', 'norange', 'shifted', 'moved'])
def test_what_came_earlier_is_gone_on_with(server, tmp_path, kind):
    urls, log = server
    path = tmp_path / 'net.bin'
    (tmp_path / 'net.bin.part').write_bytes(BODY[:200000])
    if kind == 'shifted':
        with pytest.raises(DownloadError, match='gave another part than it was asked for'):
            fetch(urls(kind), path, SHA256)
        fetch(urls(kind, 'good'), path, SHA256)
    else:
        fetch(urls(kind), path, SHA256)
    assert path.read_bytes() == BODY and names(tmp_path) == ['net.bin']
    assert {asked for _, _, asked in log} == {'bytes=200000-'}


@pytest.mark.parametrize('begun', [b'x' * 1000, b'x' * len(BODY), BODY + b'x'], ids=['begin', 'as long', 'longer'])
@pytest.mark.parametrize('size', [None, len(BODY)])
def test_what_came_earlier_of_another_file_is_dropped(server, tmp_path, begun, size):
    urls, log = server
    (tmp_path / 'net.bin.part').write_bytes(begun)
    fetch(urls('good'), tmp_path / 'net.bin', SHA256, size=size)
    assert (tmp_path / 'net.bin').read_bytes() == BODY and log[-1][2] is None


def test_a_whole_file_that_lacks_its_name_only(server, tmp_path):
    urls, log = server
    (tmp_path / 'net.bin.part').write_bytes(BODY)
    fetch(urls('good'), tmp_path / 'net.bin', SHA256, size=len(BODY))
    assert log == [] and (tmp_path / 'net.bin').read_bytes() == BODY


def test_a_mirror_that_breaks_off_is_asked_for_the_rest(server, tmp_path):
    urls, log = server
    with pytest.raises(DownloadError, match='short/net.bin: gave only [0-9,]+ bytes, expected 300,000.*What came so '
                                            'far is kept'):
        fetch(urls('short'), tmp_path / 'net.bin', SHA256)
    asked = [int(re.sub('[^0-9]', '', part or '0')) for _, _, part in log]
    assert asked[:3] == [0, 150000, 225000] and len(asked) == download.TRIES
    fetch(urls('good'), tmp_path / 'net.bin', SHA256)
    assert log[-1][2] == 'bytes={}-'.format(asked[-1] + (300000 - asked[-1]) // 2)
    assert (tmp_path / 'net.bin').read_bytes() == BODY


@pytest.mark.parametrize('kind, said', [
    ('absent', 'HTTP 404 Not Found'), ('wrong', 'gave a file with SHA-256 [0-9a-f]{64}, expected ' + SHA256),
    ('endless', 'gave more than 300,000 bytes'), ('stalls', 'timeout|timed out'),
    ('silent', 'no answer within 0.2 seconds')])
def test_a_failing_mirror_is_followed_by_the_next(server, tmp_path, kind, said):
    urls, log = server
    path, limits = tmp_path / 'net.bin', {'size': len(BODY), 'connect_seconds': 0.2 if kind == 'silent' else 30,
                                          'read_seconds': 0.1 if kind == 'stalls' else 30}
    begin = time.time()
    with pytest.raises(DownloadError, match=said) as caught:
        fetch(urls(kind), path, SHA256, **limits)
    assert time.time() - begin < 10 and kind in caught.value.failures
    kept = ['net.bin.part'] if kind == 'stalls' else []
    assert names(tmp_path) == kept and ('What came so far is kept' in str(caught.value)) == bool(kept)
    assert fetch(urls(kind, 'good'), path, SHA256, **{**limits, 'connect_seconds': 2}) == str(path)
    assert path.read_bytes() == BODY and names(tmp_path) == ['net.bin']


def test_a_mirror_with_a_file_of_another_length(server, tmp_path):
    urls, _ = server
    with pytest.raises(DownloadError, match='has a file of 300,000 bytes, expected 299,999'):
        fetch(urls('good'), tmp_path / 'net.bin', SHA256, size=299999)


def test_nobody_can_fill_the_disk_with_a_file_of_unknown_length(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, 'LIMIT', 1 << 20)
    urls, _ = server
    with files_up_to(1 << 20), pytest.raises(DownloadError, match='gave more than 1,048,576 bytes'):
        fetch(urls('endless'), tmp_path / 'net.bin', SHA256)
    assert names(tmp_path) == []


def test_offline_says_what_to_put_where(tmp_path):
    with pytest.raises(DownloadError) as caught:
        fetch([NOWHERE, 'http://127.0.0.1:9/two'], tmp_path / 'net.bin', SHA256)
    said = str(caught.value)
    assert 'net.bin could not be downloaded (http://127.0.0.1:9/net.bin: URLError: ' in said
    assert 'Connection refused' in said and 'http://127.0.0.1:9/two' in said and '\n' not in said
    assert said.endswith('Put the file with the SHA-256 {} into {}, or try again.'.format(SHA256, tmp_path))
    with pytest.raises(DownloadError, match='no mirrors given'):
        fetch([], tmp_path / 'net.bin', SHA256)


def test_a_file_of_this_name_that_is_another_is_left_alone(server, tmp_path):
    urls, log = server
    (tmp_path / 'net.bin').write_bytes(b'mine')
    with pytest.raises(ValueError, match='net.bin must have the SHA-256 {}, got [0-9a-f]{{64}}: .* Delete it'.format(
            SHA256)):
        fetch(urls('good'), tmp_path / 'net.bin', SHA256)
    assert (tmp_path / 'net.bin').read_bytes() == b'mine' and log == []


def test_a_proxy_is_asked(server, tmp_path, monkeypatch):
    urls, log = server
    for name in ('no_proxy', 'NO_PROXY'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('http_proxy', urls('good')[0].partition('/good')[0])
    fetch('http://weights.invalid/good/net.bin', tmp_path / 'net.bin', SHA256)
    assert log == [('good', 'net.bin', None)]


@pytest.mark.parametrize('room', [100000, 299990])
def test_full_disk(server, tmp_path, room):
    urls, log = server
    with files_up_to(room), pytest.raises(OSError, match='net.bin.part cannot be written: File too large. What came '
                                                            'so far is kept: make room') as caught:
        fetch(urls('good', 'good'), tmp_path / 'net.bin', SHA256)
    assert not isinstance(caught.value, DownloadError) and len(log) == 1, 'another mirror would not help'
    assert (tmp_path / 'net.bin.part').stat().st_size == room and names(tmp_path) == ['net.bin.part']
    fetch(urls('good'), tmp_path / 'net.bin', SHA256)
    assert log[-1][2] == 'bytes={}-'.format(room) and (tmp_path / 'net.bin').read_bytes() == BODY


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(OSError, match='file'):
        fetch(NOWHERE, tmp_path / 'file' / 'net.bin', SHA256)


FETCH = """
import sys
from gluonfr.utils.download import fetch
fetch(*sys.argv[1:], connect_seconds=200, read_seconds=200)
"""


def test_a_mirror_that_drips_is_left_for_the_next_one(server, tmp_path):
    """Each byte comes in time, and all of them in a month."""
    urls, log = server
    start = time.monotonic()
    fetch(urls('drips', 'good'), tmp_path / 'net.bin', SHA256, read_seconds=0.4)
    assert time.monotonic() - start < 5 and (tmp_path / 'net.bin').read_bytes() == BODY
    assert [kind for kind, _, _ in log] == ['drips', 'good'] and int(log[1][2][len('bytes='):-1]) > 1
    with pytest.raises(DownloadError, match=r'drips/net.bin: gave less than 1,024 bytes a second\)'):
        fetch(urls('drips'), tmp_path / 'other.bin', SHA256, read_seconds=0.4)


@pytest.mark.parametrize('killed', [False, True])
def test_two_processes(tmp_path, monkeypatch, caplog, killed):
    """The second waits, and then finds the file, or goes on where the first was killed."""
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    path = tmp_path / 'net.bin'
    with serving({'net.bin': BODY}) as (address, log, go_on):
        url = address('waits') + 'net.bin'
        first = subprocess.Popen([sys.executable, '-c', FETCH, url, str(path), SHA256], env=environ())
        second = threading.Thread(target=fetch, args=(url, path, SHA256), daemon=True,
                                  kwargs={'connect_seconds': 200, 'read_seconds': 200})
        try:
            wait_for(lambda: (tmp_path / 'net.bin.part').exists()
                     and (tmp_path / 'net.bin.part').stat().st_size == len(BODY) // 2)
            second.start()
            wait_for(lambda: 'net.bin: another process is downloading it, waiting for that' in caplog.text)
            if killed:
                first.kill()
                wait_for(lambda: len(log) == 2)
            go_on.set()
            second.join(100)
            assert first.wait(100) == (-signal.SIGKILL if killed else 0)
        finally:
            first.kill()
    assert [asked for _, _, asked in log] == [None, 'bytes={}-'.format(len(BODY) // 2)][:1 + killed]
    assert path.read_bytes() == BODY and names(tmp_path) == ['net.bin']


def wait_for(ready):
    deadline = time.time() + 200
    while not ready():
        assert time.time() < deadline
        time.sleep(0.02)
