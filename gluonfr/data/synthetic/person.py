"""Who a synthetic person is: traits drawn from (seed, identity), and the outlines of the face that they give.

Outlines are in pixels of the 112x112 alignment template, x to the right, y down, z towards the viewer. The origin lies
between the eyes, on the axis of the head.
"""
from collections import namedtuple
from functools import lru_cache
from types import SimpleNamespace

import numpy as np

__all__ = ['EXPRESSIONS', 'Person', 'person', 'stream']

EXPRESSIONS = ('smile', 'open', 'lift', 'frown', 'blink', 'gaze_x', 'gaze_y', 'hair', 'jaw_shift')

# Uniform ranges. Lengths are in template pixels; what has no length is a share, a slope or an exponent.
TRAITS = dict(
    face_width=(37, 45), face_top=(56, 66), chin=(54, 66), jaw=(1.75, 3.1), cheeks=(-.04, .09), chin_tip=(-1, 4),
    ear=(.5, 1.5), tone=(0, 1), undertone=(-1, 1), age=(0, 1), fold=(0, 1), cleft=(-1, 1),
    eye_x=(15.4, 20.2), eye_y=(-.8, .8), eye_width=(6, 9.2), eye_up=(2.3, 5.6), eye_low=(1.2, 3.2),
    eye_tilt=(-.11, .11), eye_peak=(-.45, .45), iris=(2.9, 4.1), lash=(.4, 1.6), crease=(0, 1), socket=(0, 1),
    brow_y=(-13.5, -7.5), brow_thick=(.9, 3.4), brow_length=(.9, 1.5), brow_tilt=(-2.2, 3), brow_arch=(0, 3.2),
    brow_gap=(.55, 1.1), brow_dark=(.35, 1),
    nose_y=(16, 25), nose_width=(5, 11), bridge=(1.6, 4.2), nose_lift=(7, 14), nose_tip=(2.5, 5), nostril=(.3, 1),
    mouth_y=(36.5, 44), mouth_width=(10.5, 18), mouth_tilt=(-1.8, 1.8), lip_up=(1.3, 4.4), lip_low=(2, 6), bow=(0, 1),
    lip_red=(0, 1),
    hairline=(24, 40), hair_power=(1.6, 6), hair_drop=(4, 22), part=(-.7, .7), widow=(-6, 6), hair_volume=(2, 11),
    hair_length=(-8, 14), hair_side=(.84, 1), wave=(0, 2.2), curl=(8, 24),
)
SKIN = ((253, 225, 205), (243, 201, 172), (226, 175, 138), (196, 139, 99), (142, 91, 62), (92, 58, 41))
HAIR = ((24, 21, 20), (52, 37, 29), (88, 58, 40), (128, 90, 58), (202, 164, 106), (222, 200, 150), (122, 54, 30),
        (176, 88, 44), (140, 138, 136), (214, 211, 207))
IRIS = ((48, 30, 21), (92, 58, 34), (126, 98, 52), (88, 124, 80), (80, 122, 178), (126, 142, 154))
LIPS = ((206, 124, 112), (176, 58, 66))

DEPTH = 38.  # from the axis of the head to the surface between the eyes
SQUARE = 2.3  # exponent of the skull's outline: a little squarer than an ellipse
LID = np.linspace(-1, 1, 11)
MOUTH = np.linspace(-1, 1, 17)
ROUND = np.linspace(0, 2 * np.pi, 12, endpoint=False)

# Points are base + sum of expression * delta: base (P,3), deltas (len(EXPRESSIONS),P,3). Those with flat (P,) belong to
# the outline of the head, which a turn moves but does not narrow. slices: name of an outline -> slice of the P points.
Person = namedtuple('Person', 'traits base deltas flat slices')


def stream(seed, identity, index):
    """A generator that depends on these three only; index 0 is the person, image k has k + 1.

    NumPy freezes RandomState, so the numbers are the same for every version; Philox makes it cheap to start.
    """
    return np.random.RandomState(np.random.Philox(key=np.array([seed, identity], dtype=np.uint64),
                                                  counter=np.array([0, 0, 0, index], dtype=np.uint64)))


