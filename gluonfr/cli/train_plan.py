"""All that `gluonfr train` decides before it writes anything."""
from collections import namedtuple

from ..data import FolderDataset
from ..data.opening import open_dataset, open_pairs
from ..data.recognition import sets_folder
from ..deploy.verify import readable_pairs
from ..loss import loss_keywords, parse_loss
from ..metrics import get_protocol
from ..utils.arguments import parse_arguments
from ..utils.check import check_number
from ..utils.files import lies_in
from ..utils.messages import counted
from .gpus import parse_gpus
from .options import check_size
from .train_defaults import default_batch, default_warmups, duration
from .train_hints import hints
from .train_images import check_images
from .train_loader import read_groups, training_loader
from .train_loss import check_classes, make_loss
from .train_net import freeze_parts, make_net, net_arguments
from .train_optimizer import scheduled_optimizer
from .train_recipe import make_recipe

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
    contexts, groups, progress = parse_gpus(args.gpus), read_groups(args.sampler), not args.no_progress
    if args.dtype == 'float16' and not args.gpus:
        raise ValueError('--dtype float16 needs --gpus: MXNet has no float16 layers on the CPU.')
    if args.freeze and not args.finetune:
        raise ValueError('--freeze keeps weights as they begin: give those worth keeping, --finetune RUN|FILE|NAME.')
    if args.clip is not None:
        check_number('--clip', 'norm', args.clip, low=0, low_open=True)
    dataset = open_dataset(args.dataset, args.on_error, people=True, sets=sets_folder(args.root))
    if isinstance(dataset, FolderDataset) and lies_in(args.out, args.dataset):
        raise ValueError('--out must not lie among the photographs of --dataset {}, where it would be a person of the '
                         'next run, got {}.'.format(args.dataset, args.out))
    arguments = net_arguments(args.network_args, args.embedding_size)
    net = make_net(args.network, arguments, finetune=args.finetune, contexts=contexts, dtype=args.dtype)
    spec = net.input_spec
    sets = open_sets(args.eval, root=args.root, on_error=args.on_error, nfolds=args.eval_folds, network=args.network,
                     size=spec.size, progress=progress)
    batch_size, lr = default_batch(len(dataset), args.batch_size, args.lr, groups is not None)
    check_images(dataset, args.dataset, args.network, spec.size, progress)
    loader = training_loader(dataset, args.dataset, spec=spec, batch_size=batch_size, augment=args.augment,
                             balanced=args.sampler == 'balanced', groups=groups, data_iter=args.data_iter,
                             workers=args.workers, ctx=contexts[0], seed=args.seed)
    steps, epochs = duration(len(loader), args.steps, args.epochs)
    warmup, margin_warmup = default_warmups(steps, args.warmup, args.margin_warmup)
    loss, head = make_loss(args.loss, args.loss_args, classes=dataset.num_classes, embedding_size=spec.embedding_size,
                           groups=groups, margin_warmup=margin_warmup, contexts=len(contexts))
    people = check_classes(dataset, args.dataset, embedding_size=spec.embedding_size, contexts=contexts,
                           per_class=loss.head is not None or 'classes' in loss_keywords(args.loss),
                           batch_size=loader.batch_size)
    lr_mode = args.lr_mode or ('step' if args.lr_steps else 'cosine')
    optimizer = scheduled_optimizer(args.optimizer, lr=lr, lr_mode=lr_mode, lr_steps=args.lr_steps, steps=steps,
                                    lr_factor=args.lr_factor, warmup=warmup, wd=args.wd, momentum=args.momentum,
                                    multi_precision=args.dtype == 'float16')
    if args.freeze:
        freeze_parts(args.freeze, net=net, head=head, loss=loss, loss_name=args.loss)

    facts = {'images': len(dataset), 'classes': int(dataset.num_classes), **dataset.identity()}
    options = dict(vars(args), batch_size=batch_size, lr=lr, warmup=warmup, margin_warmup=margin_warmup)
    recipe = make_recipe(options, lr_mode, facts, sets)
    title = '{} with {}, {:,} images of {:,} people'.format(
        args.network, '+'.join(map(str, parse_loss(args.loss))), len(dataset), dataset.num_classes)
    summary = '{} of {}, {} in {}; {} -> {}, {}\n{}'.format(
        counted(len(dataset), 'image'), counted(people, 'person', 'people'), counted(steps, 'step'),
        counted(epochs, 'epoch'), args.network, spec.embedding_size, loss,
        ' '.join('{}={}'.format(name, value) for name, value in recipe.items() if value not in (None, '', [])))
    lines = hints(network=args.network, embedding_size=spec.embedding_size, finetuned=bool(args.finetune),
                  loss=args.loss, loss_arguments=parse_arguments(args.loss_args), margin_warmup=margin_warmup,
                  optimizer=args.optimizer, batch_size=batch_size, lr=lr)
    return Plan(net, head, loss, loader, optimizer, contexts, sets, steps, epochs, arguments, facts, recipe, title,
                summary, lines)


def open_sets(names, *, root, on_error, nfolds, network, size, progress):
    """The verification sets of --eval by name, of images that fit the net.

    Parameters
    ----------
    names : sequence of str
        Names in `root` and .bin files, several with commas between them.
    root : str or None
        None for the default.
    on_error : {'raise', 'skip'}
    nfolds : int or None
    network, size : str, (int, int)
        The net and the height and width that it takes.
    progress : bool
        Whether to show a bar while headers are read.
    """
    sets, protocol = {}, get_protocol('kfold', nfolds=nfolds)
    for word in (name for several in names for name in several.split(',') if name):
        name, pairs = open_pairs(word, root)
        if on_error == 'skip':
            pairs = readable_pairs(name, pairs)
        protocol.notes(pairs.issame, name)
        if name in sets:
            raise ValueError('--eval: the sets must have different names, got {} and {}.'.format(
                sets[name].path, pairs.path))
        check_size('--eval', pairs, network, size, progress)
        sets[name] = pairs
    return sets
