"""`gluonfr embed`: a folder, list or rec of faces, or photographs of them -> a file of embeddings."""
import json
import os

import numpy as np

from ..deploy.gallery import write_gallery
from ..deploy.parts_file import Checked, append_part, begun_parts
from ..utils.files import advice_on_full_disk
from ..utils.lock import sole_writer
from .options import make_embedder
from .photos import open_faces
from .train_data import identity

__all__ = ['embed', 'embed_file']

PEOPLE_DRAWN = 10


def embed(args):
    """Embed and say where the result is."""
    if not args.out.endswith(('.npz', '.npy')):
        raise ValueError('--out must end in .npz or .npy, got {}.'.format(args.out))
    embedder = make_embedder(args)
    with sole_writer(args.out + '.lock', '--out {}'.format(args.out)):
        dataset = open_faces(args, args.data, embedder.spec.size, args.out)
        count, size = embed_file(embedder, dataset, args.out, not args.no_progress)
    print('{}: {} embeddings of {} values'.format(args.out, count, size))
    if args.plot:
        draw(args.out, dataset.labels, args.plot)


def draw(path, labels, picture):
    """A picture of the embeddings in a file, those of the first people only: more colours cannot be told apart."""
    from ..viz import plot_embeddings
    embeddings = np.load(path)
    embeddings = embeddings['embeddings'] if path.endswith('.npz') else embeddings
    shown = np.isin(labels, np.unique(labels)[:PEOPLE_DRAWN])
    plot_embeddings(embeddings[shown], labels[shown], picture, title='embeddings')
    print('picture: {}'.format(picture))


def embed_file(embedder, dataset, out, progress=True):
    """Embed a dataset into a .npz or .npy file, going on with what an interrupted call has left beside it.

    Returns
    -------
    (int, int)
        Images and values of each embedding.
    """
    job = json.dumps([len(dataset), identity(dataset), embedder.batch_size, embedder.flip, embedder.spec,
                      embedder.precision, embedder.fingerprint()])
    os.makedirs(os.path.dirname(os.path.abspath(out)), exist_ok=True)
    partial = out + '.partial'
    with advice_on_full_disk(out, 'What is embedded so far is kept: make room and give the same command again'):
        with open(partial, 'a+b') as file:
            checked = Checked(dataset)
            parts = begun_parts(file, job, checked)
            for start, part in embedder.batches(checked, sum(map(len, parts)), progress):
                parts.append(part)
                append_part(file, part, checked.sums[start:start + len(part)])
        embeddings = np.concatenate(parts) if parts else embedder([])
        write_gallery(out, embedder, dataset, embeddings)
    os.remove(partial)
    return embeddings.shape
