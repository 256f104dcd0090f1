"""What `gluonfr train` writes into recipe.json: the options and facts that decide what comes out."""
from ..metrics.pairs import FOLDS

__all__ = ['make_recipe', 'other_recipe', 'shown']

DECISIVE = ('network', 'network_args', 'embedding_size', 'loss', 'loss_args', 'margin_warmup', 'sample_rate',
            'num_sample', 'filter_negatives', 'finetune', 'freeze',
            'dtype', 'precision', 'data_iter', 'augment', 'sampler', 'batch_size', 'optimizer', 'lr', 'lr_factor',
            'warmup', 'wd', 'momentum', 'clip', 'seed', 'on_error', 'lr_mode', 'lr_mult', 'layer_decay', 'accumulate',
            'ema', 'class_shards')
CHOSEN = 'batch_size', 'lr', 'lr_mode', 'warmup', 'margin_warmup'  # by the data, where they are not given
FACTS = 'images', 'classes', 'teacher_crc32'  # beside the hash of the set


def make_recipe(options, numbers, facts, sets, teacher=None):
    """What a resumed run must have in common with the first one.

    Parameters
    ----------
    options : dict
        The options of the command by their names.
    numbers : Numbers
        What is trained with where they say nothing.
    facts : dict
        What tells the training set from another.
    sets : dict of str to BinFile
        The verification sets.
    teacher : Embedder or None
        Its weights decide, wherever they lie.
    """
    chosen = {name: getattr(numbers, name) for name in CHOSEN}
    recipe = {**facts, **{name: chosen.get(name, options[name]) for name in DECISIVE}}
    recipe.update(teacher_crc32=None if teacher is None else '{:08x}'.format(teacher.fingerprint()),
                  distill=None if teacher is None else options['distill'])
    if numbers.lr_mode == 'step':
        recipe['lr_steps'] = options['lr_steps']  # and the length is free: the rate does not depend on it
    else:
        recipe.update(epochs=options['epochs'], steps=options['steps'])
    if sets:
        recipe.update(eval={name: pairs.sha256[:16] for name, pairs in sets.items()}, eval_flip=options['eval_flip'],
                      eval_folds=options['eval_folds'] or FOLDS)
    return recipe


def shown(recipe):
    """A recipe as a line of the log."""
    return ' '.join('{}={}'.format(name, value) for name, value in recipe.items() if value not in (None, '', []))


def other_recipe(out, changed, lr_mode):
    """The sentence on a run in --out that was begun with another recipe; `changed` is that of `OtherRecipe`."""
    longer = ''
    if {'epochs', 'steps'} & set(changed):
        longer = ('A {} schedule has its last rate at the last step, so a run of another length has other rates from '
                  'its first step on; runs with --lr-mode step go on for as long as you like. '.format(lr_mode))
    return ('--resume must continue the recipe of the run in {}, got another {}. {}Give the first one, or begin '
            'another run: --finetune {} --out ...'.format(out, ', '.join(
                '{} ({!r} then, {!r} now)'.format(_option(name), *both) for name, both in changed.items()),
                longer, out))


def _option(name):
    fact = name in FACTS or name.endswith('_sha256')
    return name if fact else '--' + name.replace('_', '-')
