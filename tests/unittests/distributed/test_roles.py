"""The DMLC_* variables: read, and refused with the name of the one that is wrong."""
import pytest

from gluonfr.distributed import Place, place

WORKER = {'DMLC_ROLE': 'worker', 'DMLC_WORKER_ID': '2', 'DMLC_NUM_WORKER': '3', 'DMLC_NUM_SERVER': '2',
          'DMLC_PS_ROOT_URI': '10.0.0.1', 'DMLC_PS_ROOT_PORT': '9091'}


def without(name):
    return {key: value for key, value in WORKER.items() if key != name}


def test_places():
    assert place({}) is None
    assert place(WORKER) == Place('worker', 2, 3, 2)
    assert place({**without('DMLC_WORKER_ID'), 'DMLC_ROLE': 'server'}) == Place('server', 0, 3, 2)


@pytest.mark.parametrize('name', [name for name in WORKER if name != 'DMLC_ROLE'])
def test_a_missing_variable_is_named(name):
    with pytest.raises(ValueError, match=name + ' must be set'):
        place(without(name))


@pytest.mark.parametrize('name, value, allowed', [
    ('DMLC_ROLE', 'boss', 'scheduler, server or worker'), ('DMLC_WORKER_ID', '3', r'in \[0, 2\]'),
    ('DMLC_WORKER_ID', '-1', r'in \[0, 2\]'), ('DMLC_NUM_WORKER', '0', '>= 1'), ('DMLC_NUM_SERVER', 'two', '>= 1'),
    ('DMLC_PS_ROOT_PORT', '70000', r'in \[1, 65535\]')])
def test_a_wrong_value_is_refused(name, value, allowed):
    with pytest.raises(ValueError, match='{} must be .*{}.*{!r}'.format(name, allowed, value)):
        place({**WORKER, name: value})
