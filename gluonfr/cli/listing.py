"""`gluonfr models` and `gluonfr losses`: what there is, by name."""
import inspect

from ..loss import LOSSES
from ..model_zoo import MODELS
from .options import add_command

__all__ = ['add_commands']


def add_commands(commands):
    """Add both."""
    for name, registry, doc in (('models', MODELS, 'list the nets of the model zoo'),
                                ('losses', LOSSES, 'list the losses')):
        parser = add_command(commands, name, show, doc, 'example:\n  gluonfr {0}\n  gluonfr {0} {1}'.format(
            name, 'mobilefacenet' if name == 'models' else 'arcface'))
        parser.add_argument('name', nargs='?', metavar='NAME', help='show the arguments and text of this one')
        parser.set_defaults(registry=registry)


def show(args):
    """Print a line for each, or all of one."""
    registry = args.registry
    if args.name:
        maker = registry.get(args.name)
        print('{}{}\n'.format(maker.__name__, inspect.signature(maker)))
        print(inspect.getdoc(maker) or '')
        return
    for name in registry.names():
        summary = (inspect.getdoc(registry.get(name)) or '').partition('\n')[0]
        aliases = ', '.join(registry.aliases(name))
        print('{:24} {}{}'.format(name, summary, ' (also: {})'.format(aliases) if aliases else ''))
