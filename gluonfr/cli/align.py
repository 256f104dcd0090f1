"""`gluonfr align`: a folder of photographs -> the same tree of aligned faces."""
import os

from ..align import STATUSES, align_folder
from ..utils.files import advice_on_full_disk
from .faces import face_settings, make_finder
from .parsers.common import FACE_OPTIONS, chosen

__all__ = ['align']


def align(args):
    """Align and say how many photographs came to what."""
    found_by = chosen(args, FACE_OPTIONS)
    finder = make_finder(root=args.folder, **found_by)
    if finder is None:
        raise ValueError('--detect NAME or --landmarks FILE must be given.')
    with advice_on_full_disk(args.out, 'What is aligned so far is kept: make room and give the same command again'):
        counts = align_folder(args.folder, args.out, finder, args.size, face_settings(**found_by), args.overwrite,
                              not args.no_progress)
    for status in STATUSES:
        if counts[status]:
            print('{:14} {:8,}  {}'.format(status, counts[status], STATUSES[status]))
    print('report: {}'.format(os.path.join(args.out, 'align.csv')))
