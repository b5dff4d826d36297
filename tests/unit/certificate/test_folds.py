# SPDX-License-Identifier: GPL-3.0-or-later
"""New self-intersections and flips, made to pass and to fail, and the shortcut checked in full."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.rigging.certificate.folds import (
    FoldFinder,
    find_intersections,
    intersection_limit,
    measure_folds,
)
from auto_rig_face.rigging.certificate.skin import exposed_skin, poses
from hypothesis import given, settings
from hypothesis import strategies as st


def folds_of(face, shapes):
    skin = exposed_skin(face.head)
    local = {name: shape[skin.index] for name, shape in poses(shapes)}
    return {m.name: m for m in measure_folds(face.head, skin, local)}


def through_the_lower_lid(face):
    """The upper lid goes on down past the lower margin, its edge behind the skin."""
    shape = 1.6 * face.shapes["eyeBlinkLeft"]
    shape[:, 2] -= 0.3 * shape[:, 1]
    margin = face.slits["eye_L"][0]
    shape[margin, 2] = 0.3 * shape[margin, 1]
    return shape


def test_a_vertex_dragged_across_its_neighbours_flips_triangles(face):
    head = face.head
    shape = np.zeros_like(head.vertices)
    vertex = int(np.linalg.norm(head.vertices[:, :2] - [0.9, -0.5], axis=1).argmin())
    shape[vertex] = (0.2, 0.0, 0.0)
    flips = folds_of(face, {"cheekPuff": shape})["flips"]
    assert not flips.passed
    assert flips.value >= 2
    assert flips.place.startswith("cheekPuff, near ")


def test_flips_at_the_lids_are_allowed(face):
    upper, _ = face.slits["eye_L"]
    shape = np.zeros_like(face.head.vertices)
    shape[upper[2:-2]] = (0.0, 0.2, 0.0)  # the margin goes up past the rows above it
    assert folds_of(face, {"eyeWideLeft": shape})["flips"].passed


def test_a_smooth_large_motion_folds_nothing(face):
    wide = face.moved(face.bump((0.0, -0.8), 1.5), (0.1, 0.2, 0.3))
    metrics = folds_of(face, {"mouthLeft": wide})
    assert metrics["flips"].value == 0
    assert metrics["new self-intersections"].value == 0


def test_skin_pushed_through_itself_is_caught(face):
    found = folds_of(face, {"eyeBlinkLeft": through_the_lower_lid(face)})["new self-intersections"]
    assert found.value > 5
    assert found.place.startswith("eyeBlinkLeft, near ")
    assert found.place.endswith("_L")
    assert "over all poses" in found.note


def test_what_intersects_at_rest_is_not_new(face):
    head = face.with_points(face.head.vertices + through_the_lower_lid(face))
    skin = exposed_skin(head)
    assert len(find_intersections(skin.points, skin.triangles, np.arange(len(skin.triangles))))
    shift = np.tile([0.0, 0.1, 0.0], (len(skin.points), 1))
    metrics = {m.name: m for m in measure_folds(head, skin, {"jawForward": shift})}
    assert metrics["new self-intersections"].value == 0


def test_the_limit_grows_with_the_density_around_the_openings(face):
    skin = exposed_skin(face.head)
    assert 0 < intersection_limit(skin) < 0.2 * len(skin.triangles)


@given(
    x=st.floats(-1.2, 1.2),
    y=st.floats(-1.6, 1.0),
    radius=st.floats(0.2, 1.0),
    motion=st.tuples(*[st.floats(-0.5, 0.5)] * 3),
)
@settings(max_examples=25)
def test_the_shortcut_finds_what_a_full_search_finds(shared_face, x, y, radius, motion):
    face = shared_face
    skin = exposed_skin(face.head)
    shape = face.moved(face.bump((x, y), radius), motion)[skin.index]
    finder = FoldFinder(face.head, skin)
    everything = np.arange(len(skin.triangles))
    full = find_intersections(skin.points + shape, skin.triangles, everything)
    quick = finder.examine("mouthLeft", shape).pairs
    assert len(quick) >= 0.95 * len(full)
    assert {tuple(pair) for pair in quick} <= {tuple(pair) for pair in full}


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_triangles_to_intersect(face, count):
    skin = exposed_skin(face.head)
    assert find_intersections(skin.points, skin.triangles, np.arange(count)).shape == (0, 2)
