"""Draws a synthetic person in a scene: flat colours, then light, then what stands in front, then the camera."""
from functools import lru_cache

import cv2
import numpy as np

from .scene import positions

__all__ = ['draw']

SHIFT = 4  # binary digits after the point in OpenCV's coordinates
ONE = 2 ** SHIFT
GREY = 128  # of the relief: neither lighter nor darker


def draw(who, scene, size):
    """The image of a `Person` in a scene, (size, size, 3) uint8 RGB."""
    points = positions(who, scene, size)
    smooth = cv2.INTER_NEAREST if scene.blocks else cv2.INTER_CUBIC
    image = cv2.resize(scene.background, (2 * size, 2 * size), interpolation=smooth)
    canvas = _Canvas(image, points, who.slices, size, 2)
    _draw_head(canvas, who.traits)
    _draw_features(canvas, who.traits, scene)
    if scene.occlusion == 'sunglasses':
        _draw_glasses(canvas, 60 * scene.chances[:3], who.traits.frame[3], 1 + .3 * scene.chances[3], filled=True)
    elif who.traits.glasses:
        _draw_glasses(canvas, who.traits.frame_colour, who.traits.frame[3])
    if scene.occlusion in _OCCLUDERS:
        _OCCLUDERS[scene.occlusion](canvas, who.traits, scene.chances)
    image = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
    return _camera(image * _light(who, scene, points, size), scene, size)


class _Canvas:
    """Draws outlines by name into an image `scale` times as large as the final one."""

    def __init__(self, image, points, slices, size, scale):
        self.image, self.slices = image, slices
        self.unit = scale * size / 112  # pixels here in a template pixel
        self.points = np.rint((points * scale + .5 * (scale - 1)) * ONE).astype(np.int32)

    def __getitem__(self, name):
        return self.points[self.slices[name]]

    def fill(self, outline, colour):
        cv2.fillPoly(self.image, [self[outline] if isinstance(outline, str) else outline], colour, cv2.LINE_AA, SHIFT)

    def line(self, outline, colour, width, closed=False):
        lines = [self[outline]] if isinstance(outline, str) else list(outline)
        cv2.polylines(self.image, lines, closed, colour, max(1, round(width * self.unit)), cv2.LINE_AA, SHIFT)

    def dots(self, outline, colour, radius):
        for x, y in (self[outline] if isinstance(outline, str) else outline).tolist():
            cv2.circle(self.image, (x, y), round(radius * self.unit * ONE), colour, cv2.FILLED, cv2.LINE_AA, SHIFT)

    def at(self, places):
        """Coordinates for drawing at these places of the template."""
        return np.rint(np.asarray(places) * self.unit * ONE).astype(np.int32)


def _draw_head(c, t):
    skin, hair = t.skin, t.hair
    if t.style != 'bald':
        c.fill('hair_back', .75 * hair)
    c.fill('neck', .74 * skin)
    for side in '-1', '1':
        c.fill('ear' + side, .88 * skin)
    c.fill('face', skin)
    if t.beard == 'full':
        c.fill('beard', .85 * hair + .15 * skin)
    if t.beard in ('goatee', 'full'):
        c.fill('goatee', .87 * hair + .13 * skin)
    if t.freckles:
        c.dots('spots', skin * (.82, .74, .7), .8)


