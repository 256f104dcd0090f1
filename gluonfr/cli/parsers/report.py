"""Options of `gluonfr report`."""
from .common import add_command, user_path

__all__ = ['add_commands']


def add_commands(commands):
    """Add the command."""
    parser = add_command(commands, 'report', 'show results and training runs as one page that opens from disk', """
examples:
  gluonfr report outputs/lfw.json --out outputs/report.html
  gluonfr report outputs/lfw-small.json outputs/lfw-large.json --out outputs/both.html
  gluonfr report outputs/mine-run --out outputs/mine-run/report.html

The page is one HTML file that needs no network: summary with intervals, curves, scores, hardest pairs, map of
embeddings, training, all numbers, and how to repeat them. Several results are drawn in the same pictures. It needs
gluonfr[report].""",
                         'report:report')
    parser.add_argument('results', nargs='+', type=user_path, metavar='RESULT',
                        help='results of `gluonfr evaluate` (OUT or OUT.json), or folders of training runs, with the '
                             'results that lie in them')
    parser.add_argument('--out', type=user_path, required=True, metavar='FILE', help='the .html file to write')
    parser.add_argument('--title', metavar='TEXT', help='title of the page (default: the names of models and data)')
    parser.add_argument('--no-faces', action='store_true', help='show no thumbnails of the hardest pairs')
