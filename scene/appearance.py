# SPDX-License-Identifier: GPL-3.0-or-later
"""What a surface looks like: base colours and textures from its materials.

A material that can't be understood or a picture that can't be read never fails the rig; the
surface then has its plain colour.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ..rigging.data import Appearance, Message

MAX_TEXTURE: Final = 1024
_LEAST_COVER: Final = 1e-4  # below it, there is no colour left to be divided by an alpha
_CLAY: Final = (0.8, 0.8, 0.8)


@dataclass(frozen=True)
class Paint:
    """What a material slot puts on its triangles. ``colour`` is linear."""

    colour: tuple[float, float, float] = _CLAY
    image: bpy.types.Image | None = None
    uv_name: str = ""
    colour_attribute: str | None = None  # "" is the active one


@dataclass
class Textures:
    """The pictures of a head, each read once, however many objects use it."""

    images: list[NDArray[np.uint8]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    _index_of: dict[str, int] = field(default_factory=dict)

    def index(self, image: bpy.types.Image | None) -> int:
        """Where ``image`` is in ``images``, or -1 for none or one that can't be read."""
        if image is None:
            return -1
        if image.name_full not in self._index_of:
            self._index_of[image.name_full] = self._add(image)
        return self._index_of[image.name_full]

    def _add(self, image: bpy.types.Image) -> int:
        pixels = read_image(image)
        if pixels is None:
            text = f'The picture "{image.name}" can\'t be read; its surfaces are taken as plain.'
            self.messages.append(Message("info", text))
            return -1
        self.images.append(pixels)
        return len(self.images) - 1


def read_appearance(
    obj: bpy.types.Object,
    mesh: bpy.types.Mesh,
    triangles: NDArray[np.int64],
    corners: NDArray[np.int64],
    slots: NDArray[np.int64],
    textures: Textures,
) -> Appearance:
    """Appearance of the (T, 3) ``triangles`` of ``mesh``; its ``images`` stay in ``textures``."""
    count = len(slots)
    colours = np.empty((count, 3), dtype=np.float32)
    uv = np.zeros((count, 3, 2), dtype=np.float32)
    image_index = np.full(count, -1, dtype=np.int32)
    slot_count = max(len(obj.material_slots), 1)
    slots = np.minimum(slots, slot_count - 1)
    for slot in range(slot_count):
        mine = slots == slot
        if not mine.any():
            continue
        paint = _paint_of_slot(obj, slot)
        colours[mine] = _triangle_colours(mesh, paint, triangles[mine], corners[mine])
        coordinates = _uv(mesh, paint.uv_name)
        if paint.image is not None and coordinates is not None:
            uv[mine] = coordinates[corners[mine]]
            image_index[mine] = _image_of_triangles(paint.image, uv[mine], textures)
    return Appearance(colours=colours, uv=uv, image_index=image_index)


def join_appearances(surfaces: list[Appearance], textures: Textures) -> Appearance:
    """One appearance from those of all parts, in order."""
    return Appearance(
        colours=np.concatenate([surface.colours for surface in surfaces]),
        uv=np.concatenate([surface.uv for surface in surfaces]),
        image_index=np.concatenate([surface.image_index for surface in surfaces]),
        images=tuple(textures.images),
    )


