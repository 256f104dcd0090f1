"""The numbers of InsightFace's own scripts beside those of gluonfr, on the same embeddings.

    python scripts/beside_insightface.py --public DIR/recognition --pairs DIR/lfw.bin --net DIR/model-symbol.json

The first folder is in a checkout of https://github.com/deepinsight/insightface; nothing of it is in this repository. Of
arcface_torch/eval/verification.py, _evaluation_/ijb/ijb_11.py and _evaluation_/ijb/ijb_1n.py the functions that
measure, and the statements that print, are run as they stand: verification.py on the pairs, the others on embeddings,
templates and lists like those of IJB-C, drawn from a seed. The rows, what they print and what gluonfr gives, go to
resources/results/beside-insightface.csv. Needs scikit-learn.
"""
import argparse
import ast
import contextlib
import csv
import heapq
import io
import math
import os
import shlex
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

import numpy as np  # noqa: E402
import sklearn.preprocessing  # noqa: E402
from gluonfr.data import read_bin  # noqa: E402
from gluonfr.deploy import Embedder  # noqa: E402
from gluonfr.deploy.verify import PairImages  # noqa: E402
from gluonfr.metrics import TemplateSearchTruth, TemplateTruth, get_protocol  # noqa: E402
from scipy import interpolate  # noqa: E402
from sklearn.metrics import auc, roc_curve  # noqa: E402
from sklearn.model_selection import KFold  # noqa: E402

RESULTS = os.path.join(ROOT, 'resources', 'results', 'beside-insightface.csv')
FILES = {'verification.py': ('arcface_torch', 'eval'), 'ijb_11.py': ('_evaluation_', 'ijb'),
         'ijb_1n.py': ('_evaluation_', 'ijb')}
SWITCHES = ('use_norm_score', 'use_detector_score', 'use_flip_test')


class Public:
    """A public script, of which parts can be run without the rest and what that imports."""

    def __init__(self, folder, name):
        path = os.path.join(folder, *FILES[name], name)
        if not os.path.exists(path):
            path = os.path.join(folder, name)
        with open(path, encoding='utf-8') as file:
            self._tree = ast.parse(file.read(), path)
        self._path = path
        self.names = {'np': np, 'sklearn': sklearn, 'interpolate': interpolate, 'KFold': KFold, 'math': math,
                      'heapq': heapq, 'roc_curve': roc_curve, 'auc': auc}
        self.run(lambda node: isinstance(node, (ast.FunctionDef, ast.ClassDef)))

    def run(self, wanted, **names):
        """Run the statements of the module that are wanted; returns what they print."""
        self.names.update(names)
        body = [node for node in self._tree.body if wanted(node)]
        with contextlib.redirect_stdout(io.StringIO()) as said:
            exec(compile(ast.Module(body, []), self._path, 'exec'), self.names)
        return said.getvalue()

    def call(self, name, *arguments, **options):
        """Call one of its functions: (what it returns, what it prints)."""
        with contextlib.redirect_stdout(io.StringIO()) as said:
            return self.names[name](*arguments, **options), said.getvalue()


class Anything:
    """Stands for a figure, on which nothing is drawn."""

    def __getattr__(self, name):
        return lambda *arguments, **options: None


def pairs_rows(public, embeddings, issame):
    """Accuracy over ten folds, and VAL at FAR 1e-3."""
    thresholds = np.arange(0, 4, 0.01)
    accuracy = public.call('calculate_roc', thresholds, embeddings[0::2], embeddings[1::2], issame)[0][2]
    compat, exact = (get_protocol('kfold', nfolds=10, compat=compat).measure(embeddings, issame, 'lfw')
                     for compat in (True, False))
    folds = [found.curves['folds']['accuracy'] for found in (compat, exact)]
    yield 'accuracy', np.mean(accuracy), compat.rows[0]['acc'], exact.rows[0]['acc']
    yield 'deviation over folds', np.std(accuracy), compat.rows[0]['std'], exact.rows[0]['std']
    for k, theirs in enumerate(accuracy):
        yield 'accuracy of fold {}'.format(k + 1), theirs, folds[0][k], folds[1][k]
    try:
        theirs = public.call('calculate_val', np.arange(0, 4, 0.001), embeddings[0::2], embeddings[1::2], issame, 1e-3)
        theirs = theirs[0][0]
    except ValueError as error:
        theirs = 'stops: {}'.format(str(error).rstrip('.'))
    yield 'VAL at FAR 1e-3', theirs, compat.rows[0]['val@1e-3'], exact.rows[0]['val@1e-3']


def drawn_templates(seed=0):
    """What IJB's lists say, in small: (embeddings and mirrored ones (N, 2 D), templates, media, scores, people)."""
    random = np.random.RandomState(seed)
    people = np.repeat(np.arange(200), 4)  # of 800 templates
    templates = np.concatenate([np.arange(800), random.randint(0, 800, 3200)])
    media = random.randint(0, 3, 4000)
    sure = random.uniform(0.3, 1, 4000).astype('float32')
    faces = random.randn(200, 128)[people[templates]]
    both = [faces + random.uniform(1, 5, (4000, 1)) * random.randn(4000, 128) for _ in range(2)]
    return np.concatenate(both, axis=1).astype('float32'), templates, media, sure, people


