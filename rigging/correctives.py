# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairwise correctives: what must be added where two shapes at once break what each alone keeps.

Shape keys add up. A blink shuts the eye, but with a squint on top the lower lid goes through the
upper one, and with wide eyes it doesn't shut at all. A corrective is one more shape that grows
with the product of the two: at half of both a quarter of it. Head frame, IOD.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, combinations, product
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.sparse import csr_matrix

from ..vocabulary import SIDE_NAMES, mirror_shape
from .data import Bone
from .head import Head, Role
from .lids import Lids, lids_of
from .lips import lips_of
from .mirror import mirrored_skin
from .parts_motion import follow_skin
from .surface import SurfaceSamples, closest

Pair = tuple[str, str]
Floats = NDArray[np.float64]
Shapes = dict[str, Floats]
Correctives = dict[Pair, Floats]

TOLERATED: Final[float] = 0.01  # lids may shift against each other as far as lips may cross
TOLERATED_CROSSING: Final[float] = 0.008  # a little less than what the certificate allows
CONTACT: Final[float] = 0.003  # lids closer than this touch
NEGLIGIBLE: Final[float] = 2e-5  # below that a vertex doesn't move
LOWERED_OVER: Final[float] = 3.0  # samples of the margin over which a push of it is evened out

# With a shut eye: what moves one lid against the other. A gaze shifts the lids sideways, too, but
# both alike.
MOVE_ONE_LID: Final[tuple[str, ...]] = (
    "eyeSquint",
    "cheekSquint",
    "eyeWide",
    "eyeLookDown",
    "eyeLookUp",
    "noseSneer",
    "browDown",
)
# With an open eye: the first lowers the upper lid, the second raises the lower one.
NARROW: Final[Pair] = ("eyeLookDown", "eyeSquint")
# What slides the lower lip along the upper one or presses it up, with what bends the lip line.
# mouthClose answers to jawOpen alone, and rolled lips fold over each other by nature.
PRESS_LIPS: Final[tuple[str, ...]] = (
    "jawForward",
    "jawLeft",
    "jawRight",
    "mouthPucker",
    "mouthShrugLower",
)
BEND_LIPS: Final[tuple[str, ...]] = (
    "jawOpen",
    "mouthFrownLeft",
    "mouthFrownRight",
    "mouthFunnel",
    "mouthLeft",
    "mouthPressLeft",
    "mouthPressRight",
    "mouthRight",
    "mouthSmileLeft",
    "mouthSmileRight",
    "mouthStretchLeft",
    "mouthStretchRight",
)


def find_correctives(head: Head, shapes: Shapes) -> Correctives:
    """Displacements (N, 3) of the skin, by the two shapes whose product drives them; only where
    the sum of the two breaks a constraint.

    ``shapes``: ARKit name -> (N, 3), final. A shape that moves nothing takes part in no pair.
    """
    moving = {name: shape for name, shape in shapes.items() if shape.any()}
    found: Correctives = {}
    for side, lids in lids_of(head).items():
        found |= _keep_shut(lids, moving, SIDE_NAMES[side])
        found |= _keep_lids_apart(lids, moving, SIDE_NAMES[side])
    if head.seam is not None:
        found |= _keep_lips_apart(head, moving)
    found = _symmetrise(head, found, moving)
    for corrective in found.values():
        corrective[np.linalg.norm(corrective, axis=1) < NEGLIGIBLE] = 0.0
    return {pair: found[pair] for pair in sorted(found)}


def carry_parts(
    head: Head,
    shapes: Shapes,
    correctives: Correctives,
    bones: Sequence[Bone],
    weights: csr_matrix,
) -> Correctives:
    """The correctives with what rides on the skin: lashes, brows, beards.

    ``weights`` (N, B), columns as ``bones``. Eyes, teeth and tongue keep the motion of the two
    shapes. A lash turns with its lid, so its motions don't add up: it goes where the corrected
    sum carries it.
    """
    lashes = np.flatnonzero(head.role == Role.LASH)
    others = np.flatnonzero(np.isin(head.role, (Role.BROW, Role.ATTACHED)))
    if not (len(lashes) or len(others)):
        return correctives
    totals = {pair: shapes[pair[0]] + shapes[pair[1]] for pair in correctives}
    asked = {f"alone {pair}": corrective for pair, corrective in correctives.items()}
    asked |= {f"sum {pair}": totals[pair] + correctives[pair] for pair in correctives}
    followed = follow_skin(head, asked, bones, weights)
    result: Correctives = {}
    for pair, corrective in correctives.items():
        result[pair] = corrective.copy()
        result[pair][others] = followed[f"alone {pair}"][others]
        result[pair][lashes] = followed[f"sum {pair}"][lashes] - totals[pair][lashes]
    return result


def _pairs_of(shapes: Shapes, pairs: Iterable[Pair]) -> list[Pair]:
    return [(first, second) for first, second in pairs if {first, second} <= shapes.keys()]


