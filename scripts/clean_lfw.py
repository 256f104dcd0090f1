"""What `gluonfr clean` finds on LFW of what was planted: wrong labels, people in two, two in one, copies; and its cost.

    python scripts/clean_lfw.py --people DIR --net NET --cache outputs/clean-lfw
    python scripts/clean_lfw.py --people DIR --net NET --cache outputs/clean-lfw --parts all
    python scripts/clean_lfw.py --parts million

DIR holds the aligned faces, DIR/NAME/*.jpg, which NET embeds once. The parts:
  noise    of 150 people with 4 to 20 images, a share of the images gets the label of another of them
  split    20 of 150 people are split in two
  mixed    40 of 150 people are made 20
  copies   200 of all images are encoded again as JPEG, every other one after it was made smaller
  all      all images as they are: seconds after embedding, and memory; alone on the machine
  million  a million embeddings drawn from a seed, with 1 % wrong labels and 1,000 copies: seconds and memory
Rows go to resources/results/clean-lfw.csv. LFW has wrong labels and doubles of its own, which count as false here.
"""
import argparse
import os
import resource
import shlex
import sys
import tempfile
import time
from types import SimpleNamespace

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from gluonfr.data import decode, encode, open_dataset  # noqa: E402
from gluonfr.deploy import Embedder  # noqa: E402
from gluonfr.photos import Embedded, Limits, clean, embed_cached, examine  # noqa: E402
from gluonfr.photos.mislabelled import judge_labels  # noqa: E402
from gluonfr.utils.rows import append_row  # noqa: E402
from gluonfr.utils.vectors import unit_rows  # noqa: E402
from sklearn.metrics import average_precision_score  # noqa: E402

RESULTS = os.path.join(ROOT, 'resources', 'results', 'clean-lfw.csv')
COLUMNS = ('part', 'seed', 'planted', 'images', 'people', 'ap', 'recall', 'precision', 'found_recall',
           'found_precision', 'proposals_right', 'last_rank', 'false_share', 'seconds', 'memory_mib', 'new')
RATES = 0.02, 0.05, 0.1, 0.2, 0.3
PEOPLE, CHANGED, COPIES = 150, 20, 200
MILLION, OF_A_PERSON, SIZE = 1000000, 50, 128


