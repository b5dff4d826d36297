# SPDX-License-Identifier: GPL-3.0-or-later
"""Emotions and visemes as pose assets of the controls."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest
from auto_rig_face.animation.emotions import pose
from auto_rig_face.animation.visemes import SPEECH_SHAPES, VISEMES, shapes_of
from auto_rig_face.errors import RigError
from auto_rig_face.previews import make_pose_assets
from auto_rig_face.properties import progress_of
from auto_rig_face.scene.asset_catalogs import FILE_NAME
from auto_rig_face.scene.control_armature import controls_of
from auto_rig_face.scene.control_rig import add_controls
from auto_rig_face.scene.poses import set_pose
from auto_rig_face.scene.remove import remove_rig
from auto_rig_face.vocabulary import ARKIT_SHAPES, EMOTIONS
from numpy.typing import NDArray


def shown(head: bpy.types.Object) -> NDArray[np.float64]:
    """(52,) values of the shape keys."""
    bpy.context.view_layer.update()
    return np.array([head.data.shape_keys.key_blocks[shape].value for shape in ARKIT_SHAPES])


def apply(head: bpy.types.Object, name: str) -> NDArray[np.float64]:
    """What the face shows once an asset is applied."""
    action = bpy.data.actions[f"{head.name} {name}"]
    controls_of(head).pose.apply_pose_from_action(action, evaluation_time=1.0)
    return shown(head)


def test_applying_them_gives_the_values_of_the_recipes(
    context: bpy.types.Context, actor: bpy.types.Object
) -> None:
    add_controls(context, actor)
    assert make_pose_assets(context, actor) == 22
    for emotion in EMOTIONS:
        np.testing.assert_allclose(apply(actor, emotion), pose(emotion, 1.0), atol=1e-4)
    brows = apply(actor, "surprise")
    for viseme in VISEMES:
        wanted = brows.copy()
        for shape in SPEECH_SHAPES:
            wanted[ARKIT_SHAPES.index(shape)] = shapes_of(viseme).get(shape, 0.0)
        np.testing.assert_allclose(apply(actor, f"viseme {viseme}"), wanted, atol=1e-4)

    # They are assets, with tags, a catalog and a picture, and made again they are the same.
    for name in (*EMOTIONS, *(f"viseme {viseme}" for viseme in VISEMES)):
        action = bpy.data.actions[f"{actor.name} {name}"]
        assert action.asset_data.catalog_id
        assert {actor.name, name} <= {tag.name for tag in action.asset_data.tags}
        pixels = np.array(action.preview.image_pixels_float)
        assert pixels.size == 96 * 96 * 4
        assert np.ptp(pixels.reshape(-1, 4)[:, 0]) > 0.2
    count = len(bpy.data.actions)
    set_pose(actor, np.zeros(52))
    make_pose_assets(context, actor)
    assert len(bpy.data.actions) == count
    np.testing.assert_allclose(apply(actor, "joy"), pose("joy", 1.0), atol=1e-4)

    # They go with the rig.
    remove_rig(context, actor)
    assert not any(action.asset_data for action in bpy.data.actions)


def test_without_controls_the_artist_is_told_to_add_them(
    context: bpy.types.Context, actor: bpy.types.Object
) -> None:
    with pytest.raises(RigError, match="Add Controls"):
        make_pose_assets(context, actor)


def test_their_catalogs_are_named_where_blender_looks_for_them(
    context: bpy.types.Context, actor: bpy.types.Object, tmp_path: Path
) -> None:
    add_controls(context, actor)
    bpy.context.view_layer.objects.active = actor

    def press() -> set[str]:
        return bpy.ops.auto_rig_face.make_pose_assets()

    # A file without a place has no catalogs; the assets are made all the same.
    assert press() == {"FINISHED"}
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "pip.blend"))
    file = tmp_path / FILE_NAME
    assert not file.exists()
    assert press() == {"FINISHED"}
    named = dict(line.split(":")[:2] for line in file.read_text().splitlines() if ":" in line)
    for name, kind in (("joy", "Emotions"), ("viseme PP", "Visemes")):
        data = bpy.data.actions[f"{actor.name} {name}"].asset_data
        assert named[data.catalog_id] == f"Auto-Rig Face/{actor.name}/{kind}"

    # A file that is no file of catalogs is told of and left.
    file.write_text("milk, bread\n")
    assert press() == {"FINISHED"}
    assert "VERSION 1" in progress_of(context).problem
    assert file.read_text() == "milk, bread\n"
