# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the rigged character as .blend, .glb or .fbx.

Shape keys can only be exported from unmodified meshes, so modifiers other than the armature stay
out of .glb and .fbx; the .blend keeps them.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Final

import bpy

from ..errors import RigError
from ..scene.control_armature import UNIT
from .blend_addresses import without_addresses
from .blender_calls import OperatorFailedError, call
from .fbx_times import without_times
from .glb_times import with_last_time
from .outputs import folder_error

_EXPORTED_TYPES: Final = frozenset({"MESH", "ARMATURE", "EMPTY"})
_NO_SPACE: Final = 1_000_000  # bytes; with less left, space is why writing failed
_COMPRESSION: Final = 3  # Blender's own level


def export(kind: str, path: Path, left_out: Collection[str] = ()) -> None:
    """Write the scene to ``path`` as ``kind`` ("blend", "glb", "animated glb" or "fbx").

    ``left_out``: names of objects that do not belong to the character (other heads of the same
    file, landmark markers); a .blend keeps them all the same, since it is the artist's whole
    file. Raises RigError naming the file when it can't be written.
    """
    writers: dict[str, Callable[[Path, Collection[str]], None]] = {
        "blend": _write_blend,
        "glb": _write_glb,
        "animated glb": _write_animated_glb,
        "fbx": _write_fbx,
    }
    writers[kind](path, left_out)
    if not path.is_file() or path.stat().st_size == 0:
        raise RigError(
            f"{path.name} was not written.", "Check the free space of the output folder."
        )


def _write_blend(path: Path, _left_out: Collection[str]) -> None:
    import zstandard  # Blender's own Python has it for its add-ons

    _pack_images()
    _call(path, bpy.ops.wm.save_as_mainfile, compress=False, copy=True, relative_remap=True)
    compressor = zstandard.ZstdCompressor(level=_COMPRESSION)
    _rewrite(path, lambda data: compressor.compress(without_addresses(data)))


def _pack_images() -> None:
    """Take pictures from outside into the file: it must open alike wherever it is moved to."""
    for image in bpy.data.images:
        if image.source == "FILE" and not image.packed_file and image.has_data:
            image.pack()


def _write_glb(path: Path, left_out: Collection[str]) -> None:
    _call_gltf(path, left_out, export_animations=False)


def _write_animated_glb(path: Path, left_out: Collection[str]) -> None:
    """The character with all that moves in the scene's range, as one animation.

    glTF knows no drivers, so every frame of the evaluated scene is sampled: parts that follow the
    head's sliders and correctives get morph weights of their own.
    """
    from ..acting import frame_rate

    scene = bpy.context.scene
    _call_gltf(
        path,
        left_out,
        export_animations=True,
        export_animation_mode="SCENE",
        export_anim_scene_split_object=False,
        export_force_sampling=True,
        export_frame_step=1,
        export_morph_animation=True,
    )
    seconds = float(scene.frame_end / frame_rate(scene))
    _rewrite(path, lambda data: with_last_time(data, seconds))


def _call_gltf(path: Path, left_out: Collection[str], **animation: Any) -> None:
    _select(left_out)
    _call(
        path,
        bpy.ops.export_scene.gltf,
        export_format="GLB",
        use_selection=True,
        export_apply=False,
        export_morph=True,
        export_morph_normal=True,
        export_skins=True,
        export_influence_nb=4,
        export_def_bones=_has_controls(),
        export_rest_position_armature=True,
        export_try_sparse_sk=True,
        **animation,
    )


def _write_fbx(path: Path, left_out: Collection[str]) -> None:
    _select(left_out)
    _call(
        path,
        bpy.ops.export_scene.fbx,
        use_selection=True,
        object_types=set(_EXPORTED_TYPES),
        use_mesh_modifiers=False,
        mesh_smooth_type="FACE",
        add_leaf_bones=False,
        use_armature_deform_only=_has_controls(),
        bake_anim=False,
        path_mode="COPY",
        embed_textures=True,
    )
    _rewrite(path, without_times)


def _has_controls() -> bool:
    """Whether there are on-face controls, which no game engine has a use for."""
    return any(UNIT in obj for obj in bpy.context.view_layer.objects)


def _rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    try:
        path.write_bytes(change(path.read_bytes()))
    except OSError as error:
        raise folder_error(path.parent, error) from error


def _select(left_out: Collection[str]) -> None:
    """Select what makes up the character: visible meshes, armatures and their empties."""
    for scene_object in bpy.context.view_layer.objects:
        wanted = (
            scene_object.type in _EXPORTED_TYPES
            and scene_object.name not in left_out
            and not scene_object.hide_get()
        )
        scene_object.select_set(wanted)


def _call(path: Path, operator: Any, **arguments: Any) -> None:
    """Run an export operator; its failure, in its own words, becomes a RigError."""
    try:
        call(operator, path, **arguments)
    except OperatorFailedError as error:
        if path.parent.is_dir() and shutil.disk_usage(path.parent).free < _NO_SPACE:
            raise folder_error(path.parent, OSError(errno.ENOSPC, str(error))) from error
        raise RigError(
            f"The result {path.suffix} can't be written to {path.parent}: {error}.",
            "Check the free space and the permissions of that folder.",
        ) from error
