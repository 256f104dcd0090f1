"""Fetches a file of known hash from the first mirror that has it, going on where an earlier try broke off."""
import os
import re
import sys
import threading
import time
import urllib.request
from http.client import HTTPException
from urllib.error import HTTPError


from .files import advice_on_full_disk, file_digest, put_in_place
from .lock import file_lock
from .progress import Bar

__all__ = ['DownloadError', 'fetch']

CONNECT_SECONDS = 10  # for a mirror's first answer, name resolution included: offline must show within seconds
READ_SECONDS = 20  # for each further piece
SLOWEST = 1 << 10  # bytes a second, over READ_SECONDS: a mirror that drips would keep us for days
TOO_SLOW = 'gave less than {:,} bytes a second'.format(SLOWEST)
TRIES = 5  # of one mirror that breaks off but gives more each time
PIECE = 1 << 16
LIMIT = 4 << 30  # bytes of a file of unknown size
USER_AGENT = 'gluonfr'


class DownloadError(OSError):
    """No mirror gave the file; `failures` says what each of them did, the message also what to do."""

    def __init__(self, message, failures):
        super().__init__(message)
        self.failures = failures


def fetch(urls, path, sha256=None, sha1=None, size=None, *, connect_seconds=None, read_seconds=None):
    """Download a file from the first of `urls` that gives the right bytes, unless it is there.

    The file appears under its name only when whole and checked, whatever interrupts the download. What came lies in
    `path`.part until then, and the next mirror or call asks for the rest only. Of several processes that want the file
    one fetches it and the others wait. Proxies are taken from the environment (http_proxy, https_proxy, no_proxy).

    Parameters
    ----------
    urls : str or sequence of str
        Addresses (http, https), in the order of trial.
    path : str or Path
        Where the file goes; its folder is made if need be.
    sha256, sha1 : str
        One of both, of the right file, in hex.
    size : int or None
        Bytes of the right file; no mirror can make us write more. None: not known, at most 4 GiB.
    connect_seconds, read_seconds : float or None
        Time limits, > 0, for a mirror's first answer and for each further piece of the file; None for 10 and 20. A
        mirror that gives less than 1,024 bytes a second for that long is left for the next one.

    Returns
    -------
    str
        The path.

    Raises
    ------
    DownloadError
        Every mirror failed, or there is none.
    ValueError
        Another file has this name already.
    OSError
        The folder cannot be made or written, as on a full disk.
    """
    path, kind, wanted = os.path.abspath(path), 'sha256' if sha256 else 'sha1', sha256 or sha1
    limits = connect_seconds or CONNECT_SECONDS, read_seconds or READ_SECONDS
    if not os.path.isfile(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with file_lock(path + '.lock', '{}: another process is downloading it, waiting for that.'.format(path)):
            if not os.path.isfile(path):
                _from_mirrors([urls] if isinstance(urls, str) else urls, path, kind, wanted, size, limits)
                return path
    found = file_digest(path, kind)
    if found != wanted:
        raise ValueError('{} must have the {} {}, got {}: it is damaged or another file. Delete it to have it '
                         'downloaded again.'.format(path, _name(kind), wanted, found))
    return path


def _from_mirrors(urls, path, kind, wanted, size, limits):
    partial, failures = path + '.part', []
    for url in urls:
        for _ in range(TRIES):
            before = _length(partial)
            failure = _download(url, partial, kind, wanted, size, limits)
            if failure is None:
                put_in_place(partial, path)
                return
            if failure == TOO_SLOW or _length(partial) <= before:
                break
        failures.append('{}: {}'.format(url, failure))
    failures, (folder, name) = '; '.join(failures) or 'no mirrors given', os.path.split(path)
    kept = ' What came so far is kept: the same call goes on with it.' if _length(partial) else ''
    raise DownloadError('{} could not be downloaded ({}). Put the file with the {} {} into {}, or try again.{}'.format(
        name, failures, _name(kind), wanted, folder, kept), failures)


def _download(url, partial, kind, wanted, size, limits):
    """Bring a partial file to its end; return what is wrong with what `url` gave, or None."""
    begun = _length(partial)
    if begun != size:
        failure = _receive(url, partial, begun, size, limits)
        if failure:
            return failure
    found = file_digest(partial, kind)
    if found == wanted:
        return None
    os.remove(partial)
    if begun:  # it was of another file
        return _download(url, partial, kind, wanted, size, limits)
    return 'gave a file with {} {}, expected {}'.format(_name(kind), found, wanted)


def _receive(url, partial, begun, size, limits):
    """Append what is missing to a partial file, or write all of it; return what went wrong, or None."""
    headers = {'User-Agent': USER_AGENT, **({'Range': 'bytes={}-'.format(begun)} if begun else {})}
    answer = _open(urllib.request.Request(url, headers=headers), *limits)
    if isinstance(answer, HTTPError):
        answer.close()
        if answer.code == 416 and begun:
            return None  # nothing lies beyond what we have: its hash will tell whether it is the file
    if isinstance(answer, Exception):
        return _reason(answer)
    with answer:
        resumed = answer.status == 206
        if resumed and not re.match(r'bytes {}-'.format(begun), answer.headers.get('Content-Range', '')):
            return 'gave another part than it was asked for'
        received = begun if resumed else 0
        total = None if answer.length is None else received + answer.length
        if None not in (size, total) and size != total:
            return 'has a file of {:,} bytes, expected {:,}'.format(total, size)
        expected, limit = size or total, size or LIMIT
        with open(partial, 'ab' if resumed else 'wb', buffering=0) as file, \
                Bar(total=expected, initial=received, unit='B', unit_scale=True, file=sys.stderr,
                     desc=os.path.basename(partial)[:-len('.part')]) as bar:
            looked, before = time.monotonic(), received
            while True:
                try:
                    piece = answer.read1(PIECE)  # what is there, and does not wait for a whole piece
                except (OSError, HTTPException) as error:  # a reset or silent connection
                    return _reason(error)
                received += len(piece)
                if not piece or received > limit:
                    break
                _write(file, piece)
                bar.update(len(piece))
                seconds = time.monotonic() - looked
                if seconds > limits[1]:
                    if received - before < SLOWEST * seconds:
                        return TOO_SLOW
                    looked, before = time.monotonic(), received
    if received > limit:
        os.remove(partial)
        return 'gave more than {:,} bytes, expected {}'.format(limit, 'no more' if size is None else limit)
    if expected is not None and received < expected:
        return 'gave only {:,} bytes, expected {:,}'.format(received, expected)
    return None


def _write(file, piece):
    """All of a piece into an unbuffered file."""
    with advice_on_full_disk(file.name, 'What came so far is kept: make room and give the same call again'):
        while piece:
            piece = piece[file.write(piece):]


def _open(request, connect_seconds, read_seconds):
    """Return the opened answer to a request, or the exception that came instead, within `connect_seconds`.

    In a thread, because the time limit of a socket does not cover name resolution, which can hang for a minute.
    """
    opener, result = urllib.request.build_opener(), []  # a new one: with the proxies of now

    def run():
        try:
            result.append(opener.open(request, timeout=read_seconds))
        except Exception as error:  # handed to the caller, who reports it
            result.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(connect_seconds)
    return result[0] if result else TimeoutError('no answer within {} seconds'.format(connect_seconds))


def _reason(error):
    if isinstance(error, HTTPError):
        return 'HTTP {} {}'.format(error.code, error.reason)
    return '{}: {}'.format(type(error).__name__, getattr(error, 'reason', None) or error)


def _length(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


def _name(kind):
    return {'sha256': 'SHA-256', 'sha1': 'SHA-1'}[kind]
