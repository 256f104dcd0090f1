"""Measure what finding and aligning a face again costs: LFW's aligned faces in larger pictures, turned and scaled.

    python scripts/lfw_realigned.py --net DIR/model-symbol.json --pairs DIR/lfw.bin --detect mtcnn

Each image of the first COUNT pairs of both kinds in every fold becomes a photograph of 480 x 640 at a place, a size (2
to 3 times 112 pixels) and an angle (up to +-20 degrees) that its number decides, its border drawn out. A row in
resources/results/lfw-realigned.csv says how many faces were found, the cosine between the embeddings of the face found
in the photograph and of the original, and the accuracy on the pairs before and after (a face that was not found is cut
out at its true landmarks). The detector 'none' takes the true landmarks: what is left is the resampling.
"""
import argparse
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

import cv2  # noqa: E402
import gluonfr  # noqa: E402, F401  (first: it makes MXNet import well)
import numpy as np  # noqa: E402
from gluonfr.align import Finder, align_face, get_detector, template  # noqa: E402
from gluonfr.data import read_bin  # noqa: E402
from gluonfr.deploy import Embedder, load_net  # noqa: E402
from gluonfr.deploy.verify import score_pairs  # noqa: E402
from gluonfr.utils.rows import append_row  # noqa: E402
from tqdm import tqdm  # noqa: E402

FOLDS = 10


def photograph(face, seed):
    """A picture with the face in it, uint8 (480, 640, 3), and its landmarks."""
    random = np.random.RandomState(seed)
    scale, angle = random.uniform(2, 3), np.deg2rad(random.uniform(-20, 20))
    a, b = scale * np.cos(angle), scale * np.sin(angle)
    middle = np.array([320, 240]) + random.uniform(-40, 40, 2)
    matrix = np.array([[a, -b, 0], [b, a, 0]])
    matrix[:, 2] = middle - matrix[:, :2] @ [56, 56]
    image = cv2.warpAffine(face, matrix, (640, 480), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return image, template() @ matrix[:, :2].T + matrix[:, 2]


def main():
    """Make the photographs, find the faces, embed, append a row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--net', required=True, metavar='NET')
    parser.add_argument('--pairs', required=True, metavar='FILE')
    parser.add_argument('--detect', default='mtcnn', metavar='NAME', help='mtcnn, yunet or none')
    parser.add_argument('--detector-model', metavar='FILE')
    parser.add_argument('--count', type=int, default=20, metavar='N', help='same and different pairs of each fold')
    parser.add_argument('--csv', default=os.path.join(ROOT, 'resources', 'results', 'lfw-realigned.csv'))
    args = parser.parse_args()
    pairs, embedder = read_bin(args.pairs), Embedder(load_net(args.net))
    size = len(pairs.issame) // FOLDS // 2  # a fold is so many same pairs, then as many different ones
    chosen = [(2 * fold + half) * size + i for fold in range(FOLDS) for half in (0, 1) for i in range(args.count)]
    finder = None
    if args.detect != 'none':
        finder = Finder(get_detector(args.detect, **{'model': args.detector_model} if args.detector_model else {}),
                        several='center')
    originals, again, found = [], [], []
    for i in tqdm([2 * p + side for p in chosen for side in (0, 1)], unit='image'):
        face = pairs.image(i)
        image, landmarks = photograph(face, i)
        faces = finder.find(image)[0].faces if finder else None
        found.append(finder is None or bool(faces))
        originals.append(face)
        again.append(align_face(image, faces[0].landmarks if faces else landmarks))
    found = np.array(found)
    before, after = embedder(np.stack(originals)), embedder(np.stack(again))
    cosines = (before * after).sum(axis=1)[found]
    scores = [score_pairs(embeddings, pairs.issame[chosen], 'lfw', nfolds=FOLDS).row['acc']
              for embeddings in (before, after)]
    row = {'detector': args.detect, 'images': len(found), 'found': int(found.sum()),
           'cosine_mean': round(float(cosines.mean()), 4), 'cosine_median': round(float(np.median(cosines)), 4),
           'cosine_1%': round(float(np.percentile(cosines, 1)), 4), 'pairs': len(chosen), 'acc_aligned': scores[0],
           'acc_found': scores[1], 'command': 'python scripts/lfw_realigned.py ' + ' '.join(
               os.path.basename(word) if os.sep in word else word for word in sys.argv[1:])}
    append_row(args.csv, row)
    print('\n'.join('{}: {}'.format(*item) for item in row.items()))


if __name__ == '__main__':
    main()
