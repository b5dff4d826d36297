# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a file of any supported kind into an empty scene, and know the way back.

Blender turns and scales what it imports. ``Imported.to_file`` undoes that, so that landmarks can
be reported in the coordinates that the file itself uses.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..errors import RigError
from .blender_calls import OperatorFailedError, call
from .inputs import read_bytes

_FBX_MAGIC = b"Kaydara FBX Binary"
# A vertex normal or a smoothing group: the file says how it is shaded.
_OBJ_SHADING = re.compile(rb"^\s*(?:vn|s)\s", re.MULTILINE)
_FBX_UNITS_PER_METRE = 100.0  # FBX counts in centimetres: a UnitScaleFactor of 1 is 1 cm


@dataclass(frozen=True)
class Imported:
    """A file in Blender. ``file_from_world``: (4, 4) float64, Blender's world -> the file."""

    path: Path
    file_from_world: NDArray[np.float64]

    def to_file(self, points_world: NDArray[np.float64]) -> NDArray[np.float64]:
        """World points (N, 3) in the file's own coordinates."""
        return points_world @ self.file_from_world[:3, :3].T + self.file_from_world[:3, 3]


def open_file(path: Path) -> Imported:
    """Replace the scene by the contents of ``path``.

    Raises RigError naming the file when it is missing, empty, damaged or of an unknown kind.
    """
    readers = {
        ".blend": _open_blend,
        ".glb": _import_gltf,
        ".gltf": _import_gltf,
        ".fbx": _import_fbx,
        ".obj": _import_obj,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise RigError(
            f"{path} is of a kind that can't be read.",
            f"Save the head as one of {', '.join(readers)}.",
        )
    world_from_file = reader(path, read_bytes(path))
    bpy.context.view_layer.update()
    return Imported(path, np.linalg.inv(world_from_file))


def enable_io_addons() -> None:
    """Switch on Blender's glTF and FBX add-ons where the user has them off."""
    import addon_utils

    for name in ("io_scene_gltf2", "io_scene_fbx"):
        _, enabled = addon_utils.check(name)
        if not enabled and addon_utils.enable(name) is None:
            raise RigError(
                f"Blender's add-on {name} can't be enabled.", "Repair the Blender installation."
            )


def _empty_scene() -> None:
    # The factory start-up file, but with the user's add-ons left enabled (this may be one).
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.context.scene.unit_settings.scale_length = 1.0


def _open_blend(path: Path, data: bytes) -> NDArray[np.float64]:
    _check_compression(path, data)
    # Scripts inside the file stay off: a batch must not run what came with a download.
    _call(path, bpy.ops.wm.open_mainfile, load_ui=False, use_scripts=False)
    if bpy.context.scene is None or not bpy.data.objects:
        raise _damaged(path, "it holds no scene with objects")
    return np.eye(4)


def _check_compression(path: Path, data: bytes) -> None:
    """Blender reads the whole part of a truncated file in silence; its end block tells."""
    if data.startswith(b"BLENDER") and b"ENDB" not in data[-64:]:
        raise _damaged(path, "its end is missing")


def _import_gltf(path: Path, data: bytes) -> NDArray[np.float64]:
    if path.suffix.lower() == ".glb":
        _check_glb(path, data)
    _empty_scene()
    _call(path, bpy.ops.import_scene.gltf, import_shading="NORMALS", merge_vertices=False)
    return _from_y_up()


def _check_glb(path: Path, data: bytes) -> None:
    """The 12-byte header of binary glTF: magic, version, length of the whole file."""
    if len(data) < 20 or data[:4] != b"glTF":
        raise _damaged(path, "it doesn't start as a binary glTF does")
    (length,) = struct.unpack_from("<I", data, 8)
    if length > len(data):
        raise _damaged(path, f"{length - len(data)} of its {length} bytes are missing")


def _import_obj(path: Path, data: bytes) -> NDArray[np.float64]:
    _empty_scene()
    _call(path, bpy.ops.wm.obj_import, forward_axis="NEGATIVE_Z", up_axis="Y")
    if not _OBJ_SHADING.search(data):
        # Blender takes silence about shading for flat facets, each with vertices of its own.
        for mesh in bpy.data.meshes:
            mesh.shade_smooth()
    return _from_y_up()


def _import_fbx(path: Path, data: bytes) -> NDArray[np.float64]:
    if not data.startswith(_FBX_MAGIC):
        raise RigError(
            f"{path} isn't a binary FBX file.",
            "Export it again as binary FBX (2011 or later), or as glTF.",
        )
    try:
        world_from_file = _fbx_matrix(path)
    except (EOFError, IndexError, KeyError, ValueError, OSError) as error:
        raise _damaged(path, str(error) or type(error).__name__) from error
    except (struct.error, zlib.error, AssertionError) as error:
        raise _damaged(path, str(error) or type(error).__name__) from error
    _empty_scene()
    _call(path, bpy.ops.import_scene.fbx)
    return world_from_file


def _fbx_matrix(path: Path) -> NDArray[np.float64]:
    """(4, 4) Blender's world from the file's, by the axes and units of its GlobalSettings.

    The same rule as Blender's importer follows: turn the file's axes, then centimetres to metres.
    """
    from bpy_extras.io_utils import axis_conversion
    from io_scene_fbx import parse_fbx
    from io_scene_fbx.fbx_utils import RIGHT_HAND_AXES

    root, _ = parse_fbx.parse(str(path))
    settings = _fbx_settings(root)

    def axis(name: str, default: int) -> tuple[int, int]:
        return int(settings.get(f"{name}Axis", default)), int(settings.get(f"{name}AxisSign", 1))

    key = (axis("Up", 2), axis("Front", 1), axis("Coord", 0))
    up, forward = {value: name for name, value in RIGHT_HAND_AXES.items()}.get(key, ("Z", "Y"))
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(axis_conversion(from_forward=forward, from_up=up))
    matrix[:3, :3] *= float(settings.get("UnitScaleFactor", 1.0)) / _FBX_UNITS_PER_METRE
    return matrix


def _fbx_settings(root: Any) -> dict[str, Any]:
    """GlobalSettings of a parsed FBX file: property name -> its first value."""
    for element in root.elems:
        if element is None or element.id != b"GlobalSettings":
            continue
        for block in element.elems:
            if block is not None and block.id == b"Properties70":
                return {p.props[0].decode(): p.props[4] for p in block.elems if p and p.props[4:]}
    raise ValueError("it has no GlobalSettings")


def _from_y_up() -> NDArray[np.float64]:
    """(4, 4) from +Y up, +Z front (OBJ, glTF) to Blender's +Z up, -Y front."""
    return np.array(
        [[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, -1.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
    )


def _call(path: Path, operator: Any, **arguments: Any) -> None:
    """Run an import operator; its failure, in its own words, becomes a RigError."""
    try:
        call(operator, path, **arguments)
    except OperatorFailedError as error:
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, reason: str) -> RigError:
    return RigError(
        f"{path} is damaged or incomplete: {reason}.", "Export or download the file again."
    )
