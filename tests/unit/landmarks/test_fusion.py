# SPDX-License-Identifier: GPL-3.0-or-later
"""Faces are found in any pose and scale, and what is no face is turned down."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from auto_rig_face.errors import RigError
from auto_rig_face.models.face_landmarker import FaceLandmarker
from auto_rig_face.rigging import fusion
from auto_rig_face.rigging.canonical_face import CANONICAL, INDICES, frame_of
from auto_rig_face.rigging.data import Appearance, FaceMesh, HeadFrame, MeshPart
from auto_rig_face.rigging.dense_points import FACE_LANDMARKER
from auto_rig_face.rigging.expected_error import LocatedFace, combined
from auto_rig_face.rigging.face_paint import Painter, is_plain
from auto_rig_face.rigging.fusion import locate_face, locate_stages
from auto_rig_face.rigging.orientation import Sighting
from auto_rig_face.rigging.tracking import FRAMINGS, camera_on
from auto_rig_face.rigging.triangulation import triangulate
from auto_rig_face.rigging.views import look, render
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

ANGLES = ((0, 0), (-20, 0), (20, 0), (-40, 0), (40, 0), (0, 20), (0, -20))


def random_frame(seed: int) -> HeadFrame:
    random = np.random.default_rng(seed)
    scale = 10.0 ** random.uniform(-3, 3)
    axes = Rotation.random(random_state=seed).as_matrix()
    return HeadFrame(random.normal(size=3) * 10 * scale, axes, scale)


def average_face(seed: int = 0) -> np.ndarray:
    """(478, 3) in the head frame: the known points, and others scattered among them."""
    random = np.random.default_rng(seed)
    points = CANONICAL[random.integers(0, len(CANONICAL), FACE_LANDMARKER)]
    points = points + random.normal(size=(FACE_LANDMARKER, 3)) * 0.05
    points[INDICES] = CANONICAL
    return points


def sightings_of(points_world: np.ndarray, frame: HeadFrame) -> list[Sighting]:
    sightings = []
    for yaw, pitch in ANGLES:
        camera = look(frame, yaw, pitch, resolution=384)
        pixels = np.hstack([camera.project(points_world), np.zeros((FACE_LANDMARKER, 1))])
        sightings.append(Sighting(camera, pixels, 0.9))
    return sightings


@given(seed=st.integers(0, 10**6))
def test_exact_views_give_back_the_points(seed: int) -> None:
    frame = random_frame(seed)
    truth = frame.to_world(average_face(seed))

    points, residuals = triangulate(sightings_of(truth, frame))

    assert np.linalg.norm(points - truth, axis=1).max() < 1e-6 * frame.scale
    assert residuals.max() < 1e-6 * frame.scale


@given(seed=st.integers(0, 10**6), wrong=st.integers(0, len(ANGLES) - 1))
def test_noise_and_a_wrong_view_move_points_little(seed: int, wrong: int) -> None:
    random = np.random.default_rng(seed)
    frame = random_frame(seed)
    truth = frame.to_world(average_face(seed))
    sightings = sightings_of(truth, frame)
    noisy = [
        replace(sighting, points=sighting.points + random.normal(size=(FACE_LANDMARKER, 3)))
        for sighting in sightings
    ]
    shift = np.append(random.normal(size=2) * 60, 0.0)
    noisy[wrong] = replace(noisy[wrong], points=noisy[wrong].points + shift)

    points, residuals = triangulate(noisy)

    errors = np.linalg.norm(points - truth, axis=1) / frame.scale
    assert np.median(errors) < 0.06
    if np.linalg.norm(shift) > 30:
        assert np.argmax(np.median(residuals, axis=1)) == wrong


@given(seed=st.integers(0, 10**6))
def test_the_frame_follows_the_face(seed: int) -> None:
    frame = random_frame(seed)
    found = frame_of(frame.to_world(average_face(seed)))
    at_rest = frame_of(average_face(seed))

    np.testing.assert_allclose(found.axes @ frame.axes.T, at_rest.axes, atol=1e-6)
    np.testing.assert_allclose(found.scale, frame.scale * at_rest.scale, rtol=1e-6)
    np.testing.assert_allclose(frame.to_head(found.origin), at_rest.origin, atol=1e-6)
    assert np.linalg.det(found.axes) == pytest.approx(1.0)


def test_the_average_face_defines_the_frame() -> None:
    frame = frame_of(average_face())

    turn = Rotation.from_matrix(frame.axes).magnitude()
    assert np.degrees(turn) < 0.5
    assert frame.scale == pytest.approx(1.0, abs=0.01)


def test_a_big_nose_or_jaw_tilts_the_frame_little() -> None:
    points = average_face()
    points[[4, 2]] += [0, -0.3, 0.9]
    points[199] += [0, -0.8, 0.3]

    assert np.degrees(Rotation.from_matrix(frame_of(points).axes).magnitude()) < 6


@settings(max_examples=3)
@given(seed=st.integers(0, 10**6))
def test_a_head_is_found_in_any_pose_and_scale(
    human_head: FaceMesh, landmarker: FaceLandmarker, upright: np.ndarray, seed: int
) -> None:
    pose = random_frame(seed)
    turned = replace(human_head, vertices=pose.to_world(human_head.vertices))

    located = locate_face(turned, landmarker.predict)

    back = pose.to_head(located.dense)
    iod = located.frame.scale / pose.scale
    errors = np.linalg.norm(back - upright, axis=1) / iod
    assert np.median(errors) < 0.01
    assert np.percentile(errors, 90) < 0.03
    assert located.score > 0.6


def in_another_order(face_mesh: FaceMesh, seed: int) -> FaceMesh:
    """The same surface: vertices, triangles and each triangle's first corner drawn by lot."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(face_mesh.vertices))
    triangles = np.argsort(order)[face_mesh.triangles]
    triangles = triangles[random.permutation(len(triangles))]
    corners = (np.arange(3) + random.integers(0, 3, (len(triangles), 1))) % 3
    triangles = np.take_along_axis(triangles, corners, axis=1)
    return replace(face_mesh, vertices=face_mesh.vertices[order], triangles=triangles)


