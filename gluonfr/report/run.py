"""The folder of a training run, and pictures of how it went."""
import os
from collections import namedtuple

import numpy as np

from ..utils.files import read_json
from ..utils.rows import number_in, read_rows
from .numbers import is_number, percent, short
from .pictures import Picture, new_plot, safe_text, style, thinned

__all__ = ['Run', 'is_run', 'last_verified', 'read_run', 'run_pictures', 'said_of_run']

RECIPE, CARD = 'recipe.json', 'card.json'  # what gluonfr.train.run_folder writes, which needs MXNet
Run = namedtuple('Run', 'name recipe card steps epochs verified')
Run.__doc__ = """A training run: the name of its folder, recipe.json and card.json (or {}), and the rows of steps.csv,
metrics.csv and verify.csv, with numbers for numbers."""


def is_run(folder):
    """Whether a path is the folder of a training run."""
    return os.path.isdir(folder) and any(os.path.isfile(os.path.join(folder, name))
                                         for name in (RECIPE, 'metrics.csv', 'steps.csv'))


def read_run(folder):
    """The `Run` in a folder; a ValueError where there is none."""
    if not is_run(folder):
        raise ValueError('{} is no folder of a training run: it has neither {} nor metrics.csv.'.format(folder, RECIPE))

    def content(name, what):
        path = os.path.join(folder, name)
        return read_json(path, what) if os.path.isfile(path) else {}

    rows = [[{name: number_in(text) for name, text in row.items() if name}
             for row in read_rows(os.path.join(folder, file_name))]
            for file_name in ('steps.csv', 'metrics.csv', 'verify.csv')]
    return Run(os.path.basename(os.path.abspath(folder)), content(RECIPE, 'recipe of a training'),
               content(CARD, 'card of a network'), *rows)


def last_verified(run):
    """The rows of verify.csv of the step that the card's weights are of, or else of the last."""
    steps = [row['step'] for row in run.verified if is_number(row.get('step'))]
    wanted = run.card.get('step') if run.card.get('step') in steps else max(steps, default=None)
    return [row for row in run.verified if row.get('step') == wanted and wanted is not None]


def said_of_run(run):
    """A line on a run: the network, the loss, the data, how far it came, and where it was verified."""
    recipe, rows = run.recipe, [row for row in run.steps or run.epochs if is_number(row.get('loss'))]
    words = [str(recipe[name]) for name in ('network', 'loss') if recipe.get(name)]
    if is_number(recipe.get('images')) and is_number(recipe.get('classes')):
        words.append('{:,} images of {:,} people'.format(recipe['images'], recipe['classes']))
    if rows and is_number(rows[-1].get('step')):
        words.append('loss {:.4g} at step {:,}'.format(rows[-1]['loss'], rows[-1]['step']))
    verified = last_verified(run)
    return ' \u00b7 '.join([*words, 'verified at step {:,}'.format(verified[0]['step']) if verified
                            else 'not verified yet'])


def run_pictures(run):
    """Pictures of a run, those that its files have numbers for: loss, accuracies, distance, learning rate, speed."""
    rows = run.steps or run.epochs
    pictures = [
        _picture('loss', 'Loss', 'The mean over each interval. A line that no longer falls says that this learning '
                 'rate has done its work; one that rises or is broken, see the page on divergence.', 'loss',
                 [('training', rows, 'loss', 1)]),
        _picture('accuracy', 'Accuracy', 'On the training images among all classes, and on verification sets, which '
                 'hold other people. Where the first climbs and the others fall, the network learns its images by '
                 'heart.',
                 'accuracy, %', [('training', rows, 'accuracy', 100),
                                 ('training images', run.epochs, 'train_accuracy', 100),
                                 ('test images', run.epochs, 'test_accuracy', 100),
                                 *((name, [row for row in run.verified if row.get('set') == name], 'acc', 100)
                                   for name in dict.fromkeys(row.get('set') for row in run.verified))]),
        _picture('distance', 'Distance from the teacher', 'Of the embeddings, without its factor; the loss holds it.',
                 'distance', [('training', rows, 'distance', 1)], height=260),
        _picture('rate', 'Learning rate', 'As the schedule set it.', 'learning rate', [('training', rows, 'lr', 1)],
                 height=260),
        _picture('speed', 'Speed', 'Images in a second, with the time for loading.', 'images in a second',
                 [('training', rows, 'images_per_second', 1)], height=260)]
    return [picture for picture in pictures if picture]


def _picture(name, title, caption, y_name, lines, **more):
    """A line for each (label, rows, column, factor) against the step; None where no row has a number."""
    from bokeh.models import ColumnDataSource
    known = []
    for label, rows, column, factor in lines:
        points = [(row['step'], factor * row[column],
                   factor * row['std'] if column == 'acc' and is_number(row.get('std')) else 0)
                  for row in rows if is_number(row.get('step')) and is_number(row.get(column))]
        if points:
            known.append((str(label), style(len(known)), np.array(points, 'float64')))
    if not known:
        return None
    plot = new_plot('step', y_name, across=True, tips=[
        ('curve', '@label'), ('step', '@x{0,0}'), (y_name.partition(',')[0], '@y{0.0000}')], **more)
    drawn = []
    for label, look, points in known:
        source = ColumnDataSource({'x': points[:, 0], 'y': points[:, 1], 'low': points[:, 1] - points[:, 2],
                                   'high': points[:, 1] + points[:, 2], 'label': [safe_text(label)] * len(points)})
        shared = {'source': source, 'name': 'series-{}'.format(look.number)}
        if points[:, 2].any():
            plot.varea(x='x', y1='low', y2='high', fill_color=look.colour, fill_alpha=0.15, **shared)
        drawn.append(plot.line(x='x', y='y', line_color=look.colour, line_dash=look.dash, line_width=2, **shared))
        marked = thinned(len(points), 40 if len(points) <= 40 else 8)
        plot.scatter(points[marked, 0], points[marked, 1], marker=look.marker, size=7, color=look.colour,
                     name=shared['name'])
    plot.hover.renderers = drawn
    as_words = percent if y_name.endswith('%') else None
    return Picture('run-' + name, title, caption, plot, [line[:2] for line in known], ['curve', 'step', y_name],
                   [[label, short(points[i, 0]), as_words(points[i, 1] / 100) if as_words else short(points[i, 1])]
                    for label, _, points in known for i in thinned(len(points))])
