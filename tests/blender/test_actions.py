# SPDX-License-Identifier: GPL-3.0-or-later
"""Curves of the face on the timeline."""

from __future__ import annotations

from collections.abc import Callable

import bpy
import numpy as np
import pytest
from auto_rig_face.animation.data import Animation, Curve
from auto_rig_face.animation.keys import evaluate
from auto_rig_face.scene.actions import pose_at, write_animation
from auto_rig_face.scene.fcurves import GENERATED, curves_by_path, value_path
from auto_rig_face.scene.head import SceneOptions
from auto_rig_face.scene.remove import remove_rig
from auto_rig_face.vocabulary import ARKIT_SHAPES

SMILE = "mouthSmileLeft"
CURVE = Curve(np.array([10.0, 16.0, 30.0]), np.array([0.0, 0.7, 0.4]), np.array([0.0, 0.02, 0.0]))


@pytest.fixture
def rigged(head: bpy.types.Object, write_rig: Callable[..., object]) -> bpy.types.Object:
    """A ball with the shape keys of a rig."""
    write_rig(head)
    return head


def animation(**curves: Curve) -> Animation:
    """Curves over frames 10 to 30."""
    return Animation(10.0, 30.0, curves)


def fcurve_of(head: bpy.types.Object, name: str) -> bpy.types.FCurve:
    """The F-curve of a shape key's value."""
    return curves_by_path(head)[value_path(name)]


def frames_of(head: bpy.types.Object, name: str) -> list[float]:
    """Frames of the keys of a shape key's value."""
    return [point.co.x for point in fcurve_of(head, name).keyframe_points]


def test_the_f_curve_is_the_curve_at_every_frame(rigged: bpy.types.Object) -> None:
    written = write_animation(rigged, [animation(mouthSmileLeft=CURVE)])
    frames = np.arange(0.0, 40.0, 0.5)
    values = [fcurve_of(rigged, SMILE).evaluate(frame) for frame in frames]
    np.testing.assert_allclose(values, evaluate(CURVE, frames), atol=1e-5)
    assert written.keys == 3


def test_playing_moves_the_head_and_what_follows_it(
    head_with_eyes: bpy.types.Object, write_rig: Callable[..., object]
) -> None:
    write_rig(head_with_eyes)
    look = Curve(np.array([10.0, 30.0]), np.array([0.0, 1.0]), np.zeros(2))
    write_animation(head_with_eyes, [animation(eyeLookUpLeft=look)])
    bpy.context.scene.frame_set(30)
    eye = bpy.data.objects["Eye.L"]
    assert head_with_eyes.data.shape_keys.key_blocks["eyeLookUpLeft"].value == pytest.approx(1.0)
    assert eye.data.shape_keys.key_blocks["eyeLookUpLeft"].value == pytest.approx(1.0)


def test_writing_again_replaces_its_own_keys_and_leaves_the_animator_s(
    rigged: bpy.types.Object,
) -> None:
    write_animation(rigged, [animation(mouthSmileLeft=CURVE)])
    key = rigged.data.shape_keys.key_blocks[SMILE]
    for frame in (5, 20, 40):
        key.value = 0.9
        key.keyframe_insert("value", frame=frame)
    other = Curve(np.array([10.0, 30.0]), np.array([0.0, 0.5]), np.zeros(2))
    write_animation(rigged, [animation(mouthSmileLeft=other)])
    points = fcurve_of(rigged, SMILE).keyframe_points
    assert [point.co.x for point in points] == [5.0, 10.0, 20.0, 30.0, 40.0]
    assert [point.co.x for point in points if point.type == GENERATED] == [10.0, 30.0]
    assert points[2].co.y == pytest.approx(0.9)


def test_a_key_of_the_animator_at_the_same_frame_stays(rigged: bpy.types.Object) -> None:
    key = rigged.data.shape_keys.key_blocks[SMILE]
    key.value = 0.9
    key.keyframe_insert("value", frame=16)
    write_animation(rigged, [animation(mouthSmileLeft=CURVE)])
    assert frames_of(rigged, SMILE) == [10.0, 16.0, 30.0]
    assert fcurve_of(rigged, SMILE).evaluate(16) == pytest.approx(0.9)


def test_one_span_after_another(rigged: bpy.types.Object) -> None:
    back = Curve(np.array([30.0, 50.0]), np.array([0.4, 0.0]), np.zeros(2))
    write_animation(
        rigged,
        [animation(mouthSmileLeft=CURVE), Animation(30.0, 50.0, {SMILE: back})],
    )
    assert frames_of(rigged, SMILE) == [10.0, 16.0, 30.0, 50.0]


def test_a_shape_at_rest_is_only_keyed_where_it_had_moved(rigged: bpy.types.Object) -> None:
    write_animation(rigged, [animation(mouthSmileLeft=CURVE)])
    write_animation(rigged, [Animation(10.0, 30.0, {}, (SMILE, "jawOpen"))])
    assert list(curves_by_path(rigged)) == [value_path(SMILE)]
    assert [fcurve_of(rigged, SMILE).evaluate(frame) for frame in (10, 20, 30)] == [0, 0, 0]


def test_an_action_of_the_animator_is_used_and_kept(rigged: bpy.types.Object) -> None:
    key = rigged.data.shape_keys.key_blocks["jawOpen"]
    key.keyframe_insert("value", frame=1)
    action = rigged.data.shape_keys.animation_data.action
    write_animation(rigged, [animation(mouthSmileLeft=CURVE)])
    assert rigged.data.shape_keys.animation_data.action == action
    assert set(curves_by_path(rigged)) == {value_path("jawOpen"), value_path(SMILE)}


def test_what_can_not_be_keyed_is_named(rigged: bpy.types.Object) -> None:
    keys = rigged.data.shape_keys
    rigged.shape_key_remove(keys.key_blocks["jawOpen"])
    keys.driver_add(value_path("cheekPuff"))
    written = write_animation(
        rigged, [animation(jawOpen=CURVE, cheekPuff=CURVE, mouthSmileLeft=CURVE)]
    )
    assert written.missing == ("jawOpen",)
    assert written.driven == ("cheekPuff",)
    assert written.keys == 3


def test_a_key_beside_the_artist_s_own_is_the_one_that_moves(
    head: bpy.types.Object, write_rig: Callable[..., object]
) -> None:
    head.shape_key_add(name="Basis")
    head.shape_key_add(name=SMILE)
    write_rig(head, scene_options=SceneOptions(existing_keys="KEEP_BOTH"))
    write_animation(head, [animation(mouthSmileLeft=CURVE)])
    assert list(curves_by_path(head)) == [value_path(f"{SMILE}.rig")]


def test_the_pose_at_a_frame_is_what_is_seen(rigged: bpy.types.Object) -> None:
    rigged.data.shape_keys.key_blocks["jawOpen"].value = 0.3
    write_animation(rigged, [animation(mouthSmileLeft=CURVE)])
    pose = dict(zip(ARKIT_SHAPES, pose_at(rigged, 16), strict=True))
    assert pose["jawOpen"] == pytest.approx(0.3)
    assert pose[SMILE] == pytest.approx(0.7)


def test_removing_the_rig_takes_its_own_keys_along(rigged: bpy.types.Object) -> None:
    rigged.shape_key_add(name="Mine")
    rigged.data.shape_keys.key_blocks["Mine"].keyframe_insert("value", frame=1)
    write_animation(rigged, [animation(mouthSmileLeft=CURVE)])
    remove_rig(bpy.context, rigged)
    assert list(curves_by_path(rigged)) == [value_path("Mine")]
