"""`gluonfr embed`: a folder, list or rec of aligned faces -> a file of embeddings."""
import json
import os

import numpy as np

from ..data.folder import FolderDataset, ListDataset
from ..data.record import RecordDataset
from ..utils.files import atomic_path
from .options import add_command, add_net, make_embedder

__all__ = ['add_commands', 'embed_file']

EVERY = 50  # batches between two savings of what is done


def add_commands(commands):
    """Add the command."""
    parser = add_command(commands, 'embed', embed, 'write the embeddings of aligned face images to a file', """
example:
  gluonfr embed runs/mine people/ --out people.npz --flip sum

DATA is a folder of people (person/image.jpg), a list file (path<TAB>label) or a train.rec.
people.npz then holds `embeddings` (N, D), each of length 1, `labels` (N,) and `names` (N,);
people.npy would hold the embeddings alone, with the names in people.txt beside it.
Killed, the same command goes on with the images that are missing.""")
    add_net(parser)
    parser.add_argument('data', metavar='DATA')
    parser.add_argument('--out', required=True, metavar='FILE', help='.npz or .npy')
    parser.add_argument('--no-progress', action='store_true')


def embed(args):
    """Embed and say where the result is."""
    count, size = embed_file(make_embedder(args), open_images(args.data), args.out, not args.no_progress)
    print('{}: {} embeddings of {} values'.format(args.out, count, size))


def open_images(place):
    """A face dataset from a folder of people, a list file or a rec."""
    if os.path.isdir(place):
        return FolderDataset(place)
    if not os.path.isfile(place):
        raise FileNotFoundError('there is no file or folder {}.'.format(place))
    return RecordDataset(place) if place.endswith('.rec') else ListDataset(place)


def embed_file(embedder, dataset, out, progress=True):
    """Embed a dataset into a .npz or .npy file, going on with what an interrupted call has left beside it.

    Returns
    -------
    (int, int)
        Images and values of each embedding.
    """
    if not out.endswith(('.npz', '.npy')):
        raise ValueError('--out must end in .npz or .npy, got {}.'.format(out))
    names = [str(name) for name in getattr(dataset, 'paths', None) or getattr(dataset, 'keys', range(len(dataset)))]
    identity = json.dumps([names, len(dataset), embedder.flip, list(embedder.spec), embedder.fingerprint()])
    os.makedirs(os.path.dirname(os.path.abspath(out)), exist_ok=True)
    partial = out + '.partial.npz'
    parts = []
    if os.path.isfile(partial):
        with np.load(partial, allow_pickle=False) as saved:
            if str(saved['identity']) == identity:
                parts = [saved['embeddings']]
    start = sum(map(len, parts)) // embedder.batch_size * embedder.batch_size
    parts = [part[:start] for part in parts]
    for number, (_, part) in enumerate(embedder.batches(dataset, start, progress), 1):
        parts.append(part)
        if number % EVERY == 0:
            parts = [np.concatenate(parts)]
            _save(partial, np.savez, embeddings=parts[0], identity=np.array(identity))
    embeddings = np.concatenate(parts) if parts else embedder([])
    if out.endswith('.npz'):
        _save(out, np.savez, embeddings=embeddings, labels=dataset.labels, names=np.array(names))
    else:
        _save(out, lambda file: np.save(file, embeddings))
        with atomic_path(out[:-4] + '.txt') as temporary, open(temporary, 'w', encoding='utf-8') as file:
            file.writelines(name + '\n' for name in names)
    if os.path.isfile(partial):
        os.remove(partial)
    return embeddings.shape


def _save(path, write, **arrays):
    with atomic_path(path) as temporary, open(temporary, 'wb') as file:
        write(file, **arrays)
