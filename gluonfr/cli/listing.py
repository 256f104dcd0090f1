"""`gluonfr models` and `gluonfr losses`: what there is, by name."""
import inspect
import textwrap

from ..compat import mxnet_problem
from ..model_zoo.card_table import list_cards
from ..model_zoo.model_store import download, get_model_file, is_cached
from ..model_zoo.registry import MODELS
from ..model_zoo.sizes import SIZES
from ..utils.messages import counted
from .plain import plain_formula, plain_text

__all__ = ['losses', 'models']

WIDTH = 110  # of the text about a loss
SIZE_COLUMNS = ('name', 'D', 'parameters', 'multiply-adds', 'what it is')
COLUMNS = ('name', 'net', 'D', 'MB', 'input', 'trained on', 'cached', 'licence', 'published, %')


def losses(args):
    """A paragraph about each loss, or all of one."""
    from ..loss import LOSSES, loss_facts
    if (args.plot is None) != (args.out is None) or args.name and args.out:
        raise ValueError('give one NAME, or --plot [LOSS ...] and --out FILE.png.')
    if args.out:
        plot_losses(args.plot or LOSSES.names(), args.out)
    elif args.name:
        describe(LOSSES, args.name)
    else:
        print('\n\n'.join(in_short(loss_facts(name)) for name in LOSSES.names()))


def plot_losses(names, path):
    """Draw losses over angles; those for which that is not defined are named."""
    from ..loss import NoScores, score_curves
    from ..viz import plot_margins
    curves, left_out = [], []
    for name in names:
        try:
            curves += score_curves(name)
        except NoScores as error:
            left_out.append(str(error))
    if not curves:
        raise ValueError('none of these losses can be drawn: ' + ' '.join(left_out))
    plot_margins([curve.name for curve in curves], curves[0].theta, [curve.target for curve in curves],
                 curves[0].plane, [curve.decision for curve in curves], path=path)
    for line in left_out:
        print('left out: ' + line)
    print('{} of {}: {}'.format(counted(len(curves), 'curve'), counted(len(names) - len(left_out), 'loss', 'losses'),
                                path))


def in_short(facts):
    """A paragraph about a loss: its name at the left, the rest indented."""
    defaults = ', '.join('{}={}'.format(*item) for item in facts.defaults.items())
    texts = [facts.title, 'defaults: ' + defaults if defaults else '', 'when to use it: ' + facts.use,
             'LFW in its paper: {:.2f} %'.format(facts.lfw) if facts.lfw else '']
    lines = [line for text in texts if text for line in textwrap.wrap(plain_text(text), WIDTH)]
    at = len(textwrap.wrap(plain_text(facts.title), WIDTH))
    lines[at:at] = ['  ' + plain_formula(line) for line in facts.formula]
    return '\n    '.join([' '.join(filter(None, (facts.name, also(facts.aliases))))] + lines)


def models(args):
    """A line for each network and each card of weights, all of one of them, or the download of weights."""
    if (args.name == 'download') != bool(args.weights):
        raise ValueError('give one NAME, or `download` and the name of weights.')
    if args.weights:
        fetch = download if mxnet_problem() else get_model_file  # MXNet makes the card
        print(fetch(args.weights, args.root, args.accept_licence))
    elif args.name and args.name.lower() in list_cards():
        describe_card(list_cards()[args.name.lower()], args.root)
    elif args.name:
        from ..model_zoo import count_macs, count_parameters
        describe(MODELS, args.name)
        net = MODELS.create(args.name, need_cls_layer=False)
        spec = net.input_spec
        print('\nembedding size {}, input {} x {} {}, {:,} parameters, {:,.1f} M multiply-adds'.format(
            spec.embedding_size, *spec.size, spec.colour, count_parameters(net), count_macs(net) / 1e6))
    else:
        texts = {name: summary(MODELS, name) for name in MODELS.names()} if not mxnet_problem() else \
            {name: also(SIZES[name].aliases) for name in sorted(SIZES)}
        print_table([SIZE_COLUMNS] + [size_row(name, text) for name, text in texts.items()])
        print('\npretrained weights')
        print_table([COLUMNS] + [row(card, args.root) for card in list_cards().values()])


def print_table(rows):
    """Rows of texts in columns."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    for cells in rows:
        print('  '.join(map(str.ljust, cells, widths)).rstrip())


def size_row(name, text):
    """A network's cells under SIZE_COLUMNS."""
    size = SIZES.get(name)  # None for a network that a user has registered
    return (name, *(('-',) * 3 if size is None else (
        str(size.embedding_size), '{:.2f} M'.format(size.values / 1e6), '{:.2f} G'.format(size.macs / 1e9))),
            text)


def row(card, root):
    """A card's cells under COLUMNS."""
    return (card.name, (card.model or '-') + '*' * card.default, str(card.spec.embedding_size),
            '{:.1f}'.format(card.size / 1e6) if card.size else '?', shown_input(card.spec), shown_data(card) or '?',
            cached(card, root), card.licence, shown_figures(card) or '-')


def describe(registry, name):
    """Signature and text of one entry."""
    print(registry.signature(name) + '\n')
    print(plain_text(inspect.getdoc(registry.get(name)) or ''))


def summary(registry, name):
    """The first sentence of an entry, and its other names."""
    text = ' '.join(plain_text(inspect.getdoc(registry.get(name)) or '').partition('\n\n')[0].split())
    return ' '.join(filter(None, (text, also(registry.aliases(name)))))


def also(aliases):
    """Other names, in brackets."""
    return '(also: {})'.format(', '.join(aliases)) if aliases else ''


def describe_card(card, root):
    """All that is known of one set of weights."""
    print('{}: weights of {}'.format(card.name, card.model or 'a network that is not in the model zoo'))
    facts = [('trained on', shown_data(card)), ('licence', card.licence), ('embedding size', card.spec.embedding_size),
             ('input', shown_input(card.spec)), ('published, %', shown_figures(card)), ('page', card.page),
             ('cached', cached(card, root))]
    facts += [('file', '{} SHA-256 {}'.format(file, known['sha256'])) for file, known in card.files.items() if known]
    facts += [('source', ' '.join(filter(None, (
        source.get('url') or source['archive'], source.get('sha256') and 'SHA-256 ' + source['sha256']))))
        for source in card.sources]
    for name, value in facts:
        if value is not None:
            print('{:15} {}'.format(name, value))


def cached(card, root):
    """Where the weights are, in a word."""
    return 'shipped' if card.shipped else 'yes' if is_cached(card, root) else 'no'


def shown_data(card):
    """'WebFace600K'; None where it is not known."""
    return card.data if card.photographs else '{} (not for photographs)'.format(card.data)


def shown_input(spec):
    """'112x112 rgb (x-127.5)/128'."""
    return '{}x{} {} (x-{:g})/{:g}'.format(*spec.size, spec.colour, spec.mean[0], spec.std[0])


def shown_figures(card):
    """'LFW 99.80, IJB-C 96.58'; None where nothing is published."""
    return ', '.join('{} {:.2f}'.format(*pair) for pair in card.published.items()) or None
