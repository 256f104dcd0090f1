"""`gluonfr train`: a face net from a set of people."""
import logging
import math
import shlex

from tqdm.contrib.logging import logging_redirect_tqdm

from ..data import FolderDataset
from ..data.open_pairs import open_pairs
from ..deploy.verify import readable_pairs
from ..loss import LOSSES, fill_arguments
from ..metrics import get_protocol
from ..model_zoo import get_model
from ..model_zoo.card_file import CARD_NAME
from ..nn import get_head
from ..train import (
    Checkpoint,
    CSVLog,
    LogLine,
    PlotCurves,
    Profile,
    ProgressBar,
    RunLog,
    SaveOnSignal,
    StepCSV,
    StopAfter,
    TensorBoard,
    Verify,
    fit,
    freeze,
    make_optimizer,
)
from ..utils import IterLRScheduler, parse_arguments
from ..utils.check import check_number
from ..utils.files import advice_on_full_disk, lies_in
from ..utils.lock import sole_writer
from .gpus import parse_gpus
from .options import check_size
from .train_check import check_classes
from .train_data import open_training_set, training_loader
from .train_defaults import fill_batch, fill_warmups
from .train_hints import hints
from .train_run import begin, finish, place, recipe
from .train_start import find_start, load_start

__all__ = ['train']