def template_rows(public, switches):
    """TAR at the FARs of ijb_11.py, for one setting of its switches."""
    embeddings, templates, media, sure, people = drawn_templates()
    first, second = np.triu_indices(800, 1)
    same = people[first] == people[second]
    public.run(lambda node: isinstance(node, ast.If) and getattr(node.test, 'id', None) in SWITCHES,
               img_feats=embeddings, faceness_scores=sure, **dict(zip(SWITCHES, switches)))
    vectors, ids = public.call('image2template_feature', public.names['img_input_feats'], templates, media)[0]
    scores = public.call('verification', vectors, ids, first, second)[0]
    rows = Anything()
    rows.add_row = public.names.setdefault('printed', []).append
    public.run(lambda node: isinstance(node, ast.For) or getattr(getattr(node, 'targets', [None])[0], 'id', '')
               == 'x_labels', label=same.astype(int), methods=['gluonfr'], scores={'gluonfr': scores},
               colours={'gluonfr': None}, target='IJBC', plt=Anything(), tpr_fpr_table=rows)
    norm, detector, flip = switches
    truth = TemplateTruth(templates, media, first, second, same, sure)
    x = embeddings if flip else embeddings[:, :128]
    found = get_protocol('templates', norm=norm, detector=detector, flip=flip).measure(x, truth, 'drawn')
    row = found.rows[0]
    difference = float(np.abs(scores - found.scores).max())
    yield 'largest difference of {:,} scores'.format(len(scores)), None, difference, None
    for far, theirs in zip(public.names['x_labels'], public.names['printed'].pop()[1:]):
        exact, compat = (row[form.format(far)] for form in ('tar@{:g}', 'compat_tar@{:g}'))
        yield 'TAR % at FAR {:g}'.format(far), theirs, percent(exact if compat is None else compat), percent(exact)


def search_rows(public):
    """Ranks and rates of ijb_1n.py: probes that are all mated, in both galleries together."""
    embeddings, templates, media, sure, people = drawn_templates()
    gallery, probes = np.arange(0, 800, 4), np.setdiff1d(np.arange(800), np.arange(0, 800, 4))
    x = (embeddings[:, :128] + embeddings[:, 128:]) * sure[:, None]
    units, ids, of_gallery = public.call('image2template_feature', x, templates, media, gallery, people[gallery])[0]
    queries, _, of_probes = public.call('image2template_feature', x, templates, media, probes, people[probes])[0]
    mask = public.call('gen_mask', of_probes, of_gallery)[0]
    said = [line.split() for line in public.call('evaluation', queries, units, mask)[1].splitlines()]
    truth = TemplateSearchTruth(templates, media, {'G1+G2': (gallery, people[gallery])}, (probes, people[probes]), sure)
    row, = get_protocol('identification', flip=True).measure(embeddings, truth, 'drawn').rows
    for words in said:  # top1 = ..., and far = ... pr = ... th = ...
        if words[0] in ('top1', 'top5', 'top10'):
            ours = row['rank' + words[0][3:]]
            yield 'rank-' + words[0][3:], float(words[2]), ours, ours
        elif words[0] == 'far':
            yield 'rate at "far" {:g}'.format(float(words[2])), float(words[5]), row[
                'compat_dir@{:g}'.format(float(words[2]))], None


def percent(share):
    """'97.31' of 0.9731, as the script prints it."""
    return 'refused' if share is None else '{:.2f}'.format(100 * share)


def main():
    """Run both on the same data; write and print the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--public', required=True, metavar='DIR', help='folder of the public scripts')
    parser.add_argument('--pairs', metavar='FILE', help='.bin of pairs; without it verification.py is left out')
    parser.add_argument('--net', metavar='NET', help='what embeds them')
    parser.add_argument('--csv', default=RESULTS, metavar='FILE')
    args = parser.parse_args()
    if (args.pairs is None) != (args.net is None):
        parser.error('--pairs and --net belong together')
    sources = []
    if args.pairs:
        pairs = read_bin(args.pairs)
        embeddings = Embedder(args.net, flip='sum')(PairImages(pairs), progress='pairs')
        rows = pairs_rows(Public(args.public, 'verification.py'), embeddings.astype('float64'), pairs.issame)
        sources.append(('verification.py', os.path.basename(args.pairs), rows))
    public = Public(args.public, 'ijb_11.py')
    for switches in ((True, True, True), (False, True, True), (True, False, False), (False, False, False)):
        sources.append(('ijb_11.py', 'drawn, N{:d}D{:d}F{:d}'.format(*switches), template_rows(public, switches)))
    sources.append(('ijb_1n.py', 'drawn, N1D1F1', search_rows(Public(args.public, 'ijb_1n.py'))))
    command = 'python scripts/beside_insightface.py ' + ' '.join(
        shlex.quote(os.path.basename(word) if os.sep in word else word) for word in sys.argv[1:])
    with open(args.csv, 'w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file)
        writer.writerow(['script', 'set', 'quantity', 'insightface', 'compat', 'exact', 'same', 'command'])
        for script, name, rows in sources:
            for quantity, theirs, compat, exact in rows:
                cells = [script, name, quantity, *map(text, (theirs, compat, exact)), equal(theirs, compat)]
                print('{:16} {:14} {:36} {:>12} {:>12} {:>12}  {}'.format(*cells))
                writer.writerow([*cells, command])


def text(value):
    """A cell."""
    return '' if value is None else value if isinstance(value, str) else '{:.5f}'.format(value) if value > 1e-6 or (
        not value) else '{:.1e}'.format(value)


def equal(theirs, compat):
    """Whether both are the same to all digits that are shown."""
    if theirs is None or str(theirs).startswith('stops') or compat in (None, 'refused'):
        return ''
    return 'yes' if abs(float(theirs) - float(compat)) < 1e-5 else 'no'


if __name__ == '__main__':
    main()
