"""`gluonfr pack`: folders of people and lists of pairs into the files that training and verification read."""
from ..data.pack import pack_folder
from ..data.pairs import pack_pairs, read_pairs
from .options import add_command, natural, on_error, positive, user_path

__all__ = ['add_commands']


def add_commands(commands):
    """Add the command with its two forms."""
    parser = add_command(commands, 'pack', run_folder, 'pack a folder of people, or pairs of images', """
examples:
  gluonfr pack folder people/ --out ~/.mxnet/datasets/face/mine --min-images 2
  gluonfr pack pairs pairs.txt --root people/ --out ~/.mxnet/datasets/face/lfw.bin""")
    kinds = parser.add_subparsers(dest='kind', metavar='KIND', required=True)
    folder = add_command(kinds, 'folder', run_folder, 'pack people/NAME/*.jpg into train.rec and its companions', """
example:
  gluonfr pack folder people/ --out ~/.mxnet/datasets/face/mine --split 0.1
  gluonfr train --dataset mine --out runs/mine

Images are copied byte for byte unless --resize, --format or --encode ask for more.
Killed, the same command goes on where it stopped.""")
    folder.add_argument('folder', metavar='DIR')
    folder.add_argument('--out', type=user_path, required=True, metavar='DIR')
    folder.add_argument('--resize', type=positive, metavar='PIXELS', help='bring images to this height and width')
    folder.add_argument('--encode', action='store_true', help='encode all images anew')
    folder.add_argument('--format', choices=('.jpg', '.png'), help='format of all images (default: each keeps its own)')
    folder.add_argument('--min-images', type=positive, default=1, metavar='N', help='leave out people with fewer')
    folder.add_argument('--people', metavar='FILE', help='take these only: a file with a name a line')
    folder.add_argument('--exclude', metavar='FILE', help='leave these out: a file with a name a line')
    folder.add_argument('--split', type=float, metavar='SHARE', help='share of the people for a second set, OUT/val')
    folder.add_argument('--seed', type=natural, default=0, help='of --split')
    folder.add_argument('--no-resume', action='store_true', help='begin again, and replace what is in OUT')

    pairs = add_command(kinds, 'pairs', run_pairs, 'pack pairs of images into a .bin for verification', """
example:
  gluonfr pack pairs pairs.txt --root lfw/ --out lfw.bin
  gluonfr verify runs/mine --data lfw.bin

PAIRS is LFW's pairs.txt, or lines path<TAB>path<TAB>1 (one person) or 0.""")
    pairs.add_argument('pairs', metavar='PAIRS')
    pairs.add_argument('--root', type=user_path, default='.', metavar='DIR',
                       help='what the paths are relative to (default .)')
    pairs.add_argument('--out', type=user_path, required=True, metavar='FILE')
    pairs.add_argument('--resize', type=positive, metavar='PIXELS')
    pairs.add_argument('--protocol', type=int, choices=(2, 4), default=2, help='of the pickle; 2 is for Python 2 too')
    for command in (folder, pairs):
        command.add_argument('--quality', type=positive, default=95, metavar='N', help='of JPEG (default 95)')
        on_error(command)
        command.add_argument('--no-progress', action='store_true')


def run_folder(args):
    """Pack a folder and say what came of it."""
    report = pack_folder(args.folder, args.out, resize=args.resize, copy=not args.encode, quality=args.quality,
                         fmt=args.format, min_images=args.min_images, people=_names(args.people),
                         exclude=_names(args.exclude), split=args.split, seed=args.seed, resume=not args.no_resume,
                         on_error=args.on_error, progress=not args.no_progress)
    for part in filter(None, (report, report.val)):
        print('{}: {} images of {} people, {} copied byte for byte'.format(
            part.path, part.images, part.people, part.copied))
    if report.left_out:
        print('{} people with fewer than {} images were left out'.format(len(report.left_out), args.min_images))
    for path, reason in report.skipped:
        print('skipped {}: {}'.format(path, reason))


def run_pairs(args):
    """Pack pairs and say what came of it."""
    report = pack_pairs(read_pairs(args.pairs), args.root, args.out, resize=args.resize,
                        quality=args.quality, protocol=args.protocol, on_error=args.on_error,
                        progress=not args.no_progress)
    print('{}: {} pairs'.format(args.out, report.pairs))
    for skipped in report.skipped:
        print('skipped {}'.format(': '.join(map(str, skipped))))


def _names(path):
    if path is None:
        return None
    with open(path, encoding='utf-8') as file:
        return [line.strip() for line in file if line.strip()]
