"""Which files of a folder are images of faces: the one rule that every dataset and command goes by.

Images lie in a folder itself, or in folders below it to any depth. For sets of people a folder of the first level is a
person, with all images below it: people/anna/1.jpg and people/anna/holidays/2.jpg are two of anna. Whether a file is
an image its suffix says, in either case; links are followed. Nothing is left out without being listed: hidden files and
folders (names that begin with a dot), and what is no image by its suffix.
"""
import logging
import os
from collections import namedtuple

__all__ = ['IMAGE_SUFFIXES', 'Walk', 'find_image', 'has_folders', 'has_images', 'is_image', 'say_ignored',
           'walk_images']

# in lower case; HEIC and AVIF where Pillow can: `gluonfr.data.image.decode`
IMAGE_SUFFIXES = ('.avif', '.bmp', '.gif', '.heic', '.heif', '.hif', '.jfif', '.jp2', '.jpe', '.jpeg', '.jpg', '.pbm',
                  '.pgm', '.png', '.pnm', '.ppm', '.tif', '.tiff', '.webp')
# images, too, but of formats that nothing here reads
FOREIGN = ('.3fr', '.arw', '.cr2', '.cr3', '.dng', '.eps', '.jxl', '.jxr', '.nef', '.nrw', '.orf', '.pef', '.psd',
           '.raf', '.raw', '.rw2', '.sr2', '.srw', '.svg', '.svgz', '.tga', '.xcf')

HIDDEN = 'hidden'
NO_IMAGE = 'no image by the suffix'
FOREIGN_IMAGE = 'of an image format that is not read (make it PNG or JPEG)'
NO_FILE = 'no regular file'
LOOP = 'a link to a folder above it'
TOO_DEEP = 'more than 100 folders deep'
DEEPEST = 100

NAMED = 3  # files that a sentence names for each reason

Walk = namedtuple('Walk', 'images folders ignored unreadable')
Walk.__doc__ = """What a folder holds, as paths relative to it.

images : list of str
    Sorted by the names of the folders, then of the files.
folders : list of str
    Names of the folders of the first level, sorted.
ignored : list of (str, str)
    Path and reason of what was left out; a folder's path ends with the separator.
unreadable : list of (str, str)
    The same of folders that cannot be read.
"""


def is_image(path, foreign=False):
    """Whether a file is an image by its suffix; with `foreign` also one of a format that is not read here."""
    suffix = os.path.splitext(path)[1].lower()
    return suffix in IMAGE_SUFFIXES or foreign and suffix in FOREIGN


def find_image(root, name):
    """The file of an image in a folder, whatever its suffix, or None."""
    path = os.path.join(root, name)
    candidates = [path] + [os.path.splitext(path)[0] + suffix for suffix in IMAGE_SUFFIXES]
    return next((candidate for candidate in candidates if os.path.isfile(candidate)), None)


def has_folders(folder):
    """Whether folders lie in a folder."""
    return any(os.path.isdir(os.path.join(folder, name)) for name in os.listdir(folder) if not name.startswith('.'))


def has_images(folder):
    """Whether images lie in a folder itself."""
    return any(is_image(name) and not name.startswith('.') and not os.path.isdir(os.path.join(folder, name))
               for name in os.listdir(folder))


def walk_images(folder, on_error='raise'):
    """Find the images of a folder, to any depth.

    Parameters
    ----------
    folder : str or Path
    on_error : {'raise', 'skip'}
        What becomes of folders in it that cannot be read: an error, or they are listed.

    Returns
    -------
    Walk

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        There is no such folder.
    OSError
        The folder cannot be read, or with 'raise' one in it.
    """
    folder = os.path.expanduser(os.fspath(folder))
    if not os.path.isdir(folder):
        raise (NotADirectoryError if os.path.exists(folder) else FileNotFoundError)(
            'there is no folder {}.'.format(folder))
    found = Walk([], [], [], [])
    _walk(folder, '', (), found, on_error == 'skip')
    return found


def say_ignored(folder, ignored):
    """Log one sentence on what was left out of a folder: how many files for each reason, and the first of them."""
    if not ignored:
        return
    by_reason = {}
    for path, reason in ignored:
        by_reason.setdefault(reason, []).append(os.fsencode(path).decode('utf-8', 'replace'))
    parts = ['{:,} {} ({}{})'.format(len(paths), reason, ', '.join(paths[:NAMED]), ', ...' * (len(paths) > NAMED))
             for reason, paths in by_reason.items()]
    harmless = set(by_reason) <= {HIDDEN, NO_IMAGE}
    logging.getLogger('gluonfr').log(logging.INFO if harmless else logging.WARNING, '%s: left out %s.', folder,
                                     '; '.join(parts))


def _walk(root, inside, above, found, skip):
    """Add what the folder `inside` of a root holds; `above` are the folders on the way to it."""
    folder = os.path.join(root, inside)
    try:
        status = os.stat(folder)
        with os.scandir(folder) as entries:
            entries = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        if not skip or not inside:
            raise
        found.unreadable.append((inside + os.sep, 'a folder that cannot be read: {}'.format(error.strerror)))
        return
    above += ((status.st_dev, status.st_ino),)
    for entry in entries:
        path = os.path.join(inside, entry.name)
        is_folder = os.path.isdir(entry.path) if entry.is_symlink() else entry.is_dir()  # a link to itself is none
        reason = _reason(entry, is_folder, above)
        if reason:
            found.ignored.append((path + os.sep * is_folder, reason))
        elif is_folder:
            if not inside:
                found.folders.append(path)
            _walk(root, path, above, found, skip)
        else:
            found.images.append(path)


def _reason(entry, is_folder, above):
    """Why an entry is left out, or None."""
    if entry.name.startswith('.'):
        return HIDDEN
    if is_folder:
        if len(above) > DEEPEST:
            return TOO_DEEP
        if not (entry.is_symlink() or getattr(entry, 'is_junction', bool)()):  # as links to folders are on Windows
            return None
        status = os.stat(entry.path)
        return LOOP if (status.st_dev, status.st_ino) in above else None
    if not is_image(entry.name):
        return FOREIGN_IMAGE if is_image(entry.name, foreign=True) else NO_IMAGE
    # a broken link is an image that cannot be read: whoever reads it says so
    return NO_FILE if os.path.exists(entry.path) and not os.path.isfile(entry.path) else None
