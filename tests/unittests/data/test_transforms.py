"""Augmentations: no change at strength 0, the same for the same generator, their statistics."""
import cv2
import numpy as np
import pytest

from gluonfr.data import transforms as T
from gluonfr.data.image import decode, encode, resize

RANDOM = [T.Mirror(), T.Crop(), T.Crop(0, (.5, .9)), T.Crop(7, (1, 1)), T.Photometric(), T.Photometric(.5, .5, 1, .5),
          T.LowResolution(p=1), T.JPEGQuality(p=1), T.Erase(p=1), T.Erase((.5, 1), (.1, 10), 1, fill=3),
          T.Compose([T.Crop(), T.LowResolution(p=1), T.Erase(p=1)]),
          T.augmentation('mirror,crop,photometric,lowres,jpeg,erase')]
NOTHING = [T.Mirror(0), T.Crop(0, (1, 1)), T.Photometric(0, 0, 0), T.LowResolution(p=0), T.LowResolution((1, 1), 1),
           T.JPEGQuality(p=0), T.Erase(p=0), T.Erase((0, 0), p=1), T.Compose([]), T.augmentation(''),
           T.Resize((40, 30)), T.CenterCrop((40, 30))]


def name(transform):
    return type(transform).__name__ if callable(transform) else None


def smooth(height=40, width=30, channels=3, seed=0):
    """Shapes of many colours without extreme values, read only."""
    noise = np.random.RandomState(seed).randint(40, 200, (6, 5, channels)).astype(np.uint8)
    image = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC).reshape(height, width, channels)
    image.flags.writeable = False
    return image


def many(transform, image, count=400):
    random = np.random.RandomState(0)
    return [transform(image, random) for _ in range(count)]


@pytest.mark.parametrize('channels', [1, 3])
@pytest.mark.parametrize('transform', NOTHING, ids=name)
def test_identity_at_strength_0(transform, channels):
    image = smooth(channels=channels)
    np.testing.assert_array_equal(transform(image, np.random.RandomState(1)), image)


@pytest.mark.parametrize('size', [(40, 30, 3), (40, 30, 1), (1, 1, 3), (3, 50, 3), (112, 112, 3)])
@pytest.mark.parametrize('transform', RANDOM, ids=name)
def test_shape_type_input_and_generator(transform, size):
    image = smooth(*size)
    before = image.copy()
    runs = []
    for _ in range(2):
        random = np.random.RandomState(5)
        runs.append([transform(image, random) for _ in range(10)])
        np.random.seed(17)
        cv2.setRNGSeed(17)
    for a, b in zip(*runs):
        assert a.shape == size and a.dtype == np.uint8
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(image, before)
    if size == (40, 30, 3):
        assert len({a.tobytes() for a in runs[0]}) > 1, 'it draws'


def test_mirror_in_half_of_the_cases():
    image = smooth()
    results = many(T.Mirror(), image, 2000)
    mirrored = [np.array_equal(r, image[:, ::-1]) for r in results]
    assert all(m or np.array_equal(r, image) for m, r in zip(mirrored, results))
    assert abs(np.mean(mirrored) - .5) < .04
    assert np.mean([np.array_equal(r, image[:, ::-1]) for r in many(T.Mirror(.1), image, 2000)]) < .13


def test_crop_without_scale_shifts_by_whole_pixels_over_the_whole_range():
    image = smooth()
    padded = np.pad(image, ((2, 2), (2, 2), (0, 0)), 'reflect')
    windows = {padded[y:y + 40, x:x + 30].tobytes(): (y, x) for y in range(5) for x in range(5)}
    places = [windows[r.tobytes()] for r in many(T.Crop(2, (1, 1)), image)]
    assert len(set(places)) == 25
    np.testing.assert_allclose(np.mean(places, axis=0), [2, 2], atol=.25)


