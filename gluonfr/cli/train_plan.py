"""All that `gluonfr train` decides before it writes anything."""
import re
from collections import namedtuple

import numpy as np

from ..loss import parse_loss
from ..train import make_optimizer
from ..utils import IterLRScheduler
from ..utils.arguments import parse_arguments
from ..utils.check import check_number
from ..utils.gpu import parse_gpus
from ..utils.messages import counted
from ..train.defaults import BATCH, choose_numbers
from .train_hints import hints
from ..train.loader import training_loader
from ..train.loss_and_head import make_loss
from ..train.starting_net import freeze_parts, make_net
from .train_recipe import make_recipe
from ..train.training_data import open_training_set, open_verification_sets

__all__ = ['Plan', 'make_plan']

Plan = namedtuple('Plan', 'net head loss loader optimizer contexts sets steps epochs arguments facts recipe title '
                          'summary hints')


def make_plan(args):
    """What the options ask for, made and checked; whatever cannot work is refused here.

    Returns
    -------
    Plan : namedtuple
        net, head (or None), loss, loader, optimizer, contexts: for `fit`; sets, the verification sets by name; steps
        and epochs of the run; arguments that the net is made with; facts of the training set, recipe: JSON values;
        title of the pictures, summary for the log, hints: texts.
    """
    contexts, groups, progress = parse_gpus(args.gpus), _groups(args.sampler), not args.no_progress
    _check_options(args.dtype, args.gpus, args.freeze, args.finetune, args.wd, args.momentum, args.clip)
    arguments = parse_arguments(args.network_args, '--network-args')
    if args.embedding_size:
        arguments['embedding_size'] = args.embedding_size
    loss_arguments = parse_arguments(args.loss_args)

    net = make_net(args.network, arguments, finetune=args.finetune, contexts=contexts, dtype=args.dtype)
    spec = net.input_spec
    dataset = open_training_set(args.dataset, root=args.root, on_error=args.on_error, out=args.out,
                                network=args.network, size=spec.size, progress=progress)
    sets = open_verification_sets(args.eval, root=args.root, on_error=args.on_error, nfolds=args.eval_folds,
                                  network=args.network, size=spec.size, progress=progress)
    loader = training_loader(dataset, args.dataset, spec=spec, batch_size=args.batch_size, augment=args.augment,
                             balanced=args.sampler == 'balanced', groups=groups, data_iter=args.data_iter,
                             workers=args.workers, ctx=contexts[0], seed=args.seed)
    batch_size = args.batch_size or (BATCH if groups else loader.batch_size)
    numbers = choose_numbers(len(dataset), batch_size, len(loader), batch_chosen=args.batch_size is None, lr=args.lr,
                             steps=args.steps, epochs=args.epochs, warmup=args.warmup,
                             margin_warmup=args.margin_warmup)
    loss, head = make_loss(args.loss, loss_arguments, labels=dataset.labels, classes=int(dataset.num_classes),
                           embedding_size=spec.embedding_size, batch_size=loader.batch_size, groups=groups,
                           margin_warmup=numbers.margin_warmup, contexts=contexts, dataset=args.dataset)
    lr_mode = args.lr_mode or ('step' if args.lr_steps else 'cosine')
    if lr_mode != 'step' and numbers.warmup > numbers.steps:
        raise ValueError('--warmup must be at most {}, the steps of this run, got {}. --warmup auto fits every run.'
                         .format(numbers.steps, numbers.warmup))
    schedule = IterLRScheduler(lr_mode, numbers.lr, numbers.steps, args.lr_steps, args.lr_factor,
                               warmup_iters=numbers.warmup)
    optimizer = make_optimizer(args.optimizer, schedule, args.wd, args.momentum,
                               **({'multi_precision': True} if args.dtype == 'float16' else {}))
    if args.freeze:
        freeze_parts(args.freeze, net=net, head=head, loss=loss, loss_name=args.loss)

    facts = {'images': len(dataset), 'classes': int(dataset.num_classes), **dataset.identity()}
    chosen = dict(batch_size=numbers.batch_size, lr=numbers.lr, warmup=numbers.warmup,
                  margin_warmup=numbers.margin_warmup)
    recipe = make_recipe({**vars(args), **chosen}, lr_mode, facts, sets)
    title = '{} with {}, {:,} images of {:,} people'.format(
        args.network, '+'.join(map(str, parse_loss(args.loss))), len(dataset), dataset.num_classes)
    summary = '{} of {}, {} in {}; {} -> {}, {}\n{}'.format(
        counted(len(dataset), 'image'), counted(len(np.unique(dataset.labels)), 'person', 'people'),
        counted(numbers.steps, 'step'), counted(numbers.epochs, 'epoch'), args.network, spec.embedding_size, loss,
        ' '.join('{}={}'.format(name, value) for name, value in recipe.items() if value not in (None, '', [])))
    return Plan(net, head, loss, loader, optimizer, contexts, sets, numbers.steps, numbers.epochs, arguments, facts,
                recipe, title, summary, hints(
                    network=args.network, embedding_size=spec.embedding_size, finetuned=bool(args.finetune),
                    loss=args.loss, loss_arguments=loss_arguments, margin_warmup=numbers.margin_warmup,
                    optimizer=args.optimizer, batch_size=numbers.batch_size, lr=numbers.lr))


def _check_options(dtype, gpus, freeze, finetune, wd, momentum, clip):
    """Raise a ValueError for what the options alone tell."""
    if dtype == 'float16' and not gpus:
        raise ValueError('--dtype float16 needs --gpus: MXNet has no float16 layers on the CPU.')
    if freeze and not finetune:
        raise ValueError('--freeze keeps weights as they begin: give those worth keeping, --finetune RUN|FILE|NAME.')
    check_number('--wd', 'weight decay', wd, low=0)
    check_number('--momentum', 'momentum', momentum, low=0, high=1, high_open=True)
    if clip is not None:
        check_number('--clip', 'norm', clip, low=0, low_open=True)


def _groups(sampler):
    """(P, K) of --sampler pk:PxK, None for the other kinds."""
    groups = re.fullmatch(r'pk:(\d+)x(\d+)', sampler)
    if groups is None and sampler not in ('shuffle', 'balanced'):
        raise ValueError('--sampler must be shuffle, balanced or pk:PxK such as pk:32x4, got {!r}.'.format(sampler))
    return groups and (int(groups.group(1)), int(groups.group(2)))
