# SPDX-License-Identifier: GPL-3.0-or-later
"""The outside of a surface is found, whatever way its polygons are wound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from auto_rig_face.rigging import facing
from auto_rig_face.rigging.analyse import analyse
from auto_rig_face.rigging.head import Role
from auto_rig_face.rigging.topology import components
from hypothesis import given
from hypothesis import strategies as st

BACK = [0, 2, 1]
PLATE = np.array([[-1.0, -1.0, 0.0], [1.0, -1.0, 0.0], [1.0, 1.0, 0.0], [-1.0, 1.0, 0.0]])
TO_PLUS_Z = np.array([[0, 1, 2], [0, 2, 3]])


def turn_outwards(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    return facing.turn_outwards(vertices, triangles, components(triangles, len(vertices)))


def sides(triangles: np.ndarray) -> np.ndarray:
    """The triangles with their smallest corner first, which keeps the side that they face."""
    turn = (triangles.argmin(axis=1)[:, None] + np.arange(3)) % 3
    return np.take_along_axis(triangles, turn, axis=1)


def test_a_head_that_is_wound_right_stays(model) -> None:
    found = turn_outwards(model.vertices, model.triangles)
    np.testing.assert_array_equal(found, model.triangles)


@given(seed=st.integers(0, 1000), share=st.floats(0.0, 1.0))
def test_pieces_that_are_inside_out_are_turned(model, roles, seed, share) -> None:
    piece = components(model.triangles, len(model.vertices))[model.triangles[:, 0]]
    wrong = (np.random.default_rng(seed).random(piece.max() + 1) < share)[piece]
    given_triangles = np.where(wrong[:, None], model.triangles[:, BACK], model.triangles)
    found = turn_outwards(model.vertices, given_triangles)
    seen = np.isin(roles[model.triangles[:, 0]], (Role.SKIN, Role.EYE_L, Role.EYE_R))
    np.testing.assert_array_equal(sides(found)[seen], sides(model.triangles)[seen])


@given(seed=st.integers(0, 1000), share=st.floats(0.0, 1.0))
def test_a_patch_that_is_wound_both_ways_becomes_one(model, roles, seed, share) -> None:
    wrong = np.random.default_rng(seed).random(len(model.triangles)) < share
    given_triangles = np.where(wrong[:, None], model.triangles[:, BACK], model.triangles)
    found = turn_outwards(model.vertices, given_triangles)
    seen = np.isin(roles[model.triangles[:, 0]], (Role.SKIN, Role.EYE_L, Role.EYE_R))
    np.testing.assert_array_equal(sides(found)[seen], sides(model.triangles)[seen])


@pytest.mark.parametrize("wound", [TO_PLUS_Z, TO_PLUS_Z[:, BACK]])
def test_a_plate_before_the_face_looks_ahead(wound) -> None:
    wall = 5 * PLATE - [0.0, 0.0, 0.1]
    vertices, triangles = np.concatenate([PLATE, wall]), np.concatenate([wound, wound + 4])
    found = turn_outwards(vertices, triangles)
    np.testing.assert_array_equal(sides(found[:2]), TO_PLUS_Z)


def test_what_is_not_seen_stays_or_goes_with_its_piece() -> None:
    """A bag in a box, one corner of which it shares."""
    outwards = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
    corner = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    box, bag = 10 * corner, 1.0 + corner
    for share in (False, True):
        vertices = np.concatenate([box, bag])
        inner = outwards[:, BACK] + 4
        if share:
            inner = np.where(inner == 4, 0, inner)
        right = np.concatenate([outwards, inner])
        np.testing.assert_array_equal(sides(turn_outwards(vertices, right)), sides(right))
        wrong = turn_outwards(vertices, right[:, BACK])
        np.testing.assert_array_equal(sides(wrong)[:4], sides(right)[:4])
        assert (sides(wrong)[4:] == sides(right)[4:]).all() == share


def test_a_face_without_a_back_of_the_head_is_seen_from_the_front(model, roles) -> None:
    in_front = (model.vertices[:, 2] > -0.6) & (roles == Role.SKIN)
    face = model.triangles[in_front[model.triangles].all(axis=1)]
    for wound in (face, face[:, BACK]):
        np.testing.assert_array_equal(sides(turn_outwards(model.vertices, wound)), sides(face))


@pytest.mark.parametrize("count", [0, 1])
def test_next_to_nothing_is_safe(count) -> None:
    triangles = np.zeros((count, 3), np.int64) + np.arange(3)
    assert turn_outwards(np.full((3, 3), np.nan), triangles).shape == (count, 3)


def test_an_inside_out_head_is_understood_like_any_other(model, analysed) -> None:
    mesh = model.face_mesh()
    head = analyse(replace(mesh, triangles=mesh.triangles[:, BACK]), model.landmarks())
    np.testing.assert_array_equal(head.role, analysed.role)
    np.testing.assert_array_equal(head.visible, analysed.visible)
    assert head.rims.keys() == analysed.rims.keys()
    assert head.seam is not None