def test_crop_enlarges_a_window():
    ramp = np.broadcast_to(np.arange(100, dtype=np.uint8)[:, None, None], (100, 100, 3))
    rows = np.array([r[:, 50, 0] for r in many(T.Crop(0, (.5, .8)), ramp)], float)
    heights = rows[:, -1] - rows[:, 0] + 1
    assert 49 <= heights.min() < 53 and 77 < heights.max() <= 81 and abs(heights.mean() - 65) < 2
    assert rows.min() == 0 and rows.max() == 99, 'windows reach the edges'


@pytest.mark.parametrize('arguments, low, high', [
    (dict(brightness=.3), .7, 1.3), (dict(brightness=.1), .9, 1.1), (dict(contrast=.5), 1, 1),
    (dict(saturation=1), 1, 1), (dict(hue=.5), 1, 1)])
def test_brightness_and_nothing_else_moves_the_mean_grey(arguments, low, high):
    flat = np.random.RandomState(1).randint(100, 130, (20, 20, 3)).astype(np.uint8)
    off = dict(brightness=0, contrast=0, saturation=0, hue=0)
    grey = lambda image: image.reshape(-1, 3).dot([.299, .587, .114]).mean()  # noqa: E731
    shares = np.array([grey(r) for r in many(T.Photometric(**{**off, **arguments}), flat)]) / grey(flat)
    assert low - .003 < shares.min() and shares.max() < high + .003
    assert abs(shares.mean() - 1) < .02 and np.ptp(shares) > .9 * (high - low)


def test_contrast_scales_the_differences():
    image = smooth()
    ratios = np.array([r.std() for r in many(T.Photometric(0, .4, 0), image)]) / image.std()
    assert .57 < ratios.min() < .63 and 1.3 < ratios.max() < 1.43 and abs(ratios.mean() - 1) < .03


def test_saturation_and_hue_keep_grey_and_change_colour():
    image, grey = smooth(), np.repeat(smooth(channels=1), 3, axis=2)
    for transform in (T.Photometric(0, 0, 1), T.Photometric(0, 0, 0, .5)):
        for result in many(transform, grey, 20):
            np.testing.assert_array_equal(result, grey)
        assert np.ptp([r[..., 0].mean() - r[..., 2].mean() for r in many(transform, image)]) > 5
    luma = image.dot([.299, .587, .114])
    greyest = min(many(T.Photometric(0, 0, 1), image), key=lambda r: np.ptp(r, axis=2).mean())
    assert abs(greyest - luma[..., None]).max() < 2, 'saturation 0 is grey'


def test_photometric_equals_its_formula():
    """Each in turn, in float, as published implementations have it."""
    image = np.random.RandomState(3).randint(70, 150, (9, 8, 3)).astype(np.uint8)
    weights = np.array([.299, .587, .114])
    b, c, s, _ = np.random.RandomState(4).uniform(-1, 1, 4) * .3
    expected = image * (1 + b)
    expected = (expected - expected.dot(weights).mean()) * (1 + c) + expected.dot(weights).mean()
    grey = expected.dot(weights)[..., None]
    expected = (expected - grey) * (1 + s) + grey
    result = T.Photometric(.3, .3, .3)(image, np.random.RandomState(4))
    assert abs(result - expected).max() < .9, 'OpenCV rounds the matrix too'


@pytest.mark.parametrize('scale', [(.1, .2), (.5, .5)])
def test_low_resolution_loses_the_fine_and_keeps_the_coarse(scale):
    image = np.random.RandomState(0).randint(0, 256, (64, 64, 3)).astype(np.uint8)
    image[:32] //= 4
    for result in many(T.LowResolution(scale, p=1), image, 40):
        assert not np.array_equal(result, image)
        assert abs(float(result[4:28].mean()) - image[4:28].mean()) < 40 < float(result[36:60].mean()) - 40


def test_probability():
    image = smooth()
    for make in (T.LowResolution, T.JPEGQuality, T.Erase):
        changed = [not np.array_equal(r, image) for r in many(make(p=.3), image)]
        assert .2 < np.mean(changed) < .4, make


