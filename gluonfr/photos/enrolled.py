"""A gallery that lives: people are enrolled and removed one by one, and it is searched meanwhile."""
import hashlib
import json
import os
import unicodedata
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

import numpy as np

from ..deploy.advice import Advice
from ..deploy.gallery import Match
from ..utils.check import check_choice, check_int, check_number
from ..utils.files import atomic_folder, read_json, write_text
from ..utils.types import ArrayLike
from ..utils.vectors import unit_rows
from .journal import Line
from .nearest import BlockSearch, FaissSearch, nearest
from .store import FILES, PHOTOS, TEMPLATES, Store, alone

__all__ = ['Enrolled', 'is_enrolled', 'person_name']

FACTS = 'gallery.json'
FORMAT = 1
ENGINES = {'numpy': BlockSearch, 'faiss': FaissSearch}
ROWS_AT_ONCE = 4096  # photos that are enrolled together
LONGEST_NAME = 1000


def is_enrolled(path: str) -> bool:
    """Whether a path is the folder of an `Enrolled`."""
    return os.path.isfile(os.path.join(path, FACTS))


def person_name(name: str) -> str:
    """A name as it is kept: without spaces around it, and its accents in one form (NFC).

    Raises
    ------
    ValueError
        It is empty, too long, or holds control characters or bytes that are no text.
    """
    kept = unicodedata.normalize('NFC', str(name)).strip()
    if not kept or len(kept) > LONGEST_NAME or any(unicodedata.category(sign) in ('Cc', 'Cs') for sign in kept):
        raise ValueError('name must be text of 1 to {} signs without control characters, got {!r:.100}.'.format(
            LONGEST_NAME, name))
    return kept


