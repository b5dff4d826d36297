# SPDX-License-Identifier: GPL-3.0-or-later
"""The template head at several densities, as .blend files. Run in a process with bpy."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy
import numpy as np
from auto_rig_face.models.assets import asset_path
from auto_rig_face.rigging.template import load_template
from numpy.typing import NDArray

HEAD = "Head"
_CLOSE_ENOUGH = 0.01  # of the wanted number of vertices
_ATTEMPTS = 6
# The head frame (+Y up, front +Z) to Blender's world (+Z up, front -Y), 6 cm between the eyes.
_METRES_PER_IOD = 0.06


def make(path: Path, count: int) -> int:
    """Save the template head with about ``count`` vertices to ``path``; the exact number."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    head = load_template(asset_path("template.npz")).head
    points = np.asarray(head.vertices)[:, [0, 2, 1]] * [1.0, -1.0, 1.0] * _METRES_PER_IOD
    scene_object = _object(points, np.asarray(head.triangles))
    _subdivide_beyond(scene_object, count)
    _decimate_to(scene_object, count)
    path.parent.mkdir(parents=True, exist_ok=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(path), check_existing=False)
    return len(scene_object.data.vertices)


def _object(points: NDArray[np.float64], triangles: NDArray[np.int64]) -> bpy.types.Object:
    mesh = bpy.data.meshes.new(HEAD)
    mesh.from_pydata(points.tolist(), [], triangles.tolist())
    scene_object = bpy.data.objects.new(HEAD, mesh)
    bpy.context.scene.collection.objects.link(scene_object)
    bpy.context.view_layer.objects.active = scene_object
    return scene_object


def _subdivide_beyond(scene_object: bpy.types.Object, count: int) -> None:
    """Halve all edges until there are at least ``count`` vertices; the shape stays."""
    while len(scene_object.data.vertices) < count:
        modifier = scene_object.modifiers.new("Subdivision", "SUBSURF")
        modifier.subdivision_type, modifier.levels = "SIMPLE", 1
        _apply(scene_object)


def _decimate_to(scene_object: bpy.types.Object, count: int) -> None:
    """Collapse edges down to ``count`` vertices; the ratio counts triangles, so search for it."""
    dense = scene_object.data.copy()
    ratio = count / len(dense.vertices)
    for _ in range(_ATTEMPTS):
        scene_object.data = dense.copy()
        scene_object.modifiers.new("Decimate", "DECIMATE").ratio = min(ratio, 1.0)
        _apply(scene_object)
        reached = len(scene_object.data.vertices)
        if abs(reached - count) <= _CLOSE_ENOUGH * count or ratio >= 1.0:
            return
        ratio *= count / reached


def _apply(scene_object: bpy.types.Object) -> None:
    evaluated = scene_object.evaluated_get(bpy.context.evaluated_depsgraph_get())
    scene_object.data = bpy.data.meshes.new_from_object(evaluated)
    scene_object.modifiers.clear()


if __name__ == "__main__":
    print(make(Path(sys.argv[1]), int(sys.argv[2])))
