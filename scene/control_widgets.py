# SPDX-License-Identifier: GPL-3.0-or-later
"""The outlines that on-face controls are drawn as: small meshes without faces, in a collection that
no scene shows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

import bpy

from ..animation.control_map import CONTROLS
from .objects import derived_name

_SUFFIX: Final = "_FaceWidgets"
_STEPS: Final = 24  # of a whole circle

Point = tuple[float, float]
Line = list[Point]


def _arc(start: float, end: float, width: float = 1.0, height: float = 1.0, x: float = 0.0) -> Line:
    """Part of an ellipse, in degrees from the right and turning left."""
    count = max(3, round(_STEPS * abs(end - start) / 360.0)) + 1
    angles = [math.radians(start + (end - start) * k / (count - 1)) for k in range(count)]
    return [(x + width * math.cos(a), height * math.sin(a)) for a in angles]


def _closed(line: Sequence[Point]) -> Line:
    return [*line, line[0]]


# Widget -> lines through points, around 0 and about 1 in size; x is left, y up.
_OUTLINES: Final[dict[str, tuple[Line, ...]]] = {
    "ring": (_arc(0, 360),),
    "disc": (_arc(0, 360), _arc(0, 360, 0.55, 0.55)),
    "square": (_closed([(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)]),),
    "diamond": (_closed([(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)]),),
    "star": (
        _closed(
            [
                (r * math.cos(a), r * math.sin(a))
                for k in range(8)
                for r, a in [(1.0 if k % 2 == 0 else 0.4, math.radians(45 * k))]
            ]
        ),
    ),
    "bar": (_closed(_arc(0, 360, 1.0, 0.45)), [(-1.0, 0.0), (1.0, 0.0)]),
    "up": (_closed([(-0.9, -0.5), (0.9, -0.5), (0.0, 0.9)]),),
    "down": (_closed([(-0.9, 0.5), (0.9, 0.5), (0.0, -0.9)]),),
    "bow": (_closed([*_arc(0, 180, 1.3, 0.6), *_arc(180, 0, 1.3, 0.1)]),),
    "lid_up": (_closed([*_arc(0, 180, 1.4, 0.8)]),),
    "lid_down": (_closed([*_arc(180, 360, 1.4, 0.8)]),),
    "goggles": (
        _arc(0, 360, 0.6, 0.6, 0.85),
        _arc(0, 360, 0.6, 0.6, -0.85),
        [(-0.25, 0.0), (0.25, 0.0)],
    ),
    "sideways": (
        _closed([(0.3, 0.55), (1.2, 0.0), (0.3, -0.55)]),
        _closed([(-0.3, 0.55), (-1.2, 0.0), (-0.3, -0.55)]),
    ),
    "chin": (_closed([*_arc(180, 360, 1.5, 0.9), *_arc(360, 180, 1.1, 0.4)]),),
    "tongue": (_closed([(0.7, 0.8), (-0.7, 0.8), *_arc(180, 360, 0.7, 0.9)]),),
}


def make_widgets(head: bpy.types.Object) -> dict[str, bpy.types.Object]:
    """Widget -> object, for the controls of a head."""
    collection = bpy.data.collections.new(derived_name(head, _SUFFIX))
    collection.use_fake_user = True  # no scene holds it
    widgets = {}
    for name in dict.fromkeys(control.widget for control in CONTROLS):
        mesh = bpy.data.meshes.new(f"{collection.name}_{name}")
        mesh.from_pydata(*_points_and_edges(_OUTLINES[name]), [])
        widgets[name] = bpy.data.objects.new(mesh.name, mesh)
        collection.objects.link(widgets[name])
    return widgets


def remove_widgets(widgets: Iterable[bpy.types.Object]) -> None:
    """Remove objects that ``make_widgets`` made, and what held them."""
    for widget in set(widgets):
        collections, mesh = list(widget.users_collection), widget.data
        bpy.data.objects.remove(widget)
        if mesh.users == 0:
            bpy.data.meshes.remove(mesh)
        for collection in collections:
            if not len(collection.all_objects):
                bpy.data.collections.remove(collection)


def _points_and_edges(
    lines: Iterable[Line],
) -> tuple[list[tuple[float, float, float]], list[tuple[int, int]]]:
    points: list[tuple[float, float, float]] = []
    edges = []
    for line in lines:
        first = len(points)
        points += [(x, y, 0.0) for x, y in line]
        edges += [(k, k + 1) for k in range(first, len(points) - 1)]
    return points, edges
