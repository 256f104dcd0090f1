"""`gluonfr embed`: a folder, list or rec of faces, or photographs of them -> a file of embeddings."""
import os

import numpy as np

from ..data.opening import check_apart
from ..deploy.embed_set import embed_to_file
from ..deploy.gallery import check_gallery_path
from ..utils.lock import sole_writer
from ..utils.messages import counted
from .faces import open_faces
from .options import make_embedder
from .parsers.common import FACE_OPTIONS, NET_OPTIONS, chosen

__all__ = ['embed']

PEOPLE_DRAWN = 10


def embed(args):
    """Embed and say where the result is."""
    check_gallery_path('embed', args.out)
    for option in ('out', 'plot'):
        if getattr(args, option):
            check_apart('--' + option, getattr(args, option), args.data)
    embedder = make_embedder(**chosen(args, NET_OPTIONS))
    with sole_writer(args.out + '.lock', '--out {}'.format(args.out)):
        dataset = open_faces(args.data, embedder.spec.size, chosen(args, FACE_OPTIONS), on_error=args.on_error,
                             progress=not args.no_progress, report=os.path.splitext(args.out)[0] + '.faces.csv')
        embeddings = embed_to_file(embedder, dataset, args.out, progress=not args.no_progress)
    count, size = embeddings.shape
    print('{}: {} of {}'.format(args.out, counted(count, 'embedding'), counted(size, 'dimension')))
    if args.plot:
        draw(embeddings, dataset.labels, args.plot)


def draw(embeddings, labels, picture):
    """A picture of the embeddings of the first people only: more colours cannot be told apart."""
    from ..viz import plot_embeddings
    shown = np.isin(labels, np.unique(labels)[:PEOPLE_DRAWN])
    plot_embeddings(embeddings[shown], labels[shown], picture, title='embeddings')
    print('picture: {}'.format(picture))
