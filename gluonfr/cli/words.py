"""The command's own words in errors of the library: options for arguments, advice that can be followed here."""
import re

__all__ = ['in_words']

WORDS = {
    'train': {
        'fit: ': '', 'Checkpoint: ': '',
        'a lower learning rate, a warm-up, clip_gradient, or a smaller scale s or margin m':
            'a lower --lr, a --warmup, --clip, or a smaller scale s or margin m in --loss-args',
        'none (no Checkpoint callback has saved one)': 'none (--save-every STEPS saves them within an epoch)',
        'Resume with the same one, or start afresh from its weights with load_weights.':
            '--resume needs the same one; --finetune with another --out begins a new run with its weights.',
        'Start afresh in another folder.': 'Begin again with --overwrite, or with another --out.',
        'IterLRScheduler: baselr': '--lr', 'IterLRScheduler: step_factor': '--lr-factor',
        'IterLRScheduler: step ': '--lr-steps ', 'ImageLoader: seed': '--seed', 'PKSampler: seed': '--seed',
        'BalancedSampler: seed': '--seed', 'PKSampler: p ': '--sampler pk:PxK: P ',
        'PKSampler: k ': '--sampler pk:PxK: K ', 'optimizer must be': '--optimizer must be',
        'leave margin_warmup at 0': 'leave --margin-warmup at 0',
        'e.g. with Resize in the transform': 'with `gluonfr pack folder ... --resize`, or with `gluonfr align`'},
}
EVERYWHERE = {"on_error='skip'": '--on-error skip'}


def in_words(command, message):
    """A message of the library, as a command says it."""
    words = {**EVERYWHERE, **WORDS.get(command, {})}
    return re.sub('|'.join(map(re.escape, words)), lambda found: words[found.group()], message)
