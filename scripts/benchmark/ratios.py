"""The tables of the measured ratios, which scripts/tables.py writes into the pages on speed and results.

They hold what stands in resources/results/benchmark-*.csv, where the commands are, too; scripts/benchmark/all.sh makes
those files.
"""
import csv
import os

from bench import MEASURES, ROOT

RESULTS = os.path.join(ROOT, 'resources', 'results')
TASKS = {
    ('train', 'mobilefacenet'): 'train MobileFaceNet + ArcFace, 1,000 classes, batches of 32',
    ('train', 'iresnet50'): 'train IResNet-50 + ArcFace, 1,000 classes, batches of 16',
    ('train', 'mobilefacenet-bfloat16'): 'train MobileFaceNet + ArcFace in bfloat16, 1,000 classes, batches of 32',
    ('train', 'iresnet50-bfloat16'): 'train IResNet-50 + ArcFace in bfloat16, 1,000 classes, batches of 16',
    ('embed', 'mobilefacenet'): 'embed, MobileFaceNet, batches of 32',
    ('embed', 'iresnet50'): 'embed, IResNet-50, batches of 16',
    ('embed', 'latency'): 'embed one image, MobileFaceNet',
    ('engines', 'mobilefacenet'): 'embed by the best engine, MobileFaceNet, batches of 32',
    ('engines', 'mobilefacenet-bits'): 'embed in bfloat16 by the best engine, MobileFaceNet, batches of 32',
    ('engines', 'iresnet50'): 'embed by the best engine, IResNet-50, batches of 16',
    ('engines', 'iresnet50-bits'): 'embed in bfloat16 by the best engine, IResNet-50, batches of 16',
    ('engines', 'files'): '`gluonfr embed` of 5,760 JPEG files, MobileFaceNet',
    ('engines', 'files-bfloat16'): '`gluonfr embed` of 5,760 JPEG files in bfloat16, MobileFaceNet',
    ('data', 'batches'): 'batches from a .rec, mirrored and normalised',
    ('data', 'loop'): 'training with loading',
    ('memory', 'mobilefacenet-32'): 'peak memory, training MobileFaceNet, batches of 32',
    ('memory', 'mobilefacenet-64'): 'peak memory, training MobileFaceNet, batches of 64',
    ('memory', 'iresnet50-16'): 'peak memory, training IResNet-50, batches of 16',
    ('evaluate', 'pairs'): 'all 510,555 pairs of 1,011 images, after embedding',
    ('evaluate', 'templates'): '15,658,489 pairs of 23,124 templates of 469,375 images, after embedding',
    ('evaluate', 'distractors'): '3,530 probes among 100,000 distractors, after embedding'}
CHOOSE = 'best engine', 'its own choice', 'gluonfr embed', 'Embedder'  # in the names of contestants
# of benchmark-verification.csv: (task, method) -> (the method that it is compared with, goal)
SCORES = {('10 folds, 6,000 pairs', 'gluonfr, the same 400'): ('classic loops, 400 thresholds', 50),
          ('TAR@FAR, 15,658,489 pairs', 'gluonfr tar_at_far'): ('scikit-learn roc_curve', 2)}


def table():
    """The table: every row of the csv files that has a goal, with the ratio of each pass."""
    lines = ['| task | compared with | gluonfr | goal |', '|---|---|---|---|']
    for (script, task), title in TASKS.items():
        rows = [row for row in read(script) if row['task'] == task and row['goal']]
        for name in dict.fromkeys(row['contestant'] for row in rows):
            passes = [row for row in rows if row['contestant'] == name]
            lines.append(line(title, name, MEASURES[passes[0]['measure']][0], [row['value'] for row in passes],
                              passes[0]['goal'], [row['met'] == 'yes' for row in passes]))
    rows = read('verification')
    for (task, method), (other, goal) in SCORES.items():
        values = [row['times_as_fast'] for row in rows if (row['task'], row['method']) == (task, method)]
        if values:
            lines.append(line(task, other, '{:.1f}x as fast', values, '>= {}'.format(goal),
                              [float(value) >= goal for value in values]))
    return '\n'.join(lines)