@settings(max_examples=3)
@given(seed=st.integers(0, 10**6))
def test_the_order_of_vertices_and_triangles_makes_no_difference(
    human_head: FaceMesh, landmarker: FaceLandmarker, upright: np.ndarray, seed: int
) -> None:
    located = locate_face(in_another_order(human_head, seed), landmarker.predict)

    assert located.dense.tobytes() == upright.tobytes()


@settings(max_examples=3)
@given(seed=st.integers(0, 10**6))
def test_a_hair_of_noise_moves_landmarks_little(
    human_head: FaceMesh, landmarker: FaceLandmarker, upright: np.ndarray, seed: int
) -> None:
    """As when a file format rounds positions to 6 digits of the head's size."""
    size = np.ptp(human_head.vertices, axis=0).max()
    noise = np.random.default_rng(seed).uniform(-0.5e-6, 0.5e-6, human_head.vertices.shape)
    located = locate_face(
        replace(human_head, vertices=human_head.vertices + noise * size), landmarker.predict
    )

    errors = np.linalg.norm(located.dense - upright, axis=1) / located.frame.scale
    assert np.median(errors) < 0.003


@pytest.fixture(scope="module")
def upright(human_head: FaceMesh, landmarker: FaceLandmarker) -> np.ndarray:
    return locate_face(human_head, landmarker.predict).dense


def test_an_upright_head_is_found_where_it_is(
    human_head: FaceMesh, landmarker: FaceLandmarker
) -> None:
    located = locate_face(human_head, landmarker.predict)

    axes = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
    tilt = Rotation.from_matrix(located.frame.axes @ axes.T).as_rotvec(degrees=True)
    assert abs(tilt[0]) < 8  # pitch is a matter of definition
    assert np.abs(tilt[1:]).max() < 2
    assert located.dense.shape == (FACE_LANDMARKER, 3)
    assert np.median(located.expected_error) < 0.12 * located.frame.scale


def test_the_search_can_be_stopped_between_small_steps(human_head: FaceMesh) -> None:
    calls: list[int] = []

    def blind(_picture: np.ndarray, *, framed: bool = False) -> list[Guess]:
        calls.append(framed)
        return []

    before, fractions = [], []

    def search() -> None:
        for stage, fraction in locate_stages(human_head, blind):
            assert stage.startswith("Finding the face")
            fractions.append(fraction)
            before.append(len(calls))

    with pytest.raises(RigError):
        search()
    assert fractions == sorted(fractions)
    assert 0.0 <= fractions[0] < fractions[-1] < 1.0
    assert max(np.diff([*before, len(calls)])) <= 24  # pictures in one step
    assert len(calls) > 100


