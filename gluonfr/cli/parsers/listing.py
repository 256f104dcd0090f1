"""Options of `gluonfr models` and `gluonfr losses`."""
from .common import add_command, user_path

__all__ = ['add_commands']


def add_commands(commands):
    """Add both."""
    parser = add_command(commands, 'models', 'list the networks of the model zoo and their pretrained weights', """
example:
  gluonfr models
  gluonfr models iresnet50
  gluonfr models w600k_mbf
  gluonfr models download w600k_mbf --accept-licence

Pretrained weights are used by their name: `gluonfr embed w600k_mbf PHOTOS --out outputs/photos.npz`. In Python
the name of a network stands for its default (*) weights: get_model('mbf', pretrained=True).""", 'listing:models')
    parser.add_argument('name', nargs='?', metavar='NAME',
                        help='show the arguments and description of this network or these weights; or `download`, to '
                             'get WEIGHTS')
    parser.add_argument('weights', nargs='?', metavar='WEIGHTS', help='after `download`')
    parser.add_argument('--root', type=user_path, metavar='DIR',
                        help='folder of downloaded weights (default ~/.mxnet/models)')
    parser.add_argument('--accept-licence', action='store_true', help='do not print the licence before the download')
    parser = add_command(commands, 'losses', 'list the losses', """
example:
  gluonfr losses
  gluonfr losses arcface
  gluonfr losses --plot arcface:m=0.5,easy_margin=False cosface adaface --out outputs/margins.png

--plot draws the score of the own class over the angle to its centre, and the decision boundary between two classes
in the plane of their angles. It is defined for losses over cosines; the others are named as left out.""",
                         'listing:losses')
    parser.add_argument('name', nargs='?', metavar='NAME', help='show the arguments and description of this loss')
    parser.add_argument('--plot', nargs='*', metavar='LOSS',
                        help='draw these losses into --out, each with arguments if need be; without names all of them')
    parser.add_argument('--out', type=user_path, metavar='FILE.png', help='the picture of --plot')
