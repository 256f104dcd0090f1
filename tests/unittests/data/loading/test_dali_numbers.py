"""What DALI's operators are told for an image: the numbers of seeds, which need no DALI and must never change."""
from types import SimpleNamespace

import numpy as np
import pytest

from gluonfr.data import transforms as t
from gluonfr.data.loading import dali_pipeline

SIZE = (40, 36)
DALI = SimpleNamespace(fn=None, types=SimpleNamespace(INTERP_NN=0, INTERP_LINEAR=1, INTERP_CUBIC=2, INTERP_LANCZOS3=3,
                                                      INTERP_TRIANGULAR=4))
# for seeds 1 and 4: the numbers, and what the generator gives next
NUMBERS = [
    (t.Mirror(), [[1], [0]], [908, 439]),
    (t.Crop(), [[4, 5, 42, 39], [3, 1, 43, 37]], [715, 897]),
    (t.Photometric(hue=0.1), [[0.8, 14.2321, 1.052, -0.0852], [1.1891, -15.4668, 1.2092, -0.0224]], [847, 818]),
    (t.LowResolution(p=.7), [[31, 28, 1, 0, 0, 40, 36, 2, 0, 0], [40, 36, 0, -.499, -.499] * 2], [645, 439]),
    (t.JPEGQuality(p=.7), [[42, 1, 0], [100, 0, 1]], [72, 439]),
    (t.Erase(p=.7, fill=9), [[11, 5, 8, 27], [0, 0, 0, 0]], [847, 439]),
    (t.Resize(20), [[], []], [37, 122]), (t.CenterCrop(20), [[], []], [37, 122]),
]


@pytest.mark.parametrize('transform, wanted, after', NUMBERS, ids=lambda part: type(part).__name__)
def test_numbers_of_seeds(transform, wanted, after):
    randoms = [np.random.RandomState(seed) for seed in (1, 4)]
    numbers = dali_pipeline.draw(dali_pipeline.translate(DALI, transform, SIZE), randoms)
    found = [np.concatenate([np.ravel(part[i]) for part in numbers] or [[]]) for i in range(2)]
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    assert [random.randint(1000) for random in randoms] == after


def test_noise_is_that_of_the_transform():
    transform = t.Erase(p=1)
    step, = dali_pipeline.translate(DALI, transform, SIZE)
    corner, sides, noise = step.draw(np.random.RandomState(3))
    image = transform(np.zeros((*SIZE, 3), np.uint8), np.random.RandomState(3))
    np.testing.assert_array_equal(noise, image)
    assert noise.any() and not noise[corner[0] + sides[0]:].any() and not noise[:, :corner[1]].any()


def test_sizes_go_from_step_to_step():
    parts = [t.Mirror(), t.Compose([t.Resize((30, 20)), t.Crop()]), t.CenterCrop(8)]
    steps = dali_pipeline.translate(DALI, parts, SIZE)
    assert [step.out_size for step in steps] == [SIZE, (30, 20), (30, 20), (8, 8)]
    begin, end = steps[2].numbers(t.Window(-1, 2, 28, 19))
    assert list(begin) == [-1, 2] and list(end) == [27, 21]


def test_what_dali_has_not_is_refused():
    with pytest.raises(ValueError, match='transform must be made of Mirror, Crop, Photometric, .*, got <function'):
        dali_pipeline.translate(DALI, lambda image, random: image, SIZE)
