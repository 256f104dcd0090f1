"""`gluonfr models` and `gluonfr losses`: what there is, by name."""
import inspect

from ..loss import LOSSES
from ..model_zoo import MODELS, count_macs, count_parameters
from .options import add_command

__all__ = ['add_commands']


def add_commands(commands):
    """Add both."""
    for name, registry, run, doc, example in (('models', MODELS, models, 'list the nets of the model zoo', 'iresnet50'),
                                              ('losses', LOSSES, show, 'list the losses', 'arcface')):
        parser = add_command(commands, name, run, doc, 'example:\n  gluonfr {0}\n  gluonfr {0} {1}'.format(
            name, example))
        parser.add_argument('name', nargs='?', metavar='NAME', help='show the arguments and text of this one')
        parser.set_defaults(registry=registry)


def models(args):
    """As `show`; of one net its size, too."""
    show(args)
    if args.name:
        net = args.registry.create(args.name, need_cls_layer=False)
        spec = net.input_spec
        print('\nembedding size {}, input {} x {} {}, {:,} parameters, {:,.1f} M multiply-adds'.format(
            spec.embedding_size, *spec.size, spec.colour, count_parameters(net), count_macs(net) / 1e6))


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