def _keep_shut(lids: Lids, shapes: Shapes, word: str) -> Correctives:
    """The lids of a blink stay where the blink alone puts them, whatever else moves one of them.

    Near the margins the other shape is taken away in the measure in which the eye is shut. So
    any number of shapes may be added to a blink.
    """
    margins = _Margins(lids)
    share = lids.upper_share
    fade = (share * lids.fade_upper + (1 - share) * lids.fade_lower)[:, None]
    found: Correctives = {}
    for pair in _pairs_of(shapes, [(f"eyeBlink{word}", name + word) for name in MOVE_ONE_LID]):
        other = shapes[pair[1]][lids.region]
        if np.linalg.norm(margins.parted(other), axis=1).max() > TOLERATED:
            found[pair] = np.zeros_like(shapes[pair[1]])
            found[pair][lids.region] = -fade * other
    return found


def _keep_lids_apart(lids: Lids, shapes: Shapes, word: str) -> Correctives:
    """Lids of an open eye that come together stop at each other: the lower one goes down."""
    margins = _Margins(lids)
    up = lids.rim.axes[1]
    lower = (lids.fade_lower * (1 - lids.upper_share))[:, None]
    for pair in _pairs_of(shapes, [(NARROW[0] + word, NARROW[1] + word)]):
        one, two = (shapes[name][lids.region] for name in pair)
        # What each of them does alone is not for the pair to mend.
        allowed = np.minimum(margins.gap(one), margins.gap(two)).clip(max=CONTACT)
        need = np.maximum(0.0, allowed - margins.gap(one + two))
        if need.max() > TOLERATED:
            push = np.maximum(need, gaussian_filter1d(need, LOWERED_OVER))
            total = shapes[pair[0]] + shapes[pair[1]]
            parted = total.copy()
            parted[lids.region] -= lower * push[lids.at_lower][:, None] * up
            return {pair: lids.clear_path(parted, (0.5, 1.0)) - total}
    return {}


def _keep_lips_apart(head: Head, shapes: Shapes) -> Correctives:
    """Lips that two shapes push through each other just touch.

    Each lip gives way by about half of the crossing. Where the mesh of a lip needs far more than
    that, the push would tear it, which looks worse than a crossing of a hundredth of the IOD.
    """
    lips = lips_of(head)
    allowed = np.minimum(lips.gap(np.zeros_like(head.vertices)), 0.0)
    found: Correctives = {}
    for pair in _pairs_of(shapes, _lip_pairs()):
        total = shapes[pair[0]] + shapes[pair[1]]
        crossing = (allowed - lips.gap(total)).max()
        if crossing > TOLERATED_CROSSING:
            corrective = lips.uncross(total, TOLERATED_CROSSING / 2) - total
            if 0.0 < np.linalg.norm(corrective, axis=1).max() < crossing:
                found[pair] = corrective
    return found


def _lip_pairs() -> Iterator[Pair]:
    for first, second in chain(combinations(PRESS_LIPS, 2), product(PRESS_LIPS, BEND_LIPS)):
        if second != mirror_shape(first):  # jawLeft and jawRight cancel each other
            yield first, second


def _symmetrise(head: Head, found: Correctives, shapes: Shapes) -> Correctives:
    """On a symmetric head, each corrective averaged with its mirror image. What only one side
    was found to need (a limit lies between the two) the other gets as well.
    """
    mirrored = mirrored_skin(head)
    if mirrored is None:
        return found
    result = dict(found)
    for pair, corrective in found.items():
        other = _mirror(pair)
        if other in found:
            result[pair] = mirrored.mean(corrective, found[other])
        elif shapes.keys() >= set(other):
            result[other] = mirrored.image(corrective)
    return result


def _mirror(pair: Pair) -> Pair:
    return mirror_shape(pair[0]), mirror_shape(pair[1])


class _Margins:
    """The margins of both lids, tied to the skin of their own lid."""

    def __init__(self, lids: Lids) -> None:
        self._up = lids.rim.axes[1]
        self._upper, self._lower = lids.upper, lids.lower
        self._on_upper = _attach(lids, lids.upper, lids.upper_share)
        self._on_lower = _attach(lids, lids.lower, 1.0 - lids.upper_share)

    def parted(self, displacement: Floats) -> Floats:
        """(SAMPLES, 3) how far a displacement (K, 3) of the lids' region moves the upper margin
        against the lower one.
        """
        return self._on_upper.on(displacement) - self._on_lower.on(displacement)

    def gap(self, displacement: Floats) -> Floats:
        """(SAMPLES,) height of the upper margin over the lower one."""
        return (self._upper - self._lower + self.parted(displacement)) @ self._up


def _attach(lids: Lids, margin: Floats, share: Floats) -> SurfaceSamples:
    own = lids.skin[(share[lids.skin] > 0.5).all(axis=1)]
    found = closest(lids.points, own if len(own) else lids.skin, margin)
    return SurfaceSamples(found.corners, found.weights)
