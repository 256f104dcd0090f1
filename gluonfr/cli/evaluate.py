"""`gluonfr evaluate`: a network, embeddings or scores on any data."""
import os
import shlex

from ..align import find_faces
from ..evaluation import evaluate as measure
from ..evaluation import open_given
from ..utils.arguments import parse_arguments
from ..utils.check import check_number
from .faces import make_finder, open_faces
from .options import make_embedder
from .parsers.common import FACE_OPTIONS, NET_OPTIONS, chosen

__all__ = ['evaluate']

DATA_OPTIONS = ('root', 'probes', 'distractors', 'features', 'scores', 'groups', 'quality', 'stretch', 'most_pairs',
                'unknown', 'seed')


def evaluate(args):
    """Measure each net, print what is found, and write the results."""
    for far in args.fars or ():
        check_number('--far', 'FAR', far, 0, 1)
    if args.params and len(args.net) != 1:
        raise ValueError('--params are of one NET, got {}.'.format(len(args.net)))
    for net, out in zip(args.net or [None], result_names(args.out, args.net)):
        evaluate_one(args, net, out)


def evaluate_one(args, net, out):
    """Measure one net, or what is given without one."""
    progress = not args.no_progress
    embedder = None if net is None else make_embedder(**dict(chosen(args, NET_OPTIONS), net=net), normalize=False)
    size = None if embedder is None else embedder.spec.size
    options = {name: value for name, value in chosen(args, DATA_OPTIONS).items() if value is not None}
    given = open_given(args.data, size=size, find=finder(args, size, out), **options)
    found = measure(given, embedder, protocols=args.protocols, name=net or '', hardest=args.hardest,
                    faces=not args.no_faces, plane=None if args.map == 'none' else args.map,
                    command='gluonfr ' + ' '.join(map(shlex.quote, args.argv)), progress=progress, tell=print,
                    fars=args.fars, nfolds=args.nfolds, **parse_arguments(args.protocol_args, '--protocol-args'))
    for sentence in given.assumed:
        print(sentence)
    if given.left_out:
        print('{}: {} left out, the first: {} ({})'.format(
            given.name, len(given.left_out), given.left_out[0]['what'], given.left_out[0]['why']))
    found.result.save(out)
    print('result: {}'.format(out + '.json'))


def result_names(out, nets):
    """OUT, without .json; of several nets OUT-NET for each."""
    out = out[:-5] if out.endswith('.json') else out
    if len(nets) < 2:
        return [out]
    names = []
    for net in nets:
        path = os.path.normpath(net)
        name = os.path.splitext(os.path.basename(path))[0]
        if name in ('card', 'model') and os.path.dirname(path):
            name = os.path.basename(os.path.dirname(path))
        names.append(name if name not in names else '{}-{}'.format(name, len(names) + 1))
    return ['{}-{}'.format(out, name) for name in names]


def finder(args, size, out):
    """What finds the faces in photographs; None where they are aligned."""
    found_by = chosen(args, FACE_OPTIONS)
    if make_finder(**found_by) is None:
        return None
    if size is None:
        raise ValueError('--detect and --landmarks go with a NET, whose images the faces become.')

    def find(where):
        if isinstance(where, list):
            return find_faces(where, make_finder(**found_by), size, on_error='skip')
        return open_faces(where, size, found_by, on_error='skip', progress=not args.no_progress,
                          report='{}.{}.faces.csv'.format(out, os.path.basename(os.path.normpath(where))))
    return find
