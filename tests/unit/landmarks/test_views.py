# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras see what they are pointed at, and pictures are what the surface looks like."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from auto_rig_face.rigging.data import Appearance, FaceMesh, HeadFrame, MeshPart
from auto_rig_face.rigging.raycast import RayScene
from auto_rig_face.rigging.search_views import search_views, turn
from auto_rig_face.rigging.views import BACKGROUND, Camera, look, render
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation


def random_frame(seed: int) -> HeadFrame:
    """Any position, rotation and scale."""
    random = np.random.default_rng(seed)
    scale = 10.0 ** random.uniform(-3, 3)
    axes = Rotation.random(random_state=seed).as_matrix()
    return HeadFrame(random.normal(size=3) * 10 * scale, axes, scale)


def card(appearance: Appearance | None = None) -> FaceMesh:
    """A square of side 2 in the plane y = 0 that faces -Y."""
    vertices = np.array([[-1, 0, -1], [1, 0, -1], [1, 0, 1], [-1, 0, 1]], np.float64)
    triangles = np.array([[0, 1, 2], [0, 2, 3]])
    return FaceMesh(vertices, triangles, (MeshPart("card", 0, 4),), appearance)


def front_camera(distance: float = 2.5) -> Camera:
    axes = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])
    return Camera(np.zeros(3), axes, 2.5, 100, distance)


