"""Parts of messages: counts, lists of names, and what the errors of other packages say."""

__all__ = ['counted', 'describe', 'error_sentence', 'names']


def counted(count, one, many=None):
    """'1 fold', '2,000 folds'; `many` where it is not `one` with an s."""
    return '{:,} {}'.format(count, one if count == 1 else many or one + 's')


def names(found, most=12):
    """Names for a message, of many the first ones and how many more there are."""
    more = len(found) - most
    return ', '.join(found[:most]) + (' and {} more'.format(more) if more > 0 else '') or 'none'


def describe(error):
    """What an error of another package says, in a line."""
    return '{}: {:.300}'.format(type(error).__name__, ' '.join(str(error).split()))


def error_sentence(error):
    """What an error says, without MXNet's stack traces."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or ['']
    if type(error).__module__.partition('.')[0] == 'mxnet':
        return lines[-1 if lines[0].startswith('Traceback') else 0]
    return '{}: {}'.format(type(error).__name__, lines[0])
