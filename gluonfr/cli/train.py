"""`gluonfr train`: a face network from a set of people."""
import logging
import os
import re
import shlex

import numpy as np

from ..data.fitting import open_training_set, open_verification_sets
from ..data.loading.training_loader import BATCH, training_loader
from ..deploy import Embedder
from ..distributed import join_workers
from ..loss import parse_loss
from ..model_zoo import MODELS
from ..model_zoo.card_file import CARD_NAME
from ..model_zoo.making import resizable
from ..report import RunReport, write_report
from ..train import layer_decay, make_optimizer, teacher_of
from ..train.apart import begin_apart, keeps_apart
from ..train.defaults import choose_numbers
from ..train.freeze import freeze_parts
from ..train.in_folder import train_in_folder
from ..train.loss_and_head import loss_and_head
from ..train.parameters import named_parameters
from ..train.precision import check_precision
from ..train.rates import rate_factors
from ..train.run_folder import OtherRecipe
from ..train.starting_net import starting_net
from ..utils import IterLRScheduler
from ..utils.arguments import parse_arguments
from ..utils.check import check_number
from ..utils.gpu import parse_gpus
from ..utils.messages import counted
from .train_hints import Advice, hints, say_chosen, say_unused_labels
from .train_recipe import make_recipe, other_recipe, shown

__all__ = ['train']

REPORT = 'report.html'


def train(args):
    """Train, verify, write the card; returns the state. Nothing is written before all is made and checked."""
    workers = join_workers()
    with workers.working():
        return _train(args, workers)


def _train(args, workers):
    groups, progress = _groups(args.sampler), not args.no_progress
    _check_options(args.freeze, args.finetune, args.wd, args.momentum, args.clip, args.ema, args.distill)
    lr_mult = _lr_mult(args.lr_mult)
    network_args, loss_args = parse_arguments(args.network_args, '--network-args'), parse_arguments(args.loss_args)
    if args.embedding_size:
        network_args['embedding_size'] = args.embedding_size
    ctx = parse_gpus(args.gpus)

    net = starting_net(args.network, network_args, ctx=ctx, finetune=args.finetune, dtype=args.dtype)
    check_precision(args.precision, net, ctx)
    spec = net.input_spec
    fitting = dict(network=args.network, size=spec.size, root=args.root, on_error=args.on_error, progress=progress)
    dataset = open_training_set(args.dataset, resizable=resizable(args.network), out=args.out, **fitting)
    sets = open_verification_sets(args.eval, nfolds=args.eval_folds, **fitting)
    loader = training_loader(dataset, args.dataset, spec=spec, batch_size=args.batch_size, augment=args.augment,
                             balanced=args.sampler == 'balanced', groups=groups, data_iter=args.data_iter,
                             workers=args.workers, ctx=ctx[0], seed=args.seed)
    teacher = None if args.teacher is None else Embedder(args.teacher)
    given = dict(batch_size=args.batch_size, lr=args.lr, warmup=args.warmup, margin_warmup=args.margin_warmup)
    numbers = choose_numbers(len(loader), default=BATCH if groups else loader.batch_size, lr_mode=args.lr_mode,
                             lr_steps=args.lr_steps, steps=args.steps, epochs=args.epochs,
                             accumulate=args.accumulate, **given)
    loss, head = loss_and_head(args.loss, loss_args, dataset=dataset, path=args.dataset, batch_size=loader.batch_size,
                               embedding_size=spec.embedding_size, ctx=ctx, groups=groups,
                               margin_warmup=numbers.margin_warmup * args.accumulate,  # the loss counts batches
                               sample_rate=args.sample_rate, num_sample=args.num_sample,
                               filter_negatives=args.filter_negatives, seed=args.seed, workers=workers,
                               shards=args.class_shards)
    if args.freeze:
        freeze_parts(args.freeze, net=net, head=head, loss=loss, loss_name=args.loss)
    if args.layer_decay is not None:
        lr_mult = {**layer_decay(net, args.layer_decay), **lr_mult}
    rate_factors(named_parameters(net=net, head=head, loss=loss), lr_mult)
    schedule = IterLRScheduler(numbers.lr_mode, numbers.lr, numbers.steps, args.lr_steps, args.lr_factor,
                               warmup_iters=numbers.warmup)
    optimizer = make_optimizer(args.optimizer, schedule, args.wd, args.momentum,
                               **({'multi_precision': True} if args.dtype == 'float16' else {}))
    if keeps_apart(head):  # refuses what it does not go with before anything is written
        begin_apart([head], ctx, optimizer, args.seed, args.accumulate)
        logging.getLogger('gluonfr').info('class layer: %s', head)

    people, classes = len(np.unique(dataset.labels)), int(dataset.num_classes)
    facts = {'images': len(dataset), 'classes': classes, **dataset.identity()}
    recipe = make_recipe(vars(args), numbers, facts, sets, teacher)
    command = 'gluonfr ' + ' '.join(map(shlex.quote, args.argv))
    summary = '{} of {}, {} in {}; {} -> {}, {}'.format(
        counted(len(dataset), 'image'), counted(people, 'person', 'people'), counted(numbers.steps, 'step'),
        counted(numbers.epochs, 'epoch') + (' by {} workers'.format(workers.count) if workers.count > 1 else ''),
        args.network, spec.embedding_size, loss)
    title = '{} with {}, {:,} images of {:,} people'.format(
        args.network, '+'.join(map(str, parse_loss(args.loss))), len(dataset), classes)
    say_chosen(numbers, len(dataset), **given)
    if people < classes and (head is not None or loss.keeps_classes):
        say_unused_labels(args.dataset, people, classes)
    advice = Advice([] if args.resume else hints(
        network=args.network, embedding_size=spec.embedding_size, finetuned=bool(args.finetune), loss=args.loss,
        loss_arguments=loss_args, margin_warmup=numbers.margin_warmup, optimizer=args.optimizer,
        batch_size=numbers.batch_size, lr=numbers.lr, sampler=args.sampler, steps=numbers.steps,
        accumulate=args.accumulate, ema=args.ema, distill=None if teacher is None else args.distill,
        teacher_size=None if teacher is None else teacher.spec.embedding_size))
    reports = run_reports(args.out, args.no_report)
    try:
        state = train_in_folder(
            args.out, net, loss, loader, head=head, recipe=recipe, steps=numbers.steps, epochs=numbers.epochs,
            optimizer=optimizer, clip_gradient=args.clip, ctx=ctx, seed=args.seed, sets=sets,
            eval_every=args.eval_every, eval_flip=args.eval_flip, eval_folds=args.eval_folds, log_every=args.log_every,
            save_every=args.save_every, header='\n'.join((command, summary, shown(recipe))), title=title,
            card=dict(model=MODELS.canonical(args.network), arguments=network_args, command=command, data=facts),
            profile=args.profile, progress=progress, callbacks=[advice, *reports], resume=args.resume,
            overwrite=args.overwrite, precision=args.precision, auto=args.auto,
            lr_mult=lr_mult, accumulate=args.accumulate, ema=args.ema, distill=args.distill,
            teacher=None if teacher is None else teacher_of(teacher, spec))
    except OtherRecipe as error:
        raise ValueError(other_recipe(args.out, error.changed, recipe['lr_mode'])) from error
    if reports and workers.first:
        write_report([args.out], os.path.join(args.out, REPORT))
    if state.best is not None:
        print('best: mean accuracy {value:.4f} on {sets}, after step {step}; the card takes these weights'.format(
            sets=', '.join(sets), **state.best))
    print('card: {}'.format(os.path.join(args.out, CARD_NAME)))
    return state


