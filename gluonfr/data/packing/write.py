"""Writes a packed set so that it can be interrupted at any time and go on as if it had not been."""
import json
import logging
import os
import re
from contextlib import contextmanager
from functools import partial
from itertools import chain


from ...utils.files import read_json, write_text
from ...utils.lock import sole_writer
from ...utils.progress import Bar
from ...utils.rows import as_line
from ...utils.threads import ahead
from ..record.writer import RecordWriter, good_marks

__all__ = ['write_set']

_MARK_EVERY = 1 << 20  # bytes; so much has to be packed again after an interruption
_TOGETHER = 16  # images a thread takes at a time
BESIDE = 'train.idx', 'train.crc', 'property', 'classes.txt', 'pack.json'


def write_set(folder, samples, labels, names, load, size, card, resume, progress, workers):
    """Write train.rec, train.idx, property, classes.txt, pack.json and train.crc.

    While it works there are train.rec.part and a journal of how many images are in it, with checksums. These two stay
    when it is interrupted, by whatever, and the next call goes on behind the last image that the checksums confirm.
    They go when an image is wrong: once it or the settings are mended, the set is another one.

    Parameters
    ----------
    folder : str
        It is made.
    samples, labels : int64 (N,)
        What `load` takes, and the class: class by class, from 0 on.
    names : list of str
        Of the classes.
    load : callable
        sample -> (bytes of the encoded image, whether they were copied); called from several threads.
    size : (int, int)
        Height and width of all images.
    card : dict
        For pack.json. card['digest'] identifies images and settings: work that was begun with another is not continued.
    resume : bool
        False to begin again; what the folder holds is replaced.
    progress : bool
    workers : int
        Threads that load.

    Returns
    -------
    dict
        The content of pack.json.

    Raises
    ------
    ValueError
        With `resume`, the folder holds another set, finished or not, or files of other tools that would be replaced.
    OSError
        The disk is full, for example, or another process is packing into the folder.
    """
    prefix = os.path.join(folder, 'train')
    with sole_writer(os.path.join(folder, '.lock'), folder), _journal(prefix + '.rec.journal') as journal:
        done = _begun(journal, prefix, card['digest']) if resume else None
        if resume and not done and os.path.exists(prefix + '.rec'):
            card = _finished(folder, card['digest'])
        else:
            there = [name for name in BESIDE if os.path.exists(os.path.join(folder, name))]
            if there and resume and not done and not journal.tell():  # at its end: a run of ours has begun there
                raise ValueError('pack: {} holds {}, and no train.rec that they belong to. Give another folder, or '
                                 'resume=False to replace them.'.format(folder, ', '.join(there)))
            if not done:
                journal.truncate(0)
                with _advice(prefix):
                    _add(journal, card['digest'])
            card = _write(prefix, journal, done, samples, labels, names, load, size, card, progress, workers)
        journal.truncate(0)
    return card


def _write(prefix, journal, done, samples, labels, names, load, size, card, progress, workers):
    written, copied, mark = done or (0, 0, None)
    if written:
        logging.getLogger('gluonfr').info('%s.rec.part holds %d of %d images: going on from there.', prefix, written,
                                          len(samples))
    writer = RecordWriter(prefix, size, mark)
    saved = writer.mark[0]
    try:
        with Bar(total=len(samples), initial=written, unit=' images', desc='pack',
                  disable=None if progress else True) as bar:
            for label, (data, is_copy) in zip(labels[written:], _loaded(load, samples[written:], workers)):
                with _advice(prefix):
                    writer.write(data, label)
                    written, copied = written + 1, copied + is_copy
                    if writer.mark[0] - saved >= _MARK_EVERY:
                        saved = writer.mark[0]
                        _add(journal, [written, copied, writer.mark])
                bar.update()
        with _advice(prefix):
            return _finish(prefix, writer, names, dict(card, images=written, people=len(names), copied=copied))
    except ValueError:  # of an image: whatever is done about it, this part does not go with it
        writer.suspend()
        os.remove(prefix + '.rec.part')
        journal.truncate(0)
        raise
    finally:
        writer.suspend()


def _finish(prefix, writer, names, card):
    folder = os.path.dirname(prefix)
    for name in os.listdir(folder):
        # what a killed run was writing, or the set that is replaced: it must not lie beside the other's classes.txt
        if name == 'train.rec' or re.fullmatch(r'\.(train\.(idx|crc)|property|classes\.txt|pack\.json)\.\d+\.tmp',
                                                name):
            os.remove(os.path.join(folder, name))
    beside = [os.path.join(folder, name) for name in ('classes.txt', 'pack.json')]
    write_text(beside[0], ''.join(as_line(name) + '\n' for name in names))
    write_text(beside[1], json.dumps(card, indent=1, sort_keys=True) + '\n')
    writer.close(beside)
    return card


def _loaded(load, samples, workers):
    """What `load` gives, in order, from threads; not more than four pieces for each wait to be written."""
    def piece(start):
        return [load(sample) for sample in samples[start:start + _TOGETHER].tolist()]

    pieces = (partial(piece, start) for start in range(0, len(samples), _TOGETHER))
    return chain.from_iterable(ahead(pieces, workers, 4 * workers))


@contextmanager
def _journal(path):
    """Open the journal; an empty one is removed at the end."""
    try:
        with open(path, 'a+b', buffering=0) as file:
            yield file
    finally:
        if os.path.isfile(path) and os.path.getsize(path) == 0:
            os.remove(path)


def _add(journal, entry):
    line = memoryview(json.dumps(entry).encode() + b'\n')
    while line:  # a full disk takes a part first and gives an error the next time; half a line is dropped on reading
        line = line[journal.write(line):]


def _begun(journal, prefix, digest):
    """Return (images, copied, mark) of the part that an interrupted run left, None if there is none."""
    journal.seek(0)
    lines = journal.read().split(b'\n')[:-1]  # what follows the last newline is half a line, or nothing
    if not lines or not os.path.exists(prefix + '.rec.part'):
        return None
    if lines[0] != json.dumps(digest).encode():
        raise ValueError(_other(prefix + '.rec.part'))
    entries = []
    for line in lines[1:]:
        try:
            entries.append(json.loads(line))
        except (RecursionError, ValueError):  # a power failure can leave anything
            break
    good = good_marks(prefix, [mark for _, _, mark in entries])
    journal.truncate(sum(len(line) + 1 for line in lines[:1 + good]))
    return entries[good - 1] if good else None


def _finished(folder, digest):
    path = os.path.join(folder, 'pack.json')
    if os.path.exists(path):
        card = read_json(path, 'record of what was packed')
        if card['digest'] == digest:
            return card
    raise ValueError(_other(os.path.join(folder, 'train.rec')))


def _other(path):
    return ('pack: {} was made from other files or with other settings. Give another folder, or resume=False to '
            'replace it.'.format(path))


@contextmanager
def _advice(prefix):
    """Say in an error of the file system that nothing is lost."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, 'pack: {} cannot be written: {}. What is packed so far is kept: make room and give '
                                   'the same command again'.format(prefix, error.strerror), error.filename) from error
