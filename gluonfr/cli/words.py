"""The command's own words in errors of the library: options for arguments, advice that can be followed here."""
import argparse
import re

__all__ = ['in_words']

# arguments of the library that an option calls otherwise
CALLED = (('fmt', 'format'), ('nfolds', 'folds'), ('nfolds', 'eval_folds'), ('baselr', 'lr'),
          ('step_factor', 'lr_factor'), ('warmup_iters', 'warmup'), ('step', 'lr_steps'), ('components', 'pca'),
          ('max_side', 'detect_size'), ('calibration', 'calibrate'), ('epsilon', 'eps'), ('pairs', 'eval'),
          ('pairs', 'data'), ('plane', 'map'))

# what a rule does not turn into options: phrase -> that of a command
PHOTOS = {'open_photos: a finder needs': '--detect and --landmarks need'}
PHRASES = {
    'convert': {'spec takes': '--input takes', 'epsilon is for': '--eps is for', 'epsilon cannot': '--eps cannot',
                'convert: spec.': '--input: '},
    'finetune': {'fit: ': '', 'start: ': '--from: ', 'a lower learning rate, a warm-up, clip_gradient, or a smaller '
                 'scale s or margin m': 'a lower --lr, --scale or --margin (with --overwrite)'},
    'cluster': PHOTOS, 'embed': PHOTOS, 'search': PHOTOS,
    'evaluate': {'root says': '--root says', 'find aligns': '--detect aligns', 'as data.': 'as --data.'},
    'train': {
        'fit: ': '', 'Checkpoint: ': '', 'freeze: a pattern': '--freeze: a pattern',
        'a lower learning rate, a warm-up, clip_gradient, or a smaller scale s or margin m':
            'a lower --lr, a --warmup, --clip, or a smaller scale s or margin m in --loss-args',
        'none (no Checkpoint callback has saved one)': 'none (--save-every STEPS saves them within an epoch)',
        'Resume with the same one, or start afresh from its weights with load_weights.':
            '--resume needs the same one; --finetune with another --out begins a new run with its weights.',
        'open_training_set: out must': '--out must', 'verification sets must': '--eval: the sets must',
        'finetune takes': '--finetune takes', 'finetune: there is no': '--finetune: there is no',
        'the folder of a run': 'the --out of a run', ', and network': ', and --network', 'needs GPUs': 'needs --gpus',
        'lr_mult: the': '--lr-mult: the', 'lr_mult of': '--lr-mult of', 'layer_decay: ': '--layer-decay: ',
        'load_net: ': '--teacher: ', 'precision must be': '--precision must be',
        "precision 'bfloat16'": '--precision bfloat16',
        'Cast the network to float16 there': 'Give --dtype float16 there',
        'Start afresh in another folder.': 'Begin again with --overwrite, or with another --out.',
        'PKSampler: p ': '--sampler pk:PxK: P ', 'PKSampler: k ': '--sampler pk:PxK: K ',
        'optimizer must be': '--optimizer must be', ', or Resize in the transform': ', or with `gluonfr align`'}}


def in_words(command, message, parser, given=()):
    """Say a message of the library in the words of a command.

    ``pack_folder: resize must be given`` becomes ``--resize must be given``, ``on_error='skip'`` becomes ``--on-error
    skip``, ``resume=False`` becomes ``--no-resume`` and ``relabel=True`` ``--relabel``: so whoever writes a message of
    the library writes it for Python. What is no option of this command stays as it is.

    Parameters
    ----------
    command : str
    message : str
    parser : ArgumentParser
        Of the command.
    given : sequence of str
        The words of the command line: a folder called resize stays resize.
    """
    phrases = PHRASES.get(command)
    if phrases:
        message = re.sub('|'.join(map(re.escape, phrases)), lambda found: phrases[found.group()], message)
    options = {action.dest: action for action in parser._actions if action.option_strings}
    called = {**{name: name for name in options}, **{old: new for old, new in CALLED if new in options}}
    options = {name: options[option] for name, option in called.items()}
    called = {name: option for name, option in options.items() if name not in given}

    if 'on_error' not in options:
        message = re.sub(r" With on_error='skip' [^.]*\.| or use on_error='skip'", '', message)

    def must(match):
        owner, name = match.groups()
        if name in called and (owner or '_' in name):
            return called[name].option_strings[-1] + ' must'
        return match.group()

    def setting(match):
        name, value = match.groups()
        action = options.get('no_' + name) if value == 'False' else options.get(name)
        if action is None:
            return match.group()
        switch = isinstance(action, argparse._StoreTrueAction)
        return action.option_strings[-1] + ('' if switch else ' ' + value.strip('\'"'))

    def name(match):
        return called[match.group()].option_strings[-1] if match.group() in called else match.group()

    message = re.sub(r'\[Errno -?\d+\] |^gluonfr: ', '', message)
    message = re.sub(r'^(\w+: )?(\w+) must\b', must, message)
    # a function, which the command is here
    message = re.sub(r'^({}|[a-z]+(_[a-z0-9]+)+): '.format(command), '', message)
    message = re.sub(r"(?<![\w./-])(\w+)=('[^']*'|\"[^\"]*\"|True|False|\d[\w.]*)", setting, message)
    return re.sub(r'(?<![\w./-])[a-z]+(?:_[a-z]+)+\b(?![\w/=-]|\.\w)', name, message)
