"""Options of `gluonfr tune`."""
from .common import add_command, add_weights, natural, on_error, positive, user_path

__all__ = ['add_commands']


def add_commands(commands):
    """Add the command."""
    parser = add_command(commands, 'tune', 'find the loss, its s and m, and the learning rate for your people', """
examples:
  gluonfr tune PEOPLE --from w600k_mbf --out outputs/tune --minutes 30
  gluonfr tune PEOPLE --from outputs/mine-run --out outputs/tune --losses arcface cosloss magface
  gluonfr tune PEOPLE --out outputs/tune --network mobilefacenet --candidates 12

PEOPLE is a folder of people with aligned faces (person/image.jpg), a list or a .rec. Three folds of people: nobody is
measured by a training that saw them. Many candidates (a loss, values of its s, m and the like, a learning rate) are
trained shortly on the embeddings of the network, which are computed once; a quarter of them goes on, four times as
long, and so on; of the last, the best three fine-tune the last part of the network. OUT gets:
  leaderboard.html   what was tried, how far it came, and whether it differs from the winner: often there is
  leaderboard.csv    "no difference shown", and then the loss does not matter much for these people
  tune.json          the same, the plan, and the command line of `gluonfr train` with the winner, which is printed, too

--minutes is a budget: a short measurement at the beginning decides how many candidates fit and for how long, and
plan.json keeps that. With --candidates nothing depends on the clock, and the same command gives the same result on the
same machine. If interrupted, the same command continues.""", 'tune:tune')
    parser.add_argument('data', type=user_path, metavar='PEOPLE', help='a folder of people, a list or a rec')
    parser.add_argument('--out', type=user_path, required=True, metavar='DIR',
                        help='folder for what is found, new or of the same search')
    add_weights(parser, '--from', dest='net')
    parser.add_argument('--network', default='mobilefacenet', metavar='NAME',
                        help='without --from: this network of `gluonfr models` is trained with softmax first, for each '
                             'fold (default mobilefacenet)')
    parser.add_argument('--losses', nargs='+', metavar='NAME',
                        help='losses of `gluonfr losses`, or sums such as arcface+ringloss:lamda=0.01 (default: all '
                             'that class labels are enough for; the others are listed)')
    plan = parser.add_argument_group('how much is tried')
    plan.add_argument('--minutes', type=float, default=30, metavar='N', help='about so long (default 30)')
    plan.add_argument('--candidates', type=positive, metavar='N', help='so many candidates, however long it takes')
    plan.add_argument('--rungs', type=positive, default=3, metavar='N', help='at most (default 3)')
    plan.add_argument('--epochs', type=positive, default=8, metavar='N',
                      help='of the last rung and of a new network, with --candidates (default 8)')
    plan.add_argument('--finetune-steps', type=natural, metavar='N',
                      help="of each finalist; 0: the network itself is not trained (default: what fits into --minutes, "
                           'or two epochs with --candidates)')
    plan.add_argument('--folds', type=positive, default=3, metavar='N', help='of people (default 3)')
    plan.add_argument('--seed', type=natural, default=0, help='of folds, pairs, candidates and trainings (default 0)')
    on_error(parser)
    parser.add_argument('--no-progress', action='store_true', help='no progress bar')
