# SPDX-License-Identifier: GPL-3.0-or-later
"""Where markers begin on a head that no network has seen a face on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from auto_rig_face.rigging.data import Appearance, FaceMesh, MeshPart
from auto_rig_face.rigging.marker_guess import BLENDER_AXES, guess_markers
from auto_rig_face.rigging.surface import closest
from auto_rig_face.vocabulary import MARKERS
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from .conftest import ball

SIDES = {
    "+Y": Rotation.from_euler("z", 180, degrees=True),
    "+X": Rotation.from_euler("z", 90, degrees=True),
    "+Z, up +Y": Rotation.from_euler("x", -90, degrees=True),
}


def mesh_of(*pieces: tuple[np.ndarray, np.ndarray]) -> FaceMesh:
    """Pieces given with +Y up and +Z to the front, in Blender's axes."""
    starts = np.cumsum([0, *(len(vertices) for vertices, _ in pieces)])
    vertices = np.concatenate([vertices for vertices, _ in pieces]) @ BLENDER_AXES
    triangles = np.concatenate(
        [triangles + start for (_, triangles), start in zip(pieces, starts, strict=False)]
    )
    return FaceMesh(vertices, triangles, (MeshPart("Toon", 0, len(vertices)),))


def local(guessed: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Left, up, front of what was guessed in Blender's axes."""
    return {name: BLENDER_AXES @ point for name, point in guessed.items()}


def assert_on(mesh: FaceMesh, guessed: dict[str, np.ndarray]) -> None:
    assert set(guessed) == set(MARKERS)
    points = np.array([guessed[name] for name in MARKERS])
    size = np.ptp(mesh.vertices, axis=0).max()
    assert closest(mesh.vertices, mesh.triangles, points).distance.max() < 1e-4 * size


def assert_in_order(face: dict[str, np.ndarray]) -> None:
    """Brows, eyes, nose, mouth and chin follow each other downwards, left is left."""
    names = ("brow_mid_L", "eye_outer_L", "nose_tip", "lip_upper_inner", "chin")
    heights = [face[name][1] for name in names]
    assert heights == sorted(heights, reverse=True)
    assert face["eye_outer_L"][0] > face["eye_inner_L"][0] > face["eye_inner_R"][0]
    assert face["eye_inner_R"][0] > face["eye_outer_R"][0]


@settings(max_examples=6)
@given(
    scale=st.floats(0.01, 100.0),
    shift=st.tuples(*[st.floats(-50.0, 50.0)] * 3),
    turn=st.tuples(*[st.floats(-180.0, 180.0)] * 3),
)
def test_the_guess_moves_turns_and_grows_with_the_head(model, template, scale, shift, turn):
    rotation = Rotation.from_euler("xyz", turn, degrees=True).as_matrix()
    at_rest = model.in_frame((0.0, 0.0, 0.0), BLENDER_AXES, 1.0)
    moved = model.in_frame(shift, BLENDER_AXES @ rotation.T, scale)
    expected = guess_markers(at_rest.face_mesh(), template, BLENDER_AXES)
    guessed = guess_markers(moved.face_mesh(), template, BLENDER_AXES @ rotation.T)
    assert_on(moved.face_mesh(), guessed)
    for name in MARKERS:
        found = moved.frame.to_head(guessed[name])
        assert np.linalg.norm(found - BLENDER_AXES @ expected[name]) < 0.02, name


def test_on_a_human_head_the_guess_is_near(model, template):
    guessed = guess_markers(model.face_mesh(), template)
    errors = [
        np.linalg.norm(model.frame.to_head(guessed[name]) - model.point(name)) for name in MARKERS
    ]
    assert np.mean(errors) < 0.15
    assert max(errors) < 0.35


@pytest.mark.parametrize("side", SIDES)
def test_a_head_that_faces_another_way_is_seen_by_its_eyes(model, template, side):
    turn = SIDES[side].as_matrix()
    turned = model.in_frame((0.0, 0.0, 0.0), BLENDER_AXES @ turn.T, 1.0)
    expected = guess_markers(turned.face_mesh(), template, turned.frame.axes)
    guessed = guess_markers(turned.face_mesh(), template)
    for name in MARKERS:
        assert np.linalg.norm(guessed[name] - expected[name]) < 0.02, name


@settings(max_examples=8)
@given(radii=st.tuples(*[st.floats(0.5, 2.0)] * 3), seed=st.integers(0, 99))
def test_on_an_ellipsoid_without_features_the_guess_is_in_proportion(template, radii, seed):
    mesh = mesh_of(ball((0.3, -1.0, 2.0), radii))
    noise = np.random.default_rng(seed).uniform(-1e-9, 1e-9, mesh.vertices.shape)
    mesh = replace(mesh, vertices=mesh.vertices + noise)
    guessed = guess_markers(mesh, template)
    assert_on(mesh, guessed)
    face = local(guessed)
    assert_in_order(face)
    for name in MARKERS:
        if name.endswith("_L"):
            mirrored = face[name[:-1] + "R"] * [-1, 1, 1] + [2 * 0.3, 0.0, 0.0]
            np.testing.assert_allclose(face[name], mirrored, atol=0.05 * max(radii))


def test_loose_eyes_brows_and_mouth_are_taken_and_the_body_is_not(template):
    mesh = mesh_of(
        ball((0.0, 0.0, 0.0), (1.0, 1.1, 1.0)),
        *(ball((x, -0.2, 0.9), (0.15, 0.2, 0.12)) for x in (0.4, -0.4)),
        *(ball((x, 0.2, 0.95), (0.22, 0.06, 0.08)) for x in (0.42, -0.42)),
        ball((0.0, -0.6, 0.85), (0.3, 0.05, 0.05)),
        *(ball((x, 0.9, 0.3), (0.25, 0.5, 0.1)) for x in (0.8, -0.8)),  # an animal's ears
        ball((0.0, -1.3, -0.3), (0.35, 0.4, 0.35)),
        ball((0.0, -3.0, -0.3), (1.3, 1.6, 0.8)),
    )
    face = local(guess_markers(mesh, template))
    assert_in_order(face)
    for side, sign in (("L", 1), ("R", -1)):
        eye = (face[f"eye_outer_{side}"] + face[f"eye_inner_{side}"]) / 2
        np.testing.assert_allclose(eye[:2], [sign * 0.4, -0.2], atol=0.04)
        np.testing.assert_allclose(face[f"brow_mid_{side}"][:2], [sign * 0.42, 0.2], atol=0.04)
        corner = face[f"mouth_corner_{side}"][:2]
        np.testing.assert_allclose(corner, [sign * 0.3, -0.6], atol=0.04)
    assert -1.1 < face["chin"][1] < -0.65


def test_painted_eyes_are_taken(template):
    mesh = mesh_of(ball((0.0, 0.0, 0.0), (1.0, 1.2, 1.0), rings=60, sectors=80))
    middles = (mesh.vertices @ BLENDER_AXES.T)[mesh.triangles].mean(axis=1)
    beside = np.abs(middles) - [0.45, 0.0, 0.0]
    painted = (np.hypot(beside[:, 0], middles[:, 1] + 0.1) < 0.15) & (middles[:, 2] > 0)
    colours = np.where(painted[:, None], 0.1, 0.8).repeat(3, axis=1).astype(np.float32)
    count = len(mesh.triangles)
    look = Appearance(colours, np.zeros((count, 3, 2), np.float32), np.full(count, -1, np.int32))
    face = local(guess_markers(replace(mesh, appearance=look), template))
    for side, sign in (("L", 1), ("R", -1)):
        eye = (face[f"eye_outer_{side}"] + face[f"eye_inner_{side}"]) / 2
        np.testing.assert_allclose(eye[:2], [sign * 0.45, -0.1], atol=0.06)


def test_a_head_that_hangs_forward_ends_where_it_falls_back(template):
    """As a cow's: seen from the front it goes over into the chest without a neck."""
    mesh = mesh_of(
        ball((0.0, 0.0, 1.2), (0.8, 1.0, 0.9)),
        ball((0.0, -0.9, -0.6), (0.8, 1.4, 1.0)),
    )
    face = local(guess_markers(mesh, template))
    assert_in_order(face)
    assert -1.0 < face["chin"][1] < -0.5
    assert face["chin"][2] > 0.9


def ring() -> tuple[np.ndarray, np.ndarray]:
    """A ring around the line of sight: nothing is seen in its middle."""
    turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    rim = np.stack([np.cos(turn), np.sin(turn), np.zeros(24)], axis=1)
    index = np.arange(24)
    inner, outer = index, index + 24
    one = np.stack([inner, outer, np.roll(outer, -1)], axis=1)
    other = np.stack([inner, np.roll(outer, -1), np.roll(inner, -1)], axis=1)
    return np.concatenate([rim, 1.5 * rim]), np.concatenate([one, other])


def sheet(up: int) -> tuple[np.ndarray, np.ndarray]:
    """A flat square; seen edge-on where ``up`` is 1."""
    corners = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    return np.insert(corners, up, 0.0, axis=1), np.array([[0, 1, 2], [0, 2, 3]])


@pytest.mark.parametrize(
    "pieces",
    [
        [ring()],
        [sheet(0)],
        [sheet(1)],
        [sheet(2)],
        [ball((x, 0.0, 0.0), (0.5, 0.5, 0.5)) for x in (1.0, -1.0)],
    ],
    ids=["ring", "sheet along", "sheet edge-on", "sheet", "two balls"],
)
def test_shapes_that_are_no_heads_get_markers_too(template, pieces):
    mesh = mesh_of(*pieces)
    assert_on(mesh, guess_markers(mesh, template))