def _draw_features(c, t, scene):
    skin, hair, lips = t.skin, t.hair, t.lips
    for side in '-1', '1':
        c.line('crease' + side, skin * (1 - .25 * t.crease), .8)
        c.line('bag' + side, skin * (1 - .16 * t.age), .7)
        c.fill('eye' + side, (232, 228, 224))
        c.fill('iris' + side, t.eyes)
        c.fill('pupil' + side, (14, 12, 12))
        if not scene.asleep:
            c.dots('glint' + side, (250, 250, 250), .7)
        upper, lower = np.split(c['eye' + side], 2)
        c.line([lower], .7 * skin, .5)
        c.line([upper], .35 * skin, t.lash)
        c.fill('brow' + side, t.brow_dark * .85 * hair + (1 - t.brow_dark) * skin)
        c.line('wing' + side, .72 * skin, .9)
        c.fill('nostril' + side, .38 * skin)
    if t.beard in ('moustache', 'goatee', 'full'):
        c.fill('moustache', .9 * hair + .1 * skin)
    c.fill('inside', (70, 24, 26))
    c.fill('teeth', (236, 232, 224))
    c.fill('lip_lower', lips)
    c.fill('lip_upper', .86 * lips)
    c.line('mouth_line', .5 * lips, .7)
    c.dots('moles', .42 * skin, 1.1)
    if t.style != 'bald':
        c.fill('hair_front', hair)
        front = c['hair_front']  # 25 points over the top, 2 at the temple, 29 back along the hairline, 2
        strands = np.stack([front[4:21:2], front[49:32:-2]], axis=1)
        strands[:, 1] += (strands[:, 0] - strands[:, 1]) // 8
        c.line(strands[0::2], .9 * hair, .7)
        c.line(strands[1::2], np.minimum(1.08 * hair + 5, 255), .7)


def _draw_glasses(c, colour, thick, larger=1., filled=False):
    lenses = []
    for side in '-1', '1':
        lens = c['lens' + side]
        middle = lens.mean(axis=0)
        lenses.append(np.rint(middle + larger * (lens - middle)).astype(np.int32))
        if filled:
            c.fill(lenses[-1], colour)
        c.line(lenses[-1:], colour, thick, closed=True)
        c.line('temple' + side, colour, thick)
    left, right = lenses
    c.line([np.stack([left[0], right[6]])], colour, thick)  # the bridge


def _draw_mask(c, t, chances):
    face, edge = c['face'], c['mask']
    colour = np.array([(190, 215, 230), (240, 240, 240), (30, 30, 34), (90, 140, 160)][int(4 * chances[0])])
    colour = colour * (.8 + .2 * chances[1])
    below = face[face[:, 1] > edge[[0, -1], 1].max()]
    c.fill(cv2.convexHull(np.concatenate([edge, below]))[:, 0], colour)
    c.line([edge[1:-1] + c.at((0, drop)) for drop in (16, 27)], .75 * colour, .8)


def _draw_bar(c, t, chances):
    angle, middle = np.pi * chances[0], 22 + 68 * chances[1:3]
    along = 224 * np.array([np.cos(angle), np.sin(angle)])
    c.line([c.at([middle - along, middle + along])], 255 * chances[3:6], 8 + 12 * chances[6])


