"""Parts of messages: counts, names, what the errors of other packages say; and text that a terminal may show."""

__all__ = ['counted', 'describe', 'error_sentence', 'names', 'printable']

# what makes a terminal move, erase, colour or answer, and what turns the direction of text: all but tabs and line ends
_CONTROLS = {*range(32), *range(127, 160), *range(0x202a, 0x202f), *range(0x2066, 0x206a)} - {ord('\t'), ord('\n')}
_SHOWN = {i: '\\x{:02x}'.format(i) if i < 256 else '\\u{:04x}'.format(i) for i in _CONTROLS}


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


def printable(text):
    """Text with its control characters as Python writes them: the name of a file may hold commands to a terminal."""
    return text.translate(_SHOWN)
