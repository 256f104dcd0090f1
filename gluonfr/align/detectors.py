"""Face detectors of other libraries behind one interface: a photograph in, faces with five points out."""
import os
import threading
from collections import namedtuple
from typing import Any, List, Optional

import cv2
import numpy as np

from ..compat import install_command
from ..data.image import resize
from ..utils.check import check_int, check_number
from ..utils.files import file_sha256, mxnet_home
from ..utils.registry import Registry

__all__ = ['DETECTORS', 'DetectorError', 'Face', 'get_detector']

DETECTORS = Registry('detector')

Face = namedtuple('Face', 'box score landmarks')
Face.__doc__ = """A face in a photograph, in its pixels.

box : float64 array, (4,)
    Left, top, right, bottom; may reach beyond the photograph.
score : float
    How sure the detector is, in [0, 1].
landmarks : float64 array, (5, 2)
    x and y of left eye, right eye, nose, left and right corner of the mouth, as seen in the picture.
"""

YUNET_FILE = 'face_detection_yunet_2023mar.onnx'
YUNET_URL = 'https://github.com/opencv/opencv_zoo/tree/main/models/face_detection_yunet'
YUNET_SHA256 = '8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4'


class DetectorError(ValueError):
    """A detector that failed on a photograph, with what its library said."""


def get_detector(name: str, **arguments: Any) -> 'Detector':
    """A face detector by its name: 'yunet' or 'mtcnn'.

    Parameters
    ----------
    name : str
    **arguments
        Of the class: see `YuNet` and `MTCNN`.

    Returns
    -------
    Detector

    Raises
    ------
    ValueError, TypeError
        An unknown name or argument; the message lists what there is.
    ImportError, FileNotFoundError
        The library or the weights are missing; the message says how to get them.
    """
    return DETECTORS.create(name, **arguments)


class Detector:
    """What all detectors have in common: `detect`, which several threads may call.

    Parameters
    ----------
    threshold : float, [0, 1]
        Faces with a lower score do not count.
    max_side : int, >= 32
        A photograph whose longer side has more pixels is detected at this size: larger finds smaller faces in it, and
        takes longer.
    """

    def __init__(self, threshold, max_side):
        owner = type(self).__name__
        self.threshold = check_number(owner, 'threshold', threshold, 0, 1)
        self.max_side = check_int(owner, 'max_side', max_side, 32)
        self._lock = threading.Lock()  # the libraries keep buffers of the image at hand

    def detect(self, image: np.ndarray) -> List[Face]:
        """Find the faces in a photograph.

        Parameters
        ----------
        image : uint8 array, (H, W, 3) RGB

        Returns
        -------
        list of Face
            From the highest score to the lowest.

        Raises
        ------
        ValueError
            It is no such image.
        DetectorError
            The library failed on it.
        """
        image = np.asarray(image)
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
            raise ValueError('{}: image must be uint8 of shape (H, W, 3), got {} of shape {}.'.format(
                type(self).__name__, image.dtype, image.shape))
        height, width = image.shape[:2]
        shrink = min(1, self.max_side / max(height, width))
        small = resize(image, (max(1, round(height * shrink)), max(1, round(width * shrink))))
        try:
            with self._lock:
                boxes, scores, landmarks = self._detect(np.ascontiguousarray(small))
        except (cv2.error, IndexError, RuntimeError) as error:
            raise DetectorError('{} failed on an image of {} x {}: {}'.format(
                type(self).__name__, height, width, ' '.join(str(error).split()))) from error
        ratio = np.array([width / small.shape[1], height / small.shape[0]])
        faces = [Face(box * np.tile(ratio, 2), float(score), points * ratio)
                 for box, score, points in zip(boxes, scores, landmarks) if np.isfinite(points).all()]
        return sorted(faces, key=lambda face: -face.score)

    def _detect(self, image):
        """Boxes (n, 4), scores (n,), landmarks (n, 5, 2), float64, in the pixels of an image that is small enough."""
        raise NotImplementedError


