"""Results with every part that a report shows, of drawn scores; and the folder of a run."""
import base64
import csv
import json

import numpy as np

from gluonfr.evaluation.result import Result
from gluonfr.metrics import kfold_accuracy, roc_curve, score_histogram, tar_at_far

__all__ = ['EVIL', 'evil_result', 'make_result', 'make_run', 'thumb']

EVIL = '</script><img src=x onerror="document.title=\'owned\'">$$x$$<b>\'"&'


def thumb(seed):
    """A JPEG of 80 pixels in base64: a coloured face-like disc."""
    import cv2
    rng = np.random.RandomState(seed)
    image = np.full((80, 80, 3), rng.randint(60, 200, 3), 'uint8')
    cv2.circle(image, (40, 42), 26, tuple(map(int, rng.randint(90, 255, 3))), -1)
    for x in (30, 50):
        cv2.circle(image, (x, 36), 4, (20, 20, 20), -1)
    cv2.ellipse(image, (40, 52), (10, 5), 0, 0, 180, (40, 40, 160), 2)
    return base64.b64encode(cv2.imencode('.jpg', image)[1].tobytes()).decode()


def make_result(name='mobilefacenet', data='drawn', gap=3.5, pairs=2000, seed=0, **more):
    """A result of a net whose genuine scores lie `gap` deviations above the others; `more` replaces parts."""
    rng = np.random.RandomState(seed)
    same = np.arange(pairs) % 2 == 0
    scores = np.clip(0.12 * rng.randn(pairs) + 0.12 * gap * same, -1, 1)
    folds = kfold_accuracy(scores, same, 10)
    kfold = {'set': data, 'pairs': pairs, 'impostors': pairs // 2, 'folds': 10, 'acc': folds.mean, 'std': folds.std,
             'threshold': float(folds.thresholds.mean()), 'tar@1e-6': None}
    for far in (1e-2, 1e-3):
        point = tar_at_far(scores, same, [far])
        tar, column = float(point.tar[0]), 'tar@{:g}'.format(far)
        kfold.update({column: tar, column + '_low': tar - .02, column + '_high': min(tar + .02, 1.),
                      'threshold@{:g}'.format(far): float(point.thresholds[0])})
    search = {'set': data, 'probes': 300, 'rank1': 0.93, 'rank1_low': 0.9, 'rank1_high': 0.955, 'rank5': 0.97,
              'dir@0.01': 0.81, 'dir@0.01_low': 0.76, 'dir@0.01_high': 0.855}
    grow = np.linspace(0, 1, 20)
    sections = [
        {'protocol': 'kfold', 'version': 1, 'parameters': {'nfolds': 10}, 'rows': [kfold], 'lines': [
            '{}: accuracy {:.2f} % over ten folds.'.format(data, 100 * folds.mean)],
         'notes': ['{}: {:,} impostors cannot show FAR 1e-6; the smallest is 1e-3.'.format(data, pairs // 2)],
         'curves': curves_of(scores, same, folds)},
        {'protocol': 'identification', 'version': 1, 'parameters': {}, 'rows': [search], 'notes': [], 'lines': [],
         'curves': {'cmc': _band('rank', [1, 2, 3, 5, 10, 20, 50], 'rate', [.93, .95, .96, .97, .98, .99, 1.]),
                    'dir': _band('fpir', np.geomspace(1e-3, 1, 30), 'dir', np.linspace(.7, .95, 30)),
                    'distractors': _band('size', [10, 100, 1000, 10000], 'rank1', [.99, .97, .9, .8])}},
        {'protocol': 'groups', 'version': 1, 'parameters': {}, 'notes': [], 'lines': [],
         'rows': [{'set': group, 'pairs': 500, 'acc': acc, 'acc_low': acc - .02, 'acc_high': min(acc + .015, 1)}
                  for group, acc in zip(('north', 'east', 'south', 'west', 'elsewhere'), (.98, .96, .97, .93, .975))],
         'curves': {'groups': {'name': ['north', 'east', 'south', 'west'], 'accuracy': [.98, .96, .97, .93],
                               'low': [.965, .94, .955, .905], 'high': [.99, .972, .98, .95]}}},
        {'protocol': 'quality', 'version': 1, 'parameters': {'fmr': 1e-3}, 'rows': [{'set': data, 'fnmr@0.2': .02}],
         'notes': [], 'lines': [],
         'curves': {'reject': {'rejected': (0.4 * grow).tolist(), 'fnmr': (.08 * np.exp(-2 * grow)).tolist()}}}]
    people = rng.randint(0, 12, 240)
    centres = rng.randn(12, 2) * 3
    places = centres[people] + 0.5 * rng.randn(240, 2)
    parts = {
        'hardest': {kind: [{'score': 0.9 - 0.04 * i, 'first': i, 'second': i + 1, 'first_name': 'p{}/a.png'.format(i),
                            'second_name': 'p{}/b.png'.format(i + 1), 'first_thumb': thumb(i),
                            'second_thumb': thumb(i + 1)} for i in range(6)]
                    for kind in ('false_accepts', 'false_rejects')},
        'map': {'x': places[:, 0].tolist(), 'y': places[:, 1].tolist(), 'person': people.tolist(),
                'names': ['person {}'.format(k) for k in range(12)]},
        'advice': [{'fmr': 1e-3, 'threshold': 0.37, 'low': 0.34, 'high': 0.4, 'people': 60}],
        'assumed': ['The images are aligned to 112x112.'],
        'arrays': {'scores': scores, 'same': same}}
    parts.update(more)
    return Result(
        {'command': "gluonfr evaluate {} --data '{}' --out outputs/{}".format(name, data, name), 'gluonfr': '2.0',
         'date': '2026-05-04T10:00:00', 'seconds': 12.3, 'machine': {'cpu': 'a processor', 'cores': 2}},
        {'name': name, 'sha256': 64 * 'a', 'card_sha256': 64 * 'b', 'engine': 'onnxruntime', 'precision': 'float32',
         'flip': 'sum', 'color': 'rgb', 'embedding_size': 128},
        {'name': data, 'kind': 'bin', 'path': 'outputs/{}.bin'.format(data), 'sha256': 64 * 'c', 'images': 2 * pairs,
         'people': 500, 'left_out': [{'what': 'p3/c.png', 'why': 'it does not decode'}]}, sections, **parts)


def curves_of(scores, same, folds):
    """ROC, DET, histogram and folds of scores."""
    roc = roc_curve(scores, same)
    kept = np.unique(np.linspace(0, len(roc.fpr) - 1, 300).astype(int))
    histogram = score_histogram(scores, same, 60)
    return {'roc': {'far': roc.fpr[kept].tolist(), 'tar': roc.tpr[kept].tolist(),
                    'threshold': roc.thresholds[kept].tolist()},
            'det': {'fmr': roc.fpr[kept].tolist(), 'fnmr': (1 - roc.tpr[kept]).tolist()},
            'histogram': {name: np.asarray(values).tolist() for name, values in histogram._asdict().items()},
            'folds': {'accuracy': folds.folds.tolist(), 'threshold': folds.thresholds.tolist()}}


def _band(x, xs, y, ys):
    ys = np.array(ys, 'float64')
    return {x: np.asarray(xs).tolist(), y: ys.tolist(), 'low': (ys - .03).tolist(),
            'high': np.minimum(ys + .02, 1).tolist()}


def evil_result():
    """A result in which every text is `EVIL`, and every key of a row."""
    content = make_result()._content()

    def spoiled(value, key=''):
        if isinstance(value, dict):
            return {name: spoiled(entry, name) for name, entry in value.items()}
        if isinstance(value, list):
            return [spoiled(entry, key) for entry in value]
        return EVIL if isinstance(value, str) else value

    content = spoiled(content)
    content['map']['names'] = ['{} {}'.format(EVIL, k) for k in range(12)]
    for section in content['sections']:
        section['rows'] = [dict(row, **{EVIL: EVIL, 'threshold@' + EVIL: .3}) for row in section['rows']]
        section['parameters'] = {EVIL: EVIL}
    content['overlap'] = {EVIL: EVIL}
    content['compared'] = [{'first': EVIL, 'second': EVIL, 'measure': EVIL, 'difference': .01, 'low': -.01, 'high': .02,
                            'sentence': EVIL}]
    return Result(**content)


def make_run(folder, name='run', steps=400):
    """The folder of a run: recipe, card and three csv files."""
    run = folder / name
    run.mkdir(parents=True)
    rng = np.random.RandomState(0)
    (run / 'recipe.json').write_text(json.dumps({'network': 'mobilefacenet', 'loss': 'arcface', 'lr': 0.1, 'eval': {}}))
    (run / 'card.json').write_text(json.dumps({'model': 'mobilefacenet', 'sha256': 64 * 'd', 'step': steps,
                                               'command': 'gluonfr train --dataset people --out run'}))
    rows = {'steps.csv': [{'epoch': 1 + step * 4 // steps, 'step': step,
                           'loss': 8 * .99 ** (step / 5) + .1 * rng.rand(), 'accuracy': step / steps * .9,
                           'lr': .1 * (1 - step / steps) + 1e-4,
                           'images_per_second': 100 + rng.rand(), 'seconds': 3} for step in range(20, steps + 1, 20)],
            'metrics.csv': [{'epoch': k + 1, 'step': (k + 1) * steps // 4, 'loss': 4 - k, 'val_acc': .7 + .05 * k}
                            for k in range(4)],
            'verify.csv': [{'step': (k + 1) * steps // 4, 'epoch': k + 1, 'set': set_name, 'pairs': 600, 'folds': 10,
                            'acc': .7 + .05 * k + more, 'std': .03 - .004 * k, 'tar@0.001': ''}
                           for k in range(4) for set_name, more in (('val', 0), ('other', .04))]}
    for file_name, found in rows.items():
        with open(str(run / file_name), 'w', newline='') as file:
            writer = csv.DictWriter(file, list(found[0]))
            writer.writeheader()
            writer.writerows(found)
    return run
