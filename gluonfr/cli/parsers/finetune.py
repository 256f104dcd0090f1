"""Options of `gluonfr finetune`."""
from .common import FLIPS, add_command, add_faces, natural, positive, user_path

__all__ = ['add_commands']


def add_commands(commands):
    """Add the command."""
    parser = add_command(commands, 'finetune', 'fine-tune a network to your own people, if that makes it better', """
examples:
  gluonfr finetune PEOPLE --from w600k_mbf --out outputs/mine
  gluonfr finetune PHOTOS --from w600k_mbf --detect yunet --min-face 40 --out outputs/mine
  gluonfr finetune PEOPLE --from outputs/mine-run --teacher DOWNLOADED/w600k_r50.onnx --out outputs/mine

PEOPLE is a folder with a folder of aligned faces for each person, a list or a .rec; with --detect or --landmarks of
photographs. Two to fifty images each of 6 to 200 people are enough to try. Nothing in it is changed. OUT gets:
  card.json, net.params   the network that is kept: OUT is a NET for all commands
  report.html             both networks on people whom they were not trained on
  photos.csv              what came of each photograph: used, or why not
  clean/, align/          what `gluonfr clean` found, and the faces that were cut out

The people are dealt into folds. For each fold the network is trained on the people of all others, and recognises
those of the fold. If these are recognised better than by the network --from, and not only by chance (a bootstrap over
people, at 95 %), it is trained on all people; else the network --from is kept, and the command says so. The card gets
thresholds at false match rates of 0.001 and 0.01, as far as so many people can show them; `gluonfr search`, `compare`
and `enrol` use the first.

Copies of a picture are left out of the training; wrong labels are only reported, in OUT/clean/clean.html. If
interrupted, the same command continues, and ends with the same network.""", 'finetune:finetune')
    parser.add_argument('people', type=user_path, metavar='PEOPLE', help='a folder of people, a list or a .rec')
    parser.add_argument('--from', dest='net', type=user_path, required=True, metavar='NET',
                        help='the network to begin with: folder or card.json of a training or of `gluonfr convert`, '
                             'the name of pretrained weights (`gluonfr models`), or an MXNet -symbol.json, .onnx or '
                             'PyTorch file of a network of the model zoo')
    parser.add_argument('--out', type=user_path, required=True, metavar='DIR', help='folder of the run')
    parser.add_argument('--flip', choices=FLIPS, default='none',
                        help='how the network is going to be used: sum adds the embedding of the mirror image, concat '
                             'puts them side by side (default none)')
    parser.add_argument('--overwrite', action='store_true', help='replace the run in --out')
    parser.add_argument('--no-progress', action='store_true', help='no progress bar')
    group = parser.add_argument_group('images')
    group.add_argument('--no-clean', action='store_true', help='train on copies of a picture, too')
    group.add_argument('--stretch', action='store_true', help='stretch images to the size that the network takes')
    group.add_argument('--augment', metavar='NAMES', help='random changes of the images, such as mirror,crop, or none '
                                                          '(default: mirror)')
    group = parser.add_argument_group('training', 'What is not given is chosen by the number of people and images.')
    group.add_argument('--folds', type=lambda text: positive(text, 2), metavar='N',
                       help='of people (default 5, or as many as two people each with two images fill; 3 of more than '
                            '1,000 images, 2 of more than 5,000)')
    group.add_argument('--epochs', type=positive, metavar='N',
                       help='at most; how many are best is measured (default: about 1,440 images, from 3 to 12)')
    group.add_argument('--batch-size', type=positive, metavar='N', help='default: about six batches an epoch, 8 to 64')
    group.add_argument('--lr', type=float, help='highest learning rate (default 0.02)')
    group.add_argument('--margin', type=float, metavar='RADIANS', help='of ArcFace (default 0.3)')
    group.add_argument('--scale', type=float, metavar='S', help='s of ArcFace (default sqrt(2) log(people - 1))')
    group.add_argument('--frozen', type=float, metavar='SHARE',
                       help='of the layers, from the input on, that stay as they are (default 0.3)')
    group.add_argument('--decay', type=float, metavar='FACTOR',
                       help='learning rate of a stage as a multiple of that of the one behind it (default 0.8)')
    group.add_argument('--teacher', type=user_path, metavar='NET',
                       help='a network, also an .onnx, whose embeddings are learned, too')
    group.add_argument('--distill', type=float, default=1.0, metavar='X', help='weight of the teacher (default 1)')
    group.add_argument('--seed', type=natural, default=0, help='of folds, order and augmentation (default 0)')
    add_faces(parser)