def read_image(image: bpy.types.Image, *, on_white: bool = False) -> NDArray[np.uint8] | None:
    """(H, W, 3) sRGB, first row on top, at most MAX_TEXTURE a side; None if it can't be read.

    ``on_white``: where the picture is transparent, white shows instead of its hidden colour.
    """
    if 0 in image.size:
        return None
    try:
        # A copy is loaded anew, which loses what was painted and not yet saved.
        only_in_memory = image.is_dirty or image.source == "GENERATED"
        values = _pixels(image) if only_in_memory else _scaled_pixels(image)
    except RuntimeError:  # Blender's answer to pixels that it can't load
        return None
    if values is None:
        return None
    step = -(-max(values.shape) // MAX_TEXTURE)
    values = values[::-step, ::step]
    cover = None
    # What a channel-packed image has in its alpha is no transparency.
    if on_white and values.shape[2] == 4 and image.alpha_mode != "CHANNEL_PACKED":
        cover = values[..., 3:].clip(0.0, 1.0)
    values = values[..., :3]
    if values.shape[2] < 3:
        values = np.repeat(values[..., :1], 3, axis=2)
    if image.is_float:
        if cover is not None:  # Blender keeps floats multiplied by their alpha, bytes not
            values = values / np.maximum(cover, _LEAST_COVER)
        values = linear_to_srgb(values)
    if cover is not None:
        values = values * cover + (1.0 - cover)
    return (np.nan_to_num(values).clip(0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


def _scaled_pixels(image: bpy.types.Image) -> NDArray[np.float32] | None:
    width, height = image.size
    shrink = MAX_TEXTURE / max(width, height)
    if shrink >= 1.0:
        return _pixels(image)
    small = image.copy()
    try:
        small.scale(max(1, round(width * shrink)), max(1, round(height * shrink)))
        return _pixels(small)
    finally:
        bpy.data.images.remove(small)


def _pixels(image: bpy.types.Image) -> NDArray[np.float32] | None:
    """(H, W, C) as stored, first row at the bottom."""
    width, height = image.size
    values = np.empty(len(image.pixels), dtype=np.float32)
    if values.size == 0 or values.size != width * height * image.channels:
        return None
    image.pixels.foreach_get(values)
    return values.reshape(height, width, image.channels)


def linear_to_srgb(linear: NDArray[np.float32]) -> NDArray[np.float32]:
    """IEC 61966-2-1, for values of any shape."""
    linear = np.clip(linear, 0.0, None)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def _paint_of_slot(obj: bpy.types.Object, slot: int) -> Paint:
    material = obj.material_slots[slot].material if slot < len(obj.material_slots) else None
    if material is None:
        return Paint(colour_attribute="")
    # From 5.0 on, every material has nodes.
    has_nodes = bpy.app.version >= (5, 0) or material.use_nodes
    if material.node_tree is None or not has_nodes:
        return Paint(colour=tuple(material.diffuse_color[:3]))
    socket = _base_colour_socket(material.node_tree)
    if socket is None:
        return Paint(colour=tuple(material.diffuse_color[:3]))
    plain = Paint(colour=tuple(socket.default_value[:3]))
    paints = (_paint_of_node(node, plain) for node in _upstream(socket))
    return next((paint for paint in paints if paint is not None), plain)


def _paint_of_node(node: bpy.types.Node, plain: Paint) -> Paint | None:
    """What a node that feeds the base colour puts there, None if it only modifies."""
    if node.type == "TEX_IMAGE" and node.image is not None:
        return replace(plain, image=node.image, uv_name=_uv_name(node))
    if node.type == "VERTEX_COLOR":
        return replace(plain, colour_attribute=node.layer_name)
    if node.type == "ATTRIBUTE":
        return replace(plain, colour_attribute=node.attribute_name)
    if node.type == "RGB":
        return replace(plain, colour=tuple(node.outputs[0].default_value[:3]))
    return None


def _base_colour_socket(tree: bpy.types.NodeTree) -> bpy.types.NodeSocket | None:
    """The colour input of the shader that reaches the output, a Principled one by preference."""
    output = tree.get_output_node("ALL")
    if output is None:
        return None
    nodes = list(_upstream(output.inputs["Surface"]))
    nodes += [inner for node in nodes if node.type == "GROUP" for inner in _inner_nodes(node)]
    for name in ("Base Color", "Color"):
        for node in nodes:
            socket = node.inputs.get(name)
            if socket is not None and socket.type == "RGBA" and node.type != "TEX_IMAGE":
                return socket
    return None


def _inner_nodes(group: bpy.types.Node) -> list[bpy.types.Node]:
    return list(group.node_tree.nodes) if group.node_tree is not None else []


def _upstream(socket: bpy.types.NodeSocket) -> Iterator[bpy.types.Node]:
    """Nodes that feed ``socket``, nearest first."""
    queue = [link.from_node for link in socket.links]
    seen = set()
    while queue:
        node = queue.pop(0)
        if node in seen:
            continue
        seen.add(node)
        yield node
        queue.extend(link.from_node for entry in node.inputs for link in entry.links)


def _uv_name(node: bpy.types.Node) -> str:
    vector = node.inputs.get("Vector")
    nodes = _upstream(vector) if vector is not None else ()
    return next((item.uv_map for item in nodes if item.type == "UVMAP"), "")


def _uv(mesh: bpy.types.Mesh, name: str) -> NDArray[np.float32] | None:
    layer = mesh.uv_layers.get(name) if name else None
    if layer is None:
        layer = next((item for item in mesh.uv_layers if item.active_render), None)
    if layer is None:
        return None
    values = np.empty(len(mesh.loops) * 2, dtype=np.float32)
    layer.uv.foreach_get("vector", values)
    return np.nan_to_num(values).reshape(-1, 2)


def _image_of_triangles(
    image: bpy.types.Image, uv: NDArray[np.float32], textures: Textures
) -> NDArray[np.int32]:
    index = np.full(len(uv), textures.index(image), dtype=np.int32)
    if image.source == "TILED":
        # Only the first tile's pixels are read.
        outside = (np.floor(uv.mean(axis=1)) != 0).any(axis=1)
        index[outside] = -1
    return index


def _triangle_colours(
    mesh: bpy.types.Mesh,
    paint: Paint,
    triangles: NDArray[np.int64],
    corners: NDArray[np.int64],
) -> NDArray[np.float32]:
    plain = linear_to_srgb(np.array(paint.colour, dtype=np.float32))
    attribute = None
    if paint.colour_attribute is not None:
        attribute = mesh.color_attributes.get(paint.colour_attribute)
        if attribute is None and not paint.colour_attribute:
            attribute = mesh.color_attributes.active_color
    if attribute is None:
        return np.broadcast_to(plain, (len(triangles), 3)).astype(np.float32)
    values = np.empty(len(attribute.data) * 4, dtype=np.float32)
    attribute.data.foreach_get("color_srgb", values)
    rows = corners if attribute.domain == "CORNER" else triangles
    return np.nan_to_num(values.reshape(-1, 4)[rows, :3].mean(axis=1)).clip(0.0, 1.0)
