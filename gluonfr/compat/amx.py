"""AMX, which multiplies matrices in Intel's Xeons since 2023: MXNet uses it only where that was asked for in time.

MXNet 1.9.1 carries oneDNN 2.4.4. Its kernels for AMX run if Linux (5.16 or later) has allowed this process to keep data
in tiles, and if DNNL_MAX_CPU_ISA is AVX512_CORE_AMX when MXNet is loaded. Processes that are forked later inherit both;
those that are started anew inherit the variable, and ask again.
"""
import ctypes
import errno
import os
import platform
import sys
from typing import Callable, MutableMapping, NamedTuple, Optional, Sequence

from .machine import instruction_sets

ARCH_PRCTL, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA = 158, 0x1023, 18  # a system call of x86-64, and its arguments
VARIABLE, AMX_ISA = 'DNNL_MAX_CPU_ISA', 'AVX512_CORE_AMX'


class Amx(NamedTuple):
    """What has become of AMX in this process.

    Parameters
    ----------
    asked, granted : bool
        Whether the system was asked for it, and whether it has agreed.
    isa : str or None
        DNNL_MAX_CPU_ISA.
    set_here : bool
        Whether gluonfr has set it.
    reason : str
        Why MXNet does not use AMX; '' where it does.
    """
    asked: bool = False
    granted: bool = False
    isa: Optional[str] = None
    set_here: bool = False
    reason: str = ''


_state = Amx()


def request_amx(environ: MutableMapping[str, str] = os.environ, sets: Optional[Sequence[str]] = None,
                loaded: Optional[bool] = None, ask: Optional[Callable[[], int]] = None) -> Amx:
    """Ask for AMX where the processor has it and the user has set nothing else; `amx_state` gives the result, too.

    Parameters
    ----------
    environ : dict
        DNNL_MAX_CPU_ISA is set in it, if AMX is granted and that is not set.
    sets : list of str or None
        Instruction sets of the processor; None asks Linux.
    loaded : bool or None
        Whether MXNet is loaded, so that it is too late; None looks.
    ask : function () -> int, or None
        The system call: 0, or the number of the error.
    """
    global _state
    sets = instruction_sets() if sets is None else sets
    loaded = 'mxnet' in sys.modules if loaded is None else loaded
    isa = environ.get(VARIABLE) or None
    if _state.granted and isa == AMX_ISA:
        return _state  # once is enough
    if 'amx_bf16' not in sets and 'amx_int8' not in sets:
        _state = Amx(isa=isa, reason='the processor has none')
    elif isa is not None and isa != AMX_ISA:
        _state = Amx(isa=isa, reason='DNNL_MAX_CPU_ISA={} is set'.format(isa))
    elif loaded and isa is None:
        _state = Amx(reason='MXNet was loaded before gluonfr: import gluonfr first')
    else:
        error = (ask or ask_system)()
        if error:
            _state = Amx(True, False, isa, False, 'the system refuses it ({}); Linux 5.16 or later can grant it'.format(
                os.strerror(error)))
        else:
            environ[VARIABLE] = AMX_ISA
            _state = Amx(True, True, AMX_ISA, set_here=isa is None)
    return _state


def amx_state() -> Amx:
    """What `request_amx` has found last."""
    return _state


def ask_system() -> int:
    """Ask Linux to allow this process data in tiles; 0, or the number of the error."""
    if not sys.platform.startswith('linux') or platform.machine() != 'x86_64' or sys.maxsize < 2 ** 32:
        return errno.ENOSYS
    library = ctypes.CDLL(None, use_errno=True)
    failed = library.syscall(ctypes.c_long(ARCH_PRCTL), ctypes.c_long(ARCH_REQ_XCOMP_PERM),
                             ctypes.c_long(XFEATURE_XTILEDATA))
    return ctypes.get_errno() if failed else 0
