"""AMX: when it is asked for, what comes of it, and what bfloat16 is on each kind of processor."""
import ctypes
import os
import platform
import sys

import pytest

from gluonfr.compat import amx, bfloat16_note, bfloat16_problem, instruction_sets, processor
from gluonfr.compat.amx import Amx, amx_state, ask_system, request_amx
from gluonfr.compat.bfloat16 import bfloat16_kind

SAPPHIRE = ['avx2', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'amx_bf16', 'amx_int8']
ZEN4 = SAPPHIRE[:4]
X86_LINUX = sys.platform.startswith('linux') and platform.machine() == 'x86_64'


@pytest.fixture(autouse=True)
def own_state(monkeypatch):
    monkeypatch.setattr(amx, '_state', Amx())


def never():
    raise AssertionError('the system was asked')


def test_granted_where_processor_and_system_have_it():
    environ = {}
    state = request_amx(environ, SAPPHIRE, False, lambda: 0)
    assert environ == {'DNNL_MAX_CPU_ISA': 'AVX512_CORE_AMX'}
    assert state == amx_state() == Amx(True, True, 'AVX512_CORE_AMX', True, '')
    assert request_amx(environ, SAPPHIRE, True, never) == state  # once is enough


def test_a_process_started_anew_asks_again():
    state = request_amx({'DNNL_MAX_CPU_ISA': 'AVX512_CORE_AMX'}, SAPPHIRE, False, lambda: 0)
    assert state.granted and not state.set_here


@pytest.mark.parametrize('given', ['AVX512_CORE_BF16', 'AVX2', 'ALL', 'avx512_core_amx'])
def test_what_the_user_has_set_stays(given):
    environ = {'DNNL_MAX_CPU_ISA': given}
    state = request_amx(environ, SAPPHIRE, False, never)
    assert environ == {'DNNL_MAX_CPU_ISA': given} and not state.asked
    assert state.isa == given and state.reason == 'DNNL_MAX_CPU_ISA={} is set'.format(given)


@pytest.mark.parametrize('sets, loaded, error, asked, reason', [
    (ZEN4, False, never, False, 'the processor has none'),
    ([], False, never, False, 'the processor has none'),
    (SAPPHIRE, True, never, False, 'MXNet was loaded before gluonfr: import gluonfr first'),
    (SAPPHIRE, False, lambda: 22, True, 'the system refuses it (Invalid argument); Linux 5.16')])
def test_where_it_is_not_used(sets, loaded, error, asked, reason):
    environ = {}
    state = request_amx(environ, sets, loaded, error)
    assert environ == {} and (state.asked, state.granted) == (asked, False) and state.reason.startswith(reason)


@pytest.mark.skipif('amx_bf16' in instruction_sets(), reason='the processor has AMX')
def test_a_system_without_it_refuses():
    assert ask_system() != 0


def test_other_systems_are_not_asked(monkeypatch):
    monkeypatch.setattr(amx.sys, 'platform', 'darwin')
    assert os.strerror(ask_system()) == 'Function not implemented'


@pytest.mark.skipif(not X86_LINUX, reason='a system call of Linux on x86-64')
@pytest.mark.filterwarnings('ignore:.*fork:DeprecationWarning')
def test_what_the_system_has_granted_is_inherited_by_fork():
    def granted():
        mask = ctypes.c_ulong()
        return mask.value if ctypes.CDLL(None).syscall(158, 0x1022, ctypes.byref(mask)) == 0 else None

    refused = ask_system()
    if granted() is None:
        pytest.skip('the system is older than Linux 5.16')
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, str(granted()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 100) == str(granted()).encode() and bool(granted() >> 18 & 1) == (not refused)
    os.close(read)
    os.close(write)


@pytest.mark.parametrize('sets, amx, kind, problem, note', [
    (SAPPHIRE, Amx(True, True, 'AVX512_CORE_AMX', True), 'amx', None, None),
    (SAPPHIRE, Amx(True, False, reason='the system refuses it'), 'avx512_bf16', None,
     'bfloat16 runs without AMX here: the system refuses it'),
    (ZEN4, Amx(), 'avx512_bf16', None, None),
    (ZEN4, Amx(isa='AVX512_CORE_BF16'), 'avx512_bf16', None, None),
    (ZEN4, Amx(isa='AVX512_CORE'), 'emulated', None, 'slower than float32 here: DNNL_MAX_CPU_ISA=AVX512_CORE is set'),
    (ZEN4[:3], Amx(), 'emulated', None, 'the processor has neither AMX nor avx512_bf16, so it is emulated'),
    (ZEN4, Amx(isa='AVX2'), None, 'DNNL_MAX_CPU_ISA=AVX2 leaves MXNet no kernels', None),
    (['avx2'], Amx(), None, 'on processors with avx512 only, and this one has none', None),
    ([], Amx(), 'avx512_bf16', None, None)])
def test_what_bfloat16_is(sets, amx, kind, problem, note):
    assert bfloat16_kind(sets, amx) == kind
    for found, wanted in ((bfloat16_problem(sets, amx), problem), (bfloat16_note(sets, amx), note)):
        assert found is wanted is None or wanted in found


def test_processor_and_its_sets(tmp_path):
    path = tmp_path / 'cpuinfo'
    path.write_text('processor\t: 0\nmodel name\t: Xeon of a test\nflags\t\t: fpu amx_bf16 avx2 avx512f amx_tile\n')
    assert processor(str(path)) == 'Xeon of a test'
    assert instruction_sets(str(path)) == ['avx2', 'avx512f', 'amx_bf16']
    path.write_text('cpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC\n')
    assert processor(str(path)) == 'AMD EPYC (family 25, model 17)'
    path.write_text('cpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC 9354\n')
    assert processor(str(path)) == 'AMD EPYC 9354'
    assert instruction_sets(str(tmp_path / 'none')) == []
