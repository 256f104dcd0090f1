"""gluonfr.align: detectors behind one interface."""
import os
import threading

import cv2
import numpy as np
import pytest
from align_cases import SIDE, WHITE, YELLOW, photo, points, write_yunet

from gluonfr.align import DETECTORS, DetectorError, get_detector, template
from gluonfr.align.detectors import Detector
from gluonfr.data.image import read_image
from gluonfr.deploy import Embedder


@pytest.fixture(scope='module')
def yunet(tmp_path_factory):
    return get_detector('yunet', model=write_yunet(tmp_path_factory.mktemp('yunet') / 'marks.onnx'))


def test_names():
    assert DETECTORS.names() == ['mtcnn', 'yunet']
    with pytest.raises(ValueError, match="unknown detector 'yunnet'. Did you mean 'yunet'"):
        get_detector('yunnet')


def test_yunet_gives_boxes_scores_and_landmarks(yunet):
    faces = yunet.detect(photo(300, 413, [(96, 104), (240, 40, WHITE)]))
    assert len(faces) == 2 and all(face.score == pytest.approx(1, abs=1e-3) for face in faces)
    faces.sort(key=lambda face: face.box[0])
    for face, (x, y, scale) in zip(faces, [(96, 104, 1), (240, 40, 2)]):
        half = SIDE * scale / 2
        np.testing.assert_allclose(face.box, [x + 4 - half, y + 4 - half, x + 4 + half, y + 4 + half], atol=0.1)
        np.testing.assert_allclose(face.landmarks, points(x, y, scale), atol=0.1)
    left, right, nose, mouth_left, mouth_right = faces[0].landmarks
    assert left[0] < nose[0] < right[0] and mouth_left[0] < mouth_right[0] and left[1] < nose[1] < mouth_left[1]


def test_the_highest_score_is_first_and_low_ones_do_not_count(yunet):
    shades = [(x, 40, (shade, shade, 0)) for x, shade in ((40, 215), (120, 255), (200, 235), (280, 150))]
    faces = yunet.detect(photo(96, 400, shades))
    assert [round(face.landmarks[2, 0]) for face in faces] == [124, 204, 44]
    assert [face.score for face in faces] == sorted((face.score for face in faces), reverse=True)


def test_a_large_photograph_is_detected_smaller(yunet):
    large = cv2.resize(photo(480, 640, [(96, 104)]), (2560, 1920), interpolation=cv2.INTER_NEAREST)
    face, = yunet.detect(large)
    np.testing.assert_allclose(face.landmarks, points(96, 104) * 4, atol=0.5)
    assert yunet.detect(photo(480, 1280, [(96, 104)])) == []  # a mark too small at that size


@pytest.mark.parametrize('size', [(1, 1), (8, 8), (1, 700), (700, 1), (33, 500), (20, 20)])
def test_small_and_narrow_photographs(yunet, size):
    assert yunet.detect(photo(*size, [])) == []


def test_colours_are_rgb(yunet):
    """YuNet takes BGR: a cyan mark would have a large box if the channels were swapped, a yellow one a small one."""
    (yellow,), (cyan,) = (yunet.detect(photo(96, 96, [(40, 40, colour)])) for colour in (YELLOW, (0, 255, 255)))
    assert np.ptp(yellow.box[::2]) == pytest.approx(SIDE, abs=0.1)
    assert np.ptp(cyan.box[::2]) == pytest.approx(2 * SIDE, abs=0.1)


def test_several_threads(yunet):
    found = {}
    images = [photo(64 + 8 * i, 96, [(8 * i, 16)]) for i in range(8)]
    threads = [threading.Thread(target=lambda i=i: found.update({i: yunet.detect(images[i])})) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i in range(8):
        np.testing.assert_allclose(found[i][0].landmarks, points(8 * i, 16), atol=0.1)


@pytest.mark.parametrize('image', [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 3)), np.zeros((0, 9, 3), np.uint8)])
def test_no_image(yunet, image):
    with pytest.raises(ValueError, match='YuNet: image must be uint8'):
        yunet.detect(image)


def test_weights_that_are_missing_or_wrong(tmp_path, monkeypatch):
    monkeypatch.setenv('MXNET_HOME', str(tmp_path))
    with pytest.raises(FileNotFoundError, match='face_detection_yunet_2023mar.onnx. Download .* --detector-model'):
        get_detector('yunet')
    (tmp_path / 'models').mkdir()
    write_yunet(tmp_path / 'models' / 'face_detection_yunet_2023mar.onnx')
    with pytest.raises(ValueError, match='must have the SHA-256 8f2383e4'):
        get_detector('yunet')
    (tmp_path / 'text.onnx').write_text('version https://git-lfs.github.com/spec/v1')  # what a clone without LFS has
    with pytest.raises(ValueError, match='cannot run .*text.onnx: it must be the weights of YuNet'):
        get_detector('yunet', model=str(tmp_path / 'text.onnx'))


@pytest.mark.parametrize('arguments, message', [
    ({'threshold': 1.5}, 'threshold must be in'), ({'max_side': 8}, 'max_side must be >= 32')])
def test_parameters(arguments, message):
    with pytest.raises(ValueError, match='YuNet: ' + message):
        get_detector('yunet', **arguments)


@pytest.mark.parametrize('fail', [
    lambda: cv2.resize(np.zeros((0, 0, 3)), (2, 2)), lambda: np.zeros(3)[4], lambda: np.zeros(3).swap])
def test_a_failure_of_the_library_is_a_detector_error(fail):
    class Fails(Detector):
        def _detect(self, image):
            fail()

    kind = AttributeError if 'swap' in fail.__code__.co_names else DetectorError  # a mistake of ours is not hidden
    with pytest.raises(kind, match='^Fails failed on an image of 64 x 96: ' if kind is DetectorError else 'swap'):
        Fails(0.5, 640).detect(photo(64, 96, []))


def test_mtcnn_finds_real_faces_again(test_data):
    """Aligned faces of LFW in the middle of larger pictures: landmarks near the template, embeddings near the first."""
    pytest.importorskip('facenet_pytorch', reason='pip install facenet-pytorch')
    folder, symbol = test_data('lfw/aligned'), test_data('weights/insightface_mobilefacenet_y1/model-symbol.json')
    detector = get_detector('mtcnn', max_side=320)
    faces = [read_image(str(folder / name / (name + '_0001.jpg'))) for name in sorted(os.listdir(str(folder)))[:2]]
    large = np.full((2, 240, 320, 3), 127, np.uint8)
    large[:, 60:172, 100:212] = faces
    for image in large:
        found = detector.detect(image)[0]
        assert found.score > 0.9 and np.abs(found.landmarks - template() - [100, 60]).max() < 8
    embedder = Embedder(str(symbol))
    assert ((embedder(large, detect=detector) * embedder(faces)).sum(axis=1) > 0.9).all()
    for empty in (large[0, :50] * 0, large[0, :3, :3] * 0, large[0, :19, :300] * 0):
        assert detector.detect(empty) == []


def test_mtcnn_says_what_to_install():
    try:
        import facenet_pytorch  # noqa: F401
    except ImportError:
        with pytest.raises(ImportError, match=r'mtcnn needs PyTorch and facenet-pytorch .*pip install .*\[mtcnn\]'):
            get_detector('mtcnn')
    else:
        pytest.skip('facenet-pytorch is installed')
