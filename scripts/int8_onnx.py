"""Write a published net as ONNX in 8 bits, certify it on LFW's 6,000 pairs, and time it beside its float32 file.

    python scripts/int8_onnx.py --symbol DIR/model-symbol.json --pairs DIR/lfw.bin --calibrate DIR/people

The certificate goes to resources/results/int8-y1.json, and rows to resources/results/int8-onnx.csv: images/s of both
files in ONNX Runtime, which take turns; the best of 10 rounds counts. Nothing of MXNet is needed. No weights are kept.
"""
import argparse
import glob
import json
import os
import shlex
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

import numpy as np  # noqa: E402
from gluonfr.convert import to_int8, to_onnx  # noqa: E402
from gluonfr.compat.machine import instruction_sets, processor  # noqa: E402
from gluonfr.utils.rows import append_row  # noqa: E402

RESULTS = os.path.join(ROOT, 'resources', 'results')
BATCH, ROUNDS = 32, 10


def main():
    """Certify, or time, or both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--symbol', required=True, metavar='FILE')
    parser.add_argument('--calibrate', required=True, metavar='DIR', help='aligned faces, DIR/NAME/*.jpg; the first of '
                                                                          'each of 128 people in no pair are used')
    parser.add_argument('--names', metavar='FILE', help="the pairs' names (pairs.txt), to leave those people out")
    parser.add_argument('--pairs', metavar='FILE', help='write the certificate, with the accuracy on this .bin')
    parser.add_argument('--threads', type=int, default=2, metavar='N', help='that compute (default 2); 0: do not time')
    parser.add_argument('--out', default=RESULTS, metavar='DIR')
    args = parser.parse_args()
    command = 'python ' + shlex.join([os.path.relpath(sys.argv[0], ROOT)] + [
        os.path.basename(word) if os.path.exists(word) else word for word in sys.argv[1:]])
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: os.path.join(folder, name + '.onnx') for name in ('float32', 'int8')}
        to_onnx(args.symbol, paths['float32'])
        found = to_int8(args.symbol, paths['int8'], others(args.calibrate, args.names),
                        verify=[args.pairs] if args.pairs else [], command=command)
        if args.pairs:
            with open(os.path.join(args.out, 'int8-y1.json'), 'w', encoding='utf-8') as stream:
                json.dump(found, stream, indent=1)
                stream.write('\n')
        for name, rate in rates(paths, args.threads).items() if args.threads else ():
            append_row(os.path.join(args.out, 'int8-onnx.csv'), {
                'net': 'mobilefacenet y1', 'precision': name, 'bytes': found[name]['bytes'], 'threads': args.threads,
                'batch': BATCH, 'images/s': round(rate, 1), 'onnxruntime': found['versions']['onnxruntime'],
                'processor': processor(), 'instructions': ' '.join(instruction_sets()), 'command': command})


def others(folder, names):
    """Paths of one image of each of 128 people; of those in pairs.txt, none."""
    known = set()
    if names:
        with open(names, encoding='utf-8') as file:
            known = {word for line in file for word in line.split() if not word.isdigit()}
    people = [name for name in sorted(os.listdir(folder)) if name not in known]
    return [sorted(glob.glob(os.path.join(folder, name, '*.jpg')))[0] for name in people[::len(people) // 128][:128]]


def rates(paths, threads):
    """Images/s of {name: ONNX file} in ONNX Runtime, which take turns."""
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    sessions = {name: onnxruntime.InferenceSession(path, options, providers=['CPUExecutionProvider'])
                for name, path in paths.items()}
    x, best = np.random.RandomState(0).uniform(0, 255, (BATCH, 3, 112, 112)).astype('float32'), dict.fromkeys(paths, 0)
    for _ in range(ROUNDS + 1):  # the first one warms up
        for name, session in sessions.items():
            begin = time.perf_counter()
            session.run(None, {'data': x})
            best[name] = max(best[name], BATCH / (time.perf_counter() - begin))
    return best


if __name__ == '__main__':
    main()
