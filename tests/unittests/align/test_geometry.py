"""gluonfr.align: the template, the similarity transform and the warp."""
import cv2
import numpy as np
import pytest

from gluonfr.align import align_face, align_faces, similarity, template


@pytest.mark.parametrize('size, first, last', [
    (112, (38.2946, 51.6963), (70.7299, 92.2041)), ((112, 112), (38.2946, 51.6963), (70.7299, 92.2041)),
    ((112, 96), (30.2946, 51.6963), (62.7299, 92.2041)), (128, (46.2946, 51.6963), (78.7299, 92.2041)),
    (224, (76.5892, 103.3926), (141.4598, 184.4082)), (256, (92.5892, 103.3926), (157.4598, 184.4082)),
    (28, (9.57365, 12.924075), (17.682475, 23.051025)), ((56, 48), (15.1473, 25.84815), (31.36495, 46.10205))])
def test_template(size, first, last):
    points = template(size)
    assert points.shape == (5, 2) and points.dtype == np.float64
    np.testing.assert_allclose(points[[0, 4]], [first, last], atol=1e-9)
    points[:] = 0
    assert template(size).any()  # what it gave is the caller's


@pytest.mark.parametrize('size', [(96, 112), (112, 100), 0, (0, 0), 11.5, (112, -112)])
def test_template_refuses(size):
    with pytest.raises(ValueError, match='template: size must be'):
        template(size)


def umeyama(source, target):
    """The paper's equations (34) to (43), with singular values; source and target (n, m)."""
    n, m = source.shape
    mean_x, mean_y = source.mean(axis=0), target.mean(axis=0)
    covariance = sum(np.outer(y - mean_y, x - mean_x) for x, y in zip(source, target)) / n
    u, d, vt = np.linalg.svd(covariance)
    s = np.ones(m)
    if np.linalg.det(u) * np.linalg.det(vt) < 0:
        s[-1] = -1
    rotation = u @ np.diag(s) @ vt
    scale = (d * s).sum() / ((source - mean_x) ** 2).sum() * n
    return np.column_stack([scale * rotation, mean_y - scale * rotation @ mean_x])


def landmark_sets(count=200):
    """Faces turned, scaled, shifted and disturbed, then points with no pattern, mirrored ones and ones on a line."""
    random = np.random.RandomState(0)
    angles, scales = random.uniform(-np.pi, np.pi, count), 10 ** random.uniform(-1, 1.5, count)
    turns = np.stack([np.cos(angles), -np.sin(angles), np.sin(angles), np.cos(angles)], axis=1).reshape(-1, 2, 2)
    faces = (template() @ turns.transpose(0, 2, 1) + random.randn(count, 5, 2) * 3) * scales[:, None, None]
    faces += random.uniform(-3000, 3000, (count, 1, 2))
    line = np.outer(np.arange(5), [3, 1]) + [40, 20]
    return np.concatenate([faces, random.randn(count, 5, 2) * 50, [template() * [-1, 1], line, faces[0] * [1, -1]]])


@pytest.mark.parametrize('size', [112, (112, 96), 128])
def test_similarity_is_umeyamas(size):
    sets = landmark_sets()
    found = similarity(sets, template(size))
    assert found.shape == (len(sets), 2, 3) and found.dtype == np.float64
    for landmarks, matrix in zip(sets, found):
        want = umeyama(landmarks, template(size))
        np.testing.assert_allclose(matrix, want, atol=1e-9 * np.abs(want).max())
        assert np.linalg.det(matrix[:, :2]) > 0  # never mirrored
        np.testing.assert_allclose(similarity(landmarks, template(size)), matrix, rtol=1e-12)


def test_similarity_is_scikit_images():
    transform = pytest.importorskip('skimage.transform', reason='pip install scikit-image')
    for landmarks in landmark_sets():
        theirs = transform.SimilarityTransform()
        assert theirs.estimate(landmarks, template(112))
        np.testing.assert_allclose(similarity(landmarks, template(112)), theirs.params[:2], rtol=1e-6, atol=1e-6)


def test_similarity_recovers_a_transform():
    matrix = np.array([[0.6, -0.8, 30], [0.8, 0.6, -7]]) * 2
    moved = template() @ matrix[:, :2].T + matrix[:, 2]
    np.testing.assert_allclose(similarity(template(), moved), matrix, atol=1e-9)


