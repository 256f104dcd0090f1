"""The `gluonfr` command: thin subcommands over library functions."""
import importlib
import logging
import re
import sys
import warnings
from contextlib import contextmanager

from ..compat import mxnet_problem, room_problem, threads_to_use
from ..utils.messages import printable
from .parsers import make_parser
from .streams import lasting_streams
from .words import in_words

__all__ = ['main']

STOPPED = {**dict.fromkeys(('align', 'clean', 'cluster', 'embed', 'finetune', 'pack', 'tune'),
                           'the same command continues from there'), 'train': ''}


def main(argv=None):
    """Run one command; returns the exit status: 0, 2 for bad input, 130 after Ctrl-C (1: `pack check` found damage)."""
    with lasting_streams():
        return _main(sys.argv[1:] if argv is None else list(argv))


def _main(argv):
    if sorted(argv) == ['--verbose', '--version']:
        importlib.import_module('.about', __name__).about()
        return 0
    args = make_parser().parse_args(argv)
    args.argv = argv
    if hasattr(sys.stdout, 'reconfigure') and sys.stdout.errors == 'strict':
        sys.stdout.reconfigure(errors='backslashreplace')  # names that a console of another alphabet cannot show
    logging.basicConfig(level=logging.INFO, format='%(message)s', stream=sys.stdout)
    logging.getLogger('gluonfr').setLevel(logging.DEBUG if getattr(args, 'verbose', False) else logging.INFO)
    try:
        module, _, function = args.run.partition(':')
        with _warnings_as_lines(args, argv):
            if hasattr(args, 'batch_size') and not mxnet_problem():
                _check_room(args)
            getattr(importlib.import_module('.' + module, __name__), function)(args)
        sys.stdout.flush()
    except (ValueError, TypeError, OSError, ImportError, *_failures()) as error:
        said = in_words(args.command, str(error), args.parser, argv)
        print(printable('gluonfr {}: {}'.format(args.command, said)), file=sys.stderr)
        return 2
    except (MemoryError, RuntimeError) as error:
        if not re.search('out of memory|Failed to allocate|ALLOC_FAILED|MemoryError', '{!r} {}'.format(error, error)):
            raise
        print('gluonfr {}: the memory is not enough ({}).{}'.format(
            args.command, (str(error).strip() or 'Python has none left').splitlines()[-1],
            ' Give a smaller --batch-size.' if hasattr(args, 'batch_size') else ''), file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        print('gluonfr {}: stopped; {}.'.format(args.command, str(stop) or STOPPED.get(
            args.command, 'what is written is whole')), file=sys.stderr)
        return 130
    return 0


def _check_room(args):
    """A network at work takes threads to decode, too, and more memory: MXNet would end the process for want of them."""
    workers = getattr(args, 'workers', None)
    workers = threads_to_use() if workers is None else workers
    problem = room_problem(more_threads=workers + 2, more_mib=500)
    if problem:
        raise OSError(problem)


@contextmanager
def _warnings_as_lines(args, argv):
    """Warnings of Python as errors are said: in the words of the command, without the code that they come from."""
    def line(message, *_, **__):
        said = in_words(args.command, str(message), args.parser, argv)
        return printable('gluonfr {}: warning: {}\n'.format(args.command, said))

    before, warnings.formatwarning = warnings.formatwarning, line
    try:
        yield
    finally:
        warnings.formatwarning = before


def _failures():
    """NonFiniteLoss, if what raises it was imported: it comes with MXNet."""
    state = sys.modules.get('gluonfr.train.state')
    return (state.NonFiniteLoss,) if state else ()
