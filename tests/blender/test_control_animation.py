# SPDX-License-Identifier: GPL-3.0-or-later
"""Animation on on-face controls: carried over from shape keys and back, and written there."""

from __future__ import annotations

from collections.abc import Callable

import bpy
import numpy as np
import pytest
from auto_rig_face.acting import CURRENT, Turn, act, blink
from auto_rig_face.animation.data import Animation, Curve
from auto_rig_face.animation.transition import Acting
from auto_rig_face.animation.visemes import VisemeCue
from auto_rig_face.errors import RigError
from auto_rig_face.liveliness import live, speak
from auto_rig_face.scene.actions import pose_at, write_animation
from auto_rig_face.scene.control_animation import bake_to_controls
from auto_rig_face.scene.control_armature import UNIT, controls_of
from auto_rig_face.scene.control_rig import add_controls, give_up_controls
from auto_rig_face.scene.fcurves import channelbags, curves_by_channel, curves_by_path, value_path
from auto_rig_face.scene.layers import has_layer, remove_layer
from auto_rig_face.scene.poses import key_pose, shown_pose
from auto_rig_face.scene.remove import remove_rig
from auto_rig_face.vocabulary import ARKIT_SHAPES
from numpy.typing import NDArray

OPPOSITES = ARKIT_SHAPES.index("eyeLookInLeft")  # before it, none of another
SMILE, FROWN = "mouthSmileLeft", "mouthFrownLeft"


@pytest.fixture
def rigged(head: bpy.types.Object, write_rig: Callable[..., object]) -> bpy.types.Object:
    """A ball with shape keys and an armature."""
    write_rig(head)
    return head


def played(head: bpy.types.Object, first: int, last: int) -> NDArray[np.float64]:
    """(F, 52) values of the shape keys as the scene plays."""
    scene, rows = bpy.context.scene, []
    for frame in range(first, last + 1):
        scene.frame_set(frame)
        blocks = head.data.shape_keys.key_blocks
        rows.append([blocks[shape].value for shape in ARKIT_SHAPES])
    return np.array(rows)


def animate(head: bpy.types.Object, shape: str, keys: dict[int, float]) -> bpy.types.FCurve:
    """Key a shape as an animator does."""
    block = head.data.shape_keys.key_blocks[shape]
    for frame, value in keys.items():
        block.value = value
        block.keyframe_insert("value", frame=frame)
    return curves_by_path(head)[value_path(shape)]


def handles(curve: bpy.types.FCurve) -> list[tuple[object, ...]]:
    """Frames, handles and kinds of the keys, with values as shares of the greatest one."""
    most = max(abs(key.co.y) for key in curve.keyframe_points)
    return [
        (
            *(key.co.x, key.handle_left.x, key.handle_right.x),
            *(key.handle_left_type, key.handle_right_type, key.interpolation, key.type),
            *(round(abs(at.y) / most, 4) for at in (key.co, key.handle_left, key.handle_right)),
        )
        for key in curve.keyframe_points
    ]


def test_keys_go_over_one_to_one_with_their_handles_and_come_back(
    context: bpy.types.Context, rigged: bpy.types.Object
) -> None:
    jaw = animate(rigged, "jawOpen", {1: 0.0, 8: 0.9, 20: 0.2, 30: 0.0})
    jaw.keyframe_points[1].interpolation = "SINE"
    animate(rigged, SMILE, {1: 0.0, 12: 0.7, 20: 0.0})
    before, shapes = handles(jaw), played(rigged, 1, 40)
    baked = add_controls(context, rigged)
    assert (baked.curves, baked.keys) == (2, 7)
    assert baked.residual < 1e-5
    armature = controls_of(rigged)
    assert rigged.data.shape_keys.animation_data.action is None
    moved = {curve.data_path: curve for bag in channelbags(armature) for curve in bag.fcurves}
    assert handles(moved['pose.bones["ctrl_jaw"].location']) == before
    np.testing.assert_allclose(played(rigged, 1, 40), shapes, atol=1e-4)
    give_up_controls(context, rigged)
    assert handles(curves_by_path(rigged)[value_path("jawOpen")]) == before
    np.testing.assert_allclose(played(rigged, 1, 40), shapes, atol=1e-4)
    assert armature.animation_data.action is None


