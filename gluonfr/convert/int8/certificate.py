"""What an 8-bit file is worth, measured beside the float32 file that it was made of."""
import hashlib
import os
import platform

import numpy as np

from ...data.pairs import BinFile
from ...deploy.embedder import Embedder
from ...deploy.verify import PairImages, score_pairs
from ...metrics import clopper_pearson
from ...utils.files import file_sha256
from ...version import __version__

__all__ = ['certificate']

FORMAT = 'gluonfr-int8-1'
ACCURACY = ('acc', 'std', 'threshold', 'tar@0.001', 'auc')


def certificate(before, after, images, pairs, **facts):
    """Measure an 8-bit file.

    Parameters
    ----------
    before, after : str
        The float32 and the 8-bit .onnx.
    images : uint8 array (N, H, W, 3)
        Those it was calibrated on.
    pairs : list of (str, BinFile)
        Verification sets and their names.
    **facts
        What else is known (JSON values).

    Returns
    -------
    dict
        JSON values: sizes and hashes of both files, the mean and lowest cosine of their embeddings on each set of
        images, accuracy of both with its 95 % interval (Clopper-Pearson), and versions.
    """
    import onnx
    import onnxruntime
    embedders = [Embedder(path, engine='onnxruntime') for path in (before, after)]
    # only its path names the temporary float32 file
    said = {'format': FORMAT, **facts,
            'float32': {'bytes': os.path.getsize(before), 'sha256': file_sha256(before)},
            'int8': {'file': os.path.basename(after), 'bytes': os.path.getsize(after), 'sha256': file_sha256(after)},
            'calibration': {'images': len(images), 'sha256': hashlib.sha256(images.tobytes()).hexdigest(),
                            **_cosines([embedder(images) for embedder in embedders])},
            'verification': []}
    for name, found in pairs:
        embeddings = [embedder(PairImages(found), progress=name) for embedder in embedders]
        said['verification'].append({
            'set': name, 'pairs': len(found), 'sha256': found.sha256, **_cosines(embeddings),
            'float32': _accuracy(embeddings[0], found, name), 'int8': _accuracy(embeddings[1], found, name)})
    said['versions'] = {'gluonfr': __version__, 'onnx': onnx.__version__, 'onnxruntime': onnxruntime.__version__,
                        'numpy': np.__version__, 'python': platform.python_version(), 'machine': platform.machine()}
    return said


def _cosines(embeddings):
    """Of embeddings of length 1 in float32 with those in 8 bits."""
    cosines = np.sum(embeddings[0].astype('float64') * embeddings[1], axis=1)
    return {'mean_cosine': round(float(cosines.mean()), 6), 'lowest_cosine': round(float(cosines.min()), 6)}


def _accuracy(embeddings, pairs: BinFile, name):
    row = score_pairs(embeddings, pairs.issame, name).row
    low, high = clopper_pearson(int(round(row['acc'] * row['pairs'])), row['pairs'])
    return {**{key: row[key] for key in ACCURACY}, 'interval': [round(float(low), 5), round(float(high), 5)]}
