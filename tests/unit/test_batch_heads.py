# SPDX-License-Identifier: GPL-3.0-or-later
"""Which meshes of a file are heads: by name, by size, by where the face is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from auto_rig_face.batch.heads import SceneMesh, characters, find_heads
from auto_rig_face.errors import RigError
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray


def _blob(
    name: str,
    centre: tuple[float, float, float] = (0.0, 0.0, 0.0),
    size: float | tuple[float, float, float] = 1.0,
    vertices: int = 400,
    armature: str | None = None,
    marked: bool = False,
) -> SceneMesh:
    """A closed strip of triangles through random points in a box."""
    points = np.random.default_rng(0).uniform(-0.5, 0.5, (vertices, 3))
    rows = np.arange(vertices)
    triangles = np.stack([rows, (rows + 1) % vertices, (rows + 2) % vertices], axis=1)
    return SceneMesh(name, points * size + centre, triangles, armature, marked)


def _face_at(*centres: tuple[float, float, float]):
    """A finder that sees a face only where one of the meshes surrounds one of ``centres``."""

    def find(group: Sequence[SceneMesh]) -> NDArray[np.float64] | None:
        for centre in centres:
            for mesh in group:
                low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
                if ((low <= centre) & (centre <= high)).all():
                    return np.random.default_rng(1).normal(centre, 0.01, (50, 3))
        return None

    return find


def _no_search(group: Sequence[SceneMesh]) -> None:
    pytest.fail(f"{[mesh.name for mesh in group]} needed no search")


def test_a_single_mesh_needs_no_search() -> None:
    assert find_heads([_blob("thing")], _no_search).heads == ("thing",)


def test_small_parts_are_no_candidates() -> None:
    parts = [_blob("mesh"), _blob("ball.L", size=0.1, vertices=90)]
    assert find_heads(parts, _no_search).heads == ("mesh",)


@pytest.mark.parametrize(
    ("names", "head"),
    [
        (("Body", "Head", "Eyes", "Hair"), "Head"),
        (("CC_Base_Body", "CC_Base_Eye", "CC_Base_Teeth"), "CC_Base_Body"),
        (("Wolf3D_Head", "Wolf3D_Teeth", "EyeLeft", "Wolf3D_Outfit"), "Wolf3D_Head"),
        (("HairHead", "face", "shirt"), "face"),
    ],
)
def test_names_decide_where_they_are_clear(names: tuple[str, ...], head: str) -> None:
    found = find_heads([_blob(name) for name in names], _no_search)
    assert found.heads == (head,)
    assert set(found.members[head]) == set(names)


def test_the_face_decides_where_names_do_not() -> None:
    meshes = [
        _blob("mesh.001", (0, 0, 0), (1, 1, 3), 900),
        _blob("mesh.002", (0, 0, 1.8), (0.6, 0.6, 0.6)),
    ]
    assert find_heads(meshes, _face_at((0, 0, 1.8))).heads == ("mesh.002",)


def test_two_characters_side_by_side_are_two_heads_and_a_chair_is_none() -> None:
    meshes = [
        _blob("Anna", (0, 0, 0)),
        _blob("Anna eyes", (0, 0, 0.2), 0.2),
        _blob("Bert", (3, 0, 0)),
        _blob("chair", (6, 0, 0)),
        _blob("floor", (0, 0, -0.5), (20, 20, 0)),
    ]
    found = find_heads(meshes, _face_at((0.05, 0, 0.42), (3, 0, 0)))
    assert set(found.heads) == {"Anna", "Bert"}
    assert set(found.members["Anna"]) == {"Anna", "Anna eyes"}
    assert set(found.others) == {"chair", "floor"}


def test_without_any_face_the_likeliest_mesh_is_given() -> None:
    meshes = [_blob("chair", (6, 0, 0), vertices=4000), _blob("cow_head")]
    found = find_heads(meshes, _face_at())
    assert found.heads == ("cow_head",)
    assert found.others == ("chair",)


def test_marked_objects_are_heads_whatever_they_look_like() -> None:
    meshes = [_blob("cow", marked=True), _blob("horse", (5, 0, 0), marked=True), _blob("x")]
    assert set(find_heads(meshes, _no_search).heads) == {"cow", "horse"}


def test_a_wanted_object_is_the_only_one() -> None:
    meshes = [_blob("Anna"), _blob("Bert", (3, 0, 0))]
    assert find_heads(meshes, _no_search, "Bert").heads == ("Bert",)
    with pytest.raises(RigError, match="Choose one of: Anna, Bert"):
        find_heads(meshes, _no_search, "Carl")


def test_no_mesh_at_all_is_said() -> None:
    with pytest.raises(RigError, match="no visible mesh"):
        find_heads([], _no_search)


def test_an_armature_holds_a_character_together() -> None:
    meshes = [_blob("a", armature="Rig"), _blob("b", (5, 0, 0), armature="Rig")]
    assert len(characters(meshes)) == 1


def test_broken_positions_do_not_reach_the_search() -> None:
    broken = _blob("a")
    broken.vertices[3] = np.nan
    meshes = [broken, _blob("b", (5, 0, 0))]

    def find(group: Sequence[SceneMesh]) -> NDArray[np.float64]:
        assert [mesh.name for mesh in group] == ["b"]
        return np.full((10, 3), (5.0, 0.0, 0.0))

    assert find_heads(meshes, find).heads == ("b",)


@given(st.permutations(["Anna", "Bert", "Cleo", "chair"]))
def test_the_order_of_objects_does_not_matter(names: list[str]) -> None:
    places = {"Anna": 0.0, "Bert": 3.0, "Cleo": 6.0, "chair": 9.0}
    meshes = [_blob(name, (places[name], 0, 0)) for name in names]
    found = find_heads(meshes, _face_at((0, 0, 0), (3, 0, 0), (6, 0, 0)))
    assert found.heads == ("Anna", "Bert", "Cleo")