@given(
    seed=st.integers(0, 10**6),
    yaw=st.floats(-180, 180),
    pitch=st.floats(-89, 89),
    distance=st.sampled_from([0.0, 1.5, 2.5]),
)
def test_a_ray_through_a_pixel_projects_back_to_it(
    seed: int, yaw: float, pitch: float, distance: float
) -> None:
    frame = random_frame(seed)
    camera = look(frame, yaw, pitch, resolution=64, distance=distance)
    pixels = np.random.default_rng(seed).uniform(0, 63, (20, 2))

    origins, directions = camera.rays_through(pixels)
    along = np.random.default_rng(seed).uniform(0.3, 1.2, (20, 1)) * camera.size
    np.testing.assert_allclose(camera.project(origins + directions * along), pixels, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1.0)
    np.testing.assert_allclose(camera.axes @ camera.axes.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(camera.axes) == pytest.approx(1.0)


def test_all_rays_are_pixels_in_reading_order() -> None:
    camera = front_camera()
    origins, directions = camera.rays()
    middle = origins + directions * 5
    across, down = camera.project(middle).reshape(100, 100, 2).transpose(2, 0, 1)

    np.testing.assert_allclose(across, np.tile(np.arange(100), (100, 1)), atol=1e-9)
    np.testing.assert_allclose(down, across.T, atol=1e-9)


@given(seed=st.integers(0, 10**6))
def test_the_face_looks_at_the_camera_with_its_left_on_the_right(seed: int) -> None:
    frame = random_frame(seed)
    eyes = frame.to_world(np.array([[-0.5, 0, 0], [0.5, 0, 0], [0, 1, 0], [0, 0, 0]], float))
    right_eye, left_eye, above, between = look(frame).project(eyes)

    assert right_eye[0] < between[0] < left_eye[0]
    assert above[1] < between[1]
    # From the character's own left, its left side is nearer.
    towards = look(frame, 40.0).axes[2]
    assert towards @ frame.axes[0] > 0
    assert look(frame, 0.0, 20.0).axes[2] @ frame.axes[1] > 0


@given(seed=st.integers(0, 10**6))
def test_head_frame_round_trip(seed: int) -> None:
    frame = random_frame(seed)
    points = np.random.default_rng(seed).normal(size=(30, 3))

    np.testing.assert_allclose(frame.to_head(frame.to_world(points)), points, atol=1e-9)


def test_clay_on_background() -> None:
    picture = render(card(), front_camera())

    assert picture.shape == (100, 100, 3)
    assert picture.dtype == np.uint8
    assert tuple(picture[0, 0]) == BACKGROUND
    assert tuple(picture[50, 50]) != BACKGROUND
    assert (picture != BACKGROUND).any(axis=2).mean() == pytest.approx((2 / 2.5) ** 2, abs=0.03)


def test_both_windings_look_alike() -> None:
    mesh = card()
    flipped = replace(mesh, triangles=mesh.triangles[:, ::-1].copy())
    mixed = replace(mesh, triangles=np.vstack([mesh.triangles[:1], mesh.triangles[1:, ::-1]]))

    picture = render(mesh, front_camera())
    assert np.array_equal(picture, render(flipped, front_camera()))
    assert np.abs(picture.astype(int) - render(mixed, front_camera())).max() <= 2


def test_base_colours_and_textures() -> None:
    image = np.zeros((8, 8, 3), np.uint8)
    image[:4, :4], image[:4, 4:], image[4:, :4] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    corner_uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    mesh = card()
    textured = Appearance(
        np.ones((2, 3), np.float32), corner_uv[mesh.triangles], np.zeros(2, np.int32), (image,)
    )
    picture = render(card(textured), front_camera(0.0), light=(0, 0, 1))
    top_left, top_right, bottom_left = picture[30, 30], picture[30, 70], picture[70, 30]

    assert np.argmax(top_left) == 0
    assert np.argmax(top_right) == 1
    assert np.argmax(bottom_left) == 2

    plain = replace(
        textured,
        colours=np.array([[1, 0, 0], [0, 0, 1]], np.float32),
        image_index=np.full(2, -1, np.int32),
    )
    picture = render(card(plain), front_camera(0.0), light=(0, 0, 1))
    assert tuple(picture[65, 70]) == (255, 0, 0)
    assert tuple(picture[35, 30]) == (0, 0, 255)


def test_texture_repeats_and_survives_uv_that_are_not_numbers() -> None:
    image = np.full((2, 2, 3), 200, np.uint8)
    uv = np.array([[[np.nan, 0], [7.5, -3], [np.inf, 2]]] * 2, np.float32)
    look_ = Appearance(np.ones((2, 3), np.float32), uv, np.zeros(2, np.int32), (image,))

    picture = render(card(look_), front_camera(0.0), light=(0, 0, 1))
    assert tuple(picture[50, 50]) == (200, 200, 200)


def test_a_pose_replaces_the_rest_positions() -> None:
    mesh = card()
    moved = mesh.vertices + np.array([0.6, 0, 0])
    posed = render(mesh, front_camera(), vertices=moved)

    assert np.array_equal(posed, render(replace(mesh, vertices=moved), front_camera()))
    assert not np.array_equal(posed, render(mesh, front_camera()))
    scene = RayScene(moved, mesh.triangles)
    assert np.array_equal(posed, render(mesh, front_camera(), scene=scene))


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_turning_the_camera_turns_the_picture(turns: int) -> None:
    mesh = card()
    camera = replace(front_camera(), centre=np.array([0.3, 0.0, 0.1]))
    picture = render(mesh, camera, light=(0, 0, 1))
    turned = render(mesh, turn(camera, turns), light=(0, 0, 1))

    differing = (turned != np.rot90(picture, turns)).any(axis=2)
    assert differing.mean() < 0.01  # only where the edge falls on a pixel's centre


@given(seed=st.integers(0, 10**6))
def test_every_search_view_shows_part_of_the_mesh(seed: int) -> None:
    frame = random_frame(seed)
    random = np.random.default_rng(seed)
    vertices = frame.to_world(random.normal(size=(60, 3)) * random.uniform(0.2, 3, 3))

    groups = list(search_views(vertices))
    first = groups[0][0].camera
    np.testing.assert_allclose(first.axes[2], [0, -1, 0], atol=1e-12)
    np.testing.assert_allclose(first.axes[1], [0, 0, 1], atol=1e-12)
    for view in (view for group in groups for view in group):
        pixels = view.camera.project(vertices)
        inside = ((pixels > -0.5) & (pixels < view.camera.resolution - 0.5)).all(axis=1)
        assert inside.any()