def _draw_hand(c, t, chances):
    side = 1 if chances[0] < .5 else -1
    palm = np.array([56 + side * (26 + 22 * chances[1]), 84 + 24 * chances[2]])
    angle = -np.pi / 2 - side * (.2 + .7 * chances[3]) + np.array([-.3, -.1, .1, .3])
    length = np.array([24, 28, 27, 22])
    tips = palm + length[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    fingers = c.at(np.stack([np.broadcast_to(palm, (4, 2)), tips], axis=1))
    c.line(fingers, .65 * t.skin, 7.2)
    c.line(fingers, .92 * t.skin, 6)
    c.dots(c.at([palm]), .92 * t.skin, 13)


def _draw_hat(c, t, chances):
    top = c['hair_front'][:25]
    middle = top.mean(axis=0)
    top = np.rint(middle + 1.06 * (top - middle)).astype(np.int32)
    left, right = top[0], top[-1]
    up = (left - right)[::-1] * (1, -1) // 2  # half as long as the head is wide, whichever way that leans
    if up[1] > 0:
        up = -up
    low, high = .55 + .2 * chances[0], .72 + .2 * chances[0]
    brim = np.rint([right + low * up, (left + right) / 2 + high * up, left + low * up]).astype(np.int32)
    colour = 220 * chances[1:4]
    c.fill(np.concatenate([top[3:-3], brim]), colour)
    c.line([brim], .6 * colour, 3)


_OCCLUDERS = dict(mask=_draw_mask, bar=_draw_bar, hand=_draw_hand, hat=_draw_hat)


def _light(who, scene, points, size):
    """What light and relief multiply the colours by, (size, size, 3) float32."""
    small = size // 2
    face = points[who.slices['face']]
    low, high = face.min(axis=0), face.max(axis=0)
    at = (np.arange(small, dtype=np.float32) + .5) * (size / small) - .5  # the middle of each pixel, in the image's
    u, v = ((2 * at - low[k] - high[k]) / (1.15 * (high[k] - low[k])) for k in (0, 1))  # the head's ellipsoid
    v = v[:, None]
    z = np.sqrt(np.maximum(1 - u ** 2 - v ** 2, .04))
    toward = np.array([scene.light_x, scene.light_y - .25, 1])
    toward = (toward / np.sqrt(toward @ toward)).tolist()
    field = 1 - scene.harsh + 1.25 * scene.harsh * np.maximum(u * toward[0] + v * toward[1] + z * toward[2], 0)
    exposure = np.exp(scene.bright) * (165 / who.traits.skin.mean()) ** .25  # cameras meet dark skin half-way
    field = field * _relief(who, scene, points, size, small) * (exposure / GREY)
    if scene.shadow:
        angle, edge = scene.shadow
        field *= 1 - .45 * np.clip(8 * (np.cos(angle) * u + np.sin(angle) * v - edge), 0, 1)
    colour = np.array([1 + scene.warmth, 1 + scene.tint, 1 - scene.warmth], dtype=np.float32)
    return cv2.resize(field.astype(np.float32)[..., None] * colour, (size, size), interpolation=cv2.INTER_LINEAR)


def _relief(who, scene, points, size, small):
    """Soft shades of what stands out or lies deep, (small, small) uint8."""
    t, across = who.traits, 30 * scene.light_x * scene.harsh
    relief = np.full((small, small), GREY, np.uint8)
    c = _Canvas(relief, points, who.slices, size, small / size)
    if t.beard == 'stubble':
        c.fill('beard', GREY - 18)
        c.fill('moustache', GREY - 18)
    for side, sign in (('-1', -1), ('1', 1)):
        c.fill('socket' + side, GREY - 5 - 20 * t.socket)
        c.fill('cheek' + side, GREY + 5 + .4 * sign * across)
        c.fill('nose_side' + side, GREY - 9 + sign * across)
        c.line('fold' + side, GREY - 4 - 26 * t.fold, 1.5)
        c.line('bag' + side, GREY - 18 * t.age, 1.5)
    c.fill('ridge', GREY + 12)
    c.fill('nose_tip', GREY + 16)
    c.fill('under', GREY - 26)
    c.fill('under_lip', GREY - 22)
    if t.cleft > .4:
        c.line('cleft', GREY - 45 * t.cleft, 1.5)
    if t.style != 'bald':
        c.line([c['hair_front'][25:]], GREY - 34, 4)  # the shadow of the hair
    return cv2.GaussianBlur(relief, (0, 0), small / 56)


def _camera(image, scene, size):
    image = (image - 120) * np.float32(np.exp(scene.contrast)) + 120
    if scene.saturation != 1:
        grey = (image[..., :1] + image[..., 1:2] + image[..., 2:]) / 3
        image = grey + (image - grey) * np.float32(scene.saturation)
    if scene.shrink < 1:
        small = round(size * scene.shrink)
        image = cv2.resize(cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA), (size, size))
    if scene.blur > .3:
        image = cv2.GaussianBlur(image, (0, 0), scene.blur * size / 112)
    x, y = scene.corner
    image = image + np.float32(scene.noise) * _noise(size)[y:y + size, x:x + size]
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


@lru_cache(maxsize=4)
def _noise(size):
    """Normal numbers, of which every image takes a piece: new ones would take as long as the whole drawing."""
    return np.random.RandomState(0).standard_normal((size + 61, size + 61, 3)).astype(np.float32)
