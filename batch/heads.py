# SPDX-License-Identifier: GPL-3.0-or-later
"""Which meshes of a file are heads, and which are only parts of one or stand beside it.

A file may hold one mesh, a character in many meshes (body, head, eyes, clothes), several
characters, or a head among props. Meshes that touch or share an armature are one character; its
head is the mesh that most of the face lies on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..errors import RigError

_SMALLEST_HEAD: Final = 200  # vertices; below this a head is refused anyway
_WORDS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_HEAD_WORDS: Final = (frozenset({"head", "face"}), frozenset({"body", "skin", "character"}))
_PART_WORDS: Final = frozenset(
    (
        *("hair", "beard", "moustache", "mustache", "lash", "lashes", "eyelash", "eyelashes"),
        *("brow", "brows", "eyebrow", "eyebrows", "eye", "eyes", "eyeball", "eyeballs"),
        *("mouth", "teeth", "tooth", "tongue", "gum", "gums", "ear", "ears", "horn", "horns"),
        *("hat", "helmet", "cap", "band", "glasses", "mask", "collar", "earring", "earrings"),
        *("rig", "ctrl", "control"),
    )
)


@dataclass(frozen=True)
class SceneMesh:
    """A mesh object of the scene, as seen: world vertices (N, 3) and triangles (T, 3)."""

    name: str
    vertices: NDArray[np.float64]
    triangles: NDArray[np.int64]
    armature: str | None = None
    marked: bool = False  # it carries landmark markers, so somebody said that it is a head


# Meshes of one character -> (K, 3) world points on their face, None where they have none.
FaceFinder = Callable[[Sequence[SceneMesh]], NDArray[np.float64] | None]


@dataclass(frozen=True)
class HeadsFound:
    """``heads``: names to rig. ``members``: head -> all meshes of its character.

    ``others``: meshes of no head's character, left alone.
    """

    heads: tuple[str, ...]
    members: dict[str, tuple[str, ...]]
    others: tuple[str, ...] = ()


def find_heads(
    meshes: Sequence[SceneMesh], find_face: FaceFinder, wanted: str | None = None
) -> HeadsFound:
    """The heads among ``meshes``, largest character first; ``wanted`` names the only one to take.

    Always gives at least one: where no face can be found the likeliest mesh is given, so that
    the rigging itself can say why it can't be done. Raises RigError when there is no mesh, or
    none of the name ``wanted``.
    """
    if not meshes:
        raise RigError("There is no visible mesh with faces inside.", "Save a file with a head.")
    groups = characters(meshes)
    if wanted is not None:
        return _only(wanted, meshes, groups)
    marked = [mesh for mesh in meshes if mesh.marked]
    if marked:
        return _result([(mesh, _group_of(mesh.name, groups)) for mesh in marked], groups)
    if len(groups) == 1:
        return _result([(choose_head(groups[0], find_face), groups[0])], groups)
    found: list[tuple[SceneMesh, list[SceneMesh]]] = []
    for group in groups:
        points = _face_of(group, find_face)
        if points is not None:
            found.append((nearest_mesh(group, points), group))
    if not found:
        likeliest = max(groups, key=lambda group: max(_rank(mesh) for mesh in group))
        found = [(max(likeliest, key=_rank), likeliest)]
    return _result(found, groups)


def choose_head(group: Sequence[SceneMesh], find_face: FaceFinder) -> SceneMesh:
    """The mesh of one character that carries its face.

    The only mesh of a head's size, else the only one that is called a head, else the one that
    the found face lies on, else the likeliest by name and size.
    """
    large = [mesh for mesh in group if len(mesh.vertices) >= _SMALLEST_HEAD]
    if len(large) == 1:
        return large[0]
    for level in (2, 1):
        named = [mesh for mesh in large if _name_level(mesh.name) == level]
        if len(named) == 1:
            return named[0]
        if named:
            break
    points = _face_of(group, find_face)
    return max(group, key=_rank) if points is None else nearest_mesh(group, points)


def nearest_mesh(group: Sequence[SceneMesh], points: NDArray[np.float64]) -> SceneMesh:
    """The mesh whose surface is nearest to most of ``points`` (K, 3)."""
    import igl

    group = [mesh for mesh in group if np.isfinite(mesh.vertices).all()]
    distances = np.array(
        [igl.point_mesh_squared_distance(points, m.vertices, m.triangles)[0] for m in group]
    )
    votes = np.bincount(np.argmin(distances, axis=0), minlength=len(group))
    return group[int(np.argmax(votes))]


def characters(meshes: Sequence[SceneMesh]) -> list[list[SceneMesh]]:
    """Group the meshes that share an armature or whose bounding boxes overlap; largest first.

    Boxes of two characters side by side don't overlap; eyes, teeth and hair overlap their head.
    A floor, flat and larger than all that stands on it, joins nothing.
    """
    boxes = np.array([(m.vertices.min(axis=0), m.vertices.max(axis=0)) for m in meshes])
    size = np.linalg.norm(boxes[:, 1] - boxes[:, 0], axis=1)
    joining = np.flatnonzero(~_floors(boxes[:, 1] - boxes[:, 0], size))
    label = list(range(len(meshes)))
    for i in joining:
        for j in joining[joining < i]:
            reach = 0.01 * min(size[i], size[j])
            apart = np.maximum(boxes[i, 0] - boxes[j, 1], boxes[j, 0] - boxes[i, 1]).max()
            same_rig = meshes[i].armature is not None and meshes[i].armature == meshes[j].armature
            if same_rig or apart <= reach:
                label = [label[j] if value == label[i] else value for value in label]
    groups: dict[int, list[SceneMesh]] = {}
    for mesh, value in zip(meshes, label, strict=True):
        groups.setdefault(value, []).append(mesh)
    return sorted(groups.values(), key=lambda g: (-sum(len(m.triangles) for m in g), g[0].name))


def _floors(extents: NDArray[np.float64], size: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(N,) bool: which bounding boxes are flat and larger than every box that isn't."""
    flat = extents.min(axis=1) <= 0.02 * size
    return flat & (size > size[~flat].max(initial=0.0)) & bool((~flat).any())


