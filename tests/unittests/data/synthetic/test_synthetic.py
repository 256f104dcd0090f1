"""SyntheticFaces: the same image whoever reads it, people who differ, landmarks where the features are drawn, pairs."""
import hashlib
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from gluonfr.data.synthetic import person as synthetic_person
from gluonfr.data.five_points import FIVE_POINTS
from gluonfr.data.synthetic import SyntheticFaces
from gluonfr.data.synthetic.draw import draw
from gluonfr.data.synthetic.person import EXPRESSIONS, person, stream
from gluonfr.data.synthetic.scene import OCCLUSIONS, positions, scene


def images_of(dataset, order=None):
    return np.stack([dataset.read(i)[0] for i in (range(len(dataset)) if order is None else order)])


def sha(dataset):
    return hashlib.sha256(images_of(dataset).tobytes()).hexdigest()


# the dataset protocol

@pytest.mark.mxnet
def test_labels_ranges_and_both_ways_to_read():
    faces = SyntheticFaces(3, 4, size=64)
    assert len(faces) == 12 and faces.num_classes == 3
    assert faces.labels.dtype == np.int64 and faces.labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert faces.ranges.dtype == np.int64 and faces.ranges.tolist() == [[0, 4], [4, 8], [8, 12]]
    image, label = faces.read(np.int64(5))
    assert isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.shape == (64, 64, 3)
    assert type(label) is int and label == 1
    array, label = faces[5]
    assert array.dtype == np.uint8 and type(label) is int and label == 1
    np.testing.assert_array_equal(array.asnumpy(), image)
    np.testing.assert_array_equal(faces.read(-7)[0], image)
    assert '3 people x 4 images' in repr(faces)


@pytest.mark.parametrize('method', ['read', '__getitem__', 'landmarks'])
@pytest.mark.parametrize('index', [12, -13])
def test_an_index_beyond_the_images_is_refused(method, index):
    with pytest.raises(IndexError, match=r'SyntheticFaces: index must be in \[-12, 11\], got {}'.format(index)):
        getattr(SyntheticFaces(3, 4, size=64), method)(index)


@pytest.mark.mxnet
def test_transform_gets_image_and_label():
    faces = SyntheticFaces(2, 2, size=64, transform=lambda image, label: (image.astype('float32') / 255, -label))
    image, label = faces[3]
    assert image.dtype == np.float32 and image.max().asscalar() <= 1 and label == -1
    assert faces.read(3)[0].dtype == np.uint8


@pytest.mark.mxnet
@pytest.mark.parametrize('workers', [dict(num_workers=0), dict(num_workers=2), dict(num_workers=2, thread_pool=True)])
def test_gluon_data_loader(workers):
    from mxnet import gluon
    faces = SyntheticFaces(3, 4, size=64)
    batches = list(gluon.data.DataLoader(faces, batch_size=6, **workers))
    assert [label.asnumpy().tolist() for _, label in batches] == faces.labels.reshape(2, 6).tolist()
    np.testing.assert_array_equal(np.concatenate([image.asnumpy() for image, _ in batches]), images_of(faces))


# determinism

def test_order_and_company_make_no_difference():
    faces = SyntheticFaces(6, 5, seed=3)
    order = np.random.RandomState(0).permutation(len(faces))
    expected = images_of(faces)
    synthetic_person.person.cache_clear()
    np.testing.assert_array_equal(images_of(pickle.loads(pickle.dumps(faces)), order), expected[order])
    np.random.seed(99)
    other = SyntheticFaces(4, 9, seed=3, first_identity=2)  # the same people from number 2 on, more images of each
    np.testing.assert_array_equal(images_of(other).reshape(4, 9, 112, 112, 3)[:, :5],
                                  expected.reshape(6, 5, 112, 112, 3)[2:])
    assert (images_of(SyntheticFaces(6, 5, seed=4)) != expected).mean() > .8


