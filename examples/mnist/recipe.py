"""A recipe is what one training is: the loss, its arguments, the network and the optimizer settings, as one flat dict.

It is put together from config.json and the command line: defaults < the entry of the loss, setting or preset < flags.
"""
import difflib
import inspect
import json
import os

import mxnet as mx
import numpy as np
from gluonfr.loss import LOSSES, fill_arguments, get_loss, parse_loss
from gluonfr.nn import ANGLE_SETTINGS, AngleLinear, get_head

CONFIG = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'config.json')

# key -> (type, what it is): every key a recipe may have, in config.json and as a flag
KEYS = {
    'about': (str, 'one sentence for the reader'),
    'lossname': (str, 'a named setting of AngleLinear'),
    'loss': (str, 'a registered loss, or a sum of some: arcface+ringloss:lamda=0.01'),
    'loss_args': (dict, 'arguments of the loss'),
    'head_args': (dict, 'arguments of AngleLinear beside those of the named setting; only with lossname'),
    'head': (str, "kind of the head if not the one the loss asks for, e.g. 'cosine'"),
    'view': (str, "'angular' draws the unit circle beside the plane, 'euclidean' the plane only"),
    'model': (str, "lenetplus or miniresnet18; mnistnet is the ring-loss document's smaller one"),
    'embedding_size': (int, 'values of an embedding; the pictures are made for 2, and for 3'),
    'initializer': (str, "of the network's weights: a name known to mxnet.init"),
    'epochs': (int, 'passes over the training set'),
    'batch_size': (int, 'images a step'),
    'classes_per_batch': (int, ('batches of this many classes with batch_size / classes_per_batch images each, in '
                               'groups; 0: plain shuffling')),
    'optimizer': (str, 'a name known to mxnet.optimizer'),
    'lr': (float, 'learning rate at its highest'),
    'head_lr': (float, 'factor of the learning rate for the class centres: the parameters of head and loss'),
    'circle': (float, 'radius of the circle on which 2-d class centres start evenly apart; 0: as the loss has it'),
    'lr_mode': (str, 'step, poly or cosine'),
    'lr_steps': (list, 'epochs after which the rate is multiplied by lr_factor, for step'),
    'lr_factor': (float, 'for step'),
    'target_lr': (float, 'where poly and cosine end'),
    'warmup': (float, 'epochs during which the rate climbs linearly from 0'),
    'margin_warmup': (float, 'epochs during which the margin of the loss climbs from 0'),
    'wd': (float, 'weight decay'),
    'momentum': (float, 'for the optimizers that have one'),
    'clip': (float, 'largest global norm of the gradient; 0: no clipping'),
    'pretrain': (int, 'epochs of softmax that the network gets first, for losses over pairs; counted with epochs'),
    'finetune': (str, 'checkpoint (.params) whose weights the training starts from'),
    'plot_every': (float, 'epochs from picture to picture, e.g. 0.25 for a smooth GIF'),
    'demo': (dict, 'what is different on the 5,000-digit set'),
}
SECTIONS = ('defaults', 'settings', 'losses', 'presets')


def load_config(path=CONFIG):
    """Read and check config.json. An unknown key anywhere is refused with the keys that are allowed."""
    try:
        with open(path, encoding='utf-8') as stream:
            config = json.load(stream)
    except json.JSONDecodeError as error:
        raise ValueError(f'{os.path.basename(path)} is not JSON: {error}.') from error
    _known('config.json', config, SECTIONS)
    _check_recipe('config.json: defaults', config['defaults'])
    for section, names in (('settings', ANGLE_SETTINGS), ('losses', LOSSES.names()), ('presets', None)):
        for name, recipe in config[section].items():
            if names is not None:
                _known('config.json: ' + section, [name], names)
            _check_recipe(f'config.json: {section}: {name}', recipe)
            if section == 'presets' and ('lossname' in recipe) == ('loss' in recipe):
                raise ValueError(f'config.json: presets: {name} must name one of lossname and loss.')
    return config


def choose(config, lossname=None, loss=None, preset=None, flags=None, source='full'):
    """The recipe of one training.

    Parameters
    ----------
    config : dict from :func:`load_config`.
    lossname, loss, preset : exactly one of them: a named setting, a registered loss or a sum, an entry of config's
        presets.
    flags : dict of what the user set himself; wins over config.json. ``loss_args`` are merged key by key.
    source : 'full' or 'demo': with 'demo' the ``demo`` part of the chosen entries applies.

    Returns
    -------
    dict with 'name' and the keys of ``KEYS``.
    """
    if sum(x is not None for x in (lossname, loss, preset)) != 1:
        raise ValueError('give exactly one of --lossname, --loss and --preset.')
    if preset is not None:
        _known('--preset', [preset], config['presets'])
        entry = config['presets'][preset]
        lossname, loss = entry.get('lossname'), entry.get('loss')
    elif lossname is not None:
        _known('--lossname', [lossname], ANGLE_SETTINGS)
        entry = config['settings'].get(lossname, {})
    else:
        loss, entry = _loss_and_entry(config['losses'], parse_loss(loss), (flags or {}).get('loss_args', {}))
    name = preset or lossname or name_of(loss)
    recipe = {}
    parts = config['defaults'], entry
    for part in parts + tuple(part.get('demo', {}) for part in parts if source == 'demo'):
        _merge(recipe, part)
    _merge(recipe, flags or {})
    recipe.update(name=name, lossname=lossname, loss=loss)
    recipe.pop('demo', None)
    _check_ranges(recipe)
    return recipe


