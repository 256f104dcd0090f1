"""State dicts in safetensors files, which need no package: a header in JSON, and the values behind it."""
import json
import os

import numpy as np

from ...graph.convert_error import ConvertError
from ...utils.files import open_regular
from ...utils.messages import describe
from .read import Read
from .state_names import take_network

__all__ = ['load_safetensors', 'read_safetensors']

LONGEST = 100 << 20  # bytes of a header, as the format's own readers have it
TYPES = {'F64': '<f8', 'F32': '<f4', 'F16': '<f2', 'BF16': '<u2', 'I64': '<i8', 'I32': '<i4', 'I16': '<i2', 'I8': 'i1',
         'U8': 'u1', 'BOOL': 'u1'}


def read_safetensors(path, params=None, given=None):
    """Read a PyTorch state dict in a safetensors file."""
    arrays, prefix = take_network(path, load_safetensors(path))
    return Read(path, arrays, None, prefix=prefix)


def load_safetensors(path):
    """The arrays in a safetensors file: {name: float32 array}.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ConvertError
        It is damaged, or no such file, or holds types that no network of ours has.
    """
    try:
        with open_regular(path) as file:
            length = int.from_bytes(file.read(8), 'little')
            if not 2 <= length <= min(LONGEST, os.fstat(file.fileno()).st_size - 8):
                raise ValueError('its header cannot have {} bytes'.format(length))
            header, data = json.loads(file.read(length)), file.read()
        header.pop('__metadata__', None)
        if sum(abs(entry['data_offsets'][1] - entry['data_offsets'][0]) for entry in header.values()) > len(data):
            raise ValueError('arrays must not share their bytes')  # a file of a megabyte could so fill all memory
        found = {name: _array(data, **entry) for name, entry in header.items()}
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise ConvertError('{} is no safetensors file, or is damaged: {}'.format(path, describe(error))) from error
    if not found:
        raise ConvertError('{} holds no arrays.'.format(path))
    return found


def _array(data, dtype, shape, data_offsets):
    """An array as its entry in the header tells of it."""
    begin, end = data_offsets
    count = 1
    for side in shape:
        if not isinstance(side, int) or side < 0:
            raise ValueError('a shape must be of whole numbers, got {}'.format(shape))
        count *= side
    kind = np.dtype(TYPES[dtype])
    if not 0 <= begin <= end <= len(data) or end - begin != count * kind.itemsize:
        raise ValueError('{} values of {} must lie within the file, got bytes {} to {}'.format(
            count, dtype, begin, end))
    array = np.frombuffer(data, kind, count, begin).reshape(shape)
    if dtype == 'BF16':  # the upper half of a float32
        array = (array.astype('<u4') << 16).view('<f4')
    return array.astype('float32')
