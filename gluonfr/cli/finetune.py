"""`gluonfr finetune`: a trained network to one's own people."""
import os
import shlex

from ..finetune import finetune as tune
from ..utils.files import advice_on_full_disk
from .faces import face_settings, make_finder
from .parsers.common import FACE_OPTIONS, chosen

__all__ = ['finetune']

NUMBERS = ('folds', 'epochs', 'batch_size', 'lr', 'margin', 'scale', 'frozen', 'decay', 'augment', 'seed')


def finetune(args):
    """Fine-tune, say what was found, and which network is kept."""
    found_by = chosen(args, FACE_OPTIONS)
    if args.several == 'all':
        raise ValueError('--several all would take whoever stands beside a person for that person: give largest, '
                         'center or refuse.')
    finder = make_finder(root=args.people, **found_by)
    numbers = {name: value for name, value in chosen(args, NUMBERS).items() if value is not None}
    if numbers.get('augment') == 'none':
        numbers['augment'] = ''
    with advice_on_full_disk(args.out, 'What is trained so far is kept: make room and give the same command again'):
        found = tune(args.people, args.net, args.out, finder=finder, settings=face_settings(**found_by),
                     stretch=args.stretch, clean=not args.no_clean, flip=args.flip, teacher=args.teacher,
                     distill=args.distill, overwrite=args.overwrite, progress=not args.no_progress, tell=print,
                     command='gluonfr ' + ' '.join(map(shlex.quote, args.argv)), **numbers)
    print('card: {}'.format(found.card))
    print('report: {}'.format(os.path.join(args.out, 'report.html')))
