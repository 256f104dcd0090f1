"""`python -m gluonfr.distributed.child WORDS`: one process of a training, which never outlives the launcher.

As a server or scheduler it serves until the workers are done; as a worker it runs WORDS: a command of gluonfr, or a
Python script. Of the workers the first alone has a standard output; errors of all are shown.
"""
import os
import runpy
import sys

from ..utils.system import end_with_parent
from .roles import LAUNCHER, place

__all__ = ['main']


def main(words):
    """Do what DMLC_ROLE says; returns the exit status."""
    if LAUNCHER in os.environ:
        end_with_parent(int(os.environ[LAUNCHER]))
    here = place()
    if here.role != 'worker':
        import mxnet  # noqa: F401  (it serves where DMLC_ROLE says so, and then ends the process)
        return 0
    if here.number:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if words[0].endswith('.py'):
        sys.argv, sys.path[0] = list(words), os.path.dirname(os.path.abspath(words[0]))
        runpy.run_path(words[0], run_name='__main__')
    else:
        sys.argv = ['gluonfr', *words]
        runpy.run_module('gluonfr', run_name='__main__')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
