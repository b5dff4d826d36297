# SPDX-License-Identifier: GPL-3.0-or-later
"""What a head must be before anything is read from it. Nothing is changed here."""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ..errors import RigError
from ..vocabulary import MIN_VERTICES

# Below this ratio of smallest to largest scale, positions can't be mapped back to the object.
_MIN_SCALE_RATIO: Final = 1e-6

_MAX_COORDINATE: Final = 1e18


def validate_object(context: bpy.types.Context, obj: bpy.types.Object | None) -> bpy.types.Object:
    """Return ``obj``; raise RigError unless it is an editable, visible mesh in Object Mode."""
    if obj is None:
        raise RigError("No object is active.", "Click the head in the 3D Viewport, then try again.")
    if obj.type != "MESH":
        raise RigError(
            f'"{obj.name}" is not a mesh but a {_type_name(obj)}.',
            "Select the head's mesh; convert curves and surfaces with Object > Convert > Mesh.",
        )
    _validate_editable(obj)
    _validate_visible(context, obj)
    if obj.mode != "OBJECT":
        mode = obj.mode.replace("_", " ").title()
        raise RigError(f'"{obj.name}" is in {mode} Mode.', "Switch to Object Mode, then try again.")
    if len(obj.data.polygons) == 0:
        raise RigError(
            f'"{obj.name}" has no faces.', "Select the mesh that has the head's surface."
        )
    keys = obj.data.shape_keys
    if keys is not None and not keys.use_relative:
        raise RigError(
            f'"{obj.name}" has absolute shape keys, which can\'t be mixed.',
            "Turn on Relative in Object Data > Shape Keys.",
        )
    return obj


def validate_positions(obj: bpy.types.Object, positions: NDArray[np.float64]) -> None:
    """Raise RigError unless the (N, 3) object-space ``positions`` are finite and many enough."""
    broken = int(np.count_nonzero(~usable(positions)))
    if broken:
        raise RigError(
            f'"{obj.name}" has {broken} vertices with an invalid position (NaN or infinite).',
            "Delete or repair these vertices, or import the mesh again.",
        )
    if len(positions) < MIN_VERTICES:
        raise RigError(
            f'"{obj.name}" has {len(positions)} vertices, too few for a face to move.',
            f"Use a head with at least {MIN_VERTICES} vertices, or subdivide it and apply that.",
        )
    if not np.ptp(positions, axis=0).any():
        raise RigError(
            f'All vertices of "{obj.name}" are in one point.', "Import the head again, or undo."
        )


def usable(positions: NDArray) -> NDArray[np.bool_]:
    """(N,) which positions are finite, and small enough to have a length in single precision.

    Blender stores an infinite coordinate that is typed in as its largest number.
    """
    return (np.abs(positions) < _MAX_COORDINATE).all(axis=1)


def validate_matrix(obj: bpy.types.Object, matrix: NDArray[np.float64]) -> None:
    """Raise RigError unless the (4, 4) ``matrix`` is finite and can be inverted."""
    sizes = np.linalg.svd(matrix[:3, :3], compute_uv=False) if np.isfinite(matrix).all() else [0.0]
    if min(sizes) <= _MIN_SCALE_RATIO * max(sizes):
        raise RigError(
            f'"{obj.name}" is scaled to nothing along an axis.',
            "Give it a scale other than zero in the sidebar's Item tab.",
        )


def is_editable(obj: bpy.types.Object) -> bool:
    """Whether shape keys and vertex groups can be added to a mesh object."""
    return obj.library is None and obj.data.library is None and obj.data.override_library is None


def _validate_editable(obj: bpy.types.Object) -> None:
    if is_editable(obj):
        return
    library = obj.library or obj.data.library
    place = f" from {bpy.path.basename(library.filepath)}" if library is not None else ""
    raise RigError(
        f'"{obj.name}" is linked{place} and can\'t be changed here.',
        "Use Object > Relations > Make Local > Selected Objects and Data, or rig it in its file.",
    )


def _validate_visible(context: bpy.types.Context, obj: bpy.types.Object) -> None:
    if context.view_layer.objects.get(obj.name) != obj:
        raise RigError(
            f'"{obj.name}" is not in the current view layer.',
            "Turn its collection on in the Outliner, or link it to the scene.",
        )
    if not obj.visible_get():
        raise RigError(
            f'"{obj.name}" is hidden.', "Unhide it (Alt H) or turn on its eye in the Outliner."
        )
    if obj.hide_select:
        raise RigError(
            f'"{obj.name}" is locked against selection.',
            "Turn on its arrow (Selectable) in the Outliner, then try again.",
        )


def _type_name(obj: bpy.types.Object) -> str:
    return obj.bl_rna.properties["type"].enum_items[obj.type].name.lower()
