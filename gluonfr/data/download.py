"""Fetches a file of known size and hash from the first mirror that has it."""
import hashlib
import os
import sys
import tempfile
import threading
import urllib.request
from http.client import HTTPException
from pathlib import Path

from tqdm import tqdm

__all__ = ['DownloadError', 'fetch', 'sha1_of']

CONNECT_SECONDS = 5  # for a mirror's first answer, name resolution included: offline must show within seconds
READ_SECONDS = 20  # for each further piece
PIECE = 1 << 16


class DownloadError(Exception):
    """No mirror gave the file; the message says what each of them did."""


def sha1_of(path):
    """Return the SHA-1 of a file, in hex."""
    digest = hashlib.sha1()
    with open(path, 'rb') as file:
        for piece in iter(lambda: file.read(PIECE), b''):
            digest.update(piece)
    return digest.hexdigest()


def fetch(name, folder, mirrors, size, sha1):
    """Download `name` into `folder` from the first of `mirrors` that gives the right bytes.

    The file appears under its name only when complete and checked, whatever interrupts the download; several processes
    may fetch the same one. Proxies are taken from the environment (http_proxy, https_proxy, no_proxy).

    Parameters
    ----------
    name : str
        File name, added to a mirror's address.
    folder : str or Path
        Where the file goes; made if need be.
    mirrors : sequence of str
        Addresses (http, https) of folders, in the order of trial.
    size : int
        Bytes of the right file; no mirror can make us write more.
    sha1 : str
        Its SHA-1, in hex.

    Raises
    ------
    DownloadError
        Every mirror failed.
    OSError
        `folder` cannot be made or written.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    failures = []
    for mirror in mirrors:
        url = mirror.rstrip('/') + '/' + name
        handle, partial = tempfile.mkstemp(prefix=name + '.', suffix='.part', dir=str(folder))
        try:
            with os.fdopen(handle, 'wb') as file:
                failure = _download(url, file, size, sha1)
            if failure is None:
                os.chmod(partial, 0o666 & ~_umask())  # mkstemp makes it private
                os.replace(partial, str(folder / name))
                return
            failures.append('{}: {}'.format(mirror, failure))
        finally:
            if os.path.exists(partial):
                os.remove(partial)
    raise DownloadError('; '.join(failures) or 'no mirrors given')


def _download(url, file, size, sha1):
    """Write what `url` gives to `file`; return what is wrong with it, or None."""
    answer = _open(url)
    if isinstance(answer, Exception):
        return _reason(answer)
    digest, received = hashlib.sha1(), 0
    with answer, tqdm(total=size, unit='B', unit_scale=True, desc=url.rsplit('/', 1)[-1], file=sys.stderr) as bar:
        while received <= size:
            try:
                piece = answer.read(PIECE)
            except (OSError, HTTPException) as error:  # a reset or silent connection; an answer that breaks off
                return _reason(error)
            if not piece:
                break
            received += len(piece)
            digest.update(piece)
            if received <= size:
                file.write(piece)
                bar.update(len(piece))
    if received != size:
        return 'gave {} {:,} bytes, expected {:,}'.format('more than' if received > size else 'only',
                                                          min(received, size), size)
    if digest.hexdigest() != sha1:
        return 'gave a file with SHA-1 {}, expected {}'.format(digest.hexdigest(), sha1)
    return None


def _open(url):
    """Return the opened answer of `url`, or the exception that came instead, within CONNECT_SECONDS.

    In a thread, because the time limit of a socket does not cover name resolution, which can hang for a minute.
    """
    result = []

    def run():
        try:
            result.append(urllib.request.urlopen(url, timeout=READ_SECONDS))
        except Exception as error:  # handed to the caller, who reports it
            result.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(CONNECT_SECONDS)
    return result[0] if result else TimeoutError('no answer within {} seconds'.format(CONNECT_SECONDS))


def _reason(error):
    return '{}: {}'.format(type(error).__name__, getattr(error, 'reason', None) or error)


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
