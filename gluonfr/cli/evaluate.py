"""`gluonfr evaluate`: a network, embeddings or scores on any data."""
import os
import shlex

from ..align import find_faces
from ..deploy.advice import write_advice
from ..evaluation import Result, advise, compare_results, find_overlap, open_given
from ..evaluation import evaluate as measure
from ..evaluation.result import result_paths
from ..report import needs_libraries, write_report
from ..report.page import check_page
from ..utils.arguments import parse_arguments
from ..utils.check import check_number
from .faces import make_finder, open_faces
from .options import make_embedder
from .parsers.common import FACE_OPTIONS, NET_OPTIONS, chosen

__all__ = ['evaluate']

INPUTS = ('data', 'probes', 'distractors', 'features', 'scores', 'train_data', 'against')
DATA_OPTIONS = ('root', 'probes', 'distractors', 'noise', 'features', 'scores', 'groups', 'quality', 'stretch',
                'most_pairs', 'unknown', 'seed')


def evaluate(args):
    """Measure each network, print what is found, and write the results."""
    for option, rates in (('--far', args.fars or ()), ('--fpir', args.fpirs or ()), ('--advise', args.advise)):
        for rate in rates:
            check_number(option, 'the rate', rate, 0, 1)
    if args.params and len(args.net) != 1:
        raise ValueError('--params are of one NET, got {}.'.format(len(args.net)))
    if args.write_card and not (args.advise and args.net):
        raise ValueError('--write-card needs --advise FMR, and a NET whose card it is.')
    names = short_names(args.net)
    outs = result_names(args.out, names)
    check_outs(args, outs)
    if args.report:
        needs_libraries()
        check_page('--report', args.report)
    others = [Result.load(args.against)] if args.against else []
    for net, name, out in zip(args.net or [None], names or [''], outs):
        result = evaluate_one(args, net, name, out)
        for other in others[:1]:
            result.compared = compare_results(result, other, fars=args.fars)
            for found in result.compared:
                print(found['sentence'])
        result.save(out)
        print('result: {}.json'.format(out))
        others.append(result)
    if args.report:
        print('report: {}'.format(write_report(
            [args.against] * bool(args.against) + outs, args.report, faces=not args.no_faces)))


def check_outs(args, outs):
    """Refuse to write over what is read, or where nothing can be written: that is known before hours of embedding."""
    for option, path in [('--out', out) for out in outs] + [('--report', args.report)] * bool(args.report):
        folder, name = os.path.split(os.path.expanduser(path))
        folder = os.path.abspath(folder)
        while not os.path.lexists(folder):
            folder = os.path.dirname(folder)
        if not name or not os.path.isdir(folder) or not os.access(folder, os.W_OK):
            raise ValueError('{} must be a name of files in a folder that can be written to, got {}.'.format(
                option, path))
    written = {os.path.abspath(path) for out in outs for path in result_paths(out)}
    for name in INPUTS:
        given = getattr(args, name)
        read = result_paths(given) if given and name == 'against' else [given] if given else []
        if written & set(map(os.path.abspath, read)):
            raise ValueError('--out {} would write over --{} {}: give another name.'.format(
                args.out, name.replace('_', '-'), given))


def evaluate_one(args, net, name, out):
    """Measure one network, or what is given without one."""
    progress = not args.no_progress
    embedder = None if net is None else make_embedder(**dict(chosen(args, NET_OPTIONS), net=net), normalize=False)
    size = None if embedder is None else embedder.spec.size
    options = {key: value for key, value in chosen(args, DATA_OPTIONS).items() if value is not None}
    given = open_given(args.data, size=size, find=finder(args, size, out), **options)
    found = measure(given, embedder, protocols=args.protocols, name=name, hardest=args.hardest,
                    faces=not args.no_faces, plane=None if args.map == 'none' else args.map,
                    command='gluonfr ' + ' '.join(map(shlex.quote, args.argv)), progress=progress, tell=print,
                    fars=args.fars, fpirs=args.fpirs, nfolds=args.nfolds,
                    **parse_arguments(args.protocol_args, '--protocol-args'))
    result = found.result
    result.save(out)  # what follows may fail, and what is measured stays
    for sentence in result.assumed:
        print(sentence)
    if given.left_out:
        print('{}: {} left out, the first: {} ({})'.format(
            given.name, len(given.left_out), given.left_out[0]['what'], given.left_out[0]['why']))
    if args.train_data:
        result.overlap = find_overlap(given, found.embeddings, found.digests, args.train_data, embedder, root=args.root,
                                      progress=progress)
        print(result.overlap['sentence'])
    if args.advise:
        said = len(result.assumed)
        result.advice = advise(result, args.advise)
        for sentence in result.assumed[said:]:
            print(sentence)
        for advice in result.advice:
            print(advice['sentence'])
        if args.write_card and result.advice[0]['fmr'] != args.advise[0]:
            raise ValueError('--write-card writes the threshold of the first --advise, which cannot be shown here.')
        if args.write_card:
            write_advice(embedder.files and embedder.files.card, result.advice)
            print('{}: compare and search use the first threshold now'.format(embedder.files.card))
    return result


def short_names(nets):
    """What each network is called: its folder or file, each another name."""
    names = []
    for net in nets:
        path = os.path.normpath(net)
        name = os.path.splitext(os.path.basename(path))[0]
        name = name[:-len('-symbol')] if name.endswith('-symbol') else name
        if name in ('card', 'model') and os.path.dirname(path):
            name = os.path.basename(os.path.dirname(path))
        names.append('{}-{}'.format(name, len(names) + 1) if name in names else name)
    return names


def result_names(out, names):
    """OUT, without .json; of several nets OUT-NAME for each."""
    out = out[:-5] if out.endswith('.json') else out
    return ['{}-{}'.format(out, name) for name in names] if len(names) > 1 else [out]


def finder(args, size, out):
    """What finds the faces in photographs; None where they are aligned."""
    found_by = chosen(args, FACE_OPTIONS)
    if make_finder(**found_by) is None:
        return None
    if args.several == 'all':
        raise ValueError('--several must be largest, center or refuse here: a photograph is of one person, got all.')
    if size is None:
        raise ValueError('--detect and --landmarks go with a NET, whose images the faces become.')

    def find(where):
        if isinstance(where, list):
            return find_faces(where, make_finder(**found_by), size, on_error='skip')
        return open_faces(where, size, found_by, on_error='skip', progress=not args.no_progress,
                          report='{}.{}.faces.csv'.format(out, os.path.basename(os.path.normpath(where))))
    return find
