# SPDX-License-Identifier: GPL-3.0-or-later
"""Match Expression on a head that carries the template's own shapes, so that the truth is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import bpy
import cv2
import numpy as np
import pytest
from auto_rig_face import matching
from auto_rig_face.errors import RigError
from auto_rig_face.properties import state_of
from auto_rig_face.scene.fcurves import curves_by_path, value_path
from auto_rig_face.scene.landmark_motion import RiggedSurface
from auto_rig_face.scene.named_poses import read_pose
from auto_rig_face.scene.poses import set_pose, shown_pose
from auto_rig_face.vocabulary import ARKIT_SHAPES
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
SIZE = 0.06
GASP = {"jawOpen": 0.7, "browInnerUp": 0.9, "browOuterUpLeft": 0.8, "browOuterUpRight": 0.8}
SMILE = {"mouthSmileLeft": 0.9, "mouthSmileRight": 0.9}


def save(picture: Picture, path: Path) -> str:
    cv2.imwrite(str(path), picture[:, :, ::-1])
    return str(path)


def as_names(coefficients: NDArray[np.float64]) -> dict[str, float]:
    return dict(zip(ARKIT_SHAPES, coefficients.tolist(), strict=True))


def values_of(head: bpy.types.Object) -> list[float]:
    return [key.value for key in head.data.shape_keys.key_blocks]


def test_the_surface_moves_as_the_evaluated_mesh_does(
    context: bpy.types.Context, actor: bpy.types.Object
) -> None:
    surface = RiggedSurface(context, actor)
    offset = surface.offsets("jawOpen")
    assert offset is not None
    assert np.abs(offset).max() > 0.1 * SIZE
    actor.data.shape_keys.key_blocks["jawOpen"].value = 1.0
    context.view_layer.update()
    mesh = actor.evaluated_get(context.evaluated_depsgraph_get()).data
    shown = np.array([tuple(vertex.co) for vertex in mesh.vertices])
    count = len(shown)
    np.testing.assert_allclose((surface.face_mesh.vertices + offset)[:count], shown, atol=1e-6)


def test_a_part_moves_with_the_head_s_key(
    context: bpy.types.Context, actor: bpy.types.Object
) -> None:
    offset = RiggedSurface(context, actor).offsets("eyeLookUpLeft")
    assert offset is not None
    eyes = offset[len(actor.data.vertices) :]
    assert np.abs(eyes).max() > 0.01 * SIZE


def test_a_mirror_image_moves_the_other_way(context: bpy.types.Context) -> None:
    mesh = bpy.data.meshes.new("Half")
    mesh.from_pydata([(1, 0, 0), (2, 0, 0), (2, 0, 1)], [], [(0, 1, 2)])
    half = bpy.data.objects.new("Half", mesh)
    context.scene.collection.objects.link(half)
    half.modifiers.new("Mirror", "MIRROR")
    half.shape_key_add(name="Basis")
    half.shape_key_add(name="jawLeft").points[1].co = (2.5, 0.25, 0.0)
    surface = RiggedSurface(context, half)
    offset = surface.offsets("jawLeft")
    assert offset is not None
    assert len(offset) == 6
    moved = {
        tuple(np.round(place, 3)): tuple(np.round(step, 3))
        for place, step in zip(surface.face_mesh.vertices, offset, strict=True)
        if np.abs(step).max() > 1e-6
    }
    assert moved == {(2.0, 0.0, 0.0): (0.5, 0.25, 0.0), (-2.0, 0.0, 0.0): (-0.5, 0.25, 0.0)}


@pytest.mark.parametrize("yaw", [0.0, 20.0])
def test_a_picture_of_the_head_gives_its_expression(
    context: bpy.types.Context,
    actor: bpy.types.Object,
    portrait: Callable[..., Picture],
    yaw: float,
) -> None:
    matcher = matching.matcher_for(context, actor)
    gasp = as_names(matcher.match(portrait(GASP, yaw)).coefficients)
    smile = as_names(matcher.match(portrait(SMILE, yaw)).coefficients)
    assert gasp["jawOpen"] == pytest.approx(0.7, abs=0.2)
    assert smile["jawOpen"] < 0.15
    assert min(smile["mouthSmileLeft"], smile["mouthSmileRight"]) > 0.4
    assert max(gasp["mouthSmileLeft"], gasp["mouthSmileRight"]) < 0.3
    assert gasp["browInnerUp"] + gasp["browOuterUpLeft"] > (
        smile["browInnerUp"] + smile["browOuterUpLeft"] + 0.4
    )


def test_with_the_picture_at_rest_the_face_at_rest_is_at_rest(
    context: bpy.types.Context, actor: bpy.types.Object, portrait: Callable[..., Picture]
) -> None:
    matcher = matching.matcher_for(context, actor)
    matcher.learn_rest(portrait({}))
    rest = matcher.match(portrait({}))
    assert rest.coefficients.max() < 0.02
    assert rest.residual < 0.01
    gasp = matcher.match(portrait(GASP)).coefficients
    truth = np.array([GASP.get(name, 0.0) for name in ARKIT_SHAPES])
    assert np.abs(gasp - truth).mean() < 0.06


def test_a_picture_becomes_a_pose_without_keys(
    actor: bpy.types.Object, portrait: Callable[..., Picture], tmp_path: Path
) -> None:
    file = save(portrait(GASP), tmp_path / "gasp.png")
    assert bpy.ops.auto_rig_face.match_expression(filepath=file) == {"FINISHED"}
    assert as_names(shown_pose(actor))["jawOpen"] == pytest.approx(0.7, abs=0.2)
    assert curves_by_path(actor) == {}


def test_auto_keying_keys_the_pose(
    context: bpy.types.Context,
    actor: bpy.types.Object,
    portrait: Callable[..., Picture],
    tmp_path: Path,
) -> None:
    context.scene.tool_settings.use_keyframe_insert_auto = True
    context.scene.frame_set(12)
    file = save(portrait(GASP), tmp_path / "gasp.png")
    bpy.ops.auto_rig_face.match_expression(filepath=file)
    points = curves_by_path(actor)[value_path("jawOpen")].keyframe_points
    assert [point.co.x for point in points] == [12.0]


def test_keys_of_the_animator_at_the_frame_stay(
    actor: bpy.types.Object, portrait: Callable[..., Picture], tmp_path: Path
) -> None:
    key = actor.data.shape_keys.key_blocks["jawOpen"]
    key.value = 0.1
    key.keyframe_insert("value", frame=5)
    file = save(portrait(GASP), tmp_path / "gasp.png")
    bpy.ops.auto_rig_face.match_expression(filepath=file, result="KEYS", start=5)
    curves = curves_by_path(actor)
    assert curves[value_path("jawOpen")].evaluate(5) == pytest.approx(0.1)
    assert len(curves) == len(ARKIT_SHAPES)
    assert all(len(curve.keyframe_points) == 1 for curve in curves.values())


def test_pictures_in_sequence_become_keys_a_frame_each(
    actor: bpy.types.Object, portrait: Callable[..., Picture], tmp_path: Path
) -> None:
    jaws = [0.0, 0.0, 0.4, 0.8, 0.4, 0.0]
    for number, jaw in enumerate(jaws):
        save(portrait({"jawOpen": jaw}), tmp_path / f"take{number + 7}.png")
    files = [{"name": f"take{number + 7}.png"} for number in reversed(range(len(jaws)))]
    done = bpy.ops.auto_rig_face.match_expression(
        filepath=str(tmp_path / "take7.png"),
        directory=str(tmp_path),
        files=files,
        start=20,
        first_is_neutral=True,
        smoothing=0.0,
        tolerance=0.0,
    )
    assert done == {"FINISHED"}
    curve = curves_by_path(actor)[value_path("jawOpen")]
    values = [curve.evaluate(20 + number) for number in range(len(jaws))]
    np.testing.assert_allclose(values, jaws, atol=0.15)
    assert [point.co.x for point in curve.keyframe_points] == [20, 21, 22, 23, 24, 25]


def test_a_film_keeps_its_speed(
    context: bpy.types.Context,
    actor: bpy.types.Object,
    portrait: Callable[..., Picture],
    tmp_path: Path,
) -> None:
    context.scene.render.fps = 25
    path = tmp_path / "film.avi"
    film = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 50.0, (400, 400))
    for jaw in (0.0, 0.0, 0.3, 0.6, 0.8, 0.8, 0.8):
        film.write(portrait({"jawOpen": jaw})[:, :, ::-1])
    film.release()
    assert bpy.ops.auto_rig_face.match_expression(filepath=str(path), start=1) == {"FINISHED"}
    curve = curves_by_path(actor)[value_path("jawOpen")]
    frames = [point.co.x for point in curve.keyframe_points]
    assert (min(frames), max(frames)) == (1.0, 4.0)  # 6 steps at 50 are 3 frames at 25
    assert curve.evaluate(4.0) == pytest.approx(0.8, abs=0.2)
    assert curve.evaluate(1.0) < 0.2


@pytest.mark.parametrize("content", ["grey", "broken"])
def test_what_shows_no_face_changes_nothing(
    context: bpy.types.Context, actor: bpy.types.Object, tmp_path: Path, content: str
) -> None:
    path = tmp_path / "picture.png"
    if content == "grey":
        save(np.full((200, 200, 3), 128, np.uint8), path)
    else:
        path.write_bytes(b"no picture")
    set_pose(actor, np.full(len(ARKIT_SHAPES), 0.25))
    before = values_of(actor)
    with pytest.raises(RuntimeError, match=r"No face was found|isn't a picture"):
        bpy.ops.auto_rig_face.match_expression(filepath=str(path))
    assert values_of(actor) == before
    assert curves_by_path(actor) == {}


def test_a_mesh_that_has_changed_is_named(
    context: bpy.types.Context, actor: bpy.types.Object
) -> None:
    actor.data.shape_keys.reference_key.points[0].co.x += 0.01
    with pytest.raises(RigError, match="has changed"):
        matching.matcher_for(context, actor)


def test_an_expression_is_saved_put_on_and_deleted(
    context: bpy.types.Context, actor: bpy.types.Object
) -> None:
    wanted = np.random.default_rng(1).uniform(0.0, 1.0, len(ARKIT_SHAPES))
    set_pose(actor, wanted)
    assert bpy.ops.auto_rig_face.save_pose(pose="Sly") == {"FINISHED"}
    set_pose(actor, np.zeros(len(ARKIT_SHAPES)))
    assert bpy.ops.auto_rig_face.apply_pose(pose="Sly") == {"FINISHED"}
    np.testing.assert_allclose(shown_pose(actor), wanted, atol=1e-4)
    assert curves_by_path(actor) == {}
    assert bpy.ops.auto_rig_face.delete_pose(pose="Sly") == {"FINISHED"}
    assert len(state_of(actor).poses) == 0
    with pytest.raises(RuntimeError, match="Sly"):
        bpy.ops.auto_rig_face.apply_pose(pose="Sly")


def test_saving_again_replaces(actor: bpy.types.Object) -> None:
    for value in (0.2, 0.6):
        set_pose(actor, np.full(len(ARKIT_SHAPES), value))
        bpy.ops.auto_rig_face.save_pose(pose="Calm")
    assert len(state_of(actor).poses) == 1
    np.testing.assert_allclose(read_pose(actor, "Calm"), 0.6, atol=1e-4)


@pytest.mark.parametrize(
    "text", ["", "[1, 2]", '{"jawOpen": "x"}', '{"jawOpen": NaN}', '{"somewhere": 0.5}', "{"]
)
def test_a_damaged_expression_is_told(actor: bpy.types.Object, text: str) -> None:
    pose = state_of(actor).poses.add()
    pose.name, pose.values = "Odd", text
    before = values_of(actor)
    with pytest.raises(RuntimeError, match="damaged"):
        bpy.ops.auto_rig_face.apply_pose(pose="Odd")
    assert values_of(actor) == before