def test_threads_and_processes_read_the_same():
    faces = SyntheticFaces(4, 4, size=64)
    expected = sha(faces)
    synthetic_person.person.cache_clear()
    with ThreadPoolExecutor(4) as pool:
        for images in pool.map(images_of, [faces] * 4):
            assert hashlib.sha256(images.tobytes()).hexdigest() == expected
    code = ('import hashlib, numpy as np; from gluonfr.data.synthetic import SyntheticFaces; '
            'faces = SyntheticFaces(4, 4, size=64); images = np.stack([faces.read(i)[0] for i in range(16)]); '
            'print(hashlib.sha256(images.tobytes()).hexdigest())')
    assert subprocess.check_output([sys.executable, '-c', code], text=True).strip() == expected


def test_the_numbers_behind_it_never_change():
    # NumPy freezes RandomState and defines Philox: other numbers here are other people in everyone's stored results
    assert stream(1, 2, 3).random_sample(3).tolist() == [0.06344102965932141, 0.707504754819708, 0.27756060377104574]
    keys = [(0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0), (2 ** 32 - 1,) * 3]
    assert len({stream(*key).random_sample() for key in keys}) == len(keys)


# what is drawn

@pytest.mark.parametrize('size', [32, 64, 65, 112, 160, 224])
def test_size_is_only_a_resolution(size):
    small, large = SyntheticFaces(4, 2, size=size, seed=1), SyntheticFaces(4, 2, size=336, seed=1)
    for i in range(len(small)):
        shrunk = cv2.resize(large.read(i)[0], (size, size), interpolation=cv2.INTER_AREA).astype(float)
        assert small.read(i)[0].shape == (size, size, 3)
        assert np.abs(cv2.blur(small.read(i)[0].astype(float) - shrunk, (5, 5))).mean() < 8
        np.testing.assert_allclose((small.landmarks(i) + .5) / size, (large.landmarks(i) + .5) / 336, atol=1e-5)


