"""The files of a gallery: vectors and a journal that are only added to, by one process at a time, and read by any."""
import os
import threading
from contextlib import contextmanager

import numpy as np

from ..utils.lock import file_lock
from ..utils.system import sync
from .journal import make_line, parse_lines, read_line

__all__ = ['FILES', 'PHOTOS', 'Store', 'TEMPLATES', 'alone']

JOURNAL, TEMPLATES, PHOTOS = FILES = 'journal.txt', 'templates.f16', 'photos.f16'


def alone(path):
    """Hold a gallery against other processes that write."""
    return file_lock(path + '.lock', '{} is being written by another process: waiting for it.'.format(path))


class Store:
    """What the files of a gallery hold, as of the last `refresh`.

    Vectors reach the disk before the line of the journal that counts them. What a killed process wrote without one does
    not count, and is written over.

    Parameters
    ----------
    path : str
    size : int
        Length of the vectors. On the disk it is even, with a zero at the end.

    Attributes
    ----------
    people : dict of str to (int, int)
        Name -> row of the template, place of the line in the journal.
    names : dict of int to str
        Row of a template that counts -> name.
    dead : int array
        Rows of templates that do not count any more.
    templates_end, photos_end : int
        Rows that are taken.
    lock : RLock
        Held by whoever needs all of these to stay as they are.
    """

    def __init__(self, path, size):
        self._path, self._size, self.width = path, size, size + size % 2
        self.people, self.names, self.dead, self.lock = {}, {}, None, threading.RLock()
        self.templates_end = self.photos_end = 0
        self._mapped = np.zeros((0, self.width), '<f2')
        self._offset, self._last = 0, None  # the end of the journal as far as it is read, and the last line in it
        self.refresh()

    def refresh(self):
        """Take in the lines that were added since."""
        with self.lock:
            with open(self._file(JOURNAL), 'rb') as file:
                file.seek(self._offset)
                data = file.read()
            base = self._offset
            for begin, end, template, photos_end, name in parse_lines(self._file(JOURNAL), base, data):
                self._last, self._offset, self.photos_end = base + begin, base + end, photos_end
                before = self.people.pop(name, None)
                if before:
                    del self.names[before[0]]
                if template is not None:
                    self.people[name], self.names[template] = (template, self._last), name
                    self.templates_end = template + 1
            if self._offset > base or self.dead is None:
                self._check_length(TEMPLATES, self.templates_end)
                self._check_length(PHOTOS, self.photos_end)
                dead = np.ones(self.templates_end, bool)
                dead[np.fromiter(self.names, np.int64, len(self.names))] = False
                self.dead = np.flatnonzero(dead)

    @contextmanager
    def writing(self):
        """Hold the gallery alone, after a look at what others wrote and an end to what a killed process left."""
        with alone(self._path):
            self.refresh()
            with open(self._file(JOURNAL), 'r+b') as file:
                file.truncate(self._offset)
            self.erase()
            yield

    def line(self, name):
        """The `Line` of a person, None of one who is not there."""
        return self._line_at(self.people[name][1]) if name in self.people else None

    def rows(self, name, rows):
        """Some vectors of a file, float32 (n, D)."""
        found = np.zeros((len(rows), self.width), '<f2')
        if rows:
            with open(self._file(name), 'rb') as file:
                for vector, row in zip(found, rows):
                    file.seek(row * self.width * 2)
                    file.readinto(vector)
        return found[:, :self._size].astype(np.float32)

    def even(self, vectors):
        """Vectors (n, size) as they lie on the disk, (n, width)."""
        if self.width == self._size:
            return vectors
        return np.concatenate([vectors, np.zeros((len(vectors), 1), vectors.dtype)], axis=1)

    def templates(self):
        """All templates, those that do not count among them, float16 (N, width), in the file."""
        if len(self._mapped) < self.templates_end:
            self._mapped = np.asarray(
                np.memmap(self._file(TEMPLATES), '<f2', 'r', shape=(self.templates_end, self.width)))
        return self._mapped

    def write(self, name, vectors):
        """Write {first row: float16 vectors (n, width)} to a file; they are on the disk then."""
        with open(self._file(name), 'r+b') as file:
            for row, values in vectors.items():
                file.seek(row * self.width * 2)
                file.write(values.tobytes())
        sync(self._file(name))

    def append(self, lines):
        """Add lines to the journal, and take them in."""
        with open(self._file(JOURNAL), 'r+b') as file:
            file.seek(self._offset)
            file.write(b''.join(map(make_line, lines)))
        sync(self._file(JOURNAL))
        self.refresh()

    def erase(self):
        """If the last line removes a person, write zeros over the vectors: also where a killed process had begun."""
        line = self._last is not None and self._line_at(self._last)
        if line and line.template is None:
            for name, rows in ((TEMPLATES, line.templates), (PHOTOS, line.photos)):
                self.write(name, dict.fromkeys(rows, np.zeros(self.width, '<f2')))

    def _line_at(self, offset):
        with open(self._file(JOURNAL), 'rb') as file:
            file.seek(offset)
            return read_line(file.readline().rstrip(b'\n'))

    def _check_length(self, name, rows):
        have, must = os.path.getsize(self._file(name)), rows * self.width * 2
        if have < must:
            raise ValueError('{} is damaged: it must have {:,} bytes, got {:,}. Take the folder from a backup.'.format(
                self._file(name), must, have))

    def _file(self, name):
        return os.path.join(self._path, name)
