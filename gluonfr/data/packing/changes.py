"""Images that are left out or given to other people when a set is packed: two files, which `gluonfr clean` writes."""
import json
import os

import numpy as np

from ...utils.files import write_text
from ...utils.rows import UTF8, RowReader, as_line, write_rows

__all__ = ['RELABEL_COLUMNS', 'apply_changes', 'image_keys', 'read_excluded', 'read_relabelled', 'skipped_keys',
           'write_excluded', 'write_relabelled']

RELABEL_COLUMNS = 'image', 'person', 'was', 'why'


def image_keys(dataset, root=''):
    """What the files call the images of a data set: their paths within its folder, by /, or their keys in a rec.

    `root` is the folder of one that does not say it.
    """
    return [_inside(dataset, root, name) for name in dataset.names]


def skipped_keys(dataset, root=''):
    """The same of the images that were skipped."""
    return [_inside(dataset, root, str(name)) for name, _ in dataset.skipped]


def _inside(dataset, root, name):
    root = os.path.join(getattr(dataset, 'root', '') or root, '')
    return (name[len(root):] if root and name.startswith(root) else name).replace(os.sep, '/')


def write_excluded(path, images):
    """One image on a line; as a JSON string where its name would not be read again as it is."""
    write_text(path, ''.join(as_line(name) + '\n' for name in images))


def read_excluded(path):
    """The names of images in a file, as a list.

    Raises
    ------
    ValueError
        A line that begins with a quotation mark is no JSON string.
    """
    with open(path, encoding='utf-8', errors='surrogateescape') as file:
        lines = [line.strip() for line in file.read().split('\n')]
    try:
        return [json.loads(line) if line.startswith('"') else line for line in lines if line]
    except ValueError as error:
        raise ValueError('{} must hold the name of an image on each line: {}.'.format(path, error)) from error


def write_relabelled(path, rows):
    """A csv of (image, person, was, why)."""
    write_rows(path, RELABEL_COLUMNS, rows)


def read_relabelled(path):
    """{image: person} of a csv with the columns image and person.

    Raises
    ------
    ValueError
        It has not these columns, a line lacks one, or names two people for one image.
    """
    found = {}
    with open(path, **UTF8) as file:
        reader = RowReader(file)
        if not {'image', 'person'} <= set(reader.fieldnames or ()):
            raise ValueError('{} must have the columns image and person, got {}.'.format(
                path, ', '.join(reader.fieldnames or ()) or 'nothing'))
        for row in reader:
            image, person = row['image'], row['person']
            if not image or not person:
                raise ValueError('{}, line {}: image and person must be there.'.format(path, reader.line_num))
            if found.setdefault(image, person) != person:
                raise ValueError('{}, line {}: {} must be of one person, got {} and {}.'.format(
                    path, reader.line_num, image, found[image], person))
    return found


def apply_changes(owner, source, excluded, relabelled):
    """A `Source` without some images, and with others given to the people that they are of.

    New people come behind the others, or by name among them where these are sorted.

    Raises
    ------
    ValueError
        An image is not there, and was not skipped as it cannot be read.
    """
    excluded, relabelled = set(excluded or ()), dict(relabelled or {})
    if not excluded and not relabelled:
        return source
    keys = source.keys
    gone = set(map(str, source.skipped_keys))
    for argument, wanted in (('exclude_images', excluded), ('relabel_images', set(relabelled))):
        unknown = sorted(wanted - set(keys) - gone)
        if unknown:
            raise ValueError('{}: {} must be images of {}, got {} that are not there, such as {!r}.'.format(
                owner, argument, source.origin, len(unknown), unknown[0]))
    old = [source.classes[label] for label in source.labels.tolist()]
    people = [relabelled.get(key, person) for key, person in zip(keys, old)]
    classes = list(source.classes)
    classes += sorted(set(people) - set(classes))
    if source.classes == sorted(source.classes):
        classes.sort()
    number = {person: label for label, person in enumerate(classes)}
    kept = np.array([i for i, key in enumerate(keys) if key not in excluded], np.int64)
    if not len(kept):
        raise ValueError('{}: exclude_images leaves no image of {}.'.format(owner, source.origin))
    labels = np.array([number[person] for person in people], np.int64)[kept]

    def at(function):
        return function and (lambda index: function(int(kept[index])))

    return source._replace(classes=classes, labels=labels, keys=[keys[i] for i in kept], load=at(source.load),
                           size=at(source.size), name=at(source.name), state=at(source.state))