def test_opposites_that_take_turns_share_an_axis_without_loss(
    context: bpy.types.Context, rigged: bpy.types.Object
) -> None:
    animate(rigged, SMILE, {1: 0.0, 10: 0.8, 20: 0.0, 40: 0.0, 50: 0.4})
    animate(rigged, FROWN, {20: 0.0, 31: 0.6, 40: 0.0})
    shapes = played(rigged, 1, 60)
    assert add_controls(context, rigged).residual < 1e-4
    np.testing.assert_allclose(played(rigged, 1, 60), shapes, atol=1e-4)
    curves = curves_by_channel(controls_of(rigged))
    frames = [[key.co.x for key in curve.keyframe_points] for curve in curves.values()]
    assert frames == [[1, 10, 20, 31, 40, 50]]
    give_up_controls(context, rigged)
    np.testing.assert_allclose(played(rigged, 1, 60), shapes, atol=1e-4)


def test_what_opposites_lose_is_reported(
    context: bpy.types.Context, rigged: bpy.types.Object
) -> None:
    animate(rigged, SMILE, {1: 0.0, 10: 0.8, 20: 0.0})
    animate(rigged, FROWN, {1: 0.0, 10: 0.3, 20: 0.0})
    baked = add_controls(context, rigged)
    assert baked.residual == pytest.approx(0.3, abs=0.01)
    assert baked.shape in (SMILE, FROWN)


def test_a_later_action_of_the_keys_is_baked_in_its_turn(
    context: bpy.types.Context, rigged: bpy.types.Object
) -> None:
    add_controls(context, rigged)
    animate(rigged, "jawOpen", {1: 0.0, 10: 1.0})
    baked = bake_to_controls(rigged, controls_of(rigged))
    assert (baked.curves, baked.keys) == (1, 2)
    assert played(rigged, 10, 10)[0, ARKIT_SHAPES.index("jawOpen")] == pytest.approx(1.0)


def test_a_gaze_of_both_eyes_comes_back_as_that_of_each(
    context: bpy.types.Context, rigged: bpy.types.Object
) -> None:
    add_controls(context, rigged)
    armature = controls_of(rigged)
    both, left = armature.pose.bones["ctrl_eyes"], armature.pose.bones["ctrl_eye.L"]
    for frame, value in ((1, -0.1), (20, 0.1)):
        both.location.x = value * armature[UNIT]
        both.keyframe_insert("location", index=0, frame=frame)
    for frame, value in ((5, 0.0), (15, 0.05)):
        left.location.x = value * armature[UNIT]
        left.keyframe_insert("location", index=0, frame=frame)
    shapes = played(rigged, 1, 25)
    give_up_controls(context, rigged)
    np.testing.assert_allclose(played(rigged, 1, 25), shapes, atol=0.01)


def test_modifiers_can_t_be_carried_over(
    context: bpy.types.Context, rigged: bpy.types.Object
) -> None:
    animate(rigged, SMILE, {1: 0.0, 10: 0.8}).modifiers.new("NOISE")
    with pytest.raises(RigError, match="modifiers"):
        add_controls(context, rigged)
    assert controls_of(rigged) is None


def performances(context: bpy.types.Context, head: bpy.types.Object) -> NDArray[np.float64]:
    """What emotions, a blink, speech and a keyed pose make of a head."""
    joy = [Turn("joy", 1.0, 20, 5), Turn("sadness", 1.0, 20)]
    act(context, head, joy, 1, Acting(blink=False), (CURRENT, 1.0))
    blink(context, head, 60)
    cues = [VisemeCue(0.0, 0.2, "PP"), VisemeCue(0.2, 0.5, "oh"), VisemeCue(0.5, 0.8, "SS")]
    speak(context, head, cues, 80)
    one_sided = [shape.endswith("Left") or shape == "jawOpen" for shape in ARKIT_SHAPES]
    key_pose(head, 0.5 * np.array(one_sided) * (np.arange(52) < OPPOSITES), 130)
    return played(head, 1, 130)


def test_all_that_animates_keys_animates_controls(
    context: bpy.types.Context, head: bpy.types.Object, write_rig: Callable[..., object]
) -> None:
    write_rig(head)
    add_controls(context, head)
    on_controls = performances(context, head)
    assert head.data.shape_keys.animation_data.action is None
    remove_rig(context, head)
    write_rig(head)
    on_keys = performances(context, head)
    assert on_keys.max() > 0.5
    # As joy turns to sadness, smile and frown are both on for a moment.
    np.testing.assert_allclose(on_controls, on_keys, atol=0.03)


