"""What was found out about a network on this machine: its choice of engine, and how near engines come to MXNet."""
import json
import logging
import os

from ...utils.files import mxnet_home, read_json, write_text

__all__ = ['note', 'noted']


def noted(sha256, key):
    """What was noted of a network under a key, None where nothing was."""
    return _read(_path(sha256)).get(key)


def note(sha256, key, value):
    """Note a JSON value of a network; where nothing can be written, that is logged and found out anew the next time."""
    path = _path(sha256)
    notes = dict(_read(path), **{key: value})
    try:
        write_text(path, json.dumps(notes, indent=1))
    except OSError as error:
        logging.getLogger('gluonfr').warning('%s cannot be written (%s): the next time it is measured again.', path,
                                             error.strerror)


def _path(sha256):
    return os.path.join(mxnet_home(), 'models', 'engines', sha256[:32] + '.json')


def _read(path):
    try:
        return read_json(path, 'file of notes')
    except OSError:  # it is not there; where nothing can be there, writing says so
        return {}
    except ValueError as error:
        logging.getLogger('gluonfr').warning('%s It is written anew.', error)
        return {}
