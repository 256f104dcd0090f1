"""What engines that run ONNX models have in common: their input, and batches of any size."""
import threading
from collections import namedtuple
from contextlib import contextmanager

import numpy as np

from ...graph.source import note_classes
from ...utils.messages import error_sentence

__all__ = ['Declared', 'DeviceError', 'OnnxEngine']

Declared = namedtuple('Declared', 'shapes dtype output producer metadata')
Declared.__doc__ = """What a runtime says of a model.

shapes : list of list
    Of its inputs; an int where a side is fixed.
dtype : str
    Of the first input.
output : list
    Shape of the first output.
producer : str
metadata : dict of str to str
"""
WRITES_ONE = '`gluonfr export NET --onnx FILE --int8 --calibrate FACES` writes one.'
USUAL = (112, 112)  # height and width of a model that says none


class DeviceError(ValueError):
    """A device that is not there, which says nothing of the model."""


class OnnxEngine:
    """An ONNX model that a runtime runs.

    A subclass says how: `_open(model, device)` gives what is `Declared`, `_prepare(output shape)` gets it ready for
    images of ``spec.shape`` and sets ``batch``, how many a run takes (None for any number), and `_start(x, alone)`, of
    images for a run or, for any number, more, gives a function that waits for what comes of them; with `alone` nothing
    else is being computed, and it may take all cores.

    Parameters
    ----------
    net : TrainedNet
    precision : {'float32', 'bfloat16', 'int8'}
        As `check` allows.
    device : Device or None
        None for the CPU.
    """
    runtime = None  # as messages call it

    def __init__(self, net, precision='float32', device=None, calibration=None):
        model = net.model()
        self.precision = 'int8' if model.eight_bit else precision
        with self._runtime_errors(model):
            declared = self._open(model, device)
        shape = [side if isinstance(side, int) else None for side in declared.shapes[0]]
        size = tuple(shape[2:]) if all(shape[2:]) else USUAL
        fits = len(shape) == 4 and shape[1] in (1, 3, None) and len(declared.shapes) == 1
        if fits:
            self.spec = net.given_spec or model.read_input(size, shape[1], declared.producer, declared.metadata)
        if not fits or shape[1] not in (None, self.spec.shape[0]):
            raise ValueError('an ONNX network must have one input of images (B, 3, H, W), got {}.'.format(
                declared.shapes))
        self._type, self.batch = declared.dtype, shape[0]
        self._waiting, self._lock = 0, threading.Lock()  # how many calls' results nobody has taken
        with self._runtime_errors(model):
            self._prepare(declared.output)
        self.spec = self.spec._replace(embedding_size=self._run(self._two()).shape[1])
        if model.is_foreign:
            note_classes(model.name, self.spec.embedding_size)

    @contextmanager
    def _runtime_errors(self, model):
        """What a runtime says of a model that it cannot take, as a ValueError."""
        try:
            yield
        except (DeviceError, ImportError):
            raise
        except Exception as error:  # errors of the runtimes have no base of their own
            raise ValueError('{} is no model that {} can run: {}'.format(
                model.name, self.runtime, error_sentence(error))) from error

    @staticmethod
    def check_model(name, net, precision, calibrated):
        """Raise a ValueError or ImportError where a network or a precision is for no engine of this kind."""
        if net.is_half:
            raise ValueError("Embedder: engine must be 'mxnet' for a float16 network, got {!r}: or net.cast('float32')."
                             .format(name))
        if precision == 'int8' and not net.is_onnx:
            raise ValueError("Embedder: precision must not be 'int8' for engine {!r} but of ONNX files with layers in "
                             '8 bits. {}'.format(name, WRITES_ONE))
        eight_bit = net.model().eight_bit
        if precision == 'int8' and not eight_bit:
            raise ValueError("Embedder: precision must not be 'int8' for {}, which has no layers in 8 bits. {}".format(
                net.model().name, WRITES_ONE))
        if precision == 'bfloat16' and eight_bit:
            raise ValueError("Embedder: precision must be 'int8' for an ONNX file with layers in 8 bits, got "
                             "'bfloat16'.")
        if calibrated and precision == 'int8':
            raise ValueError("Embedder: calibration is for engine 'mxnet': a file with layers in 8 bits was calibrated "
                             'when it was written.')

    def submit(self, x):
        """Start on images (B, C, H, W); a function that waits for their embeddings, float32 (B, D)."""
        x = np.asarray(x, self._type)
        # a model for one size of batch gets each image as often as that
        parts = [x] if self.batch is None else [np.broadcast_to(image, (self.batch,) + image.shape) for image in x]
        with self._lock:
            alone = len(x) == 1 and not self._waiting
            self._waiting += 1
        try:
            started = [self._start(part, alone) for part in parts]
        except Exception as error:
            self._taken()
            raise self._failure(x, error) from error

        def wait():
            try:
                rows = [done() for done in started]
            except Exception as error:
                raise self._failure(x, error) from error
            finally:
                self._taken()
            rows = np.concatenate(rows if self.batch is None else [row[:1] for row in rows]).astype('float32')
            rows = rows.reshape(len(rows), -1)
            if len(rows) != len(x):
                raise ValueError('an ONNX network must give an embedding for each image, got {} for {}.'.format(
                    len(rows), len(x)))
            return rows

        return wait

    def _taken(self):
        with self._lock:
            self._waiting -= 1

    def _two(self):
        """Two images of noise."""
        return np.random.RandomState(0).uniform(-1, 1, (2,) + self.spec.shape)

    def _run(self, x):
        return self.submit(x)()

    def _failure(self, x, error):
        return ValueError('{} cannot run the model on images {}: {}'.format(self.runtime, x.shape,
                                                                            error_sentence(error)))