def test_a_pose_is_read_from_controls_at_any_frame(
    context: bpy.types.Context, rigged: bpy.types.Object
) -> None:
    add_controls(context, rigged)
    smile = Curve(np.array([10.0, 30.0]), np.array([0.0, 1.0]), np.zeros(2))
    write_animation(rigged, [Animation(10.0, 30.0, {SMILE: smile})])
    index = ARKIT_SHAPES.index(SMILE)
    assert pose_at(rigged, 20.0)[index] == pytest.approx(0.5, abs=1e-5)
    bpy.context.scene.frame_set(30)
    assert shown_pose(rigged)[index] == pytest.approx(1.0, abs=1e-5)


def test_the_other_half_of_an_axis_stays_where_an_animation_is_silent_on_it(
    context: bpy.types.Context, rigged: bpy.types.Object
) -> None:
    add_controls(context, rigged)
    frown = Curve(np.array([1.0, 40.0]), np.array([0.0, 0.6]), np.zeros(2))
    write_animation(rigged, [Animation(1.0, 40.0, {FROWN: frown})])
    still = Curve(np.array([10.0, 20.0]), np.zeros(2), np.zeros(2))
    before = played(rigged, 1, 40)
    write_animation(rigged, [Animation(10.0, 20.0, {SMILE: still})])
    np.testing.assert_allclose(played(rigged, 10, 20), before[9:20], atol=2e-3)


def test_idle_life_is_added_to_controls_and_leaves_other_bones_alone(
    context: bpy.types.Context, rigged: bpy.types.Object
) -> None:
    add_controls(context, rigged)
    bone = controls_of(rigged).pose.bones["head"]
    bone.rotation_mode = "XYZ"
    for frame, turned in ((1, 0.0), (100, 0.5)):
        bone.rotation_euler.z, bone.scale = turned, (1.0, 1.0, 1.5)
        bone.keyframe_insert("rotation_euler", frame=frame)
        bone.keyframe_insert("scale", frame=frame)
    live(context, rigged, 1, 200)
    assert played(rigged, 1, 200)[:, ARKIT_SHAPES.index("eyeBlinkLeft")].max() > 0.9
    bpy.context.scene.frame_set(100)
    assert bone.rotation_euler.z == pytest.approx(0.5)
    assert tuple(bone.scale) == pytest.approx((1.0, 1.0, 1.5))
    remove_layer(rigged)
    assert not has_layer(rigged)
    assert controls_of(rigged).animation_data.action_blend_type == "REPLACE"


def test_what_a_capture_loses_on_controls_is_told(
    context: bpy.types.Context, rigged: bpy.types.Object
) -> None:
    on = Curve(np.array([1.0, 20.0]), np.array([0.0, 0.4]), np.zeros(2))
    both = [Animation(1.0, 20.0, {SMILE: on, FROWN: on})]
    assert write_animation(rigged, both).lost[0] == 0.0
    for bag in channelbags(rigged.data.shape_keys):
        bag.fcurves.clear()
    add_controls(context, rigged)
    assert write_animation(rigged, both).lost[0] == pytest.approx(0.4)


def test_a_strip_moves_the_controls(context: bpy.types.Context, rigged: bpy.types.Object) -> None:
    add_controls(context, rigged)
    act(context, rigged, [Turn("joy", 1.0, 20, 5)], 1, Acting(), as_strip=True)
    assert len(controls_of(rigged).animation_data.nla_tracks) == 1
    assert played(rigged, 25, 25)[0, ARKIT_SHAPES.index(SMILE)] > 0.5


def test_rigging_again_keeps_their_animation(
    context: bpy.types.Context, rigged: bpy.types.Object, write_rig: Callable[..., object]
) -> None:
    animate(rigged, "jawOpen", {1: 0.0, 10: 1.0})
    add_controls(context, rigged)
    before = played(rigged, 1, 12)
    bpy.context.view_layer.objects.active = rigged
    write_rig(rigged)
    np.testing.assert_allclose(played(rigged, 1, 12), before, atol=1e-6)