@pytest.mark.parametrize('landmarks, message', [
    (np.full((5, 2), 7.0), 'finite and differ'), (np.full((5, 2), 1e6 + 0.1), 'finite and differ'),
    (np.where(np.arange(10).reshape(5, 2) == 3, np.nan, template()), 'finite and differ'),
    (template() * [1, np.inf], 'finite and differ'), (template()[:4], r'\(N, 5, 2\) or \(5, 2\), got \(4, 2\)'),
    (template().ravel(), r'got \(10,\)'), (np.stack([template(), template() * 0]), 'for face 1')])
def test_similarity_refuses(landmarks, message):
    with pytest.raises(ValueError, match='similarity: landmarks must be .*' + message):
        similarity(landmarks, template())


def test_a_mirror_image_without_any_turn_is_refused():
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0.5, 0.5]])
    with pytest.raises(ValueError, match='finite and differ'):
        similarity(square * [-1, 1], square)


def picture(height, width):
    """A smooth picture: what a pixel holds changes little from one to the next."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 255 / width, y * 255 / height, (x + y) * 255 / (height + width)], axis=2).astype(np.uint8)


def test_an_aligned_face_stays_as_it_is():
    image = np.random.RandomState(0).randint(0, 256, (112, 112, 3), dtype=np.uint8)
    assert np.array_equal(align_face(image, template(112)), image)


def test_align_face_is_opencvs_warp():
    image, landmarks = picture(200, 300), template() * 0.8 + [90, 30] + np.random.RandomState(0).randn(5, 2)
    for size in (112, (112, 96), 128):
        matrix = similarity(landmarks, template(size))
        height, width = (size, size) if isinstance(size, int) else size
        want = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR)
        found = align_face(image, landmarks, size)
        assert found.shape == (height, width, 3) and found.dtype == np.uint8
        assert np.abs(found.astype(int) - want).max() <= 2  # OpenCV rounds places to 1/32 of a pixel


@pytest.mark.parametrize('scale', [2, 3, 5.5, 20])
def test_a_large_face_is_averaged(scale):
    """A chessboard of pixels is grey from afar; picking single pixels would leave black and white ones."""
    side = int(112 * scale)
    board = np.indices((side, side)).sum(axis=0) % 2 * 255
    found = align_face(np.repeat(board[:, :, None], 3, axis=2).astype(np.uint8), template() * scale)
    assert np.abs(found[2:-2, 2:-2].astype(int) - 127).max() < 40
    smooth = align_face(picture(side, side), template() * scale)  # and nothing moves
    assert np.abs(smooth[1:-1, 1:-1].astype(int) - picture(112, 112)[1:-1, 1:-1]).max() <= 3


def test_a_face_at_the_edge_of_a_picture_that_opencv_4_cannot_warp():
    image = np.full((60, 40000, 3), 200, np.uint8)
    found = align_face(image, template() * 0.5 + [39944, 0])
    assert (found[:108, :108] == 200).all()
    assert (align_face(image, template() + [39944, 0])[4:108, 60:] == 0).all()  # beyond the edge it is black
    assert (align_face(image, template() + [50000, 0]) == 0).all()


def test_align_faces():
    images = [picture(150, 150), picture(120, 200)]
    landmarks = np.stack([template() + 5, template() * 0.9])
    found = align_faces(images, landmarks, (112, 96))
    assert found.shape == (2, 112, 96, 3)
    for face, image, points in zip(found, images, landmarks):
        assert np.array_equal(face, align_face(image, points, (112, 96)))
    assert np.array_equal(align_faces(images[0], landmarks)[1], align_face(images[0], landmarks[1]))
    assert align_faces([], np.zeros((0, 5, 2)), 128).shape == (0, 128, 128, 3)
    with pytest.raises(ValueError, match='align_faces: there must be five points for each image, got 1 for 2'):
        align_faces(images, landmarks[:1])


@pytest.mark.parametrize('image', [np.zeros((112, 112), np.uint8), np.zeros((112, 112, 3)),
                                   np.zeros((0, 112, 3), np.uint8)])
def test_align_face_refuses(image):
    with pytest.raises(ValueError, match='align_face: image must be uint8'):
        align_face(image, template())