def _face_of(group: Sequence[SceneMesh], find_face: FaceFinder) -> NDArray[np.float64] | None:
    group = [mesh for mesh in group if np.isfinite(mesh.vertices).all()]
    if sum(len(mesh.vertices) for mesh in group) < _SMALLEST_HEAD:
        return None
    return find_face(group)


def _only(
    wanted: str, meshes: Sequence[SceneMesh], groups: Sequence[list[SceneMesh]]
) -> HeadsFound:
    for mesh in meshes:
        if mesh.name == wanted:
            return _result([(mesh, _group_of(wanted, groups))], groups)
    names = ", ".join(sorted(mesh.name for mesh in meshes))
    raise RigError(
        f"There is no visible mesh object named {wanted} inside.", f"Choose one of: {names}."
    )


def _result(
    found: Sequence[tuple[SceneMesh, list[SceneMesh]]], groups: Sequence[list[SceneMesh]]
) -> HeadsFound:
    members = {head.name: tuple(mesh.name for mesh in group) for head, group in found}
    inside = {name for names in members.values() for name in names}
    others = tuple(mesh.name for group in groups for mesh in group if mesh.name not in inside)
    return HeadsFound(tuple(members), members, others)


def _group_of(name: str, groups: Sequence[list[SceneMesh]]) -> list[SceneMesh]:
    return next(group for group in groups if any(mesh.name == name for mesh in group))


def _name_level(name: str) -> int:
    """2: called a head; 1: called a body; 0: neither; -1: called a part of one."""
    words = {word.lower() for word in _WORDS.findall(name)}
    if words & _PART_WORDS:
        return -1
    return 2 if words & _HEAD_WORDS[0] else 1 if words & _HEAD_WORDS[1] else 0


def _rank(mesh: SceneMesh) -> tuple[bool, int, int, str]:
    large = len(mesh.vertices) >= _SMALLEST_HEAD
    return large, _name_level(mesh.name), len(mesh.triangles), mesh.name
