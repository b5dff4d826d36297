# SPDX-License-Identifier: GPL-3.0-or-later
"""Which objects of the scene belong to a head: eyeballs, teeth, tongue, lashes, brows, hair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ..properties import state_of
from ..rigging.data import Message
from .head import SceneOptions
from .mesh_access import basis_positions, has_mirror, matrix_array
from .objects import objects_in_view
from .validate import is_editable, usable

# A part that is nobody's child must lie mostly inside the head's box, grown by this share of it.
_MARGIN: Final = 0.1
_MIN_INSIDE: Final = 0.6
# Children and selected objects may stick out further, as hair does.
_LOOSE_MARGIN: Final = 0.5
_LOOSE_MIN_INSIDE: Final = 0.3
# Nothing that is this much larger than the head is a part of it: ground, walls, a room.
_MAX_SIZE: Final = 2.0


@dataclass(frozen=True)
class Box:
    """An axis-aligned box in world space."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @property
    def size(self) -> float:
        return float(np.linalg.norm(self.high - self.low))

    def is_like(self, other: Box) -> bool:
        """Whether two boxes are the same but for 5 % of their size."""
        corners = np.abs(np.concatenate((self.low - other.low, self.high - other.high)))
        return bool(corners.max() < 0.05 * self.size)

    def share_inside(self, points: NDArray[np.float64], margin: float) -> float:
        """Share of the (N, 3) ``points`` that lie in the box grown by ``margin`` of its size."""
        grown = margin * (self.high - self.low)
        inside = (points >= self.low - grown) & (points <= self.high + grown)
        return float(np.mean(inside.all(axis=1)))


def collect_parts(
    context: bpy.types.Context, head: bpy.types.Object, options: SceneOptions
) -> tuple[list[bpy.types.Object], list[Message]]:
    """The other objects of the head, by name, and remarks on those that can't be rigged."""
    if options.parts == "NONE":
        return [], []
    head_box = _head_box(head)
    found, messages = [], []
    for obj in sorted(objects_in_view(context), key=lambda item: item.name):
        if obj == head or not _can_be_part(obj, head):
            continue
        related = obj in context.selected_objects
        if options.parts == "NEAR":
            related = related or _is_related(obj, head)
        elif not related:
            continue
        if not _fits(obj, head, head_box, related=related):
            continue
        problem = _unusable(obj)
        if problem:
            text = f'"{obj.name}" {problem}; it is left out of the rig.'
            messages.append(Message("warning", text))
        else:
            found.append(obj)
    return found, messages


def _can_be_part(obj: bpy.types.Object, head: bpy.types.Object) -> bool:
    """A visible surface that is not a bone's custom shape and not of another rigged head."""
    if obj.type != "MESH" or not obj.visible_get() or obj.display_type in {"WIRE", "BOUNDS"}:
        return False
    state = state_of(obj)
    belongs_elsewhere = state.role == "PART" and state.head not in {None, head}
    is_other_head = state.role == "HEAD" and state.status != "NONE"
    return len(obj.data.polygons) > 0 and not belongs_elsewhere and not is_other_head


def _is_related(obj: bpy.types.Object, head: bpy.types.Object) -> bool:
    """A part of an earlier rig, a descendant, or a sibling under the same parent or armature."""
    if state_of(obj).role == "PART" and state_of(obj).head == head:
        return True
    parent = obj.parent
    if parent is not None and parent == head.parent:
        return True
    while parent is not None and parent != head:
        parent = parent.parent
    return parent is not None


def _fits(obj: bpy.types.Object, head: bpy.types.Object, head_box: Box, *, related: bool) -> bool:
    if not _may_fit(_shown_box(obj), head_box):
        return False
    points = _world_points(obj)
    finite = points[usable(points)]
    if len(finite) == 0 or _box(finite).size > _MAX_SIZE * head_box.size:
        return False
    if related:
        return head_box.share_inside(finite, _LOOSE_MARGIN) >= _LOOSE_MIN_INSIDE
    if len(obj.data.vertices) == len(head.data.vertices) and head_box.is_like(_box(finite)):
        return False  # a copy of the head, kept in its place as a backup
    return head_box.share_inside(finite, _MARGIN) >= _MIN_INSIDE


def _may_fit(box: Box, head_box: Box) -> bool:
    """Whether it is worth reading an object's vertices; a scene may hold millions."""
    grown = _LOOSE_MARGIN * (head_box.high - head_box.low)
    apart = (box.low > head_box.high + grown) | (box.high < head_box.low - grown)
    return not apart.any() and box.size <= 2 * _MAX_SIZE * head_box.size


def _unusable(obj: bpy.types.Object) -> str:
    """Why a part can't be rigged, or nothing."""
    if not is_editable(obj):
        return "is linked from another file"
    if obj.mode != "OBJECT":
        return "is not in Object Mode"
    if not usable(basis_positions(obj.data)).all():
        return "has vertices with an invalid position"
    keys = obj.data.shape_keys
    if keys is not None and not keys.use_relative:
        return "has absolute shape keys"
    scales = np.linalg.svd(matrix_array(obj.matrix_world)[:3, :3], compute_uv=False)
    if scales.min() <= 1e-6 * scales.max():
        return "is scaled to nothing along an axis"
    return ""


def _world_points(obj: bpy.types.Object) -> NDArray[np.float64]:
    matrix = matrix_array(obj.matrix_world)
    return basis_positions(obj.data) @ matrix[:3, :3].T + matrix[:3, 3]


def _head_box(head: bpy.types.Object) -> Box:
    box = _box(_world_points(head))
    if not has_mirror(head):
        return box
    shown = _shown_box(head)
    return Box(np.minimum(box.low, shown.low), np.maximum(box.high, shown.high))


def _shown_box(obj: bpy.types.Object) -> Box:
    """Around what the artist sees, with all modifiers."""
    corners = np.array([tuple(corner) for corner in obj.bound_box])
    matrix = matrix_array(obj.matrix_world)
    return _box(corners @ matrix[:3, :3].T + matrix[:3, 3])


def _box(points: NDArray[np.float64]) -> Box:
    return Box(points.min(axis=0), points.max(axis=0))
