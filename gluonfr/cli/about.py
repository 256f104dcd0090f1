"""`gluonfr --version --verbose`: what there is to compute with on this machine."""
import platform

import numpy as np

from ..compat import amx_state, bfloat16_note, instruction_sets, processor, request_amx, threads_to_use
from ..deploy.engines import ENGINES
from ..version import __version__

__all__ = ['about']


def about():
    """Print it, line by line; nothing of MXNet is loaded."""
    request_amx()
    print('gluonfr {}'.format(__version__))
    for what, line in [('processor', '{}, {} of its cores'.format(processor(), threads_to_use())),
                       ('instructions', ' '.join(instruction_sets()) or 'not known'),
                       *amx_lines(amx_state()),
                       ('Python', '{}, NumPy {}, {}'.format(platform.python_version(), np.__version__,
                                                            platform.platform())),
                       *engine_lines()]:
        print('{:16} {}'.format(what, line))


def amx_lines(state):
    """What has become of AMX, and which instructions MXNet may use at most."""
    asked = 'granted' if state.granted else 'asked for' if state.asked else 'not asked for'
    yield 'AMX', asked + (': ' + state.reason if state.reason else '')
    yield 'DNNL_MAX_CPU_ISA', 'not set' if state.isa is None else '{}, set by {}'.format(
        state.isa, 'gluonfr' if state.set_here else 'you')
    note = bfloat16_note()
    if note:
        yield 'bfloat16', note


def engine_lines():
    """The runtimes with their versions, and what --engine auto makes of them."""
    found = []
    for name in sorted(ENGINES.names()):
        try:
            version = ENGINES.get(name).version()
            found.append(name)
        except ImportError as error:
            version = 'none: {}'.format(error)
        yield name, version
    yield '--engine auto', 'none can be taken' if not found else '{}, the only one'.format(found[0]) \
        if len(found) == 1 else 'the fastest of {}, measured once for each network'.format(', '.join(found))