def train(args):
    """Train, verify, write the card; returns the state."""
    contexts = parse_gpus(args.gpus)
    if args.dtype == 'float16' and not args.gpus:
        raise ValueError('--dtype float16 needs --gpus: MXNet has no float16 layers on the CPU.')
    dataset = open_training_set(args.dataset, args.root, args.on_error)
    if isinstance(dataset, FolderDataset) and lies_in(args.out, args.dataset):
        raise ValueError('--out must not lie among the photographs of --dataset {}, where it would be a person of the '
                         'next run, got {}.'.format(args.dataset, args.out))
    arguments = parse_arguments(args.network_args, '--network-args')
    if args.embedding_size:
        arguments['embedding_size'] = args.embedding_size
    net = get_model(args.network, **dict(arguments, need_cls_layer=False))
    start = find_start(args, net, arguments) if args.finetune else None
    if args.freeze and not start:
        raise ValueError('--freeze keeps weights as they begin: give those worth keeping, --finetune RUN|FILE|NAME.')
    spec = net.input_spec
    sets = open_sets(args, spec)
    fill_batch(args, len(dataset))
    data, groups = training_loader(dataset, spec, args)
    steps, epochs = duration(args, len(data))
    fill_warmups(args, steps)
    loss, head = make_loss(args, dataset.num_classes, spec.embedding_size, groups, len(contexts))
    people = check_classes(args, dataset, spec.embedding_size, loss, data.batch_size, contexts)
    optimizer, mode = make_schedule(args, steps)
    if start:
        load_start(start, net, contexts)
    if args.dtype == 'float16':
        net.cast('float16')
    if args.freeze:
        freeze(args.freeze, net=net, head=head, loss=loss)
        blocks = [block for block in (net, head, loss) if block is not None]
        if all(param.grad_req == 'null' for block in blocks for param in block.collect_params().values()):
            raise ValueError('--freeze {} leaves nothing to train with --loss {}.'.format(
                ' '.join(args.freeze), args.loss))

    facts = {'images': len(dataset), 'classes': int(dataset.num_classes), **dataset.identity()}
    said = recipe(args, mode, facts, sets)
    if not args.resume:
        for line in hints(args, parse_arguments(args.loss_args), spec.embedding_size):
            print('hint: ' + line)
    command = 'gluonfr ' + ' '.join(map(shlex.quote, args.argv))
    title = '{} with {}, {:,} images of {:,} people'.format(
        args.network, LOSSES.canonical(args.loss), len(dataset), dataset.num_classes)
    header = '{}\n{} images of {} people, {} steps in {} epochs; {} -> {}, {}\n{}'.format(
        command, len(dataset), people, steps, epochs, args.network, spec.embedding_size, loss,
        ' '.join('{}={}'.format(name, value) for name, value in said.items() if value not in (None, '', [])))
    folder = place(args, 'checkpoint')
    signals, log = SaveOnSignal(folder), RunLog(place(args, 'log.txt'))
    every = args.log_every or min(50, max(1, steps // 10))
    callbacks = [StopAfter(steps), log, LogLine(every, header=header),
                 StepCSV(place(args, 'steps.csv'), every), CSVLog(place(args, 'metrics.csv')),
                 TensorBoard(place(args, 'tensorboard'), every),
                 PlotCurves(place(args, 'curves.png'), title, steps=place(args, 'steps.csv'),
                            verification=place(args, 'verify.csv')),
                 Checkpoint(folder, every_steps=args.save_every, monitor='mean_acc' if sets else None), signals]
    if sets:
        callbacks.append(Verify(sets, args.eval_every, place(args, 'verify.csv'), args.eval_flip, args.eval_folds))
    if args.profile:
        callbacks.append(Profile(args.out))
    if not args.no_progress:
        callbacks.append(ProgressBar())
    with advice_on_full_disk(args.out, 'The checkpoints in it are whole: make room and go on with --resume'), \
            sole_writer(place(args, '.lock'), '--out {}'.format(args.out)):
        begin(args, said)
        with log.writing(), logging_redirect_tqdm([logging.getLogger()]), signals.listening():
            state = fit(net, loss, data, head=head, epochs=epochs, optimizer=optimizer, clip_gradient=args.clip,
                        ctx=contexts, callbacks=callbacks, seed=args.seed, resume='auto' if args.resume else None)
        finish(args, state, arguments, spec, command, facts)
    if state.best is not None:
        print('best: mean accuracy {value:.4f} on {sets}, after step {step}; the card takes these weights'.format(
            sets=', '.join(sets), **state.best))
    print('card: {}'.format(place(args, CARD_NAME)))
    return state


def open_sets(args, spec):
    """The verification sets by name, of images that fit the net."""
    sets = {}
    for name in (name for word in args.eval for name in word.split(',') if name):
        called, pairs = open_pairs(name, args.root)
        if args.on_error == 'skip':
            pairs = readable_pairs(called, pairs)
        get_protocol('kfold', nfolds=args.eval_folds).notes(pairs.issame, called)
        if called in sets:
            raise ValueError('--eval: the sets must have different names, got {} and {}.'.format(
                sets[called].path, pairs.path))
        check_size('--eval', pairs, args.network, spec.size, not args.no_progress)
        sets[called] = pairs
    return sets


def duration(args, per_epoch):
    """(steps, epochs) from --steps and --epochs."""
    if not per_epoch:
        raise ValueError('--dataset {} gives no full batch: make --batch-size or --sampler pk:PxK smaller.'.format(
            args.dataset))
    most = (args.epochs or 20) * per_epoch if args.epochs or not args.steps else args.steps
    steps = min(args.steps or most, most)
    return steps, math.ceil(steps / per_epoch)


def make_schedule(args, steps):
    """(optimizer, mode of the learning rate)."""
    check_number('--wd', 'weight decay', args.wd, low=0)
    check_number('--momentum', 'momentum', args.momentum, low=0, high=1, high_open=True)
    if args.clip is not None:
        check_number('--clip', 'norm', args.clip, low=0, low_open=True)
    mode = args.lr_mode or ('step' if args.lr_steps else 'cosine')
    if mode != 'step' and args.warmup > steps:
        raise ValueError('--warmup must be at most {}, the steps of this run, got {}. --warmup auto fits every run.'
                         .format(steps, args.warmup))
    schedule = IterLRScheduler(mode, args.lr, steps, args.lr_steps, args.lr_factor, warmup_iters=args.warmup)
    extra = {'multi_precision': True} if args.dtype == 'float16' else {}
    return make_optimizer(args.optimizer, schedule, args.wd, args.momentum, **extra), mode


def make_loss(args, classes, embedding_size, groups, contexts):
    """(loss, head or None)."""
    if groups:
        if groups[0] % contexts:
            raise ValueError('--sampler pk:PxK: P must be a multiple of the number of GPUs, {}, got {}.'.format(
                contexts, groups[0]))
        groups = groups[0] // contexts, groups[1]
    elif 'num_in_class' in LOSSES.keywords(args.loss):
        raise ValueError('--loss {} takes batches of several images of each person: give --sampler pk:PxK such as '
                         'pk:32x4.'.format(args.loss))
    arguments = fill_arguments(args.loss, parse_arguments(args.loss_args), classes=classes,
                               embedding_size=embedding_size, groups=groups, margin_warmup=args.margin_warmup)
    loss = LOSSES.create(args.loss, **arguments)
    if not set(loss.inputs) <= {'pred', 'label', 'embedding'}:
        raise ValueError('--loss {} takes pairs or triplets, and a batch has labels: give --loss-args mining=..., see '
                         '`gluonfr losses {}`.'.format(args.loss, args.loss))
    return loss, None if loss.head is None else get_head(loss.head, classes, embedding_size)
