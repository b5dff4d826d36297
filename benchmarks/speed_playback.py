# SPDX-License-Identifier: GPL-3.0-or-later
"""Animate a rig and a hand-made equal of it, and time the frames."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence

import bpy
import numpy as np


def plain_copy(
    head: bpy.types.Object, armature: bpy.types.Object
) -> tuple[bpy.types.Object, bpy.types.Object]:
    """A mesh with the same keys and weights on an armature with the same bones, and no more."""
    bones = _plain_armature(armature)
    mesh = bpy.data.meshes.new("Plain")
    _copy_surface(head.data, mesh)
    scene_object = bpy.data.objects.new("Plain", mesh)
    bpy.context.scene.collection.objects.link(scene_object)
    for key in head.data.shape_keys.key_blocks:
        points = np.empty(3 * len(mesh.vertices), dtype=np.float32)
        key.points.foreach_get("co", points)
        scene_object.shape_key_add(name=key.name).points.foreach_set("co", points)
    for group in head.vertex_groups:
        scene_object.vertex_groups.new(name=group.name)
    for vertex in head.data.vertices:
        for entry in vertex.groups:
            group = scene_object.vertex_groups[entry.group]
            group.add((vertex.index,), entry.weight, "REPLACE")
    scene_object.modifiers.new("Armature", "ARMATURE").object = bones
    return scene_object, bones


def animate(head: bpy.types.Object, armature: bpy.types.Object, frames: int) -> None:
    """Move every bone and every shape key that no driver moves, each in its own rhythm."""
    animated = head.data.shape_keys.animation_data
    driven = {curve.data_path for curve in animated.drivers} if animated is not None else set()
    keys = [
        key
        for key in head.data.shape_keys.key_blocks[1:]
        if f'key_blocks["{key.name}"].value' not in driven
    ]
    for frame in range(0, frames + 1, 8):
        for i, key in enumerate(keys):
            key.value = 0.25 + 0.25 * math.sin(frame + i)
            key.keyframe_insert("value", frame=frame)
        for i, bone in enumerate(armature.pose.bones):
            bone.rotation_mode = "XYZ"
            bone.rotation_euler = (0.03 * math.sin(frame + i), 0.0, 0.0)
            bone.keyframe_insert("rotation_euler", frame=frame)


def animate_shapes(head: bpy.types.Object, axes: Iterable[Sequence[str]], frames: int) -> None:
    """Move shape keys, each in its own rhythm. ``axes``: shapes of which one at a time is on."""
    blocks = head.data.shape_keys.key_blocks
    for i, shapes in enumerate(axes):
        for k, shape in enumerate(shapes):
            for step in range(frames // 8 + 1):
                is_on = step % 4 == 1 + 2 * k if len(shapes) > 1 else True
                blocks[shape].value = is_on * (0.5 + 0.5 * math.sin(step + i))
                blocks[shape].keyframe_insert("value", frame=8 * step)


def play(
    shown: Sequence[bpy.types.Object], hidden: Sequence[bpy.types.Object], frames: int
) -> float:
    """Mean seconds a frame with ``shown`` evaluated and ``hidden`` out of the way."""
    for scene_object in shown:
        scene_object.hide_viewport = False
    for scene_object in hidden:
        scene_object.hide_viewport = True
    scene = bpy.context.scene
    scene.frame_set(0)
    start = time.perf_counter()
    for frame in range(1, frames + 1):
        scene.frame_set(frame)
    return (time.perf_counter() - start) / frames


def _plain_armature(armature: bpy.types.Object) -> bpy.types.Object:
    plain = bpy.data.objects.new("Plain bones", bpy.data.armatures.new("Plain bones"))
    bpy.context.scene.collection.objects.link(plain)
    rest = [(b.name, b.head_local[:], b.tail_local[:], b.parent) for b in armature.data.bones]
    bpy.context.view_layer.objects.active = plain
    bpy.ops.object.mode_set(mode="EDIT")
    for name, head, tail, parent in rest:
        bone = plain.data.edit_bones.new(name)
        bone.head, bone.tail = head, tail
        bone.parent = plain.data.edit_bones[parent.name] if parent else None
    bpy.ops.object.mode_set(mode="OBJECT")
    return plain


def _copy_surface(source: bpy.types.Mesh, target: bpy.types.Mesh) -> None:
    points = np.empty((len(source.vertices), 3), dtype=np.float32)
    source.vertices.foreach_get("co", points.ravel())
    target.from_pydata(points.tolist(), [], [tuple(face.vertices) for face in source.polygons])
    target.shade_smooth()
