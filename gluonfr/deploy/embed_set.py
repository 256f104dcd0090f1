"""Embeddings of a set of images into a file; what was killed goes on where it was."""
import json
import os

import numpy as np

from ..data.dataset import StoredDataset
from ..utils.files import advice_on_full_disk
from .embedder import Embedder
from .gallery import check_gallery_path, write_gallery
from .parts_file import Checksummed, append_part, begun_parts

__all__ = ['embed_to_file']


def embed_to_file(embedder: Embedder, dataset: StoredDataset, out: str, *, progress: bool = False) -> np.ndarray:
    """Embed a set of images into a .npz or .npy file, going on with what a killed call has left beside it.

    What is done so far stands in '<out>.partial', with checksums of it and of the images; it counts for the same
    network, options and set only, and up to the first image that was replaced.

    Parameters
    ----------
    embedder : Embedder
    dataset : object
        As `open_dataset` and `open_photos` give it: files or a rec.
    out : str
        What `read_gallery` reads: a .npz, or a .npy with the paths in a .txt beside it.
    progress : bool
        Show a progress bar.

    Returns
    -------
    numpy.ndarray, float32, (N, D)
        What the file holds now.

    Raises
    ------
    ValueError, OSError
        An image cannot be read, is not of the network's size, or gives an embedding that is not finite; the disk is
        full.
    """
    check_gallery_path('embed_to_file', out)
    job = [len(dataset), dataset.identity(), embedder.batch_size, embedder.flip, embedder.spec, embedder.precision,
           embedder.fingerprint()]
    if embedder.engine != 'mxnet':  # the one that earlier versions had, whose work is gone on with
        job += [embedder.engine, embedder.device]
    job = json.dumps(job)
    os.makedirs(os.path.dirname(os.path.abspath(out)), exist_ok=True)
    begun = out + '.partial'
    with advice_on_full_disk(out, 'What is embedded so far is kept: make room and give the same command again'):
        with open(begun, 'a+b') as file:
            images = Checksummed(dataset)
            parts = begun_parts(file, job, images)
            for start, part in embedder.batches(images, sum(map(len, parts)), progress):
                parts.append(part)
                append_part(file, part, images.checksums[start:start + len(part)])
        embeddings = np.concatenate(parts) if parts else embedder([])
        write_gallery(out, embedder, dataset, embeddings)
    os.remove(begun)
    return embeddings
