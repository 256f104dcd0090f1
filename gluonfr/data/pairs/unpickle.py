"""Reads pickles of plain values and NumPy arrays without `pickle`: there is nothing in it that could run code.

`pickle.Unpickler` imports and calls what the file names, and to close its `find_class` is not enough: its opcodes can
still ask for memory out of all proportion to the file. The nine bytes 80 02 4e 72 ff ff ff 07 2e put None into the memo
as number 0x07ffffff, for which it makes a table of 2 GB.

The machine here knows the opcodes that lists, tuples, bytes, strings, numbers and arrays need; the few names these come
with (numpy.dtype, ...) stand for functions of this module. Everything else is refused by its name. Python 2 strings are
bytes.
"""
import codecs
import math
import pickle
import pickletools
import struct

import numpy as np

__all__ = ['UnpickleError', 'unpickle']

MAX_STEPS = 10000000  # opcodes: a memo entry takes 100 times the memory of the byte that asks for it
FREE_STEPS, BYTES_A_STEP = 1000000, 20  # and no more than the first and one for so many bytes: an image takes some ten
MAX_DIGITS = 40  # of an integer in decimal: int() takes quadratic time
MAX_ARGUMENTS = 32  # of a call, and sides of an array: a tuple of millions can be named again with two bytes

_OBJECTS = ('O4', 'O8')  # of an array whose values are pickled one by one
_TYPES = ('b1', 'u1', 'u2', 'u4', 'u8', 'i1', 'i2', 'i4', 'i8', 'f4', 'f8') + _OBJECTS
_ADMITTED = ('a .bin holds only lists, tuples, bytes, bytearrays, str, bool, int, float, and NumPy arrays of '
             'numbers or of these')


class UnpickleError(ValueError):
    """A pickle that is damaged, or that asks for more than plain values."""


class _Name:
    """A name that arrays or bytes are pickled with, such as numpy.dtype."""
    __slots__ = ('text',)

    def __init__(self, text):
        self.text = text


class _Type:
    """A NumPy type: 'u1', and the byte order that BUILD gives it."""
    __slots__ = ('code', 'order')

    def __init__(self, code):
        self.code, self.order = code, '|'


class _Array:
    """An array that still waits for its contents, `value`."""
    __slots__ = ('value',)

    def __init__(self):
        self.value = None


def unpickle(data):
    """Return what the pickle ``data`` (bytes; any protocol, of Python 2 or 3) holds.

    A bytearray becomes bytes, and an array of objects, which has one dimension, a list.

    Integers are checked for size, lengths against what is there, and the number of opcodes is bounded: memory and time
    stay proportional to ``data``. Lists may contain themselves.

    Raises
    ------
    UnpickleError
        For a truncated or damaged pickle, one of more opcodes than a million and one for each 20 bytes, or one that
        names anything but these types.
    """
    machine = _Machine(data)
    try:
        return machine.run()
    except UnpickleError:
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, struct.error) as error:
        raise UnpickleError('the pickle is damaged at byte {:,} ({}: {:.200}).'.format(
            machine.at, type(error).__name__, str(error))) from error


