"""`gluonfr --version --verbose`."""
import pytest
from gluonfr import cli
from gluonfr.cli import about
from gluonfr.compat import Amx, processor
from gluonfr.version import __version__


@pytest.mark.parametrize('words', [['--version', '--verbose'], ['--verbose', '--version']])
def test_all_of_it(words, capsys):
    assert cli.main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == 'gluonfr ' + __version__ and processor() in lines[1]
    names = [line[:16].strip() for line in lines[1:]]
    assert [name for name in names if name != 'bfloat16'] == [
        'processor', 'instructions', 'AMX', 'DNNL_MAX_CPU_ISA', 'Python', 'mxnet', 'onnxruntime', 'openvino',
        '--engine auto']


@pytest.mark.parametrize('state, amx, isa', [
    (Amx(True, True, 'AVX512_CORE_AMX', True), 'granted', 'AVX512_CORE_AMX, set by gluonfr'),
    (Amx(True, True, 'AVX512_CORE_AMX'), 'granted', 'AVX512_CORE_AMX, set by you'),
    (Amx(True, False, reason='the system refuses it'), 'asked for: the system refuses it', 'not set'),
    (Amx(isa='AVX2', reason='DNNL_MAX_CPU_ISA=AVX2 is set'), 'not asked for: DNNL_MAX_CPU_ISA=AVX2 is set',
     'AVX2, set by you')])
def test_what_has_become_of_amx(state, amx, isa):
    lines = dict(about.amx_lines(state))
    assert lines['AMX'] == amx and lines['DNNL_MAX_CPU_ISA'] == isa


@pytest.mark.parametrize('installed, auto', [
    ({}, 'none can be taken'), ({'openvino'}, 'openvino, the only one'),
    ({'mxnet', 'openvino'}, 'the fastest of mxnet, openvino, measured once for each network')])
def test_engines(installed, auto, monkeypatch):
    def version(name):
        if name not in installed:
            raise ImportError('no {} here'.format(name))
        return '1.2'

    for name in about.ENGINES.names():
        monkeypatch.setattr(about.ENGINES.get(name), 'version', staticmethod(lambda name=name: version(name)))
    lines = dict(about.engine_lines())
    assert lines['--engine auto'] == auto
    assert all(lines[name] == ('1.2' if name in installed else 'none: no {} here'.format(name))
               for name in about.ENGINES.names())