def test_jpeg_quality_takes_its_whole_range():
    image = np.random.RandomState(0).randint(0, 256, (16, 16, 3)).astype(np.uint8)
    known = {decode(encode(image, '.jpg', q)).tobytes(): q for q in range(40, 46)}
    assert {known[r.tobytes()] for r in many(T.JPEGQuality((40, 45), p=1), image, 100)} == set(range(40, 46))
    loss = [abs(many(T.JPEGQuality((q, q), p=1), smooth(), 1)[0].astype(int) - smooth()).mean() for q in (5, 50, 95)]
    assert loss[0] > loss[1] > loss[2]


def test_erase_fills_one_rectangle_of_the_area_and_ratio():
    image = np.full((100, 80, 3), 200, np.uint8)
    areas, ratios, centres = [], [], []
    for result in many(T.Erase((.05, .2), (.5, 2), 1, fill=7), image):
        rows, columns = (np.flatnonzero((result == 7).any(axis=(axis, 2))) for axis in (1, 0))
        box = result[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]
        assert (box == 7).all() and (result == 7).sum() == box.size
        areas.append(box.size / image.size)
        ratios.append(box.shape[0] / box.shape[1])
        centres.append([rows.mean() / 99, columns.mean() / 79])
    assert .045 < min(areas) < .07 and .18 < max(areas) < .21 and abs(np.mean(areas) - .125) < .01
    assert .45 < min(ratios) < .6 and 1.8 < max(ratios) < 2.2 and abs(np.log(ratios).mean()) < .1
    np.testing.assert_allclose(np.mean(centres, axis=0), .5, atol=.04)


def test_erase_fills_with_noise_by_default():
    result = T.Erase((.5, .5), (1, 1), 1)(np.full((60, 60, 3), 200, np.uint8), np.random.RandomState(0))
    noise = result[result != 200]
    assert noise.min() < 5 and noise.max() > 250 and abs(noise.mean() - 127) < 5


def test_resize_and_center_crop():
    image = smooth()
    assert T.Resize(20)(image, None).shape == (20, 20, 3) and T.Resize((80, 90))(image, None).shape == (80, 90, 3)
    np.testing.assert_array_equal(T.CenterCrop((20, 10))(image, None), image[10:30, 10:20])
    noise = np.random.randint(0, 256, (40, 40, 3)).astype(np.uint8)
    means = noise.reshape(10, 4, 10, 4, 3).mean(axis=(1, 3))
    assert abs(T.Resize(10)(noise, None) - means).max() < 1, 'made smaller by averaging, not by picking'
    with pytest.raises(ValueError, match='CenterCrop: the image must be at least 112x112, got 40x30'):
        T.CenterCrop(112)(image, None)


@pytest.mark.parametrize('size', [(20, 30), (40, 15), (80, 15)])
def test_resize_is_that_of_images(size):
    image = smooth()
    np.testing.assert_array_equal(T.Resize(size)(image), resize(image, size))


@pytest.mark.parametrize('size', [(40, 30, 3), (25, 60, 1)])
@pytest.mark.parametrize('transform', [t for t in RANDOM if not isinstance(t, T.Compose)] + [T.Mirror(1)], ids=name)
def test_what_is_drawn_is_applied(transform, size):
    """The two halves are the whole, and drawing alone takes all the randomness."""
    image = smooth(*size)
    for seed in range(20):
        whole, half = np.random.RandomState(seed), np.random.RandomState(seed)
        drawn = transform.draw(half, image.shape)
        assert half.randint(10 ** 9) == (transform(image, whole), whole.randint(10 ** 9))[1]
        np.testing.assert_array_equal(transform.apply(image, drawn), transform(image, np.random.RandomState(seed)))
        np.testing.assert_array_equal(transform.apply(image, drawn), transform.apply(image, drawn))


