# SPDX-License-Identifier: GPL-3.0-or-later
"""Open a head's sealed mouth in its mesh, with teeth and a tongue beside it."""

from __future__ import annotations

import bmesh
import bpy
import numpy as np

from ..errors import RigError
from ..rigging.data import LoosePart, MouthPlan
from .mesh_access import basis_positions, has_mirror, key_positions, matrix_array
from .mouth_cut import MouthCut
from .objects import derived_name, link_beside, make_single_user
from .transaction import Transaction

MOUTH_COLOUR = (0.32, 0.08, 0.08)


def open_mouth(
    context: bpy.types.Context,
    head: bpy.types.Object,
    plan: MouthPlan,
    transaction: Transaction,
) -> list[bpy.types.Object]:
    """Cut the mesh of ``head`` along the plan's line; returns the new teeth and tongue.

    The mesh is written once everything has worked. Raises RigError where the line can't be cut.
    """
    if has_mirror(head):
        raise RigError(
            f"'{head.name}' has a Mirror modifier, so only half of its mouth is there to be cut.",
            "Apply the modifier, rig the head again, and cut the mouth then.",
        )
    make_single_user(head, transaction)
    world = matrix_array(head.matrix_world)
    frame = plan.frame
    to_head = np.eye(4)
    to_head[:3, :3] = frame.axes @ world[:3, :3] / frame.scale
    to_head[:3, 3] = frame.axes @ (world[:3, 3] - frame.origin) / frame.scale
    mesh = bmesh.new()
    try:
        mesh.from_mesh(head.data)
        faces = MouthCut(mesh, plan, to_head).open()
        before = _Before(head.data)
        transaction.on_rollback(before.give_back)
        transaction.on_commit(before.forget)
        slot = _material_slot(head, derived_name(head, "_Mouth"), MOUTH_COLOUR, transaction)
        for face in faces:
            face.material_index = slot
        mesh.to_mesh(head.data)
    finally:
        mesh.free()
    head.data.update()
    return [_add_part(context, head, part, transaction) for part in plan.parts]


class _Before:
    """A mesh as it was, beside the file's data.

    A copy of the mesh won't do: what reads the values of its shape keys, as drivers of parts do,
    would lose them, and Blender 4.5 counts one user too many of a copy's keys.
    """

    def __init__(self, mesh: bpy.types.Mesh) -> None:
        self._mesh, self._slots = mesh, len(mesh.materials)
        self._whole = bmesh.new()
        self._whole.from_mesh(mesh)
        keys = mesh.shape_keys
        self._keys = {} if keys is None else {k.name: key_positions(k) for k in keys.key_blocks}
        self._places = basis_positions(mesh)

    def give_back(self) -> None:
        """Put everything back."""
        while len(self._mesh.materials) > self._slots:
            self._mesh.materials.pop()
        self._whole.to_mesh(self._mesh)
        self.forget()
        # Blender moves keys along with the Basis, and the cut has moved that.
        for name, places in self._keys.items():
            self._mesh.shape_keys.key_blocks[name].points.foreach_set("co", places.ravel())
        self._mesh.vertices.foreach_set("co", self._places.ravel())
        self._mesh.update()

    def forget(self) -> None:
        """It isn't needed any more."""
        self._whole.free()


def _material_slot(
    obj: bpy.types.Object, name: str, colour: tuple[float, float, float], transaction: Transaction
) -> int:
    """Number of a new material slot; the first one of an object without any is its skin's."""
    if not obj.data.materials:
        obj.data.materials.append(None)
    obj.data.materials.append(_material(name, colour, transaction))
    return len(obj.data.materials) - 1


def _material(
    name: str, colour: tuple[float, float, float], transaction: Transaction
) -> bpy.types.Material:
    material = bpy.data.materials.new(name)
    transaction.on_rollback(lambda: bpy.data.materials.remove(material))
    material.diffuse_color = (*colour, 1.0)
    material.use_nodes = True
    shader = material.node_tree.nodes.get("Principled BSDF")
    if shader is not None:
        shader.inputs["Base Color"].default_value = (*colour, 1.0)
    return material


def _add_part(
    context: bpy.types.Context, head: bpy.types.Object, part: LoosePart, transaction: Transaction
) -> bpy.types.Object:
    name = derived_name(head, f"_{part.name}")
    to_local = np.linalg.inv(matrix_array(head.matrix_world))
    mesh = bpy.data.meshes.new(name)
    transaction.on_rollback(lambda: bpy.data.meshes.remove(mesh))
    local = part.vertices @ to_local[:3, :3].T + to_local[:3, 3]
    mesh.from_pydata(local.tolist(), [], part.faces.tolist())
    mesh.polygons.foreach_set("use_smooth", np.ones(len(mesh.polygons), bool))
    for kind, colour in part.colours.items():
        mesh.materials.append(_material(derived_name(head, f"_{kind}"), colour, transaction))
    mesh.polygons.foreach_set("material_index", part.colour_of.astype(np.int32))
    obj = bpy.data.objects.new(name, mesh)
    transaction.on_rollback(lambda: bpy.data.objects.remove(obj))
    link_beside(context, obj, head)
    obj.parent = head
    return obj
