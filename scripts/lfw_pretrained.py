"""Measure a published net on LFW's 6,000 pairs, read by the Gluon path and by DALI.

    python scripts/lfw_pretrained.py --symbol DIR/model-symbol.json --pairs DIR/lfw.bin --calibrate DIR/people

Rows go to resources/results/lfw-y1.csv: flip none and sum with exact thresholds, flip none with the classic grid; flip
none in bfloat16, and in int8 if there are images to calibrate it with; and, where DALI is installed, the same pictures
decoded and normalised by DALI. InsightFace's MobileFaceNet "y1" has 99.40 %.
"""
import argparse
import os
import shlex
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

import gluonfr  # noqa: E402, F401  (first: it makes MXNet import well)
import mxnet as mx  # noqa: E402
import numpy as np  # noqa: E402
from gluonfr.data import DALIRecordIter, read_bin  # noqa: E402
from gluonfr.deploy import Embedder, load_symbol  # noqa: E402
from gluonfr.deploy.verify import PairImages, score_pairs  # noqa: E402
from gluonfr.utils.rows import append_row  # noqa: E402
from int8_onnx import others  # noqa: E402

RESULTS = os.path.join(ROOT, 'resources', 'results', 'lfw-y1.csv')


def main():
    """Embed in each way, score, append the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--symbol', required=True, metavar='FILE')
    parser.add_argument('--pairs', required=True, metavar='FILE')
    parser.add_argument('--calibrate', metavar='DIR', help='aligned faces, DIR/NAME/*.jpg; the first of each of 128 '
                                                            'people in no pair are used')
    parser.add_argument('--names', metavar='FILE', help="the pairs' names (pairs.txt), to leave those people out")
    parser.add_argument('--csv', default=RESULTS, metavar='FILE')
    args = parser.parse_args()
    net, pairs = load_symbol(args.symbol), read_bin(args.pairs)
    images = PairImages(pairs)
    for flip in ('none', 'sum'):
        embeddings = Embedder(net, flip=flip)(images, progress='flip ' + flip)
        for compat in (False, True)[:2 if flip == 'none' else 1]:
            write('gluon', embeddings, pairs, flip, compat, args.csv)
    faces = others(args.calibrate, args.names) if args.calibrate else None
    for precision in ('bfloat16', 'int8')[:1 if faces is None else 2]:
        embedder = Embedder(net, precision=precision, calibration=faces if precision == 'int8' else None)
        write('gluon', embedder(images, progress=precision), pairs, 'none', False, args.csv, precision)
    try:
        embeddings = by_dali(net, pairs)
    except ImportError as error:
        print(f'no row for DALI: {error}')
        return
    write('dali', embeddings, pairs, 'none', False, args.csv)


def by_dali(net, pairs):
    """Embeddings (N, D) of the same bytes, read from a .rec by DALI."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'lfw.rec')
        writer = mx.recordio.MXIndexedRecordIO(os.path.join(folder, 'lfw.idx'), path, 'w')
        for i, data in enumerate(pairs.images):
            writer.write_idx(i, mx.recordio.pack(mx.recordio.IRHeader(0, 0.0, i, 0), data))
        writer.close()
        loader = DALIRecordIter(path, 64, last_batch='pad', spec=net.input_spec, ctx=mx.cpu())
        parts = [net(x).asnumpy() for x, _ in loader.batches(0, 0)]
    return np.concatenate(parts)[:2 * len(pairs)]


def write(reader, embeddings, pairs, flip, compat, path, precision='float32'):
    """One row."""
    row = score_pairs(embeddings, pairs.issame, 'lfw', compat=compat, flip=flip, sha256=pairs.sha256).row
    command = 'python scripts/lfw_pretrained.py ' + shlex.join(
        os.path.basename(word) if os.sep in word else word for word in sys.argv[1:])
    append_row(path, {'net': 'mobilefacenet y1', 'reader': reader, 'precision': precision, **row, 'command': command})
    print('{}, {}, flip {flip}, {thresholds}: {acc:.4f}+-{std:.4f}'.format(reader, precision, **row))


if __name__ == '__main__':
    main()