@lru_cache(maxsize=2048)
def person(seed, identity):
    """The `Person` of (seed, identity)."""
    traits = _traits(stream(seed, identity, 0))
    return _Outlines(traits).person()


def _traits(random):
    low, high = np.array(list(TRAITS.values()), dtype=np.float64).T
    t = SimpleNamespace(**dict(zip(TRAITS, (low + (high - low) * random.random_sample(len(TRAITS))).tolist())))
    chance = random.random_sample(8)
    t.style = ('bald', 'short', 'fringe', 'long')[np.searchsorted([.08, .5, .68], chance[0])]
    t.beard = (None, 'stubble', 'moustache', 'goatee', 'full')[np.searchsorted([.68, .78, .84, .9], chance[1])]
    t.glasses, t.freckles = chance[2] < .14, chance[3] < .12
    if t.style == 'fringe':
        t.hairline, t.hair_power, t.widow = 14 + .25 * (t.hairline - 24), 6., 0.
    elif t.style == 'long':
        t.hair_length, t.hair_side, t.hair_volume = 75., t.hair_side - .05, t.hair_volume + 3
    t.moles = random.uniform((-26, -24), (26, 46), (int(3.2 * chance[4] ** 3), 2))
    t.spots = random.uniform((-24, 8), (24, 26), (18, 2))
    t.frame = random.uniform((7.5, 5.5, 2, .6), (11.5, 9, 5, 1.5))  # half width, half height, squareness, thickness
    t.frame_colour = random.uniform(10, 120, 3)
    t.skin = _mix(SKIN, t.tone ** 1.15) + t.undertone * np.array([2, -4, -9]) + random.uniform(-4, 4, 3)
    natural, dyed = _mix(HAIR, .35 * chance[5] + .65 * chance[5] ** 2), random.uniform(30, 200, 3)
    t.hair = (dyed if chance[6] < .04 else natural) * random.uniform(.85, 1.1)
    t.eyes = _mix(IRIS, chance[7]) * random.uniform(.85, 1.15, 3)
    t.lips = .42 * t.skin * (.95, .72, .72) + .58 * _mix(LIPS, t.lip_red) * (.45 + .55 * t.skin[0] / 255)
    return t


def _mix(palette, share):
    """The colour at `share` in [0, 1] of the way along a palette."""
    palette = np.array(palette, dtype=np.float64)
    first = min(int(share * (len(palette) - 1)), len(palette) - 2)
    return palette[first] + (share * (len(palette) - 1) - first) * (palette[first + 1] - palette[first])


