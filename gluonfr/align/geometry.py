"""From five points of a face to the place and size that networks are trained with: a similarity and a warp."""
from typing import Sequence, Union

import cv2
import numpy as np

from ..data.five_points import FIVE_POINTS
from ..utils.messages import counted
from ..utils.types import ArrayLike, Size

__all__ = ['align_face', 'align_faces', 'similarity', 'template']

MARGIN = 2  # pixels around the part of a photograph that is warped, for the interpolation


def template(size: Size = 112) -> np.ndarray:
    """Where the five points stand in an aligned image.

    112 x 112 has the standard points. Height 112 and width 96, for which they were first given, is its middle: x is 8
    less. 128 x 128 has more around it: x is 8 greater, y the same. A multiple of 128, such as 256, has the points of
    128 multiplied, every other square those of 112, and 7 high to 6 wide those of 112 x 96.

    Parameters
    ----------
    size : int or (int, int)
        Pixels of a square's side, or (height, width).

    Returns
    -------
    numpy.ndarray, float64, (5, 2)
        x and y of left eye, right eye, nose, left and right corner of the mouth, as seen in the picture.

    Raises
    ------
    ValueError
        The size is neither a square nor 7 high to 6 wide.

    Examples
    --------
    >>> from gluonfr.align import template
    >>> print(template(112)[0], template((112, 96))[0])
    [38.2946 51.6963] [30.2946 51.6963]
    """
    height, width = image_size(size)
    if height == width and height % 128 == 0 and height % 112:
        return (FIVE_POINTS + [8, 0]) * (height / 128)
    if height == width:
        return FIVE_POINTS * (height / 112)
    if height * 6 == width * 7:
        return (FIVE_POINTS - [8, 0]) * (height / 112)
    raise ValueError('template: size must be a square such as 112 or 128, or 7 high to 6 wide such as (112, 96), got '
                     '({}, {}).'.format(height, width))


def image_size(size):
    """(height, width) of a size that may be one number."""
    height, width = (size, size) if np.ndim(size) == 0 else size
    if int(height) != height or int(width) != width or min(height, width) < 1:
        raise ValueError('template: size must be whole numbers >= 1, got {!r}.'.format(size))
    return int(height), int(width)


def similarity(landmarks: ArrayLike, points: ArrayLike) -> np.ndarray:
    """The rotation, scale and shift that bring points nearest to others, in the sense of least squares.

    With both sets centred and written as complex numbers p and q, it is multiplication by
    ``sum(conj(p) q) / sum(|p|^2)``: in two dimensions the solution of S. Umeyama, Least-squares estimation of
    transformation parameters between two point patterns (IEEE PAMI 13(4), 1991), which never mirrors, without its
    singular values.

    Parameters
    ----------
    landmarks : array, (5, 2) or (N, 5, 2)
        Where points are, (x, y) in pixels; there may be another number of them than 5.
    points : array, (5, 2)
        Where they belong, such as `template` gives.

    Returns
    -------
    numpy.ndarray, float64, (2, 3) or (N, 2, 3)
        M with M[:, :2] @ (x, y) + M[:, 2] = the new place.

    Raises
    ------
    ValueError
        Shapes do not fit, numbers are not finite, or points that all are one, or mirror the others in such a way that
        no turn is nearer than another.

    Examples
    --------
    >>> import numpy as np
    >>> from gluonfr.align import similarity, template
    >>> matrix = similarity(template() * 2 + 10, template())
    >>> print((np.round(matrix, 6) + 0).tolist())
    [[0.5, 0.0, -5.0], [0.0, 0.5, -5.0]]
    """
    source, target = np.asarray(landmarks, np.float64), np.asarray(points, np.float64)
    if source.ndim not in (2, 3) or source.shape[-2:] != target.shape or target.shape[-1:] != (2,):
        raise ValueError('similarity: landmarks must be (N, {0}, 2) or ({0}, 2), got {1} for points {2}.'.format(
            len(target), source.shape, target.shape))
    batch = source.reshape((-1,) + target.shape)
    with np.errstate(all='ignore'):  # what is not finite is refused below
        p, q = batch @ [1, 1j], target @ [1, 1j]
        centre, goal = p.mean(axis=1, keepdims=True), q.mean()
        spread = (np.abs(p - centre) ** 2).sum(axis=1)
        turn = ((p - centre).conj() * (q - goal)).sum(axis=1) / spread
        bad = ~np.isfinite(turn) | (spread <= 1e-12 * (1 + np.abs(centre[:, 0]) ** 2)) | (
            np.abs(turn) ** 2 * spread <= 1e-12 * (np.abs(q - goal) ** 2).sum())
    if bad.any():
        raise ValueError('similarity: landmarks must be finite and differ from each other, got {} for face {}.'.format(
            batch[bad][0].tolist(), int(np.argmax(bad))))
    shift = goal - turn * centre[:, 0]
    out = np.stack([np.stack([turn.real, -turn.imag, shift.real], axis=1),
                    np.stack([turn.imag, turn.real, shift.imag], axis=1)], axis=1)
    return out.reshape(source.shape[:-2] + (2, 3))


