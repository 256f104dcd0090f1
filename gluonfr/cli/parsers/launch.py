"""Options of `gluonfr launch`."""
from .common import add_command, natural, positive

__all__ = ['add_commands']

EXAMPLE = """
examples:
  gluonfr launch -n 2 -- train --dataset PEOPLE --network mobilefacenet --loss arcface --out outputs/mine-run
  gluonfr launch -n 4 -s 2 --restarts 3 -- train --dataset emore --batch-size 512 --save-every 1000 --out outputs/arc
  gluonfr launch -n 2 -- my_training.py --epochs 3

The batch of --batch-size is divided over the workers, so a training does the same with any number of them (BatchNorm
alone sees the part of its worker). The first worker evaluates and writes all files.

At the first process that fails, all are ended within a second, and a line says which and why. Ctrl-C saves first.

Several machines: start this very command for each process, by Slurm, ssh or the like, with DMLC_ROLE (scheduler, server
or worker), DMLC_PS_ROOT_URI and DMLC_PS_ROOT_PORT (IP address of the scheduler's machine, and a free port there),
DMLC_NUM_WORKER, DMLC_NUM_SERVER and, for workers, DMLC_WORKER_ID from 0 on. Then it is that one process, and -n, -s,
--port, --restarts are not used. docs/scale.md has scripts to copy."""


def add_commands(commands):
    """Add the command."""
    parser = add_command(commands, 'launch', 'train in several processes', EXAMPLE, 'launch:launch')
    parser.add_argument('-n', '--workers', type=positive, metavar='N', help='processes that train')
    parser.add_argument('-s', '--servers', type=positive, default=1, metavar='N',
                        help='processes that add up what the workers send (default 1)')
    parser.add_argument('--restarts', type=natural, default=0, metavar='N',
                        help='start again from the last checkpoint up to so many times, where a process fails (default '
                             '0)')
    parser.add_argument('--timeout', type=positive, metavar='SECONDS',
                        help='how long a worker waits for the others, evaluations included (default 1800)')
    parser.add_argument('--port', type=positive, metavar='N', help='of the scheduler (default: a free one)')
    parser.add_argument('words', nargs='+', metavar='-- COMMAND',
                        help='what each worker does: train with its options, or a Python script with its arguments')
