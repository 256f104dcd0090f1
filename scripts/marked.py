"""Tables in a page between two marks, which scripts write."""
import os

__all__ = ['replace_marked']


def replace_marked(path, marks, content):
    """Replace what stands between two marks of a file; a ValueError, and nothing done, where it lacks one."""
    with open(path, encoding='utf-8') as stream:
        text = stream.read()
    before, begin, rest = text.partition(marks[0])
    _, end, after = rest.partition(marks[1])
    if not (begin and end):
        raise ValueError(f'{os.path.basename(path)} must hold the marks {marks[0]} and {marks[1]}, in this '
                         'order; it was left as it is.')
    with open(path, 'w', encoding='utf-8') as stream:
        stream.write(before + '\n\n'.join((marks[0], content, marks[1])) + after)