def test_a_search_that_is_closed_early_ends(human_head: FaceMesh) -> None:
    stages = locate_stages(human_head, lambda _, framed=False: [])
    next(stages)
    stages.close()
    with pytest.raises(StopIteration):
        next(stages)


def test_the_same_bits_again(human_head: FaceMesh, landmarker: FaceLandmarker) -> None:
    first, second = (locate_face(human_head, landmarker.predict) for _ in range(2))

    assert first.dense.tobytes() == second.dense.tobytes()
    assert first.frame.axes.tobytes() == second.frame.axes.tobytes()


def assert_refused(face_mesh: FaceMesh, landmarker: FaceLandmarker) -> None:
    with pytest.raises(RigError, match=face_mesh.parts[0].name) as refusal:
        locate_face(face_mesh, landmarker.predict)
    assert refusal.value.wants_markers
    assert refusal.value.refused


def test_the_back_of_a_head_is_no_face(human_head: FaceMesh, landmarker: FaceLandmarker) -> None:
    depth = human_head.vertices[human_head.triangles][:, :, 1].min(axis=1)
    behind = depth > np.quantile(human_head.vertices[:, 1], 0.6)
    assert_refused(replace(human_head, triangles=human_head.triangles[behind]), landmarker)


def test_a_ball_is_no_face(landmarker: FaceLandmarker) -> None:
    random = np.random.default_rng(0)
    from scipy.spatial import ConvexHull

    points = random.normal(size=(800, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    hull = ConvexHull(points)
    ball = FaceMesh(points, hull.simplices.astype(np.int64), (MeshPart("ball", 0, 800),))
    assert_refused(ball, landmarker)


@dataclass(frozen=True)
class Guess:
    """A prediction that has nothing to do with the picture."""

    score: float
    points: np.ndarray
    presence: float
    expected_error: None = None


def test_a_detector_that_sees_faces_everywhere_is_not_believed(
    human_head: FaceMesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fusion, "MAX_CANDIDATES", 4)  # more of the same takes long

    def dreamer(picture: np.ndarray, *, framed: bool = False) -> list[Guess]:
        random = np.random.default_rng([int(picture.sum()), framed])
        local = average_face()[:, :2] * [1, -1] * random.uniform(20, 60)
        flat = local + picture.shape[0] * random.uniform(0.3, 0.7, 2)
        return [Guess(0.99, np.hstack([flat, np.zeros((FACE_LANDMARKER, 1))]), 1.0)]

    with pytest.raises(RigError):
        locate_face(human_head, dreamer)


def test_nothing_seen_is_refused(human_head: FaceMesh) -> None:
    with pytest.raises(RigError, match="template") as refusal:
        locate_face(human_head, lambda _: [])
    assert refusal.value.wants_markers


def test_a_mesh_of_nothing_is_refused() -> None:
    nowhere = FaceMesh(np.full((3, 3), np.nan), np.array([[0, 1, 2]]), (MeshPart("nothing", 0, 3),))
    with pytest.raises(RigError, match="nothing"):
        locate_face(nowhere, lambda _: [])


def located(points: np.ndarray, error: float, score: float = 0.7) -> LocatedFace:
    return LocatedFace(frame_of(points), points, np.full(FACE_LANDMARKER, error), score)


@given(seed=st.integers(0, 10**6), share=st.floats(0.1, 0.9))
def test_two_faces_are_weighed_by_what_they_expect_to_be_off(seed: int, share: float) -> None:
    random = np.random.default_rng(seed)
    points = average_face()
    first = located(points, share * 0.1)
    second = located(points + random.normal(0, 0.01, (FACE_LANDMARKER, 3)), (1 - share) * 0.1)
    both = combined(first, second)
    towards = np.einsum("ni,ni->n", both.dense - points, second.dense - points)
    part = towards / np.maximum(((second.dense - points) ** 2).sum(axis=1), 1e-12)
    np.testing.assert_allclose(part, share**2 / (share**2 + (1 - share) ** 2), atol=1e-6)
    assert (both.expected_error < 1.2 * min(share, 1 - share) * 0.1).all()


def test_networks_that_disagree_are_trusted_less() -> None:
    points = average_face()
    near = combined(located(points, 0.05), located(points + 0.01, 0.05))
    far = combined(located(points, 0.05), located(points + [0.0, 0.25, 0.0], 0.05))
    assert (far.expected_error > 2 * near.expected_error).all()


def test_of_two_different_faces_the_better_one_counts() -> None:
    points = average_face()
    other = points @ Rotation.from_euler("y", 120, degrees=True).as_matrix().T
    both = combined(located(points, 0.05, 0.4), located(other, 0.05, 0.6))
    np.testing.assert_array_equal(both.dense, other)


def test_only_plain_heads_are_painted() -> None:
    vertices = np.eye(3)
    mesh = FaceMesh(vertices, np.array([[0, 1, 2], [0, 2, 1]]), (MeshPart("m", 0, 3),))
    coloured = Appearance(
        np.array([[1, 0, 0], [0, 1, 0]], np.float32),
        np.zeros((2, 3, 2), np.float32),
        np.full(2, -1, np.int32),
    )

    assert is_plain(mesh)
    assert not is_plain(replace(mesh, appearance=coloured))
    grey = replace(coloured, colours=np.full((2, 3), 0.8, np.float32))
    assert is_plain(replace(mesh, appearance=grey))


@given(seed=st.integers(0, 10**6))
def test_loose_eyes_are_painted_and_the_brows_above_them_are_not(seed: int) -> None:
    frame = random_frame(seed)
    box = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
    sides = np.array([[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1]])
    boxes = [
        box * [1.2, 1.6, 1.2] + [0, -0.4, -1.3],  # the skull
        *(box * [0.1, 0.12, 0.05] + [x, 0, 0] for x in (0.5, -0.5)),
        *(box * [0.25, 0.07, 0.05] + [x, 0.3, 0] for x in (0.5, -0.5)),
    ]
    vertices = frame.to_world(np.concatenate(boxes))
    triangles = np.concatenate([sides + 8 * index for index in range(5)])
    painter = Painter(FaceMesh(vertices, triangles, (MeshPart("toon", 0, 40),)))

    painted = painter.paint(frame)

    assert painted is not None
    assert painted.appearance is not None
    brightness = painted.appearance.colours.mean(axis=1).reshape(5, -1)
    assert (brightness[[0, 3, 4]] > 0.5).all()
    assert (brightness[[1, 2]] < 0.4).all()


def test_the_front_of_a_loose_eyeball_gets_an_iris() -> None:
    """Seen from the front: a dark disc in the middle of a white ball, however coarse the ball."""
    from scipy.spatial import ConvexHull

    random = np.random.default_rng(0)
    shell = random.normal(size=(60, 3))
    shell /= np.linalg.norm(shell, axis=1, keepdims=True)
    sides = ConvexHull(shell).simplices.astype(np.int64)
    pieces = [shell * 1.3 + [0, -0.4, -1.6], *(shell * 0.3 + [x, 0, 0] for x in (0.5, -0.5))]
    triangles = np.concatenate([sides + 60 * index for index in range(3)])
    toon = FaceMesh(np.concatenate(pieces), triangles, (MeshPart("toon", 0, 180),))
    frame = HeadFrame(np.zeros(3), np.eye(3), 1.0)

    painted = Painter(toon).paint(frame)

    assert painted is not None
    camera = look(frame, size=3.0, centre=(0, 0, 0), resolution=200)
    picture = render(painted, camera, light=(0.0, 0.0, 1.0)).mean(axis=2)

    def shade(x: float, y: float) -> float:
        column, row = np.rint(camera.project([[x, y, 0.3]])[0]).astype(int)
        return float(picture[row, column])

    for eye in (-0.5, 0.5):
        assert max(shade(eye, 0.0), shade(eye + 0.08, 0.0), shade(eye, -0.08)) < 45
        assert (
            min(shade(eye + 0.2, 0.0), shade(eye - 0.2, 0.0), shade(eye, 0.2)) > 55
        )  # also where no light falls


@given(seed=st.integers(0, 10**6), view=st.integers(0, len(ANGLES) - 1))
def test_a_camera_frames_the_points_and_levels_the_eyes(seed: int, view: int) -> None:
    frame = random_frame(seed)
    points = frame.to_world(average_face(seed))
    camera = camera_on(points, frame, *ANGLES[view])
    seen = camera.project(points)

    spans = np.ptp(seen, axis=0) * FRAMINGS[0] / camera.resolution
    assert spans.max() == pytest.approx(1.0, abs=0.1)  # as far as perspective goes
    middle = (seen.min(axis=0) + seen.max(axis=0)) / 2
    assert np.abs(middle - (camera.resolution - 1) / 2).max() < 0.05 * camera.resolution
    right, left = seen[33], seen[263]
    assert abs(left[1] - right[1]) < 0.03 * abs(left[0] - right[0])
    assert left[0] > right[0]