def name_of(loss):
    """What to call a run of a loss: 'arcface+ringloss' without arguments."""
    return '+'.join(part.name for part in parse_loss(loss))


def _loss_and_entry(known, parts, given):
    """A loss and its entry among the ``known`` ones; in a sum each has its own arguments, and the first wins the rest.

    ``given`` are the arguments that the user says, which the recipe's give way to.
    """
    entries = [known.get(part.name, {}) for part in parts]
    if len(parts) == 1:
        return parts[0].name, {**entries[0], 'loss_args': {**entries[0].get('loss_args', {}), **parts[0].arguments}}
    said = []
    for part, entry in zip(parts, entries):
        own = {key: value for key, value in entry.get('loss_args', {}).items()
               if key not in given and key != 'with_softmax'}
        said.append(str(part._replace(arguments={**own, **part.arguments})))
    joined = {key: value for entry in reversed(entries) for key, value in entry.items() if key != 'loss_args'}
    return '+'.join(said), joined


def build_loss(recipe, classes, steps_per_epoch, contexts=1, counts=None):
    """The head (or None) and the loss of a recipe.

    What the constructor of a loss asks for and the data decide (classes, embedding size, groups of the batch) is filled
    in unless ``loss_args`` says otherwise. A batch of groups is cut over ``contexts``, so each sees its share of them.
    ``counts`` are the images of each class; None where the data are not there yet.
    """
    size = recipe['embedding_size']
    if recipe['lossname'] is not None:
        settings = {**ANGLE_SETTINGS[recipe['lossname']], **recipe['head_args']}
        accepted = inspect.signature(AngleLinear.__init__).parameters
        _known('head_args of ' + recipe['lossname'], recipe['head_args'], accepted)
        if recipe['loss_args']:
            raise ValueError('loss_args go with --loss; the named setting {} has head_args.'.format(recipe['lossname']))
        if recipe['margin_warmup']:
            settings['margin_warmup'] = round(recipe['margin_warmup'] * steps_per_epoch)
        return _prepared(AngleLinear(classes, size, **settings), recipe), get_loss('softmax')
    if recipe['head_args']:
        raise ValueError('head_args go with --lossname; the loss {} has loss_args.'.format(recipe['loss']))
    groups = recipe['classes_per_batch']
    if groups % contexts:
        raise ValueError(f'classes_per_batch must be a multiple of the number of GPUs, {contexts}, got {groups}.')
    arguments = fill_arguments(recipe['loss'], recipe['loss_args'], classes=classes, embedding_size=size,
                               groups=groups and (groups // contexts, recipe['batch_size'] // groups),
                               margin_warmup=round(recipe['margin_warmup'] * steps_per_epoch),
                               counts=[1] * classes if counts is None else counts)
    loss = get_loss(recipe['loss'], **arguments)
    kind = recipe['head'] or loss.head
    return (None if kind is None else _prepared(get_head(kind, classes, size), recipe)), _prepared(loss, recipe)


def _prepared(block, recipe):
    """The block with its learning rate raised by ``head_lr`` and its 2-d class centres evenly on the circle.

    On a circle centres cannot pass each other: two classes that start in one direction stay there.
    """
    for name, parameter in block.collect_params().items():
        parameter.lr_mult *= recipe['head_lr']
        if recipe['circle'] and parameter.shape[1:] == (2,) and not name.endswith('var'):
            angle = np.arange(parameter.shape[0]) * (2 * np.pi / parameter.shape[0])
            parameter.init = mx.init.Constant(recipe['circle'] * np.stack([np.cos(angle), np.sin(angle)], axis=1))
    return block


def _merge(recipe, part):
    for key, value in part.items():
        if key in ('loss_args', 'head_args'):
            recipe[key] = {**recipe.get(key, {}), **value}
        else:
            recipe[key] = value


def _check_recipe(where, recipe):
    _known(where, recipe, KEYS)
    for key, value in recipe.items():
        kind = KEYS[key][0]
        if not isinstance(value, (int, float) if kind is float else kind) or isinstance(value, bool):
            raise ValueError(f'{where}: {key} must be a {kind.__name__} ({KEYS[key][1]}), got {value!r}.')
    if 'demo' in recipe:
        _check_recipe(where + ': demo', recipe['demo'])


def _check_ranges(recipe):
    counts = ('batch_size', 'embedding_size', 'epochs')
    for key in (*counts, 'lr', 'head_lr', 'circle', 'target_lr', 'warmup', 'margin_warmup', 'wd', 'momentum', 'clip',
                'classes_per_batch', 'pretrain'):
        low = 1 if key in counts else 0
        if not recipe[key] >= low:
            raise ValueError(f'{key} must be >= {low} ({KEYS[key][1]}), got {recipe[key]}.')
    if not recipe['plot_every'] > 0:
        raise ValueError('plot_every must be > 0 ({}), got {}.'.format(KEYS['plot_every'][1], recipe['plot_every']))
    if recipe['lr_mode'] not in ('step', 'poly', 'cosine'):
        raise ValueError('lr_mode must be one of step, poly, cosine, got {!r}.'.format(recipe['lr_mode']))
    size, groups = recipe['batch_size'], recipe['classes_per_batch']
    if groups and size % groups:
        raise ValueError(f'batch_size must be a multiple of classes_per_batch = {groups} (0: none), got {size}.')


def _known(where, keys, allowed):
    for key in keys:
        if key not in allowed:
            near = difflib.get_close_matches(str(key), list(allowed), n=1, cutoff=0.5)
            raise ValueError('{}: unknown {!r}.{} Allowed: {}.'.format(
                where, key, f' Did you mean {near[0]!r}?' if near else '', ', '.join(allowed)))
