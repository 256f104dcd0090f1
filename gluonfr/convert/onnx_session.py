"""ONNX Runtime on a file that was just written."""
import logging

import numpy as np

from ..compat import install_command
from ..graph.convert_error import ConvertError
from ..utils.messages import error_sentence

__all__ = ['check_runs_in_onnx', 'open_session']

TYPES = {'tensor(float16)': 'float16', 'tensor(uint8)': 'uint8', 'tensor(int32)': 'int32', 'tensor(double)': 'float64'}


def open_session(file, path, opset):
    """The session of an ONNX file that will lie at `path`; None, which is logged, where onnxruntime is missing."""
    try:
        import onnxruntime
    except ImportError:
        logging.getLogger('gluonfr').warning('%s is unverified: to check it, %s and export again', path,
                                             install_command('onnx'))
        return None
    try:
        return onnxruntime.InferenceSession(file, providers=['CPUExecutionProvider'])
    except Exception as error:  # its errors have no base of their own
        raise ValueError('export_onnx: opset must be one that the installed ONNX Runtime {} runs, so that the file '
                         'can be checked, got {}: {}'.format(onnxruntime.__version__, opset,
                                                             error_sentence(error))) from error


def check_runs_in_onnx(session, spec, count):
    """What a session takes, with its embedding_size; a ConvertError unless random images have finite embeddings."""
    fixed, given = (entry.shape[0] if entry.shape and isinstance(entry.shape[0], int) else None
                    for entry in (session.get_inputs()[0], session.get_outputs()[0]))
    try:
        rows = _rows(session, spec, fixed or count)
    except ConvertError:  # the number may be free in name only, as PyTorch writes it since 2.9
        if fixed:
            raise
        rows = _rows(session, spec, given or 1)
    return spec._replace(embedding_size=rows.shape[1])


def _rows(session, spec, count):
    """The embeddings of random images."""
    data = session.get_inputs()[0]
    levels = np.random.RandomState(0).randint(0, 256, (count,) + spec.shape)
    x = (levels - np.reshape(spec.mean, (-1, 1, 1))) / np.reshape(spec.std, (-1, 1, 1))
    try:
        rows = session.run(None, {data.name: x.astype(TYPES.get(data.type, 'float32'))})[0]
    except Exception as error:  # its errors have no base of their own
        raise ConvertError('ONNX Runtime cannot run the model on images {}: {}'.format(
            x.shape, error_sentence(error))) from error
    rows = rows.reshape(len(rows), -1)
    if len(rows) != count or not np.isfinite(rows).all():
        raise ConvertError('ONNX Runtime must give a finite embedding for each of {} images, got {}: are the weights '
                           'damaged?'.format(count, len(rows) if len(rows) != count else 'some that are not finite'))
    return rows
