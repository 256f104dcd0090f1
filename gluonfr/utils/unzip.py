"""One file out of a zip archive that may be damaged or hostile."""
import os
import shutil
import stat
import zipfile
import zlib

from .files import advice_on_full_disk, atomic_path, file_sha256

__all__ = ['ArchiveError', 'extract_member']


class ArchiveError(ValueError):
    """An archive that is damaged, lacks the wanted file, or has it in a form that is refused."""


def extract_member(archive, name, path, limit, sha256=None):
    """Write one file of a zip archive, wherever it lies there, to `path`, atomically.

    Nothing but `path` is written, whatever the archive says.

    Parameters
    ----------
    archive : str
    name : str
        Of the file, without folders.
    path : str
        Where it goes.
    limit : int
        Most bytes it may have.
    sha256 : str or None
        Its hash in hex, if known.

    Raises
    ------
    ArchiveError
        The archive is damaged; it has no such file or several; the file is bigger than `limit`, no plain file, under a
        path that leads out of the archive, encrypted, or has another hash.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            member = _find(archive, opened, name)
            if member.file_size > limit:
                raise ArchiveError('{}: {} must have at most {:,} bytes, got {:,}.'.format(
                    archive, name, limit, member.file_size))
            with atomic_path(path) as temporary:
                with advice_on_full_disk(path, 'Make room and try again'), \
                        opened.open(member) as source, open(temporary, 'wb') as target:
                    shutil.copyfileobj(source, target)  # no more than file_size bytes: zipfile sees to that
                found = file_sha256(temporary)
                if sha256 not in (None, found):
                    raise ArchiveError('{}: {} must have the SHA-256 {}, got {}.'.format(archive, name, sha256, found))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ArchiveError('{} must be a plain zip archive, got: {}.'.format(archive, error)) from error


def _find(archive, opened, name):
    """The one member of this name, in whatever folder."""
    found = [member for member in opened.infolist() if member.filename.replace('\\', '/').split('/')[-1] == name]
    if len(found) != 1:
        raise ArchiveError('{} must hold one {}, got {}.'.format(archive, name, len(found)))
    member = found[0]
    parts = member.filename.replace('\\', '/').split('/')
    kind = stat.S_IFMT(member.external_attr >> 16)
    if '..' in parts or os.path.isabs(member.filename) or kind not in (0, stat.S_IFREG):
        raise ArchiveError('{}: {!r} must be a plain file inside the archive.'.format(archive, member.filename))
    return member
