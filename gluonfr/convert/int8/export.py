"""From a network to an 8-bit ONNX file with its certificate."""
import json
import os
import tempfile
from typing import Any, Dict, Sequence, Union

import numpy as np

from ...data.normalize import normalize
from ...data.opening import open_dataset, open_pairs
from ...deploy.images import Images
from ...deploy.net_files import NetFiles
from ...graph.onnx_file import import_onnx, note
from ...utils.files import atomic_path, file_sha256, is_path
from ...utils.types import PathLike
from ..from_files import to_onnx
from .certificate import certificate
from .quantize import quantize

__all__ = ['certificate_path', 'to_int8']

LEAST, MOST = 16, 128  # images to calibrate on


def to_int8(source: Union[PathLike, NetFiles], path: PathLike, calibration: Union[str, Sequence], *,
            verify: Union[str, Sequence[str]] = (), command: str = '', **options: Any) -> Dict[str, Any]:
    """Write a network as ONNX with layers in 8 bits (QDQ form), and beside it a certificate of what it is worth.

    Any runtime that knows QDQ computes it in int8: ONNX Runtime, OpenVINO, TensorRT. Nothing of MXNet is needed.
    On processors without VNNI instructions ONNX Runtime may clip sums of 8-bit products: verify it there.

    Parameters
    ----------
    source : str or NetFiles
        As for `to_onnx`.
    path : str
        The .onnx to write; the certificate is <path without .onnx>-int8.json.
    calibration : str or sequence
        Aligned faces as they will come, 16 at least: a folder, list or rec, or what an `Embedder` takes. 128 of them,
        from all over it, say which values each layer must be able to tell apart.
    verify : str or sequence of str
        .bin files of pairs, on which accuracy before and after is measured.
    command : str
        What the certificate says of how it was made.
    **options
        Of `to_onnx`: params, spec, normalise, l2, ...

    Returns
    -------
    dict
        The certificate: sizes, hashes, cosines with the float32 file, accuracy with its interval, versions.

    Raises
    ------
    ConvertError, FileNotFoundError, ImportError, TypeError, ValueError
        As `to_onnx`; too few images, or of another size; onnxruntime is missing.
    """
    onnx, path = import_onnx(), os.fspath(path)
    pairs = [open_pairs(name) for name in ([verify] if is_path(verify) else verify)]
    with tempfile.TemporaryDirectory() as folder:
        plain = os.path.join(folder, 'float32.onnx')
        spec = to_onnx(source, plain, **options)
        faces = _faces(calibration, spec.size)
        model = onnx.load(plain)
        made = quantize(model, normalize(faces, spec))
        note(made, {entry.key: entry.value for entry in model.metadata_props})
        with atomic_path(path) as temporary, atomic_path(certificate_path(path)) as said:
            onnx.save(made, temporary)
            written = os.path.join(folder, os.path.basename(path))
            onnx.save(made, written)
            found = certificate(plain, written, faces, pairs, command=command, source=_source(source))
            with open(said, 'w', newline='\n', encoding='utf-8') as stream:
                json.dump(found, stream, indent=1)
                stream.write('\n')
    return found


def certificate_path(path: str) -> str:
    """Where the certificate of an .onnx lies."""
    return os.path.splitext(path)[0] + '-int8.json'


def _faces(calibration, size):
    """Images to calibrate on, uint8 (N, H, W, 3), from all over what was given."""
    images = Images(open_dataset(calibration) if is_path(calibration) else calibration, size)
    if len(images) < LEAST:
        raise ValueError('to_int8: calibration must be at least {} faces such as will come, better {}, got {}: fewer '
                         'do not show which values each layer must tell apart.'.format(LEAST, MOST, len(images)))
    return np.stack([images.read(i)[0] for i in np.unique(np.linspace(0, len(images) - 1, MOST).astype(int))])


def _source(source):
    """What the certificate says of the network."""
    path = os.fspath(getattr(source, 'path', source))
    return {'file': os.path.basename(path), **({'sha256': file_sha256(path)} if os.path.isfile(path) else {})}