def align_face(image: np.ndarray, landmarks: ArrayLike, size: Size = 112) -> np.ndarray:
    """Cut a face out of a photograph, turned and scaled to the standard place.

    What lies outside of the photograph is black. A face that must shrink to less than half is first averaged over whole
    numbers of pixels, which a linear interpolation alone would skip.

    Parameters
    ----------
    image : uint8 array, (H, W, 3)
    landmarks : array, (5, 2)
        x and y in pixels of left eye, right eye, nose, left and right corner of the mouth, as seen in the picture.
    size : int or (int, int)
        As for `template`.

    Returns
    -------
    uint8 array, (height, width, 3)

    Raises
    ------
    ValueError
        For what is no such image, or landmarks that `similarity` refuses.

    Examples
    --------
    >>> import numpy as np
    >>> from gluonfr.align import align_face, template
    >>> photograph = np.zeros((300, 400, 3), np.uint8)
    >>> print(align_face(photograph, template() * 2 + 40).shape)
    (112, 112, 3)
    """
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or not image.size:
        raise ValueError('align_face: image must be uint8 of shape (H, W, 3), got {} of shape {}.'.format(
            image.dtype, image.shape))
    height, width = image_size(size)
    matrix = similarity(landmarks, template(size))
    x, y = corners(matrix, height, width).T
    # OpenCV 4 warps no image of 32,768 pixels a side or more: only the part with the face
    left, right = (int(np.clip(v, 0, image.shape[1])) for v in (x.min() - MARGIN, x.max() + MARGIN + 1))
    top, bottom = (int(np.clip(v, 0, image.shape[0])) for v in (y.min() - MARGIN, y.max() + MARGIN + 1))
    part = image[top:bottom, left:right]
    if not part.size:
        return np.zeros((height, width, image.shape[2]), np.uint8)
    matrix[:, 2] += matrix[:, :2] @ (left, top)
    step = int(1 / np.hypot(*matrix[:, 0]))
    if step > 1:
        new = [max(1, n // step) for n in part.shape[:2]]
        ratio = np.array([part.shape[1] / new[1], part.shape[0] / new[0]])
        part = cv2.resize(part, (new[1], new[0]), interpolation=cv2.INTER_AREA)
        matrix[:, 2] += matrix[:, :2] @ (0.5 * ratio - 0.5)  # the middle of a pixel stays the middle
        matrix[:, :2] *= ratio
    return cv2.warpAffine(np.ascontiguousarray(part), matrix, (width, height), flags=cv2.INTER_LINEAR)


def align_faces(images: Union[np.ndarray, Sequence[np.ndarray]], landmarks: ArrayLike, size: Size = 112) -> np.ndarray:
    """`align_face` for many: (N, height, width, 3) of N images, or of one image with N faces.

    Parameters
    ----------
    images : uint8 array (H, W, 3), or sequence of N of them
    landmarks : array, (N, 5, 2)
    size : int or (int, int)

    Returns
    -------
    uint8 array, (N, height, width, 3)
    """
    if isinstance(images, np.ndarray) and images.ndim == 3:
        images = [images] * len(landmarks)
    if len(images) != len(landmarks):
        raise ValueError('align_faces: there must be five points for each image, got {} for {}.'.format(
            len(landmarks), counted(len(images), 'image')))
    faces = [align_face(image, points, size) for image, points in zip(images, landmarks)]
    return np.stack(faces) if faces else np.zeros((0,) + image_size(size) + (3,), np.uint8)


def corners(matrix, height, width):
    """Where the corners of an aligned image lie in the photograph, (4, 2)."""
    inverse = np.linalg.inv(matrix[:, :2])
    return (np.array([[0, 0], [width, 0], [width, height], [0, height]]) - matrix[:, 2]) @ inverse.T
