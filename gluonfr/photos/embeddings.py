"""Embeddings that are computed once: a file keeps them by the content of the image, and by the net."""
import hashlib
import json
import os
from collections import namedtuple
from typing import Any, Optional, Sequence

import cv2
import numpy as np

from ..deploy.gallery import made_by
from ..deploy.parts_file import append_part, read_parts
from ..utils.files import advice_on_full_disk
from ..utils.lock import sole_writer
from ..utils.progress import Bar
from ..utils.threads import each

__all__ = ['Embedded', 'cache_path', 'embed_cached']

SIDE = 16  # pixels of the small pictures

Embedded = namedtuple('Embedded', 'embeddings digests sharpness thumbs new')
Embedded.__doc__ = """Images as a net and a look at them have it.

embeddings : float32 array (N, D)
    As the embedder gives them.
digests : uint8 array (N, 32)
    SHA-256 of the bytes of each image.
sharpness : float32 array (N,)
    Variance of the Laplacian of the grey image.
thumbs : uint8 array (N, 256)
    Grey pictures of 16 x 16 pixels.
new : int
    How many images were computed, and not found in the file.
"""


def cache_path(folder: str, embedder: Any) -> str:
    """The file in a folder for the embeddings of an embedder: another for each net and way of using it."""
    made = json.dumps([made_by(embedder), embedder.normalize], sort_keys=True)
    return os.path.join(folder, 'embeddings-{}.parts'.format(hashlib.sha256(made.encode()).hexdigest()[:12]))


def embed_cached(images: Any, embedder: Any, folder: str, *, chosen: Optional[Sequence[int]] = None,
                 progress: bool = False) -> Embedded:
    """Embed images, but for those whose bytes this embedder has seen before.

    Each batch goes to the file at once, with a checksum: what was killed goes on there, and images that were renamed,
    moved or added to are not computed again.

    Parameters
    ----------
    images : dataset
        With ``len``, ``read_bytes(i) -> (bytes, label)`` and ``decode(bytes, i)``, or ``read(i) -> (image, label)``.
    embedder : Embedder
    folder : str
        Where the file is; it is made.
    chosen : sequence of int or None
        Which images; None: all.
    progress : bool

    Returns
    -------
    Embedded

    Raises
    ------
    ValueError, OSError
        An image cannot be read, is not of the net's size, or gives an embedding that is not finite; the disk is full;
        another process writes to the file.
    """
    path = cache_path(folder, embedder)
    chosen = np.arange(len(images)) if chosen is None else np.asarray(chosen, np.int64)
    digests = _digests(images, chosen, progress)
    with advice_on_full_disk(path, 'What is embedded so far is kept: make room and give the same command again'), \
            sole_writer(path + '.lock', path), open(path, 'a+b') as file:
        parts = list(read_parts(file))
        known = {digest.tobytes(): row for row, digest in enumerate(
            digest for part in parts for digest in part[0])}
        seen, new = sum(len(part[0]) for part in parts), {}  # content -> its first image
        for i, digest in enumerate(digests):
            if digest.tobytes() not in known:
                new.setdefault(digest.tobytes(), i)
        wanted = np.array(list(new.values()), np.int64)
        view = _Seen(images, chosen[wanted])
        for start, embeddings in embedder.batches(view, progress='embed' if progress else False):
            end = start + len(embeddings)
            parts.append((digests[wanted[start:end]], embeddings.astype('float32'), view.sharpness[start:end],
                          view.thumbs[start:end]))
            append_part(file, *parts[-1])
    known.update({digest: seen + row for row, digest in enumerate(new)})
    rows = np.array([known[digest.tobytes()] for digest in digests], np.int64)
    width = (embedder.spec.embedding_size or 0) * (2 if embedder.flip == 'concat' else 1)
    parts.append([np.zeros(shape, kind) for shape, kind in (
        ((0, 32), 'uint8'), ((0, width), 'float32'), (0, 'float32'), ((0, SIDE ** 2), 'uint8'))])
    embeddings, sharpness, thumbs = (np.concatenate([part[k] for part in parts])[rows] for k in (1, 2, 3))
    return Embedded(embeddings, digests, sharpness, thumbs, len(new))


def _digests(images, chosen, progress):
    """SHA-256 of each image: of its file or record, or of its pixels where it has none."""
    def digest(i):
        if hasattr(images, 'read_bytes') and not hasattr(images, 'landmarks'):  # of a photograph a face is a part
            data = images.read_bytes(i)[0]
        else:
            data = np.ascontiguousarray(images.read(i)[0])
        return hashlib.sha256(data).digest()

    found = list(Bar(each(digest, chosen.tolist()), total=len(chosen), desc='read', unit='image',
                     disable=not progress or None))
    return np.frombuffer(b''.join(found), np.uint8).reshape(-1, 32)


class _Seen:
    """Some images of a set, which notes when each is read how sharp it is and how it looks when it is small."""

    def __init__(self, images, chosen):
        self._images, self._chosen = images, chosen
        names = images.names
        self.paths = [names[i] for i in chosen.tolist()]
        self.sharpness = np.zeros(len(chosen), np.float32)
        self.thumbs = np.zeros((len(chosen), SIDE ** 2), np.uint8)

    def __len__(self):
        return len(self._chosen)

    def read(self, i):
        """Several threads may."""
        image, label = self._images.read(int(self._chosen[i]))
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        self.sharpness[i] = cv2.Laplacian(grey, cv2.CV_32F).var()
        self.thumbs[i] = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA).ravel()
        return image, label
