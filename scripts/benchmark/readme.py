"""Write the table of the measured ratios into README.md and README_zh.md.

    python scripts/benchmark/readme.py

It holds what stands in resources/results/benchmark-*.csv, where the commands are, too; scripts/benchmark/all.sh makes
those files.
"""
import csv
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

from bench import MEASURES, ROOT  # noqa: E402
from marked import replace_marked  # noqa: E402

RESULTS = os.path.join(ROOT, 'resources', 'results')
MARKS = '<!-- table by scripts/benchmark/readme.py -->', '<!-- end of the table -->'
HEADINGS = {'en': '| task | beside | gluonfr | goal |', 'zh': '| 任务 | 对比 | gluonfr | 目标 |'}
TASKS = {
    ('train', 'mobilefacenet'): 'train MobileFaceNet + ArcFace, 1,000 classes, batches of 32',
    ('train', 'iresnet50'): 'train IResNet-50 + ArcFace, 1,000 classes, batches of 16',
    ('embed', 'mobilefacenet'): 'embed, MobileFaceNet, batches of 32',
    ('embed', 'iresnet50'): 'embed, IResNet-50, batches of 16',
    ('embed', 'latency'): 'embed one image, MobileFaceNet',
    ('data', 'batches'): 'rec -> batches, mirrored and normalised',
    ('data', 'loop'): 'training with loading',
    ('memory', 'mobilefacenet-32'): 'peak memory, training MobileFaceNet, batches of 32',
    ('memory', 'mobilefacenet-64'): 'peak memory, training MobileFaceNet, batches of 64',
    ('memory', 'iresnet50-16'): 'peak memory, training IResNet-50, batches of 16'}
# of benchmark-verification.csv: (task, method) -> (the method beside, goal)
SCORES = {('10 folds, 6,000 pairs', 'gluonfr, the same 400'): ('classic loops, 400 thresholds', 50),
          ('TAR@FAR, 15,658,489 pairs', 'gluonfr tar_at_far'): ('scikit-learn roc_curve', 2)}


def main():
    """Write both."""
    for language, name in (('en', 'README.md'), ('zh', 'README_zh.md')):
        replace_marked(os.path.join(ROOT, name), MARKS, markdown(language))


def markdown(language):
    """The table: every row of the csv files that has a goal."""
    lines = [HEADINGS[language], '|---|---|---|---|']
    for (script, task), title in TASKS.items():
        for row in read(script):
            if row['task'] == task and row['goal']:
                text, missed = MEASURES[row['measure']][0].format(float(row['value'])), row['met'] != 'yes'
                lines.append('| {} | {} | {} | {}{} |'.format(
                    title, row['contestant'], text, row['goal'], ', missed' * missed))
    for row in read('verification'):
        if (row['task'], row['method']) in SCORES:
            beside, goal = SCORES[row['task'], row['method']]
            value = float(row['times_as_fast'])
            lines.append('| {} | {} | {:.1f}x as fast | >= {}{} |'.format(
                row['task'], beside, value, goal, ', missed' * (value < goal)))
    return '\n'.join(lines)


def read(script):
    """Rows of a csv file; none where it is not there."""
    path = os.path.join(RESULTS, 'benchmark-{}.csv'.format(script))
    if not os.path.exists(path):
        return []
    with open(path, newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


if __name__ == '__main__':
    main()
