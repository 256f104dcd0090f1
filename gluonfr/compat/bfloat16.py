"""What the processor has for bfloat16 with MXNet: oneDNN 2.4.4 was tried with DNNL_MAX_CPU_ISA for each kind.

AMX and avx512_bf16 multiply it; with avx512 alone the numbers are turned into float32 and back around each product,
which is right and slower; with less than avx512 there are no kernels and MXNet fails.
"""
from typing import Optional, Sequence

from .amx import VARIABLE, Amx, amx_state
from .machine import instruction_sets

BELOW = 'SSE41', 'AVX', 'AVX2', 'AVX2_VNNI', 'AVX512_MIC', 'AVX512_MIC_4OPS'  # values of DNNL_MAX_CPU_ISA
WITHOUT = 'AVX512_CORE', 'AVX512_CORE_VNNI'


def bfloat16_kind(sets: Sequence[str], amx: Amx) -> Optional[str]:
    """'amx', 'avx512_bf16', 'emulated', or None where there are no kernels; of no known sets 'avx512_bf16'."""
    if amx.isa in BELOW or sets and 'avx512f' not in sets:
        return None
    if amx.granted and 'amx_bf16' in sets:
        return 'amx'
    return 'emulated' if amx.isa in WITHOUT or sets and 'avx512_bf16' not in sets else 'avx512_bf16'


def bfloat16_problem(sets: Optional[Sequence[str]] = None, amx: Optional[Amx] = None) -> Optional[str]:
    """Return the sentence on why MXNet cannot compute in bfloat16 here, or None."""
    sets, amx = instruction_sets() if sets is None else sets, amx or amx_state()
    if bfloat16_kind(sets, amx) is not None:
        return None
    if amx.isa in BELOW:
        return '{}={} leaves MXNet no kernels for bfloat16: unset it, or take float32'.format(VARIABLE, amx.isa)
    return 'MXNet has kernels for bfloat16 on processors with avx512 only, and this one has none: take float32'


def bfloat16_note(sets: Optional[Sequence[str]] = None, amx: Optional[Amx] = None) -> Optional[str]:
    """Return the sentence on why bfloat16 is slower here than it could be, or None."""
    sets, amx = instruction_sets() if sets is None else sets, amx or amx_state()
    if bfloat16_kind(sets, amx) == 'emulated':
        return 'bfloat16 is slower than float32 here: ' + (
            '{}={} is set'.format(VARIABLE, amx.isa) if amx.isa in WITHOUT else
            'the processor has neither AMX nor avx512_bf16, so it is emulated')
    if 'amx_bf16' in sets and not amx.granted:
        return 'bfloat16 runs without AMX here: ' + amx.reason
    return None
