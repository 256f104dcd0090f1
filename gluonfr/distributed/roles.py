"""Which of the processes of a training this one is: the DMLC_* variables of MXNet's KVStore, read and checked.

A training in several processes has a scheduler, by which all find each other, one or more servers, which add up what
the workers send, and the workers, which train. Whoever starts them sets

- ``DMLC_ROLE``: scheduler, server or worker;
- ``DMLC_PS_ROOT_URI``, ``DMLC_PS_ROOT_PORT``: the address of the scheduler's machine, as an IP address, and a free port
  on it;
- ``DMLC_NUM_WORKER``, ``DMLC_NUM_SERVER``: how many there are;
- ``DMLC_WORKER_ID``: in a worker, its number from 0 on. MXNet numbers its workers itself, as they come; gluonfr goes by
  this one, so that each gets the same part of the data again.
"""
import os
from typing import Mapping, NamedTuple, Optional

__all__ = ['LAUNCHER', 'ROLES', 'SAME_AGAIN', 'STOPPED', 'TIMEOUT', 'Place', 'place']

ROLES = 'scheduler', 'server', 'worker'
SAME_AGAIN = 2  # exit status of a command whose input is refused: it would be refused again
STOPPED = 130   # that of a command after Ctrl-C
TIMEOUT = 'GLUONFR_TIMEOUT'    # seconds that a worker waits for the others
LAUNCHER = 'GLUONFR_LAUNCHER'  # number of the launcher, with which a process ends


class Place(NamedTuple):
    """One process of a training.

    Parameters
    ----------
    role : {'scheduler', 'server', 'worker'}
    number : int
        Of a worker, from 0; 0 for the others.
    workers, servers : int
        How many there are, >= 1.
    """
    role: str
    number: int
    workers: int
    servers: int


def place(environ: Optional[Mapping[str, str]] = None) -> Optional[Place]:
    """What the DMLC_* variables say of this process; None where DMLC_ROLE is not set: a training of one process.

    Raises
    ------
    ValueError
        A variable is missing or no number in its range.

    Examples
    --------
    >>> from gluonfr.distributed import place
    >>> place({'DMLC_ROLE': 'worker', 'DMLC_WORKER_ID': '1', 'DMLC_NUM_WORKER': '4', 'DMLC_NUM_SERVER': '2',
    ...        'DMLC_PS_ROOT_URI': '10.0.0.1', 'DMLC_PS_ROOT_PORT': '9091'})
    Place(role='worker', number=1, workers=4, servers=2)
    """
    environ = os.environ if environ is None else environ
    role = environ.get('DMLC_ROLE')
    if role is None:
        return None
    if role not in ROLES:
        raise ValueError('DMLC_ROLE must be scheduler, server or worker, got {!r}.'.format(role))
    missing = [name for name in ('DMLC_PS_ROOT_URI', 'DMLC_PS_ROOT_PORT', 'DMLC_NUM_WORKER', 'DMLC_NUM_SERVER',
                                 *(['DMLC_WORKER_ID'] if role == 'worker' else [])) if name not in environ]
    if missing:
        raise ValueError('DMLC_ROLE is {}, so {} must be set, too; `gluonfr help launch` says what for. Without '
                         'DMLC_ROLE a training is one process.'.format(role, ', '.join(missing)))
    _number(environ, 'DMLC_PS_ROOT_PORT', 1, 65535)
    workers = _number(environ, 'DMLC_NUM_WORKER', 1)
    number = _number(environ, 'DMLC_WORKER_ID', 0, workers - 1) if role == 'worker' else 0
    return Place(role, number, workers, _number(environ, 'DMLC_NUM_SERVER', 1))


def _number(environ, name, low, high=None):
    text = environ[name]
    if not text.isdigit() or int(text) < low or high is not None and int(text) > high:
        raise ValueError('{} must be a whole number {}, got {!r}.'.format(
            name, '>= {}'.format(low) if high is None else 'in [{}, {}]'.format(low, high), text))
    return int(text)