def run_reports(out, unwanted):
    """What refreshes the report of a run; nothing if it is not wanted or, which is said, its libraries are missing."""
    if unwanted:
        return []
    try:
        return [RunReport(out, os.path.join(out, REPORT))]
    except ImportError as error:
        logging.getLogger('gluonfr').info('no report.html: %s', error)
        return []


def _check_options(freeze, finetune, wd, momentum, clip, ema, distill):
    """Raise a ValueError for what the options alone tell."""
    if freeze and not finetune:
        raise ValueError('--freeze keeps weights as they begin: give those worth keeping, --finetune RUN|FILE|NAME.')
    check_number('--wd', 'weight decay', wd, low=0)
    check_number('--momentum', 'momentum', momentum, low=0, high=1, high_open=True)
    check_number('--distill', 'factor', distill, low=0, low_open=True)
    if ema is not None:
        check_number('--ema', 'decay', ema, low=0, high=1, low_open=True, high_open=True)
    if clip is not None:
        check_number('--clip', 'norm', clip, low=0, low_open=True)


def _lr_mult(words):
    """{pattern: factor} of the words PATTERN=FACTOR; names of parameters have no '='."""
    factors = {}
    for word in words:
        pattern, _, factor = word.rpartition('=')
        try:
            factors[pattern] = float(factor)
        except ValueError:
            pattern = ''
        if not pattern:
            raise ValueError('--lr-mult takes PATTERN=FACTOR such as net/features=0.1, got {!r}.'.format(word))
    return factors


def _groups(sampler):
    """(P, K) of --sampler pk:PxK, None for the other kinds."""
    groups = re.fullmatch(r'pk:(\d+)x(\d+)', sampler)
    if groups is None and sampler not in ('shuffle', 'balanced'):
        raise ValueError('--sampler must be shuffle, balanced or pk:PxK such as pk:32x4, got {!r}.'.format(sampler))
    return groups and (int(groups.group(1)), int(groups.group(2)))
