# SPDX-License-Identifier: GPL-3.0-or-later
"""The palette's pictures, sequences of emotions, and emotions as NLA strips."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import bpy
import cv2
import numpy as np
import pytest
from auto_rig_face.panels import icons
from auto_rig_face.properties import settings_of, state_of
from auto_rig_face.scene.fcurves import curves_by_path
from auto_rig_face.scene.poses import set_pose, shown_pose
from auto_rig_face.scene.remove import remove_rig
from auto_rig_face.scene.thumbnails import (
    SIDE,
    pose_thumbnail,
    store_thumbnail,
    thumbnail,
    thumbnail_icon,
)
from auto_rig_face.vocabulary import ARKIT_SHAPES, EMOTIONS
from numpy.typing import NDArray

SMILE = "mouthSmileLeft"
INDEX = {name: index for index, name in enumerate(ARKIT_SHAPES)}


def shown(head: bpy.types.Object, name: str) -> NDArray[np.float64]:
    picture = thumbnail(head, name)
    assert picture is not None, name
    return picture.astype(float)


def smile_at(head: bpy.types.Object, frame: int) -> float:
    """What the slider shows at a frame, whatever moves it."""
    bpy.context.scene.frame_set(frame)
    return float(head.data.shape_keys.key_blocks[SMILE].value)


def strips_of(head: bpy.types.Object) -> list[bpy.types.NlaStrip]:
    data = head.data.shape_keys.animation_data
    return [] if data is None else [strip for track in data.nla_tracks for strip in track.strips]


def test_every_emotion_is_shown_on_this_face(actor: bpy.types.Object) -> None:
    set_pose(actor, np.full(len(ARKIT_SHAPES), 0.5))  # what it shows now doesn't count
    assert bpy.ops.auto_rig_face.make_previews() == {"FINISHED"}
    assert {item.name for item in state_of(actor).thumbnails} == set(EMOTIONS)
    calm = shown(actor, "neutral")
    assert np.ptp(calm) > 60  # a face, not paper
    for name in EMOTIONS[1:]:
        changed = np.abs(shown(actor, name) - calm).max(axis=2) > 12
        # A part of the face moves; the head stays where it is.
        assert 0.01 < changed.mean() < 0.5, name
    np.testing.assert_allclose(shown_pose(actor), 0.5)


def test_a_saved_expression_gets_its_picture(actor: bpy.types.Object) -> None:
    bpy.ops.auto_rig_face.save_pose(pose="Early")
    assert len(state_of(actor).thumbnails) == 0  # nobody has asked for pictures
    bpy.ops.auto_rig_face.make_previews()
    gasp = np.zeros(len(ARKIT_SHAPES))
    gasp[INDEX["jawOpen"]] = 0.9
    set_pose(actor, gasp)
    bpy.ops.auto_rig_face.save_pose(pose="joy")  # an emotion's name
    early, late = (shown(actor, pose_thumbnail(name)) for name in ("Early", "joy"))
    assert np.abs(early - shown(actor, "neutral")).mean() < 8
    assert np.abs(late - early).mean() > 1
    assert np.abs(late - shown(actor, "joy")).mean() > 1
    bpy.ops.auto_rig_face.delete_pose(pose="joy")
    assert thumbnail(actor, pose_thumbnail("joy")) is None
    assert thumbnail(actor, "joy") is not None


def test_pictures_of_an_earlier_rig_go(
    head: bpy.types.Object, write_rig: Callable[..., object]
) -> None:
    write_rig(head)
    store_thumbnail(head, "joy", np.zeros((SIDE, SIDE, 3), np.uint8))
    write_rig(head)
    assert len(state_of(head).thumbnails) == 0


def test_a_changed_mesh_is_told(actor: bpy.types.Object) -> None:
    actor.data.shape_keys.reference_key.points[0].co.x += 0.01
    with pytest.raises(RuntimeError, match="has changed"):
        bpy.ops.auto_rig_face.make_previews()
    assert len(state_of(actor).thumbnails) == 0


def test_a_picture_comes_back_as_it_was(head: bpy.types.Object) -> None:
    picture = np.random.default_rng(2).integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)
    store_thumbnail(head, "joy", picture)
    np.testing.assert_array_equal(shown(head, "joy"), picture)
    icon = thumbnail_icon(head, "joy")
    assert icon is not None
    rows = np.array(icon).reshape(SIDE, SIDE, 4)
    np.testing.assert_allclose(rows[::-1, :, :3] * 255, picture, atol=1e-6)
    assert (rows[..., 3] == 1).all()


@pytest.mark.parametrize("text", ["", "?", "AAAA", "eJwDAAAAAAE=", "eNpjYGBgAAAABAAB"])
def test_a_damaged_picture_is_none(head: bpy.types.Object, text: str) -> None:
    item = state_of(head).thumbnails.add()
    item.name, item.pixels = "joy", text
    assert thumbnail(head, "joy") is None
    assert icons.icon_of(head, "joy") == 0


def test_a_sequence_is_edited_and_acted(
    head: bpy.types.Object, write_rig: Callable[..., object]
) -> None:
    write_rig(head)
    settings = settings_of(bpy.context).acting
    assert not bpy.ops.auto_rig_face.act_sequence.poll()
    settings.length, settings.hold, settings.intensity = 10, 6, 1.2
    edit = bpy.ops.auto_rig_face.edit_sequence
    for _ in range(3):
        edit(change="ADD")
    for step, name in zip(settings.sequence, ("anger", "joy", "sadness"), strict=True):
        step.emotion = name
    assert [step.length for step in settings.sequence] == [10, 10, 10]
    assert settings.step == 2
    assert edit(change="DOWN") == {"CANCELLED"}
    edit(change="UP")
    assert [step.emotion for step in settings.sequence] == ["anger", "sadness", "joy"]
    settings.step = 0
    edit(change="REMOVE")
    assert [step.emotion for step in settings.sequence] == ["sadness", "joy"]
    assert bpy.ops.auto_rig_face.act_sequence(start=5) == {"FINISHED"}
    assert bpy.context.scene.frame_current == 5 + 2 * 16
    assert smile_at(head, 18) < 0.1
    assert smile_at(head, 33) > 0.5
    assert strips_of(head) == []


def test_a_strip_shows_and_gives_way(
    head: bpy.types.Object, write_rig: Callable[..., object]
) -> None:
    write_rig(head)
    transition = bpy.ops.auto_rig_face.emotion_transition
    done = transition(emotion="joy", start=10, length=12, hold=8, back=True, as_strip=True)
    assert done == {"FINISHED"}
    (strip,) = strips_of(head)
    assert (strip.frame_start, strip.frame_end) == (10, 42)
    assert curves_by_path(head) == {}
    assert smile_at(head, 26) > 0.5
    assert smile_at(head, 60) == pytest.approx(0.0, abs=1e-4)
    transition(emotion="joy", start=100, length=12, hold=8, as_strip=True)
    assert len(strips_of(head)) == 2
    assert smile_at(head, 200) > 0.5  # it lasts
    assert smile_at(head, 60) == pytest.approx(0.0, abs=1e-4)


def test_a_strip_goes_on_from_what_is_seen_where_it_begins(
    head: bpy.types.Object, write_rig: Callable[..., object]
) -> None:
    write_rig(head)
    transition = bpy.ops.auto_rig_face.emotion_transition
    transition(emotion="joy", start=10, length=12, hold=8, as_strip=True)
    bpy.context.scene.frame_set(1)
    transition(emotion="sadness", start=60, length=12, hold=8, as_strip=True)
    assert smile_at(head, 59) > 0.5
    assert smile_at(head, 60) == pytest.approx(smile_at(head, 59), abs=0.01)
    assert smile_at(head, 75) < 0.1


def test_a_strip_that_nobody_would_see_is_told(
    head: bpy.types.Object, write_rig: Callable[..., object]
) -> None:
    write_rig(head)
    head.data.shape_keys.key_blocks[SMILE].keyframe_insert("value", frame=1)
    with pytest.raises(RuntimeError, match="Push the action down"):
        bpy.ops.auto_rig_face.emotion_transition(emotion="joy", start=10, as_strip=True)
    assert strips_of(head) == []
    assert len(curves_by_path(head)) == 1


def test_the_same_strip_again_takes_its_place(
    head: bpy.types.Object, write_rig: Callable[..., object]
) -> None:
    write_rig(head)
    transition = bpy.ops.auto_rig_face.emotion_transition
    transition(emotion="joy", start=10, length=12, hold=8, as_strip=True)
    transition(emotion="sadness", start=100, as_strip=True)
    head.data.shape_keys.animation_data.nla_tracks.new().name = "Mine"  # empty, and stays
    transition(emotion="joy", start=10, length=30, hold=8, as_strip=True)
    assert sorted((strip.name, strip.frame_end) for strip in strips_of(head)) == [
        ("Joy", 40),
        ("Sadness", 124),
    ]
    assert sorted(action.name for action in bpy.data.actions) == ["Head Joy", "Head Sadness"]
    tracks = head.data.shape_keys.animation_data.nla_tracks
    assert [track.name for track in tracks] == ["Sadness", "Mine", "Joy"]


def test_what_a_slider_shows_comes_back_after_a_strip(
    head: bpy.types.Object, write_rig: Callable[..., object]
) -> None:
    write_rig(head)
    head.data.shape_keys.key_blocks[SMILE].value = 0.3
    transition = bpy.ops.auto_rig_face.emotion_transition
    for length in (10, 12):  # the second takes the place of the first
        bpy.context.scene.frame_set(10)
        how = {"length": length, "hold": 8, "back": True, "asymmetry": 0.0, "as_strip": True}
        transition(emotion="joy", start=10, **how)
    shown = [smile_at(head, frame) for frame in (1, 10, 42, 90)]
    assert shown == pytest.approx([0.3] * 4, abs=1e-3)
    assert smile_at(head, 26) > 0.5
    assert [strip.name for strip in strips_of(head)] == ["Sliders", "Joy"]


def test_a_strip_does_not_hide_idle_life(
    head: bpy.types.Object, write_rig: Callable[..., object]
) -> None:
    write_rig(head)
    transition = bpy.ops.auto_rig_face.emotion_transition
    bpy.ops.auto_rig_face.idle_life()
    with pytest.raises(RuntimeError, match="Remove Idle Life"):
        transition(emotion="joy", start=10, length=12, hold=8, as_strip=True)
    assert [strip.name for strip in strips_of(head)] == ["Idle Life"]
    bpy.ops.auto_rig_face.remove_idle_life()
    transition(emotion="joy", start=10, length=12, hold=8, as_strip=True)
    bpy.ops.auto_rig_face.idle_life()
    assert [strip.name for strip in strips_of(head)] == ["Joy", "Idle Life"]
    assert smile_at(head, 26) > 0.5


@pytest.mark.parametrize("own_key", [False, True])
def test_strips_go_with_the_rig(
    head: bpy.types.Object, write_rig: Callable[..., object], own_key: bool
) -> None:
    if own_key:
        head.shape_key_add(name="Basis")
        head.shape_key_add(name="Mine")
    write_rig(head)
    head.data.shape_keys.key_blocks["jawOpen"].value = 0.2
    bpy.ops.auto_rig_face.emotion_transition(emotion="joy", start=10, as_strip=True)
    assert [strip.name for strip in strips_of(head)] == ["Sliders", "Joy"]
    remove_rig(bpy.context, head)
    keys = head.data.shape_keys
    assert keys is None or [key.name for key in keys.key_blocks] == ["Basis", "Mine"]
    assert own_key == (keys is not None)
    assert len(bpy.data.actions) == 0
    if own_key:
        assert strips_of(head) == []


def test_the_last_render_is_matched(
    context: bpy.types.Context,
    actor: bpy.types.Object,
    portrait: Callable[..., NDArray[np.uint8]],
    tmp_path: Path,
) -> None:
    with pytest.raises(RuntimeError, match="Nothing was rendered"):
        bpy.ops.auto_rig_face.match_render()
    file = tmp_path / "gasp.png"
    cv2.imwrite(str(file), portrait({"jawOpen": 0.8})[:, :, ::-1])
    render_picture(context.scene, file)
    for operator, given in (("match_render", {}), ("match_image", {"image": "Render Result"})):
        set_pose(actor, np.zeros(len(ARKIT_SHAPES)))
        assert getattr(bpy.ops.auto_rig_face, operator)(**given) == {"FINISHED"}
        assert shown_pose(actor)[INDEX["jawOpen"]] == pytest.approx(0.8, abs=0.25)
    assert curves_by_path(actor) == {}
    settings = context.scene.render.image_settings
    assert (settings.file_format, settings.color_depth) == ("OPEN_EXR", "32")


def render_picture(scene: bpy.types.Scene, file: Path) -> None:
    """Render a glowing wall with a picture on it, far from everything else."""
    bpy.ops.mesh.primitive_plane_add(size=2.0, location=(50.0, 0.0, 0.0))
    wall = bpy.context.object
    material = bpy.data.materials.new("Picture")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.clear()
    texture, glow = nodes.new("ShaderNodeTexImage"), nodes.new("ShaderNodeEmission")
    texture.image = bpy.data.images.load(str(file))
    links.new(texture.outputs["Color"], glow.inputs["Color"])
    output = nodes.new("ShaderNodeOutputMaterial")
    links.new(glow.outputs[0], output.inputs["Surface"])
    wall.data.materials.append(material)
    camera = bpy.data.cameras.new("Camera")
    camera.type, camera.ortho_scale = "ORTHO", 2.0
    scene.camera = bpy.data.objects.new("Camera", camera)
    scene.camera.location = (50.0, 0.0, 3.0)
    scene.collection.objects.link(scene.camera)
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 1
    scene.cycles.use_denoising = False
    scene.render.resolution_x = scene.render.resolution_y = 400
    scene.render.image_settings.file_format = "OPEN_EXR"
    scene.render.image_settings.color_depth = "32"
    scene.view_settings.view_transform = "Standard"
    bpy.ops.render.render()
    bpy.context.view_layer.objects.active = next(
        obj for obj in scene.objects if state_of(obj).role == "HEAD"
    )