class _Machine:
    """The stack machine that a pickle is a program for."""

    def __init__(self, data):
        self.data, self.at = data, 0
        self.stack, self.marks, self.memo = [], [], {}
        self.spent = 0  # bytes that were copied a second time

    def run(self):
        push, most = self.stack.append, min(MAX_STEPS, FREE_STEPS + len(self.data) // BYTES_A_STEP)
        for _ in range(most):
            code = self.take(1)
            if code in _VALUES:
                push(_VALUES[code](self))
            elif code in _ACTIONS:
                _ACTIONS[code](self)
            elif code == pickle.STOP:
                return self.finish()
            elif code == pickle.INST:
                self.name(self.line(), self.line())
                self.refuse('an instance of that name')
            else:
                known = pickletools.code2op.get(code.decode('latin1'))
                self.refuse('opcode ' + (known.name if known else repr(code)))
        raise UnpickleError('the pickle has more than {:,} opcodes.'.format(most))

    def finish(self):
        if self.at != len(self.data):
            raise UnpickleError('{:,} bytes follow the pickle.'.format(len(self.data) - self.at))
        return self.stack.pop()

    def refuse(self, what):
        raise UnpickleError('refuses {} at byte {:,}: {}.'.format(what, self.at, _ADMITTED))

    def take(self, count):
        end = self.at + count
        if end > len(self.data):
            raise UnpickleError('the pickle is truncated or damaged: at byte {:,} it asks for {:,} more, {:,} are left.'
                                .format(self.at, count, len(self.data) - self.at))
        piece, self.at = self.data[self.at:end], end
        return piece

    def line(self):
        return self.take(self.data.index(b'\n', self.at) + 1 - self.at)[:-1]

    def uint(self, size):
        return int.from_bytes(self.take(size), 'little')

    def integer(self, size):
        if size > 16:
            self.refuse('an integer of {:,} bytes'.format(size))
        return int.from_bytes(self.take(size), 'little', signed=True)

    def decimal(self):
        text = self.line()
        if text in (b'00', b'01'):
            return text == b'01'
        if len(text) > MAX_DIGITS:
            self.refuse('an integer of {:,} digits'.format(len(text)))
        return int(text.rstrip(b'L'))

    def text(self, size):
        return self.take(size).decode('utf-8', 'surrogatepass')

    def pop(self, count):
        """Return the last ``count`` values of the stack, as a tuple."""
        if count > len(self.stack):
            raise IndexError('the stack is empty')
        values = tuple(self.stack[-count:])
        del self.stack[-count:]
        return values

    def pop_mark(self):
        mark = self.marks.pop()
        values = self.stack[mark:]
        del self.stack[mark:]
        return values

    def recall(self, key):
        value = self.memo[key]
        return value.value if isinstance(value, _Array) and value.value is not None else value

    def extend(self, values):
        if type(self.stack[-1]) is not list:
            self.refuse('to add to a {}'.format(type(self.stack[-1]).__name__))
        self.stack[-1].extend(values)

    def word(self, what, value):
        """A str, which Python 2 pickles as bytes. Of anything else only the type is said: its repr may never end."""
        value = value.decode('utf-8', 'replace') if type(value) is bytes else value
        if type(value) is not str:
            self.refuse('{} given as a {}'.format(what, type(value).__name__))
        return value

    def spend(self, count):
        """Count bytes that are made from others: once each, no file needs more than its own size."""
        self.spent += count
        if self.spent > len(self.data):
            self.refuse('to make more bytes than the file has')

    def name(self, module, name):
        module, name = (self.word('a name', value) for value in (module, name))
        text = '{}.{}'.format(module, name).replace('numpy._core.', 'numpy.core.')  # its name since NumPy 2
        if text not in _CALLS and text != 'numpy.ndarray':
            self.refuse('{!r:.100}'.format('{}.{}'.format(module, name)))
        return _Name(text)

    def reduce(self):
        function, arguments = self.pop(2)
        text = getattr(function, 'text', None)
        if text not in _CALLS or type(arguments) is not tuple:
            self.refuse('to call {}'.format(text or 'a ' + type(function).__name__))
        if len(arguments) > MAX_ARGUMENTS:
            self.refuse('a call with {:,} arguments'.format(len(arguments)))
        return _CALLS[text](self, *arguments)

    def build(self):
        target, state = self.pop(2)
        if isinstance(target, _Type):
            order = self.word('the order of bytes', state[1])
            if len(state) < 8 or state[2:5] != (None, None, None) or order not in ('|', '<', '>', '='):
                self.refuse('a NumPy type with fields')
            target.order = order
            self.stack.append(target)
        elif isinstance(target, _Array) and target.value is None:
            shape, kind, fortran, content = state[-4:]
            target.value = self.array(shape, kind, content, 'F' if fortran else 'C')
            self.stack.append(target.value)
        else:
            self.refuse('to set the state of a {}'.format(type(target).__name__))

    def new_array(self, kind, *_):
        if getattr(kind, 'text', None) != 'numpy.ndarray':
            self.refuse('an array of class {}'.format(getattr(kind, 'text', type(kind).__name__)))
        return _Array()

    def new_type(self, code, *_):
        code = self.word('the NumPy type', code)
        if code not in _TYPES:
            self.refuse('the NumPy type {!r:.40}'.format(code))
        return _Type(code)

    def array(self, shape, kind, content, order):
        if isinstance(kind, _Type) and kind.code in _OBJECTS:
            if type(content) is not list or shape != (len(content),):
                self.refuse('an array of objects but of shape (N,)')
            return content
        if type(shape) not in (list, tuple) or len(shape) > MAX_ARGUMENTS:
            self.refuse('an array of more than {} sides'.format(MAX_ARGUMENTS))
        if not isinstance(kind, _Type) or not isinstance(content, bytes) or not all(type(n) is int for n in shape):
            self.refuse('an array of {}'.format(type(content).__name__))
        dtype = np.dtype(kind.order + kind.code)
        if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(content):
            raise UnpickleError('an array of shape {} and type {} must have as many bytes, got {:,}, at byte {:,}.'
                                .format(shape, dtype, len(content), self.at))
        if dtype == np.bool_:
            self.spend(len(content))
            return np.ndarray(shape, np.uint8, content, order=order) != 0  # a true bool has no other bits
        return np.ndarray(shape, dtype, content, order=order)

    def scalar(self, kind, content):
        return self.array((), kind, content, 'C').item()

    def encode(self, text, codec):
        codec = self.word('the codec', codec)
        if codec not in ('latin1', 'latin-1'):
            self.refuse('to encode as {!r:.40}'.format(codec))
        self.spend(len(text))
        return text.encode('latin1')


def _bytearray(machine, content=b'', codec=None):
    if codec is not None:
        return machine.encode(content, codec)
    if type(content) is not bytes:
        machine.refuse('a bytearray of {}'.format(type(content).__name__))
    return content


def _float(machine):
    return struct.unpack('>d', machine.take(8))[0]


def _protocol(machine):
    version = machine.uint(1)
    if version > 5:
        raise UnpickleError('the pickle has protocol {}; 0 to 5 are known.'.format(version))


def _put(machine, key):
    machine.memo[key] = machine.stack[-1]


# opcode -> the value that it pushes
_VALUES = {
    pickle.NONE: lambda m: None,
    pickle.NEWTRUE: lambda m: True,
    pickle.NEWFALSE: lambda m: False,
    pickle.INT: _Machine.decimal,
    pickle.LONG: _Machine.decimal,
    pickle.BININT: lambda m: m.integer(4),
    pickle.BININT1: lambda m: m.uint(1),
    pickle.BININT2: lambda m: m.uint(2),
    pickle.LONG1: lambda m: m.integer(m.uint(1)),
    pickle.LONG4: lambda m: m.integer(m.uint(4)),
    pickle.FLOAT: lambda m: float(m.line()),
    pickle.BINFLOAT: _float,
    pickle.STRING: lambda m: codecs.escape_decode(m.line().strip()[1:-1])[0],
    pickle.BINSTRING: lambda m: m.take(m.uint(4)),
    pickle.SHORT_BINSTRING: lambda m: m.take(m.uint(1)),
    pickle.BINBYTES: lambda m: m.take(m.uint(4)),
    pickle.SHORT_BINBYTES: lambda m: m.take(m.uint(1)),
    pickle.BINBYTES8: lambda m: m.take(m.uint(8)),
    pickle.BYTEARRAY8: lambda m: m.take(m.uint(8)),
    pickle.UNICODE: lambda m: m.line().decode('raw-unicode-escape'),
    pickle.BINUNICODE: lambda m: m.text(m.uint(4)),
    pickle.SHORT_BINUNICODE: lambda m: m.text(m.uint(1)),
    pickle.BINUNICODE8: lambda m: m.text(m.uint(8)),
    pickle.EMPTY_LIST: lambda m: [],
    pickle.LIST: _Machine.pop_mark,
    pickle.EMPTY_TUPLE: lambda m: (),
    pickle.TUPLE: lambda m: tuple(m.pop_mark()),
    pickle.TUPLE1: lambda m: m.pop(1),
    pickle.TUPLE2: lambda m: m.pop(2),
    pickle.TUPLE3: lambda m: m.pop(3),
    pickle.GET: lambda m: m.recall(m.decimal()),
    pickle.BINGET: lambda m: m.recall(m.uint(1)),
    pickle.LONG_BINGET: lambda m: m.recall(m.uint(4)),
    pickle.GLOBAL: lambda m: m.name(m.line(), m.line()),
    pickle.STACK_GLOBAL: lambda m: m.name(*m.pop(2)),
    pickle.REDUCE: _Machine.reduce,
}

# opcode -> what it does
_ACTIONS = {
    pickle.PROTO: _protocol,
    pickle.FRAME: lambda m: m.uint(8),  # only a hint for buffering
    pickle.MARK: lambda m: m.marks.append(len(m.stack)),
    pickle.APPEND: lambda m: m.extend(m.pop(1)),
    pickle.APPENDS: lambda m: m.extend(m.pop_mark()),
    pickle.PUT: lambda m: _put(m, m.decimal()),
    pickle.BINPUT: lambda m: _put(m, m.uint(1)),
    pickle.LONG_BINPUT: lambda m: _put(m, m.uint(4)),
    pickle.MEMOIZE: lambda m: _put(m, len(m.memo)),
    pickle.BUILD: _Machine.build,
}

# name -> what calling it gives
_CALLS = {
    'numpy.core.multiarray._reconstruct': _Machine.new_array,
    'numpy.core.multiarray.scalar': _Machine.scalar,
    'numpy.core.numeric._frombuffer': lambda m, content, kind, shape, order: m.array(shape, kind, content, order),
    'numpy.dtype': _Machine.new_type,
    '_codecs.encode': _Machine.encode,
    '__builtin__.bytearray': _bytearray,
    'builtins.bytearray': _bytearray,
    '__builtin__.bytes': lambda m: b'',  # Python 3 writes no other bytes so, in protocols 0 to 2
}
