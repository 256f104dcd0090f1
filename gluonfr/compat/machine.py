"""The processor of this machine."""
import os
import platform
from typing import List

__all__ = ['instruction_sets', 'processor']

# as Linux calls those that decide how fast a network computes, from the oldest on
SETS = ('avx2', 'avx512f', 'avx512_vnni', 'avx_vnni', 'avx512_bf16', 'amx_bf16', 'amx_int8')


def processor(cpuinfo: str = '/proc/cpuinfo') -> str:
    """Its name; of one without a number, as virtual machines show several by one name, also family and model."""
    name = _said('model name', cpuinfo) or platform.processor() or platform.machine()
    family, model = _said('cpu family', cpuinfo), _said('model', cpuinfo)
    if family and model and not any(letter.isdigit() for letter in name):
        return '{} (family {}, model {})'.format(name, family, model)
    return name


def instruction_sets(cpuinfo: str = '/proc/cpuinfo') -> List[str]:
    """Those of its instruction sets that decide how fast a network computes; empty where nothing tells them."""
    return [name for name in SETS if name in _said('flags', cpuinfo).split()]


def _said(key, cpuinfo):
    """What Linux says of its first processor."""
    if os.path.exists(cpuinfo):
        with open(cpuinfo, encoding='utf-8') as file:
            for line in file:
                if line.split(':')[0].strip() == key:
                    return line.split(':', 1)[1].strip()
    return ''
