"""Options of `gluonfr pack`."""
from .common import add_command, natural, on_error, positive, user_path

__all__ = ['add_commands']


def add_commands(commands):
    """Add the command with its three forms."""
    parser = add_command(commands, 'pack', 'pack a folder of people, or pairs of images', """
examples:
  gluonfr pack folder PEOPLE --out ~/.mxnet/datasets/face/mine --min-images 2
  gluonfr pack pairs pairs.txt --root PEOPLE --out ~/.mxnet/datasets/face/lfw.bin
  gluonfr pack check ~/.mxnet/datasets/face/mine""", 'pack:run_folder')
    kinds = parser.add_subparsers(dest='kind', metavar='KIND', required=True)
    folder = add_command(kinds, 'folder', 'pack PEOPLE/NAME/*.jpg into train.rec and its companions', """
examples:
  gluonfr pack folder PEOPLE --out ~/.mxnet/datasets/face/mine --split 0.1
  gluonfr train --dataset mine --out outputs/mine-run
  gluonfr pack folder faces_emore/train.rec --max-people 10000 --max-images 50 --out ~/.mxnet/datasets/face/small
  gluonfr pack folder PEOPLE --exclude-images outputs/clean/exclude.txt --relabel-images outputs/clean/relabel.csv \\
      --out ~/.mxnet/datasets/face/mine
  gluonfr pack folder faces.lst --root IMAGES --relabel --out ~/.mxnet/datasets/face/mine

DIR is a folder of people: all images in DIR/NAME, at any depth, are of one person. It may also be a .rec, or a list
with a line for each image (path<TAB>label, or that of im2rec or face2rec). --max-people and --max-images choose at
random by --seed: the same command takes the same images. Images are copied unchanged unless --resize, --format or
--encode is given. If interrupted, the same command continues where it stopped.""", 'pack:run_folder')
    folder.add_argument('folder', type=user_path, metavar='DIR',
                        help='folder of people, DIR/NAME/*.jpg; or a list, or a .rec')
    folder.add_argument('--out', type=user_path, required=True, metavar='DIR',
                        help='folder for train.rec and its companions')
    folder.add_argument('--resize', type=positive, metavar='PIXELS', help='scale images to this height and width')
    folder.add_argument('--encode', action='store_true',
                        help='encode all images again, also those that have the right format')
    folder.add_argument('--format', choices=('.jpg', '.png'), help='format of all images (default: each keeps its own)')
    folder.add_argument('--min-images', type=positive, default=1, metavar='N',
                        help='leave out people with fewer images (default 1)')
    folder.add_argument('--max-people', type=positive, metavar='N', help='take N people at most, chosen at random')
    folder.add_argument('--max-images', type=positive, metavar='N',
                        help='take N images of each person at most, chosen at random')
    folder.add_argument('--people', type=user_path, metavar='FILE',
                        help='take only these: a file with one name on each line')
    folder.add_argument('--exclude', type=user_path, metavar='FILE',
                        help='leave these out: a file with one name on each line')
    folder.add_argument('--exclude-images', type=user_path, metavar='FILE',
                        help='leave these images out: the exclude.txt of `gluonfr clean`, a path in DIR, or a key of a '
                             'rec, on each line')
    folder.add_argument('--relabel-images', type=user_path, metavar='FILE',
                        help='give images to other people: the relabel.csv of `gluonfr clean`, with the columns image '
                             'and person')
    folder.add_argument('--split', type=float, metavar='SHARE', help='share of the people for a second set, OUT/val')
    folder.add_argument('--seed', type=natural, default=0,
                        help='random seed of --split, --max-people and --max-images (default 0)')
    folder.add_argument('--relabel', action='store_true',
                        help='renumber the people of a list or .rec if their labels have gaps')
    folder.add_argument('--root', type=user_path, metavar='DIR',
                        help='folder to which the paths in a list are relative (default: that of the list)')
    folder.add_argument('--no-resume', action='store_true', help='start over, and replace what is in OUT')

    pairs = add_command(kinds, 'pairs', 'pack pairs of images into a .bin for verification', """
example:
  gluonfr pack pairs pairs.txt --root LFW --out outputs/lfw.bin
  gluonfr verify outputs/mine-run --data outputs/lfw.bin

PAIRS is LFW's pairs.txt, or lines path<TAB>path<TAB>1 (same person) or 0;
commas or spaces may stand for the tabs.""", 'pack:run_pairs')
    pairs.add_argument('pairs', type=user_path, metavar='PAIRS', help="LFW's pairs.txt, or a list of pairs")
    pairs.add_argument('--root', type=user_path, default='.', metavar='DIR',
                       help='folder to which the paths are relative (default .)')
    pairs.add_argument('--out', type=user_path, required=True, metavar='FILE', help='the .bin')
    pairs.add_argument('--resize', type=positive, metavar='PIXELS', help='scale images to this height and width')
    pairs.add_argument('--protocol', type=int, choices=(2, 4), default=2,
                       help='protocol of the pickle; Python 2 can read 2 (default 2)')
    check = add_command(kinds, 'check', 'find out whether what was packed is damaged', """
examples:
  gluonfr pack check ~/.mxnet/datasets/face/mine
  gluonfr pack check lfw.bin

Records are compared with the checksums that pack writes beside them (train.crc, pairs.bin.sha256). Where there are
none, every image is decoded. What is damaged is listed, and the exit status is then 1.""", 'pack:run_check')
    check.add_argument('path', type=user_path, metavar='DIR', help='folder of .rec and .bin files, or one of them')
    check.add_argument('--no-progress', action='store_true', help='no progress bar')

    for command in (folder, pairs):
        command.add_argument('--quality', type=positive, default=95, metavar='N', help='quality of JPEG (default 95)')
        on_error(command)
        command.add_argument('--no-progress', action='store_true', help='no progress bar')