def test_difficulty_0_leaves_only_noise_between_images_of_a_person():
    faces = SyntheticFaces(5, 4, difficulty=0)
    images = images_of(faces).reshape(5, 4, 112, 112, 3).astype(float)
    within = np.abs(images[:, 1:] - images[:, :1])
    assert 0 < within.mean() < 2.5 and within.max() < 20
    assert np.abs(images[1:] - images[:-1]).mean() > 10
    for i in range(len(faces)):
        np.testing.assert_array_equal(faces.landmarks(i), faces.landmarks(i // 4 * 4))


def test_difficulty_scales_the_difference_between_images_of_a_person():
    spread = []
    for difficulty in (0, .3, 1, 2):
        images = images_of(SyntheticFaces(8, 5, size=64, difficulty=difficulty)).reshape(8, 5, -1).astype(float)
        spread.append(images.std(axis=1).mean())
    assert spread[0] < 2.5 < 2 * spread[0] < spread[1] and 1.5 * spread[1] < spread[2] and spread[2] < spread[3]


def test_a_person_resembles_himself_more_than_others_but_not_by_pixels_alone():
    faces = SyntheticFaces(60, 8, size=32)
    vectors = images_of(faces).reshape(len(faces), -1).astype(np.float32)
    vectors -= vectors.mean(axis=0)
    axes = np.linalg.svd(vectors, full_matrices=False)[2][:64]
    vectors = vectors @ axes.T
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index0, index1, issame = faces.pairs(1600)
    score = (vectors[index0] * vectors[index1]).sum(axis=1)
    assert score[issame].mean() > score[~issame].mean() + .1
    accuracy = max(((score > threshold) == issame).mean() for threshold in score)
    assert .6 < accuracy < .85, 'neither noise nor trivial'


def test_no_two_people_are_alike():
    people = SyntheticFaces(200, 1, size=32, difficulty=0)
    images = images_of(people).reshape(200, -1).astype(np.float32)
    squares = (images ** 2).sum(axis=1)
    distance = np.sqrt(np.maximum(squares[:, None] + squares - 2 * images @ images.T, 0) / images.shape[1])
    assert distance[~np.eye(200, dtype=bool)].min() > 6, 'root mean square, grey levels'


def turned(**settings):
    """A scene at difficulty 0, with another pose or expression."""
    made = scene(stream(0, 0, 1), 0.)
    expression = dict(zip(EXPRESSIONS, made.expression))
    vars(made).update({name: value for name, value in settings.items() if name not in EXPRESSIONS})
    made.expression = np.array([settings.get(name, expression[name]) for name in EXPRESSIONS], np.float32)
    return made


POSES = [dict(), dict(yaw=.5), dict(yaw=-.5, roll=.2, zoom=.1), dict(pitch=.3, shift_x=6, shift_y=-4), dict(pitch=-.3),
         dict(smile=1., open=.6), dict(smile=-.5, zoom=-.15, lift=1.)]


@pytest.mark.parametrize('pose', POSES, ids=str)
@pytest.mark.parametrize('size', [112, 200])
def test_landmarks_lie_on_the_features_that_are_drawn(pose, size):
    """A feature painted in another colour shows where it is."""
    made, limit = turned(**pose), 3.5 * size / 112
    for identity in range(12):
        who = person(0, identity)

        def painted(who=who, **colours):
            other = who._replace(traits=SimpleNamespace(**{**vars(who.traits), 'glasses': False, **colours}))
            return draw(other, made, size).astype(int)

        marks = positions(who, made, size)[who.slices['landmarks']]
        plain = painted()
        iris = np.abs(painted(eyes=np.array([0., 255, 0])) - plain).max(axis=2) > 25
        lips = np.abs(painted(lips=np.array([0., 255, 0])) - plain).max(axis=2) > 25
        middle = int(marks[:2, 0].mean())
        for mark, left in zip(marks[:2], (0, middle)):
            y, x = np.argwhere(iris[:, left:left + (middle if left == 0 else size)]).mean(axis=0)
            assert np.hypot(x + left - mark[0], y - mark[1]) < limit, identity
        y, x = np.nonzero(lips)
        for mark, corner in zip(marks[3:], (x.argmin(), x.argmax())):
            assert np.hypot(x[corner] - mark[0], y[corner] - mark[1]) < limit, identity
        assert marks[0, 0] < marks[2, 0] < marks[1, 0] and marks[:2, 1].max() < marks[2, 1] < marks[3:, 1].min()


def test_landmarks_lie_near_the_alignment_template():
    for difficulty, limit, mean in ((0, 8, 3), (1, 16, 5)):
        faces = SyntheticFaces(50, 4, difficulty=difficulty)
        off = np.stack([faces.landmarks(i) for i in range(len(faces))]) - FIVE_POINTS
        assert off.dtype == np.float64 and faces.landmarks(0).dtype == np.float32 and faces.landmarks(0).shape == (5, 2)
        distance = np.hypot(off[..., 0], off[..., 1])
        assert distance.max() < limit and distance.mean() < mean
        assert np.abs(off.mean(axis=(0, 1))).max() < .6, 'no shift on average'


def test_a_turn_brings_the_eyes_together():
    front, aside = (positions(person(0, 0), turned(yaw=yaw), 112) for yaw in (0, .6))
    marks = person(0, 0).slices['landmarks']
    ratio = [np.hypot(*(m[1] - m[0])) / np.hypot(*(m[3:].mean(axis=0) - m[:2].mean(axis=0)))
             for m in (front[marks], aside[marks])]
    assert ratio[1] == pytest.approx(ratio[0] * np.cos(.6), rel=.1)


@pytest.mark.parametrize('occlusion', OCCLUSIONS)
def test_occlusions_hide_part_of_the_face(occlusion):
    for identity in range(15):
        made = scene(stream(0, identity, 1), 1.)
        images = []
        for made.occlusion in (None, occlusion):
            images.append(draw(person(0, identity), made, 112).astype(int))
        changed = np.abs(images[1] - images[0]).max(axis=2) > 3
        assert .01 < changed.mean() < .75, identity


def test_every_kind_of_person_and_scene_occurs():
    people = [person(0, i).traits for i in range(300)]
    assert {t.style for t in people} == {'bald', 'short', 'fringe', 'long'}
    assert {t.beard for t in people} == {None, 'stubble', 'moustache', 'goatee', 'full'}
    assert {t.glasses for t in people} == {t.freckles for t in people} == {False, True}
    scenes = [scene(stream(0, 0, i), 1.) for i in range(300)]
    assert {s.occlusion for s in scenes} == {None, *OCCLUSIONS}
    assert .1 < np.mean([s.occlusion is not None for s in scenes]) < .3
    assert {s.asleep for s in scenes} == {s.blocks for s in scenes} == {False, True}
    assert any(s.shadow for s in scenes) and any(s.saturation == 0 for s in scenes)
    assert any(s.shrink < 1 for s in scenes)


def test_an_absurd_difficulty_still_draws():
    faces = SyntheticFaces(10, 5, size=64, difficulty=50)
    assert images_of(faces).std() > 20
    marks = np.stack([faces.landmarks(i) for i in range(len(faces))])
    assert np.isfinite(marks).all() and (marks > -10).all() and (marks < 74).all()


# pairs

@pytest.mark.parametrize('identities, images, count', [(40, 6, 600), (5, 3, 30), (2, 2, 4), (20000, 20, 6000)])
def test_pairs(identities, images, count):
    faces = SyntheticFaces(identities, images)
    index0, index1, issame = faces.pairs(count, seed=1)
    assert index0.shape == index1.shape == issame.shape == (count,)
    assert index0.dtype == index1.dtype == np.int64 and issame.dtype == bool
    assert min(index0.min(), index1.min()) >= 0 and max(index0.max(), index1.max()) < len(faces)
    np.testing.assert_array_equal(faces.labels[index0] == faces.labels[index1], issame)
    assert (index0 != index1).all()
    assert len({frozenset(pair) for pair in zip(index0.tolist(), index1.tolist())}) == count, 'no pair twice'
    assert (issame.reshape(-1, 2).sum(axis=1) == 1).all(), 'balanced everywhere'
    again = SyntheticFaces(identities, images, difficulty=0).pairs(count, seed=1)
    np.testing.assert_array_equal(again[0], index0)
    if count > 4:  # four pairs of four images leave little choice
        assert (faces.pairs(count, seed=2)[0] != index0).any()


def test_pairs_take_all_there_are_and_every_image():
    faces = SyntheticFaces(4, 4)
    index0, index1, issame = faces.pairs(48)  # 4 x 6 pairs of one person
    assert len(set(zip(index0[issame], index1[issame]))) == 24
    seen = np.bincount(np.concatenate(SyntheticFaces(50, 6).pairs(1400)[:2]), minlength=300)
    assert seen.min() > 0 and seen.max() < 30, 'no image or person is preferred'


# bad input

@pytest.mark.parametrize('arguments, message', [
    (dict(identities=0), 'identities must be >= 1, got 0'),
    (dict(images_per_identity=0), 'images_per_identity must be >= 1, got 0'),
    (dict(images_per_identity=1.5), 'images_per_identity must be a whole number'),
    (dict(seed=-1), r'seed must be in \[0, 4.29497e\+09\], got -1'), (dict(seed=2 ** 32), 'seed must be in'),
    (dict(size=31), r'size must be in \[32, 1024\], got 31'), (dict(size=1025), 'size must be in'),
    (dict(difficulty=-.1), 'difficulty must be >= 0, got -0.1'), (dict(difficulty=np.nan), 'difficulty must be'),
    (dict(difficulty=np.inf), 'difficulty must be'), (dict(first_identity=-1), 'first_identity must be in')])
def test_bad_values(arguments, message):
    with pytest.raises(ValueError, match='SyntheticFaces: ' + message):
        SyntheticFaces(**{**dict(identities=2, images_per_identity=2), **arguments})


@pytest.mark.parametrize('arguments', [dict(identities='2'), dict(size=None), dict(difficulty=True)])
def test_bad_types(arguments):
    with pytest.raises(TypeError, match='SyntheticFaces: {} must be a number'.format(*arguments)):
        SyntheticFaces(**{**dict(identities=2, images_per_identity=2), **arguments})
