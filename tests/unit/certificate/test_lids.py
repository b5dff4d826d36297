# SPDX-License-Identifier: GPL-3.0-or-later
"""Lid aperture and lid penetration, made to pass and to fail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from auto_rig_face.rigging.certificate.lids import EyeSurface, inside_polygon, measure_lids
from auto_rig_face.rigging.certificate.skin import exposed_skin
from auto_rig_face.rigging.head import Role
from hypothesis import given
from hypothesis import strategies as st


def lids_of(head, shapes):
    return {m.name: m for m in measure_lids(head, exposed_skin(head), shapes, frozenset())}


@pytest.mark.parametrize(
    ("side", "other", "shape"),
    [("left", "right", "eyeBlinkLeft"), ("right", "left", "eyeBlinkRight")],
)
def test_a_lid_that_stops_half_way_is_caught_on_its_own_side(face, side, other, shape):
    shapes = dict(face.shapes, **{shape: 0.5 * face.shapes[shape]})
    lids = lids_of(face.head, shapes)
    metric = lids[f"lid aperture {side}"]
    assert not metric.passed
    assert metric.value == pytest.approx(0.5, abs=0.1)
    assert metric.place.startswith(shape)
    assert metric.place.endswith(f"_{side[0].upper()}")
    assert lids[f"lid aperture {other}"].passed


def test_a_gap_in_one_corner_is_caught_and_named(face):
    """The lid shuts but for the inner corner."""
    head, shape = face.head, face.shapes["eyeBlinkLeft"].copy()
    inner = np.abs(head.vertices[:, 0] - 0.36) < 0.03
    shape[inner] *= 0.3
    metric = lids_of(head, dict(face.shapes, eyeBlinkLeft=shape))["lid aperture left"]
    assert 0.02 < metric.value < 0.3
    assert metric.place == "eyeBlinkLeft, near eye_inner_L"


def test_the_socket_behind_the_opening_is_no_lid(face):
    """Without an eyeball the ray ends in the hidden socket: the eye is still open."""
    head = face.head
    skin_only = head.triangles[head.role[head.triangles[:, 0]] == Role.SKIN]
    wall = head.vertices.copy()
    count = len(wall)
    square = [[-1.0, -0.5, -0.3], [1.0, -0.5, -0.3], [1.0, 0.5, -0.3], [-1.0, 0.5, -0.3]]
    vertices = np.concatenate([wall, square])
    socket = [[count, count + 1, count + 2], [count, count + 2, count + 3]]
    hollow = replace(
        head,
        vertices=vertices,
        triangles=np.concatenate([skin_only, socket]),
        normals=np.concatenate([head.normals, np.tile([0, 0, 1.0], (4, 1))]),
        role=np.concatenate([head.role, np.zeros(4, np.int8)]),
        visible=np.concatenate([head.visible, np.zeros(4, bool)]),
        lip_side=np.concatenate([head.lip_side, np.zeros(4, np.int8)]),
    )
    still = {"eyeBlinkLeft": np.zeros_like(vertices), "eyeBlinkRight": np.zeros_like(vertices)}
    lids = lids_of(hollow, still)
    assert lids["lid aperture left"].value == pytest.approx(1.0)
    assert lids["lid penetration left"].value is None
    assert "eyeball" in lids["lid penetration left"].note


def test_a_lid_pressed_into_the_eyeball_is_caught(face):
    shape = face.shapes["eyeBlinkRight"].copy()
    moving = shape[:, 1] < -0.05
    shape[moving, 2] -= 0.06
    lids = lids_of(face.head, dict(face.shapes, eyeBlinkRight=shape))
    metric = lids["lid penetration right"]
    assert metric.value == pytest.approx(4.0, abs=1.5)
    assert metric.place.startswith("eyeBlinkRight at 1")
    assert metric.place.endswith("_R")
    assert lids["lid penetration left"].passed


def test_a_lid_that_cuts_a_bulging_eyeball_on_the_way_is_caught(face):
    """Margins that are clear open and shut, joined by a straight line through the eye."""
    vertices = face.head.vertices.copy()
    vertices[face.head.role == Role.EYE_L, 2] += 0.035
    shape = face.shapes["eyeBlinkLeft"].copy()
    behind_margin = np.setdiff1d(np.flatnonzero(shape[:, 1]), face.slits["eye_L"][0])
    shape[behind_margin, 2] -= 0.25 * shape[behind_margin, 1]
    lids = lids_of(face.with_points(vertices), dict(face.shapes, eyeBlinkLeft=shape))
    assert not lids["lid penetration left"].passed
    assert lids["lid penetration left"].place.startswith("eyeBlinkLeft at 0.5, near ")
    assert lids["lid penetration right"].passed


def test_what_penetrates_at_rest_does_not_count(face):
    """An eyeball modelled 0.1 into the lids, and lids that stay where they are."""
    vertices = face.head.vertices.copy()
    vertices[face.head.role == Role.EYE_L, 2] += 0.1
    tremble = face.moved(face.bump((0.5, 0.1), 0.2), (0.0, 1e-3, 0.0))
    lids = lids_of(face.with_points(vertices), {"eyeBlinkLeft": tremble})
    assert lids["lid penetration left"].value == pytest.approx(0.0, abs=0.2)


@pytest.mark.parametrize("bow", [0.0, -0.1])
def test_flat_and_hollow_eyes_are_measured_too(bow):
    """A disc or a bowl, as anime eyes are: depth behind its own surface."""
    x, y = np.meshgrid(np.linspace(-0.3, 0.3, 13), np.linspace(-0.3, 0.3, 13))
    points = np.stack([x, y, bow * (1 - (x**2 + y**2) / 0.18)], axis=-1).reshape(-1, 3)
    index = np.arange(169).reshape(13, 13)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    triangles = np.concatenate(
        [np.stack(t, axis=-1).reshape(-1, 3) for t in ((a, b, c), (a, c, d))]
    )
    eye = EyeSurface(points, triangles, np.array([0.0, 0.0, 1.0]))
    probes = np.array([[0.0, 0.0, bow + 0.05], [0.0, 0.0, bow - 0.05], [0.9, 0.0, -1.0]])
    assert eye.depth(probes) == pytest.approx([0.0, 0.05, 0.0], abs=0.005)


@given(
    st.floats(-2, 2), st.floats(-2, 2), st.floats(0.1, 1.5), st.floats(0.1, 1.5), st.integers(3, 40)
)
def test_inside_polygon_agrees_with_an_ellipse(x, y, width, height, corners):
    turn = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    polygon = np.stack([width * np.cos(turn), height * np.sin(turn)], axis=1)
    radius = np.hypot(x / width, y / height)
    inside = bool(inside_polygon(np.array([[x, y]]), polygon)[0])
    if radius > 1.0001:
        assert not inside
    if radius < np.cos(np.pi / corners) - 1e-4:  # the circle inscribed in the polygon
        assert inside