@pytest.mark.parametrize('transform, drawn, wanted', [
    (T.Mirror(), None, [[1, 2], [3, 4]]), (T.Mirror(), True, [[2, 1], [4, 3]]),
    (T.Erase(), (T.Window(0, 1, 2, 1), 9), [[1, 9], [3, 9]]), (T.Erase(), None, [[1, 2], [3, 4]]),
    (T.Crop(1, (1, 1)), T.Window(1, 0, 2, 2), [[3, 4], [1, 2]]), (T.Photometric(), np.zeros(4), [[1, 2], [3, 4]]),
    (T.Photometric(1), np.array([1, 0, 0, 0]), [[2, 4], [6, 8]])])
def test_apply_by_hand(transform, drawn, wanted):
    image = np.array([[1, 2], [3, 4]], np.uint8)[:, :, None]
    np.testing.assert_array_equal(transform.apply(image, drawn)[:, :, 0], wanted)


def test_augmentation_from_names():
    image, erase = smooth(), T.Erase(p=1)
    for what in (' mirror , Erase ', ['mirror', 'erase'], ['mirror', T.Erase()]):
        by_name = T.augmentation(what)(image, np.random.RandomState(3))
        np.testing.assert_array_equal(by_name, T.Compose([T.Mirror(), T.Erase()])(image, np.random.RandomState(3)))
    assert T.augmentation([erase]).transforms == [erase]
    assert T.TRANSFORMS.names() == ['crop', 'erase', 'jpeg_quality', 'low_resolution', 'mirror', 'photometric']


def test_unknown_augmentation():
    with pytest.raises(ValueError, match="unknown transform 'miror'. Did you mean 'mirror'\\? Known: crop, erase, "):
        T.augmentation('crop,miror')
    with pytest.raises(TypeError, match='Compose: each transform must be callable, got 3'):
        T.augmentation(['crop', 3])


@pytest.mark.parametrize('make, message', [
    (lambda: T.Mirror(1.5), r'Mirror: p must be in \[0, 1\], got 1.5'),
    (lambda: T.Crop(-1), 'Crop: pad must be >= 0, got -1'), (lambda: T.Crop(1.5), 'Crop: pad must be a whole number'),
    (lambda: T.Crop(scale=(0, 1)), r'Crop: scale must be in \(0, 1\], got 0'),
    (lambda: T.Crop(scale=(.9, .8)), r'Crop: scale must be in order, \(low, high\), got \(0.9, 0.8\)'),
    (lambda: T.Crop(scale=.9), r'Crop: scale must be two numbers, \(low, high\), got 0.9'),
    (lambda: T.Photometric(-.1), r'Photometric: brightness must be in \[0, 1\]'),
    (lambda: T.Photometric(contrast=2), 'Photometric: contrast must be'),
    (lambda: T.Photometric(saturation=float('nan')), 'Photometric: saturation must be'),
    (lambda: T.Photometric(hue=.6), r'Photometric: hue must be in \[0, 0.5\]'),
    (lambda: T.LowResolution((.5, 1.1)), 'LowResolution: scale must be'),
    (lambda: T.LowResolution(p=-1), 'LowResolution: p must be'),
    (lambda: T.JPEGQuality((0, 50)), r'JPEGQuality: quality must be in \[1, 100\], got 0'),
    (lambda: T.JPEGQuality((1.5, 50)), 'JPEGQuality: quality must be a whole number'),
    (lambda: T.Erase(area=(.1, 1.1)), 'Erase: area must be'),
    (lambda: T.Erase(ratio=(0, 1)), 'Erase: ratio must be > 0'),
    (lambda: T.Erase(fill=256), r'Erase: fill must be in \[0, 255\]'),
    (lambda: T.Resize(0), 'Resize: size must be >= 1'),
    (lambda: T.CenterCrop((1, 2, 3)), r'CenterCrop: size must be a number or \(height, width\)')])
def test_bad_values(make, message):
    with pytest.raises(ValueError, match=message):
        make()
