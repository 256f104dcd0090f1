"""gluonfr train --precision bfloat16."""
import json

import pytest
from cli_cases import params, train

from gluonfr.compat import bfloat16_problem
from gluonfr.compat.amx import Amx

pytest.importorskip('tensorboardX', reason='pip install tensorboardX')
pytestmark = pytest.mark.mxnet


@pytest.mark.skipif(bfloat16_problem() is not None, reason='no kernels for bfloat16 on this processor')
def test_a_run_in_bfloat16_and_its_resume(data, tmp_path, capsys):
    words = ['--precision', 'bfloat16', '--lr-mode', 'step']
    for steps in (2, 4):
        train(data, tmp_path / 'a', *words, '--steps', steps, '--resume')
    train(data, tmp_path / 'b', *words, '--steps', 4)
    assert params(tmp_path / 'a') == params(tmp_path / 'b')
    assert json.loads((tmp_path / 'a' / 'recipe.json').read_text())['precision'] == 'bfloat16'
    assert '--precision bfloat16' in json.loads((tmp_path / 'a' / 'card.json').read_text())['command']
    train(data, tmp_path / 'a', '--lr-mode', 'step', '--steps', 4, '--resume', code=2)
    assert "--precision ('bfloat16' then, 'float32' now)" in capsys.readouterr().err


def test_a_processor_without_kernels_is_refused_before_anything_is_written(data, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr('gluonfr.compat.amx._state', Amx(isa='AVX2'))
    train(data, tmp_path / 'a', '--precision', 'bfloat16', code=2)
    assert capsys.readouterr().err == (
        "gluonfr train: --precision must be 'float32' here, got 'bfloat16': DNNL_MAX_CPU_ISA=AVX2 leaves MXNet no "
        'kernels for bfloat16: unset it, or take float32.\n')
    assert not (tmp_path / 'a').exists()