def _superellipse(angle, power):
    """x and y on the unit curve |x|^power + |y|^power = 1."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.sign(cos) * np.abs(cos) ** (2 / power), np.sign(sin) * np.abs(sin) ** (2 / power)


def _join(*parts):
    """Concatenate (rows, n) arrays; a part with a single row holds for all."""
    rows = max(len(part) for part in map(np.atleast_2d, parts))
    return np.concatenate([np.broadcast_to(part, (rows, np.shape(part)[-1])) for part in parts], axis=1)


class _Outlines:
    """All outlines of a face: row 0 of every array is the neutral face, row 1 + k has expression k at full strength."""

    def __init__(self, traits):
        self.t = traits
        self.e = SimpleNamespace(**dict(zip(EXPRESSIONS, np.eye(len(EXPRESSIONS) + 1)[1:, :, None])))  # (rows, 1) each
        self.xyz = np.zeros((len(EXPRESSIONS) + 1, 1024, 3))
        self.flat, self.slices, self.used = np.zeros(1024, dtype=bool), {}, 0
        self._head()
        self._hair()
        eyes = [self._eye(side) for side in (-1, 1)]
        for side in (-1, 1):
            self._glasses(side)
            self._brow(side)
            self._cheek(side)
        self._nose()
        corners = self._mouth()
        self._skin()
        self.surface('landmarks', _join(eyes[0][0], eyes[1][0], [[0.]], corners[0]),
                     _join(eyes[0][1], eyes[1][1], [[self.t.nose_y]], corners[1]),
                     np.array([0, 0, self.t.nose_lift, 3, 3]))

    def person(self):
        points, flat = self.xyz[:, :self.used], self.flat[:self.used]
        x, y, z = np.moveaxis(points, -1, 0)
        rest = 1 - (x / (1.12 * self.t.face_width)) ** 2 - (y / 76) ** 2
        z += np.where(flat, 0, DEPTH * np.sqrt(np.maximum(rest, .05)))
        points = points.astype(np.float32)
        return Person(self.t, points[0].copy(), points[1:] - points[0], flat.copy(), self.slices)

    def surface(self, name, x, y, lift=0.):
        """Points on the surface of the head, or `lift` above it."""
        part = slice(self.used, self.used + max(np.shape(x)[-1], np.shape(y)[-1]))
        self.slices[name], self.used = part, part.stop
        self.xyz[:, part, 0], self.xyz[:, part, 1], self.xyz[:, part, 2] = x, y, lift

    def outline(self, name, x, y, z):
        """Points of the outline of the head, which lie at z."""
        self.surface(name, x, y, z)
        self.flat[self.slices[name]] = True

    def ellipse(self, name, x, y, width, height, lift=0.):
        self.surface(name, x + width * np.cos(ROUND), y + height * np.sin(ROUND), lift)

    def _head(self):
        t, e = self.t, self.e
        angle = np.linspace(-np.pi, np.pi, 56, endpoint=False)
        x, y = _superellipse(angle, np.where(angle > 0, t.jaw, SQUARE))
        x, y = t.face_width * x, np.where(y > 0, t.chin, t.face_top) * y
        low = np.clip(y / t.chin, 0, 1) ** 2
        x = x * (1 + t.cheeks * np.exp(-((y - 14) / 14) ** 2))
        x = x + 3 * e.jaw_shift * low + 1.2 * e.smile * np.sign(x) * np.exp(-((y - 26) / 14) ** 2)
        y = y + (t.chin_tip * np.exp(-(x / 9) ** 2) + 5 * e.open) * low
        self.outline('face', x, y, 20 * low)
        below = angle > .25
        self._beard(x[:, below], y[:, below], 12 * low[below])
        neck = t.face_width * (.44 + .1 * t.jaw)
        self.outline('neck', neck * np.array([-1, 1, 1.15, -1.15]), np.array([20, 20, 90, 90]), -6)
        for side in (-1, 1):
            self.outline(f'ear{side}', side * (t.face_width + 2.2 * t.ear) + 4.6 * t.ear * np.cos(ROUND),
                         6 + (7.3 + 3.2 * t.ear) * np.sin(ROUND), -12)

    def _beard(self, x, y, z):
        """From the jaw's outline up to a line that rises towards the ears."""
        t = self.t
        top = np.minimum(y, t.mouth_y - 9 - (t.mouth_y - 19) * np.clip(1.4 * (x / t.face_width) ** 2 - .45, 0, 1))
        self.outline('beard', _join(x, .97 * x[:, ::-1]), _join(y, top[:, ::-1]), np.append(z, 12 + 0 * z))

    def _hair(self):
        t, e = self.t, self.e
        angle = np.linspace(np.pi, 2 * np.pi, 25)
        x, y = _superellipse(angle, SQUARE)
        grown = t.hair_volume + 3 * e.hair + .6 * t.wave * np.sin(t.curl * angle)
        x, y = (t.face_width + grown) * x, (t.face_top + grown) * y
        self.outline('hair_back', _join(x, x[:, -1:] * (1, .85, -.85, -1)), _join(y, [[t.hair_length + 4.] * 4]), -14)
        u = np.linspace(1, -1, 29)
        line = (-t.hairline + t.hair_drop * np.abs(u - .55 * t.part) ** t.hair_power + t.widow * np.exp(-(u / .14) ** 2)
                + t.wave * np.sin(t.curl * (u + 1)) - 3 * e.hair)
        line = np.minimum(line, t.hair_length)
        inner = t.face_width * t.hair_side
        depth = .8 * DEPTH * np.sqrt(np.maximum(1 - (inner * u / (1.12 * t.face_width)) ** 2 - .15, .05))
        sides = np.full((1, 2), t.hair_length)
        self.outline('hair_front', _join(x, x[:, -1:], [[inner]], inner * u[None], [[-inner]], x[:, :1]),
                     _join(y, sides, line, sides), np.concatenate([np.full(26, -4.), [2], depth, [2, -4]]))

    def _eye(self, side):
        """Both lids, what lies between them and around; returns the middle of the eye, where landmarks are set."""
        t, e, name = self.t, self.e, str(side)
        x, y = side * t.eye_x, t.eye_y
        across, tilt = x + t.eye_width * LID, -t.eye_tilt * t.eye_width * side * LID
        bump = (1 - LID ** 2) * (1 + t.eye_peak * side * LID)
        up = (t.eye_up + e.lift - .8 * e.frown) * (1 - e.blink) - .75 * t.eye_low * e.blink
        upper, lower = y + tilt - up * bump ** .8, y + tilt + t.eye_low * (1 - .25 * e.smile) * bump
        self.surface('eye' + name, np.append(across, across[::-1]), _join(upper, lower[:, ::-1]))
        self.surface('crease' + name, across[1:-1], upper[:, 1:-1] - 1.6 - .6 * t.crease)
        self.surface('bag' + name, across[2:-2], lower[:, 2:-2] + 2.5)
        self.ellipse('socket' + name, x, y - 1.5, t.eye_width + 4.5, 8.5)
        gaze_x, gaze_y = x + 2.2 * e.gaze_x, y - .12 * t.eye_up + 1.2 * e.gaze_y
        self.ellipse('iris' + name, gaze_x, gaze_y, t.iris, t.iris)
        self.ellipse('pupil' + name, gaze_x, gaze_y, .48 * t.iris, .48 * t.iris)
        self.surface('glint' + name, gaze_x - 1.2, gaze_y - 1.3)
        return np.array([[x]]), np.array([[y]])

    def _glasses(self, side):
        t = self.t
        x, y = _superellipse(ROUND, t.frame[2])
        self.surface(f'lens{side}', 1.03 * side * t.eye_x + t.frame[0] * x, t.eye_y + 1.2 + t.frame[1] * y, 5)
        self.surface(f'temple{side}', side * (t.eye_x + t.frame[0] + np.array([11, 0])), np.array([-2, 0]),
                     np.array([-8, 5]))

    def _brow(self, side):
        t, e = self.t, self.e
        u = np.linspace(0, 1, 9)
        inner = t.eye_x - t.eye_width * t.brow_gap - 1.5 * e.frown
        x = side * (inner + u * (t.eye_x + t.eye_width * t.brow_length - inner))
        y = (t.brow_y - t.brow_tilt * (u - .3) - t.brow_arch * np.sin(np.pi * u ** 1.3) - 3.5 * e.lift
             + 3 * e.frown * (1 - u))
        half = .5 * t.brow_thick * (1 - .75 * u ** 2) * np.minimum(1, .55 + 2 * u)
        self.surface(f'brow{side}', _join(x, x[:, ::-1]), _join(y - half, (y + half)[:, ::-1]), 2)

    def _cheek(self, side):
        t, e, name = self.t, self.e, str(side)
        wide = t.nose_width + 1.2 * e.smile
        angle = np.linspace(-1.9, 1.5, 8)
        self.surface('wing' + name, side * (wide - 2.2 + 2.4 * np.cos(angle)), t.nose_y + .5 + 3.4 * np.sin(angle), 6)
        hole = 1.2 + .12 * t.nose_width, .5 + .9 * t.nostril
        self.ellipse('nostril' + name, .52 * side * wide, t.nose_y + 3, *hole, lift=6)
        self.surface('nose_side' + name, side * _join([[t.bridge, .8 * t.bridge, .8 * t.nose_tip]], wide,
                                                      [[t.bridge + 2.5]]),
                     np.array([-4, 4, t.nose_y - 3, t.nose_y + 1.5, 0]), np.array([2, 4, t.nose_lift - 2, 4, 1]))
        self.ellipse('cheek' + name, side * (t.eye_x + 4), 21 - 2 * e.smile, 8, 6)
        u = np.linspace(0, 1, 6)
        fold = wide + 1.5 + (t.mouth_width + 3 + 2.5 * e.smile - wide) * u ** 1.3 + 1.5 * e.smile * np.sin(np.pi * u)
        self.surface('fold' + name, side * fold,
                     t.nose_y + (t.mouth_y - t.nose_y - 2 * e.smile) * u)

    def _nose(self):
        t, e = self.t, self.e
        self.ellipse('nose_tip', 0, t.nose_y - 1, .7 * t.nose_tip, .6 * t.nose_tip, t.nose_lift)
        self.surface('ridge', np.array([-1, 1, 1.5, -1.5]), np.array([-3, -3, t.nose_y - 2, t.nose_y - 2]),
                     np.array([4, 4, t.nose_lift, t.nose_lift]))
        self.surface('under', (t.nose_width + e.smile) * (-1, 1, .2, -.2), t.nose_y + np.array([3, 3, 7, 7]), 4)

    def _mouth(self):
        """Lips, teeth and what surrounds them; returns x and y of the corners, (1, 2) or (rows, 2)."""
        t, e, u = self.t, self.e, MOUTH
        bump = 1 - u ** 2
        x = (t.mouth_width + 2.8 * e.smile - 1.8 * e.open) * u + 1.5 * e.jaw_shift * bump
        line = t.mouth_y - t.mouth_tilt * u ** 2 - 3.6 * e.smile * (u ** 2 - .3)
        gap = 6 * e.open * bump ** .7 + 1.6 * e.smile * bump
        upper, lower = line - .25 * gap, line + .75 * gap
        top = upper - t.lip_up * (1 - .25 * e.smile) * bump ** .6 * (1 - .45 * t.bow * np.exp(-(u / .16) ** 2))
        bottom = lower + t.lip_low * (1 - .2 * e.smile) * bump ** .7
        moustache = top - 3.4 + 2 * u ** 2, top + .3 + 1.5 * u ** 2
        for name, wide, above, below in (('lip_upper', 1, top, upper), ('lip_lower', 1, lower, bottom),
                                         ('inside', 1, upper, lower), ('teeth', 1, upper, upper + .55 * gap),
                                         ('moustache', 1.08) + moustache):
            self.surface(name, wide * _join(x, x[:, ::-1]), _join(above, below[:, ::-1]), 3)
        self.surface('mouth_line', x, upper, 3)
        self.ellipse('under_lip', 0, bottom[:, 8:9] + 2.5, .45 * t.mouth_width, 1.8)
        chin = t.chin + 5 * e.open
        self.ellipse('goatee', 0, .5 * (chin + t.mouth_y) + 4, .62 * t.mouth_width, .5 * (chin - t.mouth_y))
        self.surface('cleft', np.zeros(2), chin - (9, 3))
        return x[:, [0, -1]], line[:, [0, -1]]

    def _skin(self):
        t = self.t
        self.surface('moles', t.moles[:, 0], t.moles[:, 1])
        self.surface('spots', t.spots[:, 0], t.spots[:, 1])
        u = np.linspace(-1, 1, 9)
        self.surface('mask', .98 * t.face_width * u, 10 - 3 * np.cos(1.5 * u), 6)  # the upper edge of a mask
