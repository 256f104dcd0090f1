"""`gluonfr launch`: a training in several processes."""
import os
import sys

from ..distributed import child, place
from ..distributed import launch as launch_processes
from ..distributed.roles import TIMEOUT
from .parsers import make_parser

__all__ = ['launch']


def launch(args):
    """Start all processes and wait for them; where DMLC_ROLE says which process this is, be that one."""
    if args.words[0] == 'train':
        make_parser().parse_args(args.words)  # what is wrong with them is said once, and now
    if place() is not None:
        if args.timeout:
            os.environ[TIMEOUT] = str(args.timeout)
        status = child.main(args.words)
    elif args.workers is None:
        raise ValueError('-n must say how many processes train; with DMLC_ROLE in the environment this is one of them.')
    else:
        status = launch_processes(args.words, args.workers, args.servers, port=args.port, restarts=args.restarts,
                                  timeout=args.timeout)
    if status:
        sys.exit(status)
