"""`gluonfr tune`: which loss suits a set of people."""
import os

from ..tune import tune as search
from ..utils.arguments import parse_arguments
from .options import net_files
from .parsers.common import chosen

__all__ = ['tune']

OPTIONS = ('network', 'losses', 'minutes', 'candidates', 'rungs', 'epochs', 'finetune_steps', 'folds', 'seed',
           'on_error')
SHOWN = 10  # lines of the leaderboard


def tune(args):
    """Search, and print the best, what was assumed and the command line that uses the winner."""
    files = net_files(args.net, args.params, args.network_args) if args.net else None
    network_args = {} if files else parse_arguments(args.network_args, '--network-args')
    report = search(args.data, args.out, net=files, network_args=network_args, progress=not args.no_progress,
                    **chosen(args, OPTIONS))
    for row in [*report.rows[:SHOWN], *report.rows[max(SHOWN, len(report.rows) - 1):]]:  # the last is the network
        print('{:3}  {:12} {:>7}  {:20} {}'.format(
            row.place, row.stage, '' if row.tar is None else '{:.2f} %'.format(100 * row.tar), row.verdict, row.name))
    if len(report.rows) > SHOWN + 1:
        print('and {} between'.format(len(report.rows) - SHOWN - 1))
    for note in report.notes:
        print(note)
    for name, reason in report.left_out.items():
        print('not tried: {}: {}'.format(name, reason))
    for name in ('leaderboard.csv', 'leaderboard.html', 'tune.json'):
        if os.path.isfile(os.path.join(args.out, name)):
            print(os.path.join(args.out, name))
    print('{} is the best of the candidates. In use:\n{}'.format(report.winner, report.command))
