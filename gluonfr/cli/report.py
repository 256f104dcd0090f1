"""`gluonfr report`: results and training runs as one page."""
from ..report import write_report
from ..report.page import check_page

__all__ = ['report']


def report(args):
    """Write the page and say where it is."""
    check_page('--out', args.out)
    print('report: {}'.format(write_report(args.results, args.out, title=args.title, faces=not args.no_faces)))
