"""`gluonfr compare`: how alike two or more faces are."""
from ..align import find_faces
from ..data.image_files import ImageFiles
from ..deploy.advice import advice_of, say_advice
from .faces import make_finder
from .options import make_embedder
from .parsers.common import FACE_OPTIONS, NET_OPTIONS, chosen

__all__ = ['compare']


def compare(args):
    """Print a line for each image after the first."""
    if args.several == 'all':
        raise ValueError("--several must be largest, center or refuse here: an image is compared by one face, got all.")
    finder = make_finder(**chosen(args, FACE_OPTIONS))
    embedder = make_embedder(**chosen(args, NET_OPTIONS))  # first, as it tells an image in the place of NET
    if len(args.images) < 2:
        raise ValueError('at least two images must be given, got {}.'.format(len(args.images)))
    advice = advice_of(embedder) if args.threshold is None else None
    threshold = advice.threshold if advice else args.threshold
    embeddings = embedder(find_faces(args.images, finder, embedder.spec.size) if finder else ImageFiles(args.images))
    for path, cosine in zip(args.images[1:], embeddings[1:].dot(embeddings[0])):
        verdict = ''
        if threshold is not None:
            verdict = '  same person' if cosine >= threshold else '  different people'
        print('{}  {}  {:.4f}{}'.format(args.images[0], path, cosine, verdict))
    if advice:
        print(say_advice(advice))