def line(title, other, text, values, goal, met):
    """One line of the table."""
    verdict = '' if all(met) else ', missed once' if any(met) else ', missed'
    return '| {} | {} | {} | {}{} |'.format(title, other, passes_text(text, values), goal, verdict)


def passes_text(text, values):
    """'2.23 and 1.98x as fast' of '{:.2f}x as fast' and the value of each pass."""
    number, unit = text.split('}')
    *others, last = [(number + '}').format(float(value)) for value in values]
    return ' and '.join([', '.join(others), last] if others else [last]) + unit


def precisions():
    """The table of embedding with fewer bits, compared with float32."""
    lines = ['| network | precision | compared with float32 |', '|---|---|---|']
    rows = [row for row in read('embed') if row['measure'] == 'itself']
    for task, name in dict.fromkeys((row['task'], row['contestant']) for row in rows):
        values = [row['value'] for row in rows if (row['task'], row['contestant']) == (task, name)]
        lines.append('| {} | {} | {} |'.format(
            TASKS['embed', task.replace('-bits', '')].replace('embed, ', ''), name.replace('gluonfr, ', ''),
            passes_text('{:.2f}x as fast', values)))
    return '\n'.join(lines)


def engines():
    """The table of images/s by each engine, and by runtimes called directly."""
    nets = {'mobilefacenet': 'MobileFaceNet, batches of 32', 'iresnet50': 'IResNet-50, batches of 16'}
    return rates('computed by', [{net + end: nets[net] for net in nets} for end in ('', '-bits')])


def files():
    """The table of images/s from JPEG files to a file of embeddings."""
    return rates('from 5,760 JPEG files', [{'files': 'float32', 'files-bfloat16': 'bfloat16'}])


def rates(corner, parts):
    """A table with a row for each contestant in the tasks of each part, {task: heading}; a sentence before they were
    measured."""
    rows = [row for row in read('engines') if row['images_per_second']]
    if not rows:
        return 'It is measured by `python scripts/benchmark/engines.py --save`.'
    lines = ['| {} | {} |'.format(corner, ' | '.join(parts[0].values())), '|---' * (1 + len(parts[0])) + '|']
    for part in parts:
        for name in dict.fromkeys(row['contestant'] for row in rows if row['task'] in part):
            cells = [' and '.join(rate(row) for row in rows if (row['task'], row['contestant']) == (task, name))
                     for task in part]
            lines.append('| {} | {} |'.format(name, ' | '.join(cells)))
    return '\n'.join(lines)


def rate(row):
    """'412', or where the contestant itself chose what computes, '412 (onnxruntime)'."""
    chosen = row['threads'].partition(' ')[2] if any(word in row['contestant'] for word in CHOOSE) else ''
    return '{:,.0f} {}'.format(float(row['images_per_second']), chosen).strip()


def sixteen_cores():
    """The table of the pass on sixteen cores."""
    others = 'PyTorch, channels_last', 'ONNX Runtime'
    lines = ['| task | compared with {} | compared with {} |'.format(*others), '|---|---|---|']
    for kind, batch in (('train', None), ('embed', None), ('embed', 256)):
        rows = read('16-cores-{}{}'.format(kind, '-{}'.format(batch) if batch else ''))
        for task in dict.fromkeys(row['task'] for row in rows):
            title = TASKS[kind, task]
            values = {row['contestant']: '{:.2f}x as fast'.format(float(row['value']))
                      for row in rows if row['task'] == task and row['contestant'] in others}
            lines.append('| {} | {} | {} |'.format(
                title.replace('batches of 32', 'batches of {}'.format(batch)) if batch else title,
                *(values.get(name, '') for name in others)))
    return '\n'.join(lines)


def read(script):
    """Rows of a csv file; none where it is not there."""
    path = os.path.join(RESULTS, 'benchmark-{}.csv'.format(script))
    if not os.path.exists(path):
        return []
    with open(path, newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))
