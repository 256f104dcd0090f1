"""Which records of a .rec are images, and of which class, with as few reads as its form allows."""
import logging
from collections import namedtuple

import numpy as np

from .format import RecordError

__all__ = ['ImageRecords', 'image_records']

ImageRecords = namedtuple('ImageRecords', 'keys labels header faults')

_EXACT = 1 << 24  # labels are float32, which holds whole numbers up to here
_MOST_MISSING = 1000  # times as many records as there are: else record 0 is damaged
_ROUNDED = 64  # by at most this much a float32 misses a key below 2^31


def image_records(file, strict):
    """Find the image records.

    InsightFace's form has labels [first, end) and no image in record 0, images in the keys 1..first-1, and in the keys
    first..end-1 one record for each person, with labels [a, b) and no image: that person's image keys. Then the headers
    of the persons and of the first image of each are read, and those that by the index may be empty or cut off.

    Of a flat file all headers are read. So they are of the other form, too, if the records of the persons are of no use
    and `strict` is False, or if keys are beyond 2^24, where float32 labels do not hold them, and the ids do not either
    (`RecordWriter` sees to it that they do).

    Parameters
    ----------
    file : RecordFile
    strict : bool
        Raise for damaged or contradictory records 0 and of persons.

    Returns
    -------
    ImageRecords
        keys and labels, int64 (N,), by ascending key; header, (first, end) or None; faults, a list of (key, str), the
        images that cannot be samples, which are not in keys.

    Raises
    ------
    RecordError
        With `strict`, see above.
    """
    header = None
    try:
        header, exact = _persons_keys(file)
        found = _by_person(file, *header) if exact else None
        if found:
            return found
    except RecordError as error:
        if strict:
            raise
        logging.getLogger('gluonfr').warning('%s Now the labels of all images are read instead.', error)
    return _by_image(file, header)


def _persons_keys(file):
    """Return (first, end) of the keys of persons and whether they are exact; (None, False) for a flat file."""
    if 0 not in file:
        return None, False
    header, image = file.read(0)
    if header.flag < 2 or image:  # an image's labels may well be two
        return None, False
    labels, ids = header.label[:2], np.array([header.id, header.id2], np.uint64)
    by_ids = _say_the_same(ids, labels)
    first, end = map(int, ids if by_ids else labels)
    if not 1 < first < end:
        raise RecordError('record 0 of {} must have the keys of the persons, [first, end), as labels, got [{}, {}).'
                          .format(file.path, first, end))
    if end > _MOST_MISSING * (len(file) + _MOST_MISSING):
        raise RecordError('record 0 of {} tells of {:,} records, and the file has {:,}: it is damaged.'.format(
            file.path, end, len(file)))
    return (first, end), by_ids or end <= _EXACT


def _by_person(file, first, end):
    persons = np.arange(first, end)
    headers, faults = file.headers(persons)
    for error in faults.values():
        raise error
    spans = headers['labels']
    if end > _EXACT:
        if not _say_the_same(headers['id'], spans):
            return None
        spans = headers['id']
    spans = spans.astype(np.int64)
    starts = np.append(1, spans[:, 1])  # where each person should begin, and where the last should end
    bad = (headers['flag'] < 2) | (spans[:, 0] != starts[:-1]) | (spans[:, 1] < spans[:, 0])
    bad[-1] |= starts[-1] != first
    if bad.any():
        at = int(np.argmax(bad))
        raise RecordError('record {} of {} must have the keys of a person\'s images, [a, b), as labels, with a = {} '
                          'and b at most {} (just that, for the last person), got [{}, {}).'.format(
                              persons[at], file.path, starts[at], first, *spans[at]))
    filled = spans[spans[:, 0] < spans[:, 1]]
    headers, faults = file.headers(filled[:, 0])
    for error in faults.values():
        raise error
    keys, sizes = np.arange(1, first), filled[:, 1] - filled[:, 0]
    labels, good = _classes(headers['labels'][:, 0])
    if not good.all():
        raise RecordError(_no_image(file, filled[np.argmin(good), 0], headers[np.argmin(good)]))
    suspects = file.suspects(keys)
    faults = _faults(file, suspects, *file.headers(suspects))
    return _without(keys, np.repeat(labels, sizes), (first, end), faults)


def _by_image(file, header):
    keys = file.keys()
    headers, faults = file.headers(keys)
    if header:
        person = (headers['flag'] == 2) & (headers['image_bytes'] == 0) & (keys >= header[0] - _ROUNDED)
        image = ~person & (keys > 0)
        keys, headers = keys[image], headers[image]
    faults = _faults(file, keys, headers, faults)
    if header:  # of a file that is cut off and has no index, nothing else tells of the rest
        why = 'it is missing: record 0 of {} tells of the images 1 to {:,}.'.format(file.path, header[0] - 1)
        faults += [(key, why) for key in np.setdiff1d(np.arange(1, header[0]), file.keys()).tolist()]
    return _without(keys, _classes(headers['labels'][:, 0])[0], header, sorted(faults))


def _faults(file, keys, headers, faults):
    """List (key, reason) of the records that are no labelled image."""
    bad = (headers['image_bytes'] == 0) | ~_classes(headers['labels'][:, 0])[1]
    found = {int(keys[i]): _no_image(file, keys[i], headers[i]) for i in np.flatnonzero(bad)}
    found.update((key, str(error)) for key, error in faults.items())
    return sorted(found.items())


def _no_image(file, key, header):
    if header['image_bytes'] == 0:
        return 'record {} of {} is empty: it has a label and no image.'.format(key, file.path)
    return 'record {} of {} must have a class, a whole number >= 0, as its label, got {:g}.'.format(
        key, file.path, header['labels'][0])


def _without(keys, labels, header, faults):
    good = ~np.isin(keys, [key for key, _ in faults])
    return ImageRecords(keys[good], labels[good], header, faults)


def _classes(labels):
    """Return labels as int64, 0 where they are no classes, and which ones are."""
    good = (labels >= 0) & (labels < 2 ** 31) & (np.floor(labels) == labels)
    return np.where(good, labels, 0).astype(np.int64), good


def _say_the_same(ids, labels):
    return (np.asarray(ids, np.float32) == labels).all()
