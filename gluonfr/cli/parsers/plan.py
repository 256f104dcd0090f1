"""Options of `gluonfr plan`."""
from .common import add_command, positive

__all__ = ['add_commands']


def add_commands(commands):
    """Add the command."""
    parser = add_command(commands, 'plan', 'say what a training with many people takes of memory and time', """
example:
  gluonfr plan --classes 2000000 --network iresnet50 --batch-size 128
  gluonfr plan --classes 200000 --network mobilefacenet --embedding-size 256 --sample-rate 0.2

A line for each class layer: dense scores all people in each step, sampled those of the batch and a
share of the others (`gluonfr train --sample-rate`), sharded divides them over processes; several
processes sample each from its own. Memory is by a formula, docs/scale.md; times are estimates from a
matrix product and a copy that are timed first. Nothing is trained, and MXNet is not needed.""", 'plan:plan')
    parser.add_argument('--classes', type=positive, required=True, metavar='C', help='people, or labels')
    parser.add_argument('--network', default='mobilefacenet', metavar='NAME',
                        help='a network of `gluonfr models` (default mobilefacenet)')
    parser.add_argument('--batch-size', type=positive, default=128, metavar='B',
                        help='images of a step, of all processes together (default 128)')
    parser.add_argument('--embedding-size', type=positive, metavar='D',
                        help='length of the embeddings (default: that of the network)')
    parser.add_argument('--workers', type=positive, default=1, metavar='W',
                        help='processes of which each has a part of the batch (default 1)')
    parser.add_argument('--sample-rate', type=float, default=0.1, metavar='X',
                        help='share of the people that a sampled layer scores, in (0, 1] (default 0.1)')
    parser.add_argument('--num-sample', type=positive, metavar='N', help='their number, instead')
    parser.add_argument('--memory', type=float, metavar='GB',
                        help='memory that a process may take, in 10^9 bytes (default: that of this machine)')
