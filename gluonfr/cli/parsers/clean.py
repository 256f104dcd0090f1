"""Options of `gluonfr clean`."""
from .common import add_command, add_net, positive, user_path

__all__ = ['add_commands']


def add_commands(commands):
    """Add the command."""
    parser = add_command(commands, 'clean', 'find wrong labels, copies and bad images among people', """
examples:
  gluonfr clean PEOPLE --net w600k_mbf --out outputs/clean
  gluonfr clean PEOPLE --net w600k_mbf --out outputs/clean --against lfw.bin --min-images 4
  gluonfr pack folder PEOPLE --exclude-images outputs/clean/exclude.txt --relabel-images outputs/clean/relabel.csv \\
      --out ~/.mxnet/datasets/face/mine

DATA is a folder of people with aligned faces (person/image.jpg; `gluonfr align` makes it of photographs), a list or
a .rec. Nothing in it is changed. OUT gets:
  clean.html    what was found, with pictures, the worst first: look at it
  clean.csv     the same as a table
  exclude.txt   images to leave out     } `gluonfr pack folder` applies them: delete the lines
  relabel.csv   images of other people  } that you do not believe

What is found:
  unreadable       images that cannot be read
  no images        people without any; left out: files that are no images of a person
  size             images of another size than the network takes, or smaller than --min-size
  blurred, norm    less sharp than --min-sharpness, shorter embeddings than --min-norm; the command says what is usual
  wrong label      images that resemble another person, who is proposed
  stranger         images that resemble neither the others of their person nor anybody else
  two names        people who look like one; they are proposed as one
  two people       people under whose name there are two; a new name is proposed for the smaller group
  copy, near copy  images of equal bytes, or encoded again; the best one is kept
  in test          copies of images of the test set --against; person in test: the other images of their people
  few              people with fewer than --min-images when all that is done

The embeddings judge, so a better NET finds more. Relatives and twins can look like one person, and faces that the
network does not know well like strangers. If interrupted, the same command continues; embeddings are kept in OUT, and
only new images are embedded the next time.""", 'clean:clean')
    parser.add_argument('data', type=user_path, metavar='DATA', help='a folder of people, a list or a rec')
    parser.add_argument('--out', type=user_path, required=True, metavar='DIR', help='folder for what is found')
    add_net(parser, '--net', required=True)
    group = parser.add_argument_group('what is found')
    group.add_argument('--against', type=user_path, metavar='DATA',
                       help='a test set whose images and people should not be in DATA: a .bin, a folder of people, '
                            'a .npz of embeddings, or the name of a set in --root')
    group.add_argument('--root', type=user_path, metavar='DIR',
                       help='folder of the sets that have names (default ~/.mxnet/datasets/face)')
    group.add_argument('--threshold', type=float, metavar='COSINE',
                       help='from which on two images are of one person (default: measured on DATA, by how alike '
                            'different people are and how many there are)')
    group.add_argument('--near', type=float, default=0.85, metavar='COSINE',
                       help='of two copies, whose small pictures must be alike, too (default 0.85)')
    group.add_argument('--min-images', type=positive, default=2, metavar='N',
                       help='leave out people with fewer images (default 2)')
    group.add_argument('--min-size', type=positive, metavar='PIXELS', help='of both sides of an image')
    group.add_argument('--min-norm', type=float, metavar='X', help='length of the embedding, a measure of quality')
    group.add_argument('--min-sharpness', type=float, metavar='X', help='variance of the Laplacian of the grey image')
    group.add_argument('--stretch', action='store_true', help='stretch images to the size that the network takes')
    parser.add_argument('--no-progress', action='store_true', help='no progress bar')
