# SPDX-License-Identifier: GPL-3.0-or-later
"""Arithmetic of Blender's F-curves, handles included: scaled, added up, cut off at 0.

A curve is cut by de Casteljau's algorithm, which doesn't change its shape, so that handles that an
animator has set stay what they are wherever only one of the curves moves.
https://en.wikipedia.org/wiki/De_Casteljau%27s_algorithm
"""

from __future__ import annotations

import bisect
import functools
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

Point = tuple[float, float]  # frame, value
_NEAR: Final = 1e-3  # frames; keys nearer than that are at the same frame
_STILL: Final = 1e-9
_SLOPE: Final = 1e-4  # of a segment, that slopes are measured over


@dataclass(frozen=True)
class Key:
    """A key with its handles. ``interpolation``: towards the next key, as Blender calls it;
    ``kind``: Blender's type of key.
    """

    at: Point
    left: Point
    right: Point
    interpolation: str = "BEZIER"
    kind: str = "KEYFRAME"


@dataclass(frozen=True)
class Keyed:
    """An F-curve: keys by frame, at least one. It stays before the first and after the last."""

    keys: tuple[Key, ...]

    @functools.cached_property
    def frames(self) -> list[float]:
        """Frames of the keys."""
        return [key.at[0] for key in self.keys]

    def scaled(self, factor: float) -> Keyed:
        """Every value times ``factor``."""

        def times(point: Point) -> Point:
            return (point[0], point[1] * factor)

        return Keyed(
            tuple(
                replace(key, at=times(key.at), left=times(key.left), right=times(key.right))
                for key in self.keys
            )
        )

    def at(self, frame: float) -> float:
        """The value at a frame."""
        first, last = self.keys[0], self.keys[-1]
        if frame <= first.at[0]:
            return first.at[1]
        if frame >= last.at[0]:
            return last.at[1]
        place = bisect.bisect_right(self.frames, frame) - 1
        return _Segment.between(self.keys[place], self.keys[place + 1]).value(frame)

    def cut(self, frames: Sequence[float]) -> Keyed:
        """The same curve with a key more at each of these frames."""
        keys = list(self.keys)
        for frame in (frame for frame in frames if not self.has_key(frame)):
            where = bisect.bisect_left(keys, frame, key=lambda key: key.at[0])
            keys[max(where - 1, 0) : where + 1] = _with_key(keys, where, frame)
        return Keyed(tuple(keys))

    def has_key(self, frame: float) -> bool:
        """Whether a key is at a frame."""
        after = bisect.bisect_left(self.frames, frame - _NEAR)
        return after < len(self.keys) and self.keys[after].at[0] < frame + _NEAR

    def positive(self) -> Keyed:
        """The curve where it is above 0, and 0 elsewhere, with keys more where it crosses 0."""
        crossings = [
            frame
            for first, second in zip(self.keys, self.keys[1:], strict=False)
            for frame in _Segment.between(first, second).crossings()
        ]
        keys = list(self.cut(crossings).keys)
        on = [
            _Segment.between(first, second).middle() > 0.0
            for first, second in itertools.pairwise(keys)
        ]
        cut = []
        for k, key in enumerate(keys):
            at = (key.at[0], max(key.at[1], 0.0))
            left = key.left if k > 0 and on[k - 1] else _flat(at, key.left)
            right = key.right if k < len(on) and on[k] else _flat(at, key.right)
            cut.append(replace(key, at=at, left=left, right=right))
        return Keyed(tuple(cut))

    def is_still(self) -> bool:
        """Whether it is 0 everywhere."""
        points = [point for key in self.keys for point in (key.at, key.left, key.right)]
        return all(abs(value) <= _STILL for _, value in points)


def added(first: Keyed, second: Keyed) -> Keyed:
    """The sum of two curves, with keys wherever one of them has one.

    Exact between two keys where one of them rests, and where both are cubic polynomials of time
    (handles a third of the way to the next key); else both keys and slopes are met there.
    """
    a, b = first.cut(second.frames), second.cut(first.frames)
    keys = []
    for one, other in zip(a.keys, b.keys, strict=True):
        kind = one.kind if first.has_key(one.at[0]) else other.kind
        keys.append(replace(one, at=(one.at[0], one.at[1] + other.at[1]), kind=kind))
    for k in range(len(keys) - 1):
        pair = (a.keys[k], a.keys[k + 1]), (b.keys[k], b.keys[k + 1])
        interpolation, right, left = _joined(*pair)
        keys[k] = replace(keys[k], interpolation=interpolation, right=right)
        keys[k + 1] = replace(keys[k + 1], left=left)
    if keys:
        keys[0] = replace(keys[0], left=_flat(keys[0].at, keys[0].left))
        keys[-1] = replace(keys[-1], right=_flat(keys[-1].at, keys[-1].right))
    return Keyed(tuple(keys))


def _joined(one: tuple[Key, Key], other: tuple[Key, Key]) -> tuple[str, Point, Point]:
    """Interpolation and handles, right and left, of the sum of two segments over one span."""
    a, b = _Segment.between(*one), _Segment.between(*other)
    start, end = one[0].at[0], one[1].at[0]
    if b.rests():
        return _raised(one, b.value(start))
    if a.rests():
        return _raised(other, a.value(start))
    if {one[0].interpolation, other[0].interpolation} == {"CONSTANT"}:
        third = (end - start) / 3.0
        value = one[0].at[1] + other[0].at[1]
        after = one[1].at[1] + other[1].at[1]
        return "CONSTANT", (start + third, value), (end - third, after)
    third = (end - start) / 3.0
    slopes = [a.slope(place) + b.slope(place) for place in (start, end)]
    low, high = one[0].at[1] + other[0].at[1], one[1].at[1] + other[1].at[1]
    return (
        "BEZIER",
        (start + third, low + third * slopes[0]),
        (end - third, high - third * slopes[1]),
    )