def main(argv=None):
    """Measure the parts that are asked for, and append the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--people', metavar='DIR')
    parser.add_argument('--net', metavar='NET')
    parser.add_argument('--cache', default='outputs/clean-lfw', metavar='DIR')
    parser.add_argument('--parts', nargs='+', default=['noise', 'split', 'mixed', 'copies'],
                        choices=('noise', 'split', 'mixed', 'copies', 'all', 'million'))
    parser.add_argument('--seeds', type=int, default=5, metavar='N', help='of noise, split and mixed (default 5)')
    parser.add_argument('--count', type=int, default=MILLION, metavar='N', help='embeddings of million')
    parser.add_argument('--csv', default=RESULTS, metavar='FILE')
    args = parser.parse_args(argv)
    command = 'python scripts/clean_lfw.py ' + shlex.join(
        os.path.basename(word) if os.sep in word else word for word in (sys.argv[1:] if argv is None else argv))
    lfw = open_lfw(args) if set(args.parts) - {'million'} else None
    for part in args.parts:
        seeds = range(args.seeds) if part in ('noise', 'split', 'mixed') else [0]
        for seed in seeds:
            for row in globals()[part](args if part == 'million' else lfw, seed):
                row = {name: row.get(name, '') for name in COLUMNS}
                row.update(part=part, seed=seed, **{name: '{:.4f}'.format(value) for name, value in row.items()
                                                    if isinstance(value, float)})
                append_row(args.csv, dict(row, net='/'.join((args.net or '').split('/')[-2:]), command=command))
                print(', '.join('{} {}'.format(name, value) for name, value in row.items() if value != ''))


def open_lfw(args):
    """The people with their embeddings."""
    embedder = Embedder(args.net, normalize=False)
    dataset = open_dataset(args.people, people=True)
    images = embed_cached(dataset, embedder, args.cache, progress=True)
    return SimpleNamespace(args=args, embedder=embedder, dataset=dataset, images=images,
                           people=np.array(dataset.classes)[dataset.labels].astype('U60'))


def draw(lfw, seed):
    """Images, and their people, of 150 people with 4 to 20 images each."""
    random = np.random.RandomState(seed)
    names, counts = np.unique(lfw.people, return_counts=True)
    chosen = random.permutation(names[(counts >= 4) & (counts <= 20)])[:PEOPLE]
    places = np.flatnonzero(np.isin(lfw.people, chosen))
    return random, part_of(lfw.images, places), lfw.people[places]


def part_of(images, places):
    """Some of the images."""
    return Embedded(*(array[places] for array in images[:4]), 0)


def look(images, people):
    """Findings that do not come of too few images, and what else `examine` says."""
    return examine(images, people, Limits(min_images=1))


def shares(found, planted):
    """Recall and precision of sets."""
    return len(found & planted) / len(planted), len(found & planted) / max(len(found), 1)


def noise(lfw, seed):
    """Wrong labels."""
    for rate in RATES:
        random, images, right = draw(lfw, seed)
        names = np.unique(right)
        moved = random.permutation(len(right))[:round(rate * len(right))]
        given = right.copy()
        given[moved] = names[(np.searchsorted(names, right[moved]) + random.randint(1, PEOPLE, len(moved))) % PEOPLE]
        findings, facts = look(images, given)
        wrong = {finding.image for finding in findings if finding.kind == 'wrong label'}
        doubted = wrong | {finding.image for finding in findings if finding.kind in ('stranger', 'two people')}
        there, codes = np.unique(given, return_inverse=True)
        judged = judge_labels(unit_rows(images.embeddings), codes, facts['threshold'])
        planted = given != right
        recall, precision = shares(wrong, set(moved.tolist()))
        found_recall, found_precision = shares(doubted, set(moved.tolist()))
        yield {'planted': rate, 'images': len(right), 'people': len(there), 'recall': recall, 'precision': precision,
               'found_recall': found_recall, 'found_precision': found_precision,
               'ap': float(average_precision_score(planted, judged.likeness - np.nan_to_num(judged.own, nan=1))),
               'proposals_right': float((there[judged.other] == right)[planted].mean())}


def split(lfw, seed):
    """One person under two names: the place of the last of 20 among what is proposed."""
    random, images, people = draw(lfw, seed)
    planted = set()
    for name in random.permutation(np.unique(people))[:CHANGED]:
        mine = random.permutation(np.flatnonzero(people == name))
        people[mine[:len(mine) // 2]] = name + ' again'
        planted.add(str(name))
    findings, _ = look(images, people)
    proposed = [{finding.person, finding.proposed} for finding in findings if finding.kind == 'two names']
    right = [i for i, pair in enumerate(proposed) if any(pair == {name, name + ' again'} for name in planted)]
    yield {'planted': CHANGED, 'images': len(people), 'people': len(np.unique(people)),
           'recall': len(right) / CHANGED, 'precision': len(right) / max(len(proposed), 1),
           'last_rank': right[-1] + 1 if right else ''}


def mixed(lfw, seed):
    """Two people under one name."""
    random, images, people = draw(lfw, seed)
    chosen = random.permutation(np.unique(people))[:2 * CHANGED]
    for first, second in zip(chosen[::2], chosen[1::2]):
        people[people == second] = first
    findings, _ = look(images, people)
    found = {finding.person for finding in findings if finding.kind == 'two people'}
    recall, precision = shares(found, set(chosen[::2].tolist()))
    yield {'planted': CHANGED, 'images': len(people), 'people': len(np.unique(people)), 'recall': recall,
           'precision': precision}


def write_copies(dataset, folder, seed):
    """Write some images anew, by their numbers, into a folder; which they are."""
    random = np.random.RandomState(seed)
    chosen = random.permutation(len(dataset))[:COPIES]
    os.makedirs(folder, exist_ok=True)
    for k, i in enumerate(chosen):
        image = dataset.read(int(i))[0]
        if k % 2:
            side = random.randint(70, 106)
            small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
            image = cv2.resize(small, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        data = encode(image, '.jpg', int(random.randint(30, 91)))
        assert decode(data).shape == image.shape
        with open(os.path.join(folder, '{:04}.jpg'.format(k)), 'wb') as file:
            file.write(data)
    return chosen


def copies(lfw, seed):
    """Copies that were encoded again."""
    count = len(lfw.people)
    with tempfile.TemporaryDirectory() as folder:
        chosen = write_copies(lfw.dataset, os.path.join(folder, 'copies'), seed)
        added = embed_cached(open_dataset(folder, people=True), lfw.embedder, folder)
    together = Embedded(*(np.concatenate(pair) for pair in zip(lfw.images[:4], added[:4])), 0)
    findings, _ = look(together, np.concatenate([lfw.people, lfw.people[chosen]]))
    groups = [{finding.image, finding.other} for finding in findings if finding.kind in ('copy', 'near copy')]
    planted = [{int(i), count + k} for k, i in enumerate(chosen)]
    right = sum(pair in groups for pair in planted)
    false = sum(pair not in planted for pair in groups)
    yield {'planted': COPIES, 'images': len(together.digests), 'people': len(np.unique(lfw.people)),
           'recall': right / COPIES, 'precision': right / max(len(groups), 1), 'false_share': false / count}


def all(lfw, seed):
    """The whole command on all images, whose embeddings are there."""
    begun = time.time()
    report = clean(lfw.args.people, lfw.embedder, lfw.args.cache)
    yield {'images': report.images, 'people': report.people, 'new': report.new, 'seconds': time.time() - begun,
           'memory_mib': memory()}


def million(args, seed):
    """A million embeddings of people with 50 images each, whose cosines within are 0.5."""
    random, count = np.random.default_rng(seed), args.count
    right = np.arange(count) // OF_A_PERSON
    centres = unit_rows(random.standard_normal((right[-1] + 1, SIZE), dtype='float32'))
    embeddings = np.empty((count, SIZE), 'float32')
    for low in range(0, count, 100000):
        some = slice(low, low + 100000)
        embeddings[some] = unit_rows(random.standard_normal((len(right[some]), SIZE), dtype='float32'))
        embeddings[some] += centres[right[some]]
    changed = random.permutation(count)[:count // 100 + count // 1000].astype(int)
    moved, copied = changed[:count // 100], changed[count // 100:]
    like = (copied + random.integers(1, count, len(copied))) % count
    embeddings[copied] = embeddings[like] + 0.1 * unit_rows(
        random.standard_normal((len(copied), SIZE), dtype='float32'))
    given = right.copy()
    given[copied] = right[like]
    given[moved] = (right[moved] + random.integers(1, right[-1] + 1, len(moved))) % (right[-1] + 1)
    digests = random.integers(0, 256, (count, 32), dtype='uint8')
    images = Embedded(embeddings, digests, np.zeros(count, 'float32'), None, 0)
    begun = time.time()
    findings, _ = examine(images, np.char.add('person ', given.astype('U8')))
    seconds = time.time() - begun
    wrong = {finding.image for finding in findings if finding.kind == 'wrong label'}
    recall, precision = shares(wrong, set(moved.tolist()))
    pairs = {frozenset((finding.image, finding.other)) for finding in findings if finding.kind == 'near copy'}
    yield {'planted': 0.01, 'images': count, 'people': int(right[-1]) + 1, 'recall': recall, 'precision': precision,
           'found_recall': float(np.mean([frozenset(pair) in pairs for pair in zip(copied.tolist(), like.tolist())])),
           'seconds': seconds, 'memory_mib': memory()}


def memory():
    """The most memory that this process has had, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == '__main__':
    main()
