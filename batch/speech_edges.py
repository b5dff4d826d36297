# SPDX-License-Identifier: GPL-3.0-or-later
"""What the mouth does just before and just after speech: from the expression that it shows to rest,
and back to the one that it would show then.
"""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np

from ..animation.data import Animation, Curve
from ..animation.transition import STILL
from ..animation.visemes import SPEECH_SHAPES
from ..scene.actions import pose_at
from ..vocabulary import ARKIT_SHAPES

_MOUTH: Final = [ARKIT_SHAPES.index(shape) for shape in SPEECH_SHAPES]
_NEAR: Final = 0.05  # frames before and after one that a slope is measured over
# A cubic from a value to 0 stays positive up to that many times the mean slope: F. Fritsch and R.
# Carlson, "Monotone Piecewise Cubic Interpolation" (SIAM Journal on Numerical Analysis 17, 1980).
_STEEPEST: Final = 3.0


def edge(head: bpy.types.Object, outer: float, rest: float) -> Animation:
    """The mouth as it is at scene frame ``outer`` now, and at rest at ``rest``, a whole number of
    frames before or after. Its span leaves ``rest`` out, where speech has keys of its own. Shapes
    that don't move between the two frames are not in it.
    """
    frames = np.arange(min(outer, rest), max(outer, rest) + 1.0)
    shown = np.array([pose_at(head, frame)[_MOUTH] for frame in frames])
    ahead = np.sign(rest - outer)
    values = shown[0 if ahead > 0 else -1]
    slopes = (pose_at(head, outer + _NEAR) - pose_at(head, outer - _NEAR))[_MOUTH] / (2 * _NEAR)
    steepest = _STEEPEST / abs(rest - outer)
    slopes = ahead * np.clip(ahead * slopes, -steepest * values, steepest * (1.0 - values))
    curves = {}
    for index in np.flatnonzero(shown.max(axis=0) > STILL):
        keys = ((outer, values[index], slopes[index]), (rest, 0.0, 0.0))
        curves[SPEECH_SHAPES[index]] = Curve(*np.array(sorted(keys)).T)
    start, end = sorted((outer, rest - ahead))
    return Animation(start, end, curves)
