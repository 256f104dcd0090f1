"""Make GIFs of how the embedding of a run grew, from the pictures that main.py drew.

    python examples/mnist/make_gif.py --lossname ArcFace_v1
    python examples/mnist/make_gif.py --loss centerloss --plot-every 0.25 --dataset demo
    python examples/mnist/make_gif.py --run outputs/mnist/ArcFace_v1 --fps 4

Where the run has no pictures yet, it is trained first; all flags that are not listed here go to main.py.
"""
import argparse
import os
import sys

import gluonfr  # noqa: F401  first: it makes MXNet import well
import main as example
import report
from gluonfr.viz import make_gif


def main(argv=None):
    """Make the GIFs; returns their paths."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument('--run', metavar='DIR', help='folder of the run (default: where main.py puts it)')
    parser.add_argument('--fps', type=float, default=2, help='frames a second (default 2)')
    parser.add_argument('--hold', type=float, default=2, metavar='SECONDS',
                        help='how much longer the last frame stays (default 2)')
    parser.add_argument('--out', metavar='DIR', help='folder of the GIFs (default: the folder of the run)')
    args, rest = parser.parse_known_args(argv)
    if '--no-plots' in rest:
        parser.error('--no-plots leaves nothing to make GIFs of.')
    try:
        run = args.run or example.default_folder(example.parse_args(rest)[1])
        if rest and not report.snapshots(run):
            example.main([*rest, '--out', run])
        # all frames get the axis ranges of the whole run, also where main.py was stopped before it did that
        report.redraw(run)
        gifs = []
        for kind in ('train', 'test', 'train-circle', 'test-circle'):
            paths = report.picture_paths(run, kind)
            if paths:
                gifs.append(make_gif(paths, os.path.join(args.out or run, kind + '.gif'), args.fps, hold=args.hold))
    except (ValueError, FileNotFoundError) as error:
        parser.error(str(error))
    for gif in gifs:
        print(f'{gif}: {len(report.snapshots(run))} frames, {os.path.getsize(gif) / 1024:.0f} KB')
    return gifs


if __name__ == '__main__':
    main(sys.argv[1:])