@DETECTORS.register('yunet')
class YuNet(Detector):
    """YuNet through OpenCV (4.8 or later), which gluonfr has anyway; its weights are a file of 0.2 MB, MIT licence.

    W. Wu, H. Peng, S. Yu, YuNet: A Tiny Millisecond-level Face Detector (Machine Intelligence Research 20, 2023). It
    finds faces of about 10 to 300 pixels, at the size that `max_side` makes of the photograph.

    Parameters
    ----------
    model : str or None
        The weights, an .onnx file. None: face_detection_yunet_2023mar.onnx in the folder models of MXNet's folder (the
        variable MXNET_HOME, by default ~/.mxnet), whose SHA-256 is checked.
    threshold, max_side
        As for `Detector`.

    Raises
    ------
    FileNotFoundError
        There are no weights; the message says where to get them.
    ValueError
        They are not those of YuNet, or not for this OpenCV.
    """

    def __init__(self, model: Optional[str] = None, threshold: float = 0.8, max_side: int = 640):
        super().__init__(threshold, max_side)
        path = model or os.path.join(mxnet_home(), 'models', YUNET_FILE)
        if not os.path.isfile(path):
            raise FileNotFoundError('YuNet: there are no weights {}. Download {} from {} to that place, or give the '
                                    'file with --detector-model (in Python: model).'.format(
                                        path, YUNET_FILE, YUNET_URL))
        if model is None and file_sha256(path) != YUNET_SHA256:
            raise ValueError('YuNet: {} must have the SHA-256 {}, got {}: download it again from {}, as a raw file.'
                             .format(path, YUNET_SHA256, file_sha256(path), YUNET_URL))
        try:
            self._net = cv2.FaceDetectorYN.create(path, '', (320, 320), self.threshold)
            self._net.detect(np.zeros((320, 320, 3), np.uint8))
        except (AttributeError, cv2.error) as error:
            raise ValueError('YuNet: OpenCV {} cannot run {}: it must be the weights of YuNet from {}, and OpenCV 4.8 '
                             'or later, got: {}'.format(cv2.__version__, path, YUNET_URL,
                                                        ' '.join(str(error).split())[:300])) from error

    def _detect(self, image):
        self._net.setInputSize(image.shape[1::-1])
        _, rows = self._net.detect(np.ascontiguousarray(image[:, :, ::-1]))
        rows = np.zeros((0, 15)) if rows is None else rows.astype(np.float64)
        # it names the points after the person's own right and left, which is the picture's left and right
        boxes = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:4]], axis=1)
        return boxes, rows[:, 14], rows[:, 4:14].reshape(-1, 5, 2)


@DETECTORS.register('mtcnn')
class MTCNN(Detector):
    """MTCNN through facenet-pytorch, whose wheel holds the weights: works without a network once it is installed.

    K. Zhang et al., Joint Face Detection and Alignment using Multi-task Cascaded Convolutional Networks
    (arXiv:1604.02878): the detector that the common training sets were aligned with. On the CPU.

    Parameters
    ----------
    threshold, max_side
        As for `Detector`.
    min_face : int, >= 12
        Smallest face that it looks for, in pixels of the photograph at `max_side`; larger is faster.

    Raises
    ------
    ImportError
        facenet-pytorch is missing.
    """

    def __init__(self, threshold: float = 0.8, max_side: int = 640, min_face: int = 20):
        super().__init__(threshold, max_side)
        self._min_face = check_int('MTCNN', 'min_face', min_face, 12)
        try:
            import facenet_pytorch
        except ImportError as error:
            raise ImportError('the detector mtcnn needs PyTorch and facenet-pytorch ({}): {}'.format(
                error, install_command('mtcnn'))) from error
        self._net = facenet_pytorch.MTCNN(keep_all=True, min_face_size=min_face)

    def _detect(self, image):
        found = None, None, None
        if min(image.shape[:2]) > self._min_face:  # it fails on an image without a place for a face
            found = self._net.detect(image, landmarks=True)
        if found[0] is None:
            return np.zeros((0, 4)), np.zeros(0), np.zeros((0, 5, 2))
        boxes, scores, landmarks = (np.asarray(values, np.float64) for values in found)  # arrays of objects
        kept = scores >= self.threshold
        return boxes[kept], scores[kept], landmarks[kept]
