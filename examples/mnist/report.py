"""What a run leaves behind: snapshots of the embeddings, the pictures made of them, metrics.csv and result.csv.

    <out>/log.txt  metrics.csv  result.csv  curves.png  final.params  head.params  checkpoint/
    <out>/snapshots/002.50.npz            embeddings after two and a half epochs
    <out>/pictures/train-002.50.png       the plane          (test-...: the test set)
    <out>/pictures/train-circle-002.50.png   the circle, for angular losses
"""
import csv
import glob
import os
import platform
import shlex

import numpy as np
from gluonfr.utils.arrays_file import read_npz

RESULT_COLUMNS = ['name', 'dataset', 'loss', 'loss_args', 'model', 'embedding_size', 'epochs', 'batch_size', 'seed',
                  'train_images', 'train_scored', 'train_accuracy', 'test_images', 'test_accuracy', 'seconds',
                  'command', 'gluonfr', 'mxnet', 'numpy', 'python']
METRIC_COLUMNS = ['epoch', 'step', 'lr', 'loss', 'train_accuracy', 'test_accuracy', 'seconds']
# they say where, not what: a csv that others read must not hold the paths of one machine
PRIVATE_FLAGS = ('--data-root', '--out')
NEUTRAL_FLAGS = ('--resume', '--overwrite', '--no-progress')


def snapshot_name(epoch):
    """'002.50' for two and a half epochs: names sort as the epochs do."""
    return f'{epoch:06.2f}'


def save_snapshot(folder, epoch, name, view, sets, centres=None):
    """Write the embeddings of one moment into ``folder``/snapshots.

    Parameters
    ----------
    folder : str, the run's folder.
    epoch : float, epochs done.
    name : str, of the run, for the titles.
    view : 'angular' or 'euclidean'.
    sets : dict 'train' / 'test' -> (embeddings (N,D), labels (N,), accuracy in 0..1 or None).
    centres : array (C,D) or None.
    """
    path = os.path.join(folder, 'snapshots', snapshot_name(epoch) + '.npz')
    os.makedirs(os.path.dirname(path), exist_ok=True)
    arrays = {'epoch': epoch, 'name': name, 'view': view}
    if centres is not None:
        arrays['centres'] = centres
    for key, (embeddings, labels, accuracy) in sets.items():
        arrays[key + '_embeddings'] = embeddings.astype('float32')
        arrays[key + '_labels'] = labels.astype('int32')
        arrays[key + '_accuracy'] = np.nan if accuracy is None else accuracy
    part = path + '.part'
    with open(part, 'wb') as stream:
        np.savez(stream, **arrays)
    os.replace(part, path)
    return path


def snapshots(folder):
    """Paths of the snapshots of a run, oldest first."""
    return sorted(glob.glob(os.path.join(folder, 'snapshots', '*.npz')))


def draw_snapshot(folder, path, limits=None, projection=None):
    """Draw the pictures of one snapshot; returns their paths."""
    from gluonfr.viz import plot_angles, plot_embeddings
    data = read_npz(path)
    angular = str(data['view']) == 'angular'
    when, drawn = snapshot_name(float(data['epoch'])), []
    for key in ('train', 'test'):
        embeddings, labels = data[key + '_embeddings'], data[key + '_labels']
        accuracy = float(data[key + '_accuracy'])
        title = '{}   {}, epoch {:.2f}{}'.format(data['name'], key, data['epoch'],
                                         '' if np.isnan(accuracy) else '   %.2f %%' % (100 * accuracy))
        target = os.path.join(folder, 'pictures', f'{key}-{when}.png')
        drawn.append(plot_embeddings(embeddings, labels, target, title=title, projection=projection,
                                     limits=None if limits is None else limits[key],
                                     centres=None if angular else data.get('centres')))
        if angular and embeddings.shape[1] > 1:
            target = os.path.join(folder, 'pictures', f'{key}-circle-{when}.png')
            drawn.append(plot_angles(embeddings, labels, target, title=title, centres=data.get('centres')))
    return drawn


def redraw(folder):
    """Draw all pictures of a run again with the axis ranges that hold all of its epochs; returns their paths.

    More than three dimensions are projected by the principal components of the last epoch throughout.
    """
    from gluonfr.viz import embedding_limits, fit_projection
    paths = snapshots(folder)
    if not paths:
        raise FileNotFoundError(f'no snapshots in {folder}: run main.py first, without --no-plots.')
    frames = {'train': [], 'test': []}
    for path in paths:
        data = read_npz(path)
        for key, values in frames.items():
            values.append(data[key + '_embeddings'])
    size = frames['train'][0].shape[1]
    projection = fit_projection(frames['train'][-1]) if size > 3 else None
    if projection is not None:
        frames = {key: [projection.transform(e) for e in values] for key, values in frames.items()}
    # one range for both sets, so that train and test can be compared at a glance
    limits = embedding_limits(frames['train'] + frames['test']) if size > 1 else None
    both = None if limits is None else {'train': limits, 'test': limits}
    return [drawn for path in paths for drawn in draw_snapshot(folder, path, both, projection)]


def picture_paths(folder, kind):
    """The pictures of one kind ('train', 'test', 'train-circle', 'test-circle') of a run, oldest first."""
    return sorted(glob.glob(os.path.join(folder, 'pictures', kind + '-[0-9]*.png')))


def read_rows(path):
    """Rows of a csv file as dicts; [] if there is no such file."""
    if not os.path.isfile(path):
        return []
    with open(path, newline='', encoding='utf-8') as stream:
        return list(csv.DictReader(stream))


def write_rows(path, columns, rows):
    """Write a csv file whole (beside, then renamed)."""
    part = path + '.part'
    with open(part, 'w', newline='', encoding='utf-8') as stream:
        writer = csv.DictWriter(stream, columns, lineterminator='\n')
        writer.writeheader()
        writer.writerows(rows)
    os.replace(part, path)


def shown_command(argv):
    """The command of a run as others can repeat it: without the flags that only say where things lie here."""
    kept, skip = [], False
    for word in argv:
        if skip:
            skip = False
        elif word in PRIVATE_FLAGS:
            skip = True
        elif word not in NEUTRAL_FLAGS and word.split('=')[0] not in PRIVATE_FLAGS:
            # a checkpoint or config elsewhere on this machine keeps its name only
            kept.append(os.path.basename(word) if os.path.isabs(word) else word)
    return ' '.join(shlex.quote(word) for word in ['python', 'examples/mnist/main.py'] + kept)


def versions():
    """The versions that a result depends on."""
    import mxnet

    import gluonfr
    return {'gluonfr': gluonfr.__version__, 'mxnet': mxnet.__version__, 'numpy': np.__version__,
            'python': platform.python_version()}
