# SPDX-License-Identifier: GPL-3.0-or-later
"""Spikes and leaks, made to pass and to fail."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.rigging.certificate.regions import REGIONS, measure_leak, region_of
from auto_rig_face.rigging.certificate.skin import CLOSE_POSE, exposed_skin
from auto_rig_face.rigging.certificate.spikes import measure_spikes
from auto_rig_face.vocabulary import ARKIT_SHAPES, mirror_shape
from hypothesis import given
from hypothesis import strategies as st


def leaks_of(face, name, shape):
    skin = exposed_skin(face.head)
    return {m.name: m for m in measure_leak(face.head, skin, {name: shape[skin.index]})}


def vertex_at(face, x, y) -> int:
    return int(np.linalg.norm(face.head.vertices[:, :2] - [x, y], axis=1).argmin())


@pytest.mark.parametrize("direction", [(0, 0, 0.3), (0, 0.3, 0), (-0.2, 0, 0.2)])
def test_a_spike_is_caught_and_named(face, direction):
    shape = face.shapes["mouthSmileRight"].copy()
    shape[vertex_at(face, -0.45, -0.7)] += direction
    skin = exposed_skin(face.head)
    metric = measure_spikes(face.head, skin, {"mouthSmileRight": shape[skin.index]})
    assert not metric.passed
    assert metric.value == 1
    assert metric.place.startswith("mouthSmileRight, near ")
    assert metric.place.endswith(("ala_R", "mouth_corner_R"))


def test_a_lip_vertex_left_behind_is_a_spike(face):
    shape = 2 * face.shapes["jawOpen"]
    stuck = face.slits["mouth"][1][8]
    shape[stuck] = 0
    skin = exposed_skin(face.head)
    metric = measure_spikes(face.head, skin, {"jawOpen": shape[skin.index]})
    assert metric.value == 1
    assert metric.place.startswith("jawOpen, near lip_")


def test_lips_that_part_are_no_spike(face):
    skin = exposed_skin(face.head)
    shape = 2 * face.shapes["jawOpen"][skin.index]
    assert measure_spikes(face.head, skin, {"jawOpen": shape}).value == 0


@pytest.mark.parametrize(
    ("name", "stray", "place"),
    [
        ("browOuterUpLeft", (0.0, -1.2), "lip_lower_bottom"),  # a brow moves the mouth
        ("mouthSmileLeft", (0.5, 1.2), "brow_mid_L"),  # a smile moves the forehead
        ("eyeBlinkLeft", (-0.5, 0.1), "lid_upper_R"),  # a blink moves the other eye
    ],
)
def test_motion_in_the_wrong_place_is_caught_and_named(face, name, stray, place):
    good = face.shapes[name]
    assert all(metric.passed for metric in leaks_of(face, name, good).values())
    much = face.moved(face.bump(stray, 0.3), (0.0, 0.15, 0.0))
    metric = leaks_of(face, name, good + much)["stray motion"]
    assert not metric.passed
    assert metric.place == f"{name}, near {place}"


def test_a_little_motion_all_over_is_a_leak(face):
    drift = np.tile([0.0, 0.0, 0.01], (len(face.head.vertices), 1))
    metrics = leaks_of(face, "mouthSmileLeft", face.shapes["mouthSmileLeft"] + drift)
    assert not metrics["leak"].passed
    assert metrics["leak"].place.startswith("mouthSmileLeft, near ")
    assert metrics["stray motion"].passed


def test_every_shape_has_a_region():
    for name in (*ARKIT_SHAPES, CLOSE_POSE):
        assert sum(name.startswith(prefix) for prefix in REGIONS) >= 1


@given(st.sampled_from(ARKIT_SHAPES), st.floats(-2, 2), st.floats(-2.5, 1.5), st.floats(-2, 0.5))
def test_regions_mirror(shared_face, name, x, y, z):
    point, mirrored = np.array([[x, y, z]]), np.array([[-x, y, z]])
    head = shared_face.head
    assert region_of(name, head, point) == region_of(mirror_shape(name), head, mirrored)
