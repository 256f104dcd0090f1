"""Models against models, as results say it."""

__all__ = ['comparisons']


def comparisons(known):
    """What the results say of this model against others, each with `words`: what is compared."""
    found = []
    for label, _, result in known:
        for entry in result.compared:
            second = entry.get('second') or entry.get('other') or 'another'
            words = '{} against {}{}'.format(entry.get('first') or label, second,
                                             ', ' + str(entry['measure']) if entry.get('measure') else '')
            found.append(dict(entry, words=words))
    return found
