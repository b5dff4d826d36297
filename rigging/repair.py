# SPDX-License-Identifier: GPL-3.0-or-later
"""Repair shapes: where they push skin through skin, part it, else move it less; where they push a
vertex out of the surface around it, bring it back; where they move what lies beyond their part of
the face, let them fade out; where teeth come through the skin, push that out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..vocabulary import mirror_shape
from .certificate.folds import FoldFinder, intersection_limit
from .certificate.regions import LIMITS, distance_to_region, leaks
from .certificate.skin import ExposedSkin, exposed_skin
from .certificate.spikes import SpikeFinder
from .certificate.teeth import NAME as TEETH
from .cover_teeth import TeethCover
from .data import Certificate, Message
from .head import Head, Role
from .mirror import mirrored_skin
from .skin_patch import bump
from .untangle import Untangler

STEPS: Final[tuple[float, ...]] = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)
# A blink must shut, mouthClose must answer to jawOpen.
KEPT: Final[tuple[str, ...]] = ("eyeBlinkLeft", "eyeBlinkRight", "mouthClose")
# How often spikes are looked for again, and what remains of what a vertex may depart.
ROUNDS: Final = 12
LEVEL: Final = 0.9
# IOD beyond a shape's region over which it fades out, as short as need be.
FADES: Final = (0.4, 0.25, 0.15, 0.08, 0.03)

Shapes = dict[str, NDArray[np.float64]]
# A pose (N, 3) mended, or None where nothing is wrong with it.
Mend = Callable[[NDArray[np.float64]], NDArray[np.float64] | None]


def repair(
    head: Head, shapes: Shapes, certificate: Certificate, follow: Callable[[Shapes], Shapes]
) -> Shapes:
    """Those of the shapes (N, 3) that must change, alike on both sides; the head's messages tell of
    those that had to be weakened. Empty where the certificate finds no skin or teeth that pass
    through skin, no spikes and no motion beyond a shape's part of the face.

    ``follow`` gives a shape's parts the motion of its skin again.
    """
    failed = {metric.name for metric in certificate.metrics if not metric.passed}
    if failed.isdisjoint({*LIMITS, TEETH, "spikes", "new self-intersections"}):
        return {}
    changed: Shapes = {}
    skin = exposed_skin(head)
    if not failed.isdisjoint(LIMITS):
        changed |= follow(_faded(head, skin, shapes))
    if TEETH in failed:
        changed |= _covered(head, skin, shapes | changed, follow)
    if "spikes" in failed:
        changed |= follow(_each(head, shapes | changed, _Leveller(skin), evenly=True))
    if "new self-intersections" in failed:
        changed |= _apart(head, skin, shapes | changed, follow)
    return changed


def _apart(
    head: Head, skin: ExposedSkin, shapes: Shapes, follow: Callable[[Shapes], Shapes]
) -> Shapes:
    """Those of the shapes that push skin through skin, repaired."""
    fixer = _Repair(head, skin, shapes)
    tangled = [name for name in shapes if name not in KEPT and fixer.passes_through(shapes[name])]
    parted = follow(fixer.parted(tangled))
    eased = fixer.eased([name for name in tangled if name not in parted])
    _tell(head, shapes, eased)
    return parted | {name: share * shapes[name] for name, share in eased.items()}


def _faded(head: Head, skin: ExposedSkin, shapes: Shapes) -> Shapes:
    """The shapes that move too much beyond their regions fading out there, with counterparts."""

    def faded(name: str, reach: float) -> NDArray[np.float64]:
        return bump(distance_to_region(name, head, head.vertices) / reach)[:, None] * shapes[name]

    reaches: dict[str, float] = {}
    for name, shape in shapes.items():
        if name == "mouthClose" or not leaks(name, head, skin, shape[skin.index]):
            continue
        fits = (r for r in FADES if not leaks(name, head, skin, faded(name, r)[skin.index]))
        reach = next(fits, FADES[-1])
        for one in {name, mirror_shape(name)} & shapes.keys():
            reaches[one] = min(reach, reaches.get(one, reach))
    return {name: faded(name, reaches[name]) for name in shapes if name in reaches}


def _covered(
    head: Head, skin: ExposedSkin, shapes: Shapes, follow: Callable[[Shapes], Shapes]
) -> Shapes:
    """The shapes in which teeth come through, with the skin over them."""
    cover = TeethCover(head, skin)
    changed = _each(head, shapes, cover, evenly=True)
    # Where triangles are coarse, the mean with the other side leaves some of them uncovered.
    changed |= _each(head, shapes | changed, cover, evenly=False)
    rigid = np.isin(head.role, (Role.TEETH_UPPER, Role.TEETH_LOWER, Role.TONGUE))
    followed = follow(changed)
    for name, shape in followed.items():
        # They go with the jaw, which the skin over them isn't.
        shape[rigid] = shapes[name][rigid]
    return followed


def _each(head: Head, shapes: Shapes, mend: Mend, *, evenly: bool) -> Shapes:
    """The shapes whose poses ``mend`` changes, ``evenly`` with their counterparts."""
    changed: Shapes = {}
    # Before mouthClose, which is seen on top of it.
    for name in sorted(shapes, key=lambda name: name != "jawOpen"):
        under = changed.get("jawOpen", shapes.get("jawOpen")) if name == "mouthClose" else None
        pose = mend(shapes[name] if under is None else shapes[name] + under)
        if pose is not None:
            changed[name] = pose if under is None else pose - under
    return changed | _even(head, shapes, changed) if evenly else changed


def _even(head: Head, shapes: Shapes, changed: Shapes) -> Shapes:
    """The shapes that were ``changed``, or whose counterparts were, alike on both sides; none on a
    head that isn't symmetric.
    """
    mirrored = mirrored_skin(head)
    if mirrored is None:
        return {}
    now = shapes | changed
    pairs = {name: mirror_shape(name) for name in now}
    return {
        name: mirrored.mean(now[name], now[other])
        for name, other in pairs.items()
        if other in now and not changed.keys().isdisjoint({name, other})
    }


class _Leveller:
    """Brings spikes back to what each may depart."""

    def __init__(self, skin: ExposedSkin) -> None:
        self._skin, self._find = skin, SpikeFinder(skin)

    def __call__(self, pose: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """A pose (N, 3) without spikes; None where there are none."""
        level = pose[self._skin.index]
        spikes = self._find(level)
        if not len(spikes.rows):
            return None
        for _ in range(ROUNDS):
            back = 1.0 - LEVEL * spikes.allowed / spikes.lengths
            level[spikes.rows] -= back[:, None] * spikes.departures
            spikes = self._find(level)
            if not len(spikes.rows):
                break
        mended = pose.copy()
        mended[self._skin.index] = level
        return mended


class _Repair:
    def __init__(self, head: Head, skin: ExposedSkin, shapes: Shapes) -> None:
        self._head, self._skin, self._shapes = head, skin, shapes
        self._finder = FoldFinder(head, self._skin)
        self._limit = intersection_limit(self._skin)
        self._untangle = Untangler(head, self._skin, self._finder)

    def passes_through(self, shape: NDArray[np.float64]) -> bool:
        """Whether too much skin meets skin in a shape (N, 3)."""
        return len(self._finder.new_pairs(shape[self._skin.index])) > self._limit

    def parted(self, tangled: list[str]) -> Shapes:
        """The shapes in which the skin can be kept apart, with their counterparts."""
        found: Shapes = {}
        for name in tangled:
            apart = self._untangle(self._shapes[name][self._skin.index], self._limit)
            if apart is not None:
                found[name] = self._shapes[name].copy()
                found[name][self._skin.index] = apart
        if mirrored_skin(self._head) is None:
            return found
        even = _even(self._head, self._shapes, found)
        bad = {name for name, shape in even.items() if self.passes_through(shape)}
        return {name: even[name] for name in even if bad.isdisjoint({name, mirror_shape(name)})}

    def eased(self, tangled: list[str]) -> dict[str, float]:
        """How far each of the shapes and its counterpart may move, as a share."""
        eased: dict[str, float] = {}
        for name in tangled:
            share = next(
                (step for step in STEPS if not self.passes_through(step * self._shapes[name])), None
            )
            if share is not None:
                for one in {name, mirror_shape(name)} & self._shapes.keys():
                    eased[one] = min(share, eased.get(one, 1.0))
        return eased


def _tell(head: Head, shapes: Shapes, eased: dict[str, float]) -> None:
    for share in sorted(set(eased.values()), reverse=True):
        names = ", ".join(name for name in shapes if eased.get(name) == share)
        head.messages.append(
            Message(
                "info",
                f"{names}: moves {share:.0%} as far as on other heads. Any further, and skin would "
                "pass through skin; finer triangles around lips and nose give it more room.",
            )
        )