class Enrolled:
    """A folder of enrolled people that grows: a template for each, the mean of the embeddings of all their photos.

    Two files of float16 vectors and a journal are only ever added to. Vectors reach the disk before the line of the
    journal that counts them, so a process that is killed at any moment loses at most the enrolment under way. Any
    number of processes may search while one writes; others that write wait for it. Each call sees what was enrolled
    before it.

    Parameters
    ----------
    path : str
        The folder; `create` makes it.
    engine : {'numpy', 'faiss'}
        What searches: 'numpy' reads the file, a block at a time; 'faiss', where it is installed, keeps a copy in memory
        and answers a single query faster. They find the same.

    Attributes
    ----------
    net : dict
        What `gluonfr.deploy.gallery.made_by` said of the embedder.
    size : int
        Length of the embeddings.
    advice : Advice or None
        The threshold of its card.
    options : dict
        What was given to `create`.

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such gallery, or it is damaged.

    Examples
    --------
    >>> import os, tempfile
    >>> from gluonfr.photos import Enrolled
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     gallery = Enrolled.create(os.path.join(folder, 'gallery'), net={}, size=2)
    ...     print(gallery.enrol('Anna', [[1, 0], [0.8, 0.6]], [('1.jpg', ''), ('2.jpg', '')]))
    ...     for matches in gallery.search([[0.9, 0.1], [-1, 0]], threshold=0.4):
    ...         print(['{} {:.2f}'.format(match.person, match.cosine) for match in matches] or 'unknown')
    2
    ['Anna 0.98']
    unknown
    """

    def __init__(self, path: str, engine: str = 'numpy'):
        self.path = os.path.abspath(os.path.expanduser(os.fspath(path)))
        check_choice('Enrolled', 'engine', engine, list(ENGINES))
        facts_file = os.path.join(self.path, FACTS)
        if not is_enrolled(self.path):
            raise FileNotFoundError('there is no gallery {}: `gluonfr enrol` makes one.'.format(path))
        facts = read_json(facts_file, 'gallery of `gluonfr enrol`')
        if facts.get('format') != FORMAT:
            raise ValueError('{} must be of format {}, got {!r:.50}: another version of gluonfr wrote it.'.format(
                facts_file, FORMAT, facts.get('format')))
        try:
            self.net, self.options, self.size = dict(facts['net']), dict(facts['options']), int(facts['size'])
            self.advice = facts['advice'] and Advice(*map(float, facts['advice'][:4]), str(facts['advice'][4]))
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise ValueError('{} must say net, size, advice and options, got {!r:.200}.'.format(
                facts_file, facts)) from error
        self._finder, self._store = ENGINES[engine](), Store(self.path, self.size)

    @classmethod
    def create(cls, path: str, net: Dict[str, Any], size: int, advice: Optional[Advice] = None,
               options: Optional[Dict[str, Any]] = None, engine: str = 'numpy') -> 'Enrolled':
        """Make the folder of a gallery, or open it where another process has been faster.

        Parameters
        ----------
        path : str
            It must be absent or empty.
        net : dict
            What `gluonfr.deploy.gallery.made_by` says.
        size : int, >= 1
            Length of the embeddings.
        advice : Advice or None
        options : dict or None
            JSON values that are kept with it.
        engine : {'numpy', 'faiss'}
        """
        path = os.path.abspath(os.path.expanduser(os.fspath(path)))
        facts = {'format': FORMAT, 'net': net, 'size': check_int('Enrolled', 'size', size, 1),
                 'advice': advice, 'options': options or {}}
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with alone(path):
            if not is_enrolled(path):
                if os.path.exists(path) and (not os.path.isdir(path) or os.listdir(path)):
                    raise FileExistsError('{} must be a gallery of `gluonfr enrol`, or not be there: it is something '
                                          'else.'.format(path))
                with atomic_folder(path) as folder:
                    for name in FILES:
                        open(os.path.join(folder, name), 'wb').close()
                    write_text(os.path.join(folder, FACTS), json.dumps(facts, indent=1) + '\n')
        return cls(path, engine)

    def __len__(self):
        """How many people there are."""
        self._store.refresh()
        return len(self._store.people)

    def __contains__(self, name):
        self._store.refresh()
        return person_name(name) in self._store.people

    def people(self) -> List[str]:
        """The names, in the order of the alphabet."""
        self._store.refresh()
        return sorted(self._store.people)

    def photos(self, name: str) -> List[Tuple[str, str, float]]:
        """(path, SHA-256, cosine to the template) of each photo of a person, in the order of their enrolment."""
        line = self._line(name)
        vectors = self._store.rows(PHOTOS, [photo[0] for photo in line.photos])
        cosines = unit_rows(vectors) @ unit_rows(self._store.rows(TEMPLATES, [line.template]))[0]
        return [(path, digest, float(cosine)) for (_, path, digest), cosine in zip(line.photos, cosines)]

    def embeddings(self, name: str) -> np.ndarray:
        """Of the photos of a person, float32 (n, D), as they were kept: in float16."""
        return self._store.rows(PHOTOS, [photo[0] for photo in self._line(name).photos])

    def enrol(self, name: str, embeddings: ArrayLike, photos: Sequence[Tuple[str, str]]) -> int:
        """Add photos to a person, who need not be there yet.

        Parameters
        ----------
        name : str
            In any script; see `person_name`.
        embeddings : array (n, D)
            Of the net that `net` says; `check_one_net` compares.
        photos : sequence of (str, str)
            Path and SHA-256 of each photo, '' for that of its vector. One that the person has is left out.

        Returns
        -------
        int
            Photos that were added.
        """
        return self.enrol_all([(name, embeddings, photos)])

    def enrol_all(self, people: Iterable[Tuple[str, ArrayLike, Sequence[Tuple[str, str]]]]) -> int:
        """As `enrol` for many, (name, embeddings, photos) of each; some thousands of photos reach the disk together.

        Raises
        ------
        ValueError
            Names, shapes or vectors that cannot be. Of the people before them the last thousands are not enrolled.
        """
        added, waiting, count = {}, 0, 0
        with self._store.writing():
            for name, embeddings, photos in people:
                name = person_name(name)
                rows = self._checked(name, embeddings, photos)
                if name in added or waiting >= ROWS_AT_ONCE:
                    self._add(added)
                    added, waiting = {}, 0
                line = self._store.line(name)
                have = {digest for _, _, digest in line.photos} if line else set()
                new = {}
                for i, (path, digest) in enumerate(photos):
                    digest = digest or hashlib.sha256(rows[i].tobytes()).hexdigest()
                    if digest not in have:
                        new.setdefault(digest, (i, path))
                if new:
                    added[name] = (line, rows[[i for i, _ in new.values()]],
                                   [[path, digest] for digest, (_, path) in new.items()])
                    waiting, count = waiting + len(new), count + len(new)
            self._add(added)
        return count

    def remove(self, name: str) -> int:
        """Remove a person and erase the vectors; returns how many photos there were.

        Raises
        ------
        ValueError
            Nobody of that name is enrolled.
        """
        with self._store.writing():
            line = self._line(name)
            self._store.append([line._replace(template=None, photos_end=self._store.photos_end,
                                              photos=[row for row, _, _ in line.photos])])
            self._store.erase()
        return len(line.photos)

    def search(self, queries: ArrayLike, top: int = 1, threshold: Optional[float] = None) -> List[List[Match]]:
        """Who it is: for each query the people whose template is most like it.

        Parameters
        ----------
        queries : array (Q, D) or (D,)
        top : int, >= 1
        threshold : float or None
            Cosine from which on a template counts as the same person; None for that of ``advice``. Without any, the
            nearest people are found however far they are.

        Returns
        -------
        list of list of Match
            For each query at most ``top``, highest cosine to the template first, with the path of the photo that is
            most like the query. An empty list: unknown.
        """
        top = check_int('Enrolled.search', 'top', top, 1)
        if threshold is not None:
            check_number('Enrolled.search', 'threshold', threshold)
        elif self.advice:
            threshold = self.advice.threshold
        queries = unit_rows(self._vectors('search', 'queries', np.atleast_2d(np.asarray(queries, np.float32))))
        store = self._store
        with store.lock:
            store.refresh()
            found = nearest(self._finder, store.templates(), queries, top, threshold, store.dead)
            return [[self._match(store.names[int(row)], cosine, query) for row, cosine in zip(rows, cosines)]
                    for query, (rows, cosines) in zip(queries, found)]

    def _match(self, name, cosine, query):
        photos = self._store.line(name).photos
        vectors = unit_rows(self._store.rows(PHOTOS, [row for row, _, _ in photos]))
        return Match(float(cosine), name, photos[int(np.argmax(vectors @ query[:self.size]))][1])

    def _vectors(self, owner, what, vectors):
        """Vectors as float32 (n, width), checked."""
        vectors = np.asarray(vectors, np.float32)
        if vectors.ndim != 2 or vectors.shape[1] != self.size:
            raise ValueError('{}: {} must be (n, {}), got {}: are they of the net of this gallery?'.format(
                owner, what, self.size, vectors.shape))
        lengths = np.linalg.norm(vectors, axis=1)
        if not (np.isfinite(lengths) & (lengths > 0)).all():
            raise ValueError('{}: {} must be finite and not all 0.'.format(owner, what))
        return self._store.even(vectors)

    def _checked(self, name, embeddings, photos):
        rows = unit_rows(self._vectors(name, 'embeddings', embeddings)).astype('<f2')
        if len(rows) != len(photos):
            raise ValueError('{}: photos must be one for each embedding, got {} for {}.'.format(
                name, len(photos), len(rows)))
        return rows

    def _add(self, added):
        """Write people {name: (line so far or None, rows, photos)}: vectors first, then the journal."""
        if not added:
            return
        lines, templates, end = [], [], self._store.photos_end
        for name, (line, rows, photos) in added.items():
            before = self._store.rows(PHOTOS, [row for row, _, _ in line.photos] if line else [])
            # of the vectors as they are kept: enrolled together or one by one, the template is the same
            mean = np.concatenate([before, rows[:, :self.size]]).astype(np.float64).mean(axis=0)
            if not mean.any():
                raise ValueError('{}: embeddings must have a mean, got {} that cancel each other.'.format(
                    name, len(before) + len(rows)))
            templates.append(unit_rows(self._store.even(mean[None]))[0])
            row, kept = self._store.templates_end + len(lines), line or Line(name, None, 0, [], [])
            lines.append(Line(name, row, end + len(rows), kept.templates + [row],
                              kept.photos + [[end + i, *photo] for i, photo in enumerate(photos)]))
            end += len(rows)
        self._store.write(PHOTOS, {self._store.photos_end: np.concatenate([rows for _, rows, _ in added.values()])})
        self._store.write(TEMPLATES, {self._store.templates_end: np.stack(templates).astype('<f2')})
        self._store.append(lines)

    def _line(self, name):
        self._store.refresh()
        line = self._store.line(person_name(name))
        if line is None:
            raise ValueError('{} has nobody of the name {}.'.format(self.path, name))
        return line
