"""What differs between the images of a synthetic person: pose, expression, light, occlusion, camera, background."""
from types import SimpleNamespace

import numpy as np

from ..five_points import FIVE_POINTS
from .person import EXPRESSIONS

__all__ = ['OCCLUSIONS', 'positions', 'scene']

OCCLUSIONS = ('sunglasses', 'mask', 'bar', 'hand', 'hat')

# Standard deviation at difficulty 1, and the limit at any difficulty. Angles in radians, lengths in template pixels,
# bright and contrast as logarithms.
SPREAD = dict(
    yaw=(.27, .62), pitch=(.14, .35), roll=(.05, .3), zoom=(.04, .2), shift_x=(1.5, 9), shift_y=(1.5, 9),
    light_x=(.55, 1.3), light_y=(.55, 1.3), bright=(.18, .6), contrast=(.14, .5), warmth=(.09, .3), tint=(.03, .1),
    saturation=(.22, .8), blur=(.35, 2.5), lift=(.45, 1.6), frown=(.4, 1.3), gaze_x=(.5, 1.2), gaze_y=(.4, 1.2),
    hair=(.6, 1.6), jaw_shift=(.35, 1.2),
)
SIGMA, LIMIT = np.array(list(SPREAD.values())).T


def scene(random, difficulty):
    """All that differs between images of a person, as attributes: drawn in a fixed order, scaled by `difficulty`."""
    d, some = difficulty, min(difficulty, 1.3)
    normal = np.clip(np.clip(random.standard_normal(len(SPREAD)), -2.2, 2.2) * SIGMA * d, -LIMIT, LIMIT)
    s = SimpleNamespace(**dict(zip(SPREAD, normal.tolist())))
    c = random.random_sample(16).tolist()
    smile = max(0, 1.2 * c[0] - .35) if c[1] < .6 else -.5 * c[0]
    blink = 1. if c[2] < .06 else .35 * c[2] ** 2
    moved = dict(vars(s), smile=some * smile, open=some * max(0, 1.6 * c[3] - 1), frown=max(0, s.frown),
                 blink=min(d, 1) * blink)
    s.expression = np.array([moved[name] for name in EXPRESSIONS], dtype=np.float32)
    s.asleep = moved['blink'] > .5
    s.harsh = min(.95, d * (.25 + .55 * c[4]))  # how much of the light has a direction
    s.shadow = (2 * np.pi * c[5], c[6] - .4) if c[7] < .15 * d else None  # direction and place of its edge
    s.saturation = 0. if c[8] < min(.06 * d, .3) else 1 + s.saturation
    s.blur = max(0, .35 * some + s.blur)
    s.shrink = 1 - .6 * c[9] if c[10] < min(.12 * d, .6) else 1.
    s.noise = 1.5 + 3.5 * min(d, 6) * c[11]
    s.occlusion = OCCLUSIONS[int(c[12] * len(OCCLUSIONS))] if c[13] < min(.2 * d, .9) else None
    s.blocks = c[14] < .3  # a background of blocks, else a smooth one
    s.chances = random.random_sample(8)  # for whatever is drawn
    s.corner = random.randint(0, 62, 2)
    rows, columns = random.randint(2, 7, 2)
    back = random.uniform(30, 225) + random.uniform(-35, 35, 3) + random.uniform(-50, 50, (rows, columns, 1))
    back = back + random.uniform(-30, 30, (rows, columns, 3))
    s.background = np.clip(120 + min(d, 1) * (back - 120), 0, 255).astype(np.uint8)
    return s


def positions(who, scene, size):
    """Where the points of a `Person` come to lie in an image size x size, (P,2) in pixels.

    The head takes its expression, turns, and is then aligned by its landmarks as a face detector's crop would be, up to
    the roll, zoom and shift of the scene.
    """
    points = who.base + np.einsum('k,kpc->pc', scene.expression, who.deltas)
    for side in '-1', '1':
        _clip_to_lids(points, who.slices, side)
    x, y, z = points.T
    sin_yaw, cos_yaw, sin_pitch, cos_pitch = (f(a) for a in (scene.yaw, scene.pitch) for f in (np.sin, np.cos))
    depth = z * cos_yaw - np.where(who.flat, 0, x * sin_yaw)
    seen = np.where(who.flat, x, x * cos_yaw) + z * sin_yaw + 1j * (
        np.where(who.flat, y, y * cos_pitch) + depth * sin_pitch)
    marks, goal = seen[who.slices['landmarks']], FIVE_POINTS @ (1, 1j)
    middle = marks.mean()
    turn = np.vdot(marks - middle, goal) / np.vdot(marks - middle, marks - middle).real  # least squared error
    turn *= np.exp(scene.zoom + 1j * scene.roll)
    seen = (turn * (seen - middle) + goal.mean() + complex(scene.shift_x, scene.shift_y)) * (size / 112)
    return np.stack([seen.real, seen.imag], axis=1) + .5 * (size / 112 - 1)  # the centre of pixel k is at k


def _clip_to_lids(points, slices, side):
    eye = points[slices['eye' + side]]
    upper, lower = eye[:11], eye[:10:-1]
    for part in 'iris', 'pupil':
        ring = points[slices[part + side]]
        ring[:, 1] = np.clip(ring[:, 1], np.interp(ring[:, 0], upper[:, 0], upper[:, 1]),
                             np.interp(ring[:, 0], lower[:, 0], lower[:, 1]))
