"""`gluonfr train`: a face net from a set of people."""
import csv
import logging
import math
import os
import shlex
import shutil

from tqdm.contrib.logging import logging_redirect_tqdm

from ..deploy.card import write_card
from ..deploy.load import CARD_NAME
from ..loss import LOSSES, fill_arguments
from ..model_zoo import MODELS, get_model
from ..nn import get_head
from ..train import (Callback, Checkpoint, CSVLog, LogLine, PlotCurves, ProgressBar, StepCSV, TensorBoard, Verify, fit,
                     load_weights, make_optimizer, parse_gpus)
from ..train.checkpoint import list_checkpoints
from ..utils import IterLRScheduler, parse_arguments
from .options import add_command
from .train_data import identity, open_training_set, training_loader
from .train_options import EXAMPLE, add_options
from .verify import open_pairs

__all__ = ['add_commands', 'train']

RUN_FILES = ('log.txt', 'steps.csv', 'metrics.csv', 'verify.csv', 'curves.png', 'tensorboard', CARD_NAME)


def add_commands(commands):
    """Add the command."""
    add_options(add_command(commands, 'train', train, 'train a face net', EXAMPLE))


def train(args):
    """Train, verify, write the card; returns the state."""
    contexts = parse_gpus(args.gpus)
    if args.dtype == 'float16' and not args.gpus:
        raise ValueError('--dtype float16 needs --gpus: MXNet has no float16 layers on the CPU.')
    sets = dict(open_pairs(place, args.root) for place in args.eval)
    dataset = open_training_set(args.dataset, args.root)
    arguments = parse_arguments(args.network_args, '--network-args')
    if args.embedding_size:
        arguments['embedding_size'] = args.embedding_size
    net = get_model(args.network, **dict(arguments, need_cls_layer=False))
    spec = net.input_spec
    data, groups = training_loader(dataset, spec, args)
    steps, epochs = duration(args, len(data))
    loss, head = make_loss(args, dataset.num_classes, spec.embedding_size, groups, len(contexts))
    if args.finetune:
        start_from(args.finetune, net, contexts)
    if args.dtype == 'float16':
        net.cast('float16')
    mode = args.lr_mode or ('step' if args.lr_steps else 'cosine')
    schedule = IterLRScheduler(mode, args.lr, steps, args.lr_steps, args.lr_factor, warmup_iters=args.warmup)
    extra = {'multi_precision': True} if args.dtype == 'float16' else {}
    optimizer = make_optimizer(args.optimizer, schedule, args.wd, args.momentum, **extra)

    command = 'gluonfr ' + ' '.join(map(shlex.quote, args.argv))
    header = '{}\n{} images of {} people, {} steps in {} epochs; {} -> {}, {}'.format(
        command, len(dataset), dataset.num_classes, steps, epochs, args.network, spec.embedding_size, loss)
    checkpoint = Checkpoint(place(args, 'checkpoint'), every_steps=args.save_every, overwrite=args.overwrite,
                            monitor='mean_acc' if sets else None)
    if not args.resume and (args.overwrite or not list_checkpoints(checkpoint.checkpoint_folder)):
        clear(args.out)
    callbacks = [LogLine(args.log_every, place(args, 'log.txt'), header=header),
                 StepCSV(place(args, 'steps.csv'), args.log_every), CSVLog(place(args, 'metrics.csv')),
                 TensorBoard(place(args, 'tensorboard'), args.log_every), PlotCurves(place(args, 'curves.png')),
                 StopAfter(steps), checkpoint]
    if sets:
        callbacks.append(Verify(sets, args.eval_every, place(args, 'verify.csv'), args.eval_flip,
                                args.eval_folds))
    if not args.no_progress:
        callbacks.append(ProgressBar())
    with logging_redirect_tqdm([logging.getLogger()]):
        state = fit(net, loss, data, head=head, epochs=epochs, optimizer=optimizer, clip_gradient=args.clip,
                    ctx=contexts, callbacks=callbacks, seed=args.seed, resume='auto' if args.resume else None)
    weights = os.path.join(checkpoint.checkpoint_folder, 'best.params' if sets else 'last.params')
    step = state.best['step'] if sets else state.step
    write_card(place(args, CARD_NAME), weights, MODELS.canonical(args.network), arguments, spec, command=command,
               data=identity(dataset), step=step,
               metrics=read_rows(place(args, 'verify.csv'), step))
    print('card: {}'.format(place(args, CARD_NAME)))
    return state


def duration(args, per_epoch):
    """(steps, epochs) from --steps and --epochs."""
    epochs = args.epochs or (math.ceil(args.steps / per_epoch) if args.steps else 20)
    return min(args.steps or epochs * per_epoch, epochs * per_epoch), epochs


def make_loss(args, classes, embedding_size, groups, contexts):
    """(loss, head or None)."""
    if groups:
        if groups[0] % contexts:
            raise ValueError('--sampler pk:PxK: P must be a multiple of the number of GPUs, {}, got {}.'.format(
                contexts, groups[0]))
        groups = groups[0] // contexts, groups[1]
    arguments = fill_arguments(args.loss, parse_arguments(args.loss_args), classes=classes,
                               embedding_size=embedding_size, groups=groups, margin_warmup=args.margin_warmup)
    loss = LOSSES.create(args.loss, **arguments)
    return loss, None if loss.head is None else get_head(loss.head, classes, embedding_size)


def start_from(source, net, contexts):
    """Load the net's weights from a run, a checkpoint or a .params file."""
    path = source
    if os.path.isdir(source):
        found = [os.path.join(source, 'checkpoint', name) for name in ('best.params', 'last.params')]
        path = next((name for name in found if os.path.isfile(name)), found[-1])
    if not os.path.isfile(path):
        raise FileNotFoundError('--finetune: there is no {}. Give the --out of a finished run, a checkpoint (.npz) or '
                                'weights (.params).'.format(path))
    if path.endswith('.npz'):
        net.initialize(ctx=contexts)
        load_weights(path, net=net)
    else:
        net.load_parameters(path, ctx=contexts, ignore_extra=True)


def read_rows(path, step):
    """The verification rows of one step, by set."""
    if not os.path.isfile(path):
        return {}
    with open(path, newline='', encoding='utf-8') as file:
        rows = [row for row in csv.DictReader(file) if int(row['step']) == step]
    return {row['set']: {name: number(value) for name, value in row.items()} for row in rows}


def number(text):
    """A cell of a csv file as an int or a float, if it is one."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def clear(folder):
    """Remove what an earlier run left in a folder that a fresh one begins in; its checkpoints are not touched here."""
    for name in RUN_FILES:
        path = os.path.join(folder, name)
        if os.path.isdir(path):
            shutil.rmtree(path)
        elif os.path.exists(path):
            os.remove(path)


def place(args, name):
    """A file of the run."""
    return os.path.join(args.out, name)


class StopAfter(Callback):
    """Ends training after so many updates."""
    order = 2

    def __init__(self, steps):
        self._steps = steps

    def on_step_end(self, state):
        if state.step >= self._steps and state.step < state.epochs * state.steps_per_epoch:
            state.request_stop('--steps {} are done'.format(self._steps))
