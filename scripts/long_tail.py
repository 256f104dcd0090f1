"""Do margins that go by the number of images help people with few? Dynamic margins beside ArcFace on an unbalanced LFW.

    python scripts/long_tail.py --data DIR                    # goes on where it stopped
    python scripts/long_tail.py --data DIR --seeds 0 &        # seeds side by side, one core each
    python scripts/long_tail.py --data DIR --seeds 0 --epochs 1 --steps 60 --outputs outputs/try --csv outputs/try.csv

DIR is that of scripts/leaderboard.py, whose network, pixels and schedule these are: MobileFaceNet on 48x48 pixels is
trained once per seed with softmax, and each loss starts from that network. Nobody in a pair of fold 1 is trained on.
The others are made unbalanced: people with 15 images or more (many) give all but 5, everybody else 2 (few). What is
left over is recognised: rank 1 of each such image among all people that were trained on, for those with few and with
many apart. And all pairs of all images of the people of fold 1, whom no network has seen (new), as in the leaderboard.
arcface-large has for all people the margin that dynamicmargin has for those with few: what is better than both is due
to the margin's going by the size. Rows go to resources/results/long-tail.csv (losses) and long-tail-runs.csv.
"""
import argparse
import os

import leaderboard
import numpy as np
from leaderboard import DRAWS, SEEDS, SIDE, WARM

from gluonfr.data import RecordDataset, pack_folder, read_pairs
from gluonfr.deploy import Embedder, load_net
from gluonfr.utils.vectors import unit_rows

RESULTS = os.path.join(leaderboard.ROOT, 'resources', 'results', 'long-tail.csv')
FEW, MANY, KEPT = 2, 15, 5  # images to train on; from when on there are many; images that are kept back of those
SMALL, LARGE = 0.3, 0.4  # margins in radians
BASE = 'arcface'
LOSSES = {
    'arcface': ['--loss', 'arcface', '--loss-args', f'm={SMALL}', 's=20', 'easy_margin=False', *WARM],
    'arcface-large': ['--loss', 'arcface', '--loss-args', f'm={LARGE}', 's=20', 'easy_margin=False', *WARM],
    'dynamicmargin': ['--loss', 'dynamicmargin', '--loss-args', 'm_min=0.1', f'm_max={LARGE}', 's=20', *WARM],
}
MEASURES = ['few', 'many', 'new_acc', 'new_tar@0.01']