def _raised(pair: tuple[Key, Key], by: float) -> tuple[str, Point, Point]:
    segment = _Segment.between(*pair)
    right, left = segment.points[1], segment.points[2]
    return pair[0].interpolation, (right[0], right[1] + by), (left[0], left[1] + by)


def _flat(at: Point, handle: Point) -> Point:
    return (handle[0], at[1])


def _with_key(keys: list[Key], where: int, frame: float) -> list[Key]:
    """The keys on both sides of a new one at ``frame``, with it between them."""
    if where == 0 or where == len(keys):
        end = keys[0] if where == 0 else keys[-1]
        gap = (frame - end.at[0]) / 3.0
        value = end.at[1]
        # Before and after its keys a curve stays.
        new = Key((frame, value), (frame - abs(gap), value), (frame + abs(gap), value))
        new = replace(new, kind=end.kind)
        if where == 0:
            return [new, replace(end, left=(end.at[0] + gap, value))]
        return [replace(end, right=(end.at[0] + gap, value), interpolation="BEZIER"), new]
    before, after = keys[where - 1], keys[where]
    left, right = _Segment.between(before, after).halves(frame)
    middle = Key(right[0], left[2], right[1], before.interpolation, before.kind)
    return [replace(before, right=left[1]), middle, replace(after, left=right[2])]


@dataclass(frozen=True)
class _Segment:
    """What lies between two keys; ``points``: of the Bezier curve, as Blender corrects it."""

    points: tuple[Point, Point, Point, Point]
    interpolation: str

    @classmethod
    def between(cls, before: Key, after: Key) -> _Segment:
        start, end = before.at, after.at
        if before.interpolation != "BEZIER":
            step = tuple((e - s) / 3.0 for s, e in zip(start, end, strict=True))
            if before.interpolation == "CONSTANT":
                step = (step[0], 0.0)
            right = (start[0] + step[0], start[1] + step[1])
            left = (end[0] - step[0], end[1] - step[1])
            return cls((start, right, left, end), before.interpolation)
        right, left = before.right, after.left
        # A handle that reaches beyond the next key in time is shortened, as Blender does.
        length = end[0] - start[0]
        right = _towards(start, right, min(1.0, length / max(abs(right[0] - start[0]), _NEAR)))
        left = _towards(end, left, min(1.0, length / max(abs(end[0] - left[0]), _NEAR)))
        return cls((start, right, left, end), "BEZIER")

    def value(self, frame: float) -> float:
        """The value at a frame within."""
        if self.interpolation == "CONSTANT":
            return self.points[0][1] if frame < self.points[3][0] else self.points[3][1]
        return float(_bernstein([y for _, y in self.points], self.parameter(frame)))

    def middle(self) -> float:
        """The value half-way."""
        return self.value((self.points[0][0] + self.points[3][0]) / 2.0)

    def slope(self, frame: float) -> float:
        """Slope at a frame within or at the ends, from inside."""
        start, end = self.points[0][0], self.points[3][0]
        step = (end - start) * _SLOPE
        low, high = max(frame - step, start), min(frame + step, end)
        return (self.value(high) - self.value(low)) / (high - low)

    def rests(self) -> bool:
        """Whether the value never changes."""
        return all(abs(y - self.points[0][1]) <= _STILL for _, y in self.points)

    def parameter(self, frame: float) -> float:
        """0..1 along the Bezier curve where it is at a frame."""
        xs = [x for x, _ in self.points]
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2.0
            if _bernstein(xs, middle) < frame:
                low = middle
            else:
                high = middle
        return (low + high) / 2.0

    def halves(self, frame: float) -> tuple[tuple[Point, ...], tuple[Point, ...]]:
        """The four points of each of the two pieces that ``frame`` cuts the segment into."""
        if self.interpolation == "CONSTANT":
            start, end = self.points[0], self.points[3]
            middle = (frame, start[1])
            return (start, start, middle, middle), (middle, middle, end, end)
        t = self.parameter(frame)
        rows = [list(map(np.array, self.points))]
        while len(rows[-1]) > 1:
            above = rows[-1]
            rows.append([(1 - t) * p + t * q for p, q in itertools.pairwise(above)])
        left = tuple((float(row[0][0]), float(row[0][1])) for row in rows)
        right = tuple((float(row[-1][0]), float(row[-1][1])) for row in reversed(rows))
        return left, right

    def crossings(self) -> list[float]:
        """Frames strictly within at which the value changes its sign."""
        ys = [y for _, y in self.points]
        if self.interpolation == "CONSTANT" or min(ys) >= 0.0 or max(ys) <= 0.0:
            return []
        a = -ys[0] + 3 * ys[1] - 3 * ys[2] + ys[3]
        b, c, d = 3 * ys[0] - 6 * ys[1] + 3 * ys[2], 3 * (ys[1] - ys[0]), ys[0]
        roots = np.roots(np.trim_zeros([a, b, c, d], "f"))
        inside = [float(root.real) for root in roots if abs(root.imag) < 1e-9]
        xs = [x for x, _ in self.points]
        return sorted(float(_bernstein(xs, t)) for t in inside if 1e-6 < t < 1.0 - 1e-6)


def _towards(start: Point, end: Point, factor: float) -> Point:
    return (start[0] + (end[0] - start[0]) * factor, start[1] + (end[1] - start[1]) * factor)


def _bernstein(values: Sequence[float], t: float) -> float:
    s = 1.0 - t
    return (
        s * s * s * values[0]
        + 3 * s * s * t * values[1]
        + 3 * s * t * t * values[2]
        + t * t * t * values[3]
    )