def main(words=None):
    """Train and embed what is missing, then measure what is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data', required=True, metavar='DIR')
    parser.add_argument('--outputs', default=os.path.join('outputs', 'long-tail'), metavar='DIR')
    parser.add_argument('--seeds', nargs='+', type=int, default=SEEDS, metavar='N')
    parser.add_argument('--epochs', type=int, default=6, metavar='N',
                        help='of each loss; the start takes twice as many (default 6)')
    parser.add_argument('--steps', type=int, metavar='N', help='stop each training after so many, >= 50')
    parser.add_argument('--csv', default=RESULTS, metavar='FILE')
    args = parser.parse_args(words)
    train, probes, new = prepare(args.data, args.outputs)
    steps = ['--steps', str(args.steps)] if args.steps else []
    for seed in args.seeds:
        start = leaderboard.run('start', seed, train, [*leaderboard.START, '--epochs', str(2 * args.epochs), *steps],
                                args)
        for loss, options in LOSSES.items():
            out = leaderboard.run(loss, seed, train, [*options, '--lr', '0.0005', '--epochs', str(args.epochs),
                                                      '--finetune', start, *steps], args)
            leaderboard.embed(out, new)
            recognise(out, train, probes)
    measure(args)


def prepare(data, outputs):
    """Recs of the images to train on, of those kept back, and of the people of fold 1; made if they are missing."""
    aligned = os.path.join(data, 'aligned')
    fold = sorted({os.path.dirname(path) for pair in read_pairs(os.path.join(data, 'pairs.txt'))[:leaderboard.PAIRS]
                   for path in pair[:2]})
    trained, kept = divided(aligned, set(fold))
    common = {'resize': SIDE, 'fmt': '.png'}
    train = pack_folder(aligned, os.path.join(outputs, 'train'), exclude=fold, min_images=FEW, exclude_images=kept,
                        **common)
    people = sorted({os.path.dirname(path) for path in kept})
    probes = pack_folder(aligned, os.path.join(outputs, 'probes'), people=people, **common, exclude_images=[
        path for path in trained if os.path.dirname(path) in set(people)])
    new = pack_folder(aligned, os.path.join(outputs, 'new'), people=fold, **common)
    for what, rec in (('train', train), ('recognise', probes), ('compare', new)):
        print(f'{rec.images} images of {rec.people} people to {what}', flush=True)
    return train.path, probes.path, new.path


def divided(aligned, left_out):
    """Images to train on and images kept back, of everybody with enough of them, drawn by a seed of its own."""
    random, trained, kept = np.random.RandomState(0), [], []
    for person in sorted(os.listdir(aligned)):
        images = [person + '/' + name for name in sorted(os.listdir(os.path.join(aligned, person)))]
        if person not in left_out and len(images) >= FEW:
            images = list(random.permutation(images))
            count = len(images) - KEPT if len(images) >= MANY else FEW
            trained, kept = trained + images[:count], kept + images[count:]
    return trained, kept


def recognise(out, train, probes):
    """Whether each image kept back is nearest to its own person, and how many images that one has to train on."""
    path = os.path.join(out, 'recognised.npz')
    if os.path.isfile(path):
        return
    embedder, known, asked = Embedder(load_net(out)), RecordDataset(train), RecordDataset(probes)
    units = unit_rows(embedder(known))
    means = np.zeros((len(known.classes), units.shape[1]))
    np.add.at(means, np.asarray(known.labels), units)
    numbers = {name: number for number, name in enumerate(known.classes)}
    person = np.array([numbers[asked.classes[label]] for label in asked.labels])
    nearest = (unit_rows(embedder(asked)) @ unit_rows(means).T).argmax(axis=1)
    np.savez(path, hits=nearest == person, person=person, images=np.bincount(known.labels)[person])


def measure(args):
    """Rows of the runs that are there, and of the losses once all their seeds are."""
    rows, drawn = [], {}
    for loss in LOSSES:
        for seed in SEEDS:
            out = os.path.join(args.outputs, f'{loss}-{seed}')
            if os.path.isfile(os.path.join(out, 'recognised.npz')):
                row, draws = measured(out)
                rows.append({'loss': loss, 'seed': seed, 'epochs': args.epochs, **row})
                drawn[loss, seed] = draws
    runs = os.path.splitext(args.csv)[0] + '-runs.csv'
    leaderboard.write_table(runs, rows)
    print(f'{len(rows)} runs of {len(LOSSES) * len(SEEDS)}: {runs}')
    if len(rows) == len(LOSSES) * len(SEEDS):
        comparisons = (len(LOSSES) - 1) * len(MEASURES)
        found = [leaderboard.summary(loss, rows, drawn, comparisons, MEASURES, BASE,
                                     'python scripts/long_tail.py --data DIR') for loss in LOSSES]
        leaderboard.write_table(args.csv, found)
        for row in found:
            print('{loss}: '.format(**row) + ', '.join('{} {:.2f} % {}'.format(
                name, 100 * row[name], row[name + '_shown']).strip() for name in MEASURES))


def measured(out):
    """The row of a run, and its measures in each draw of people, (DRAWS,) each."""
    found, new = leaderboard.measured(out)
    row, draws = {}, {'new_' + name: values for name, values in new.items()}
    with np.load(os.path.join(out, 'recognised.npz')) as file:
        hits, person, images = file['hits'], file['person'], file['images']
    for name, group in (('few', images <= FEW), ('many', images > FEW)):
        _, number = np.unique(person[group], return_inverse=True)
        right, asked = np.bincount(number, hits[group]), np.bincount(number)
        times = np.random.RandomState(0).multinomial(len(asked), np.full(len(asked), 1 / len(asked)), DRAWS)
        draws[name] = (times @ right) / (times @ asked)
        row.update({name: round(float(hits[group].mean()), 5), name + '_images': int(group.sum()),
                    name + '_people': len(asked)})
    row.update({'new_' + name: found[name] for name in new})
    return {**row, 'seconds': found['seconds'], 'cpu_seconds': found['cpu_seconds'], 'command': found['command']}, draws


if __name__ == '__main__':
    main()
