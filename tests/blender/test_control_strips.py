# SPDX-License-Identifier: GPL-3.0-or-later
"""NLA strips of shape keys, carried over to the controls and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy
import numpy as np
import pytest
from auto_rig_face.acting import Turn, act
from auto_rig_face.animation.transition import Acting
from auto_rig_face.errors import RigError
from auto_rig_face.liveliness import live
from auto_rig_face.scene.control_animation import bake_to_controls
from auto_rig_face.scene.control_armature import UNIT, controls_of
from auto_rig_face.scene.control_rig import add_controls, give_up_controls
from auto_rig_face.scene.fcurves import channelbag_in, value_path
from auto_rig_face.scene.layers import has_layer, remove_layer
from auto_rig_face.scene.strips import remove_strips
from auto_rig_face.vocabulary import ARKIT_SHAPES
from numpy.typing import NDArray

SMILE, FROWN, JAW, BROW = "mouthSmileLeft", "mouthFrownLeft", "jawOpen", "browInnerUp"
LAST = 90
TOLERANCE = 1e-4  # of a shape, as for the keys of the action


@pytest.fixture
def rigged(head: bpy.types.Object, write_rig: Callable[..., object]) -> bpy.types.Object:
    """A ball with shape keys and an armature."""
    write_rig(head)
    return head


def played(head: bpy.types.Object) -> NDArray[np.float64]:
    """(F, 52) values of the shape keys as the scene plays."""
    rows = []
    for frame in range(LAST):
        bpy.context.scene.frame_set(frame)
        blocks = head.data.shape_keys.key_blocks
        rows.append([blocks[shape].value for shape in ARKIT_SHAPES])
    return np.array(rows)


def add_strip(
    keys: bpy.types.Key,
    curves: dict[str, dict[float, float]],
    start: int = 10,
    action: bpy.types.Action | None = None,
    **settings: Any,
) -> bpy.types.NlaStrip:
    """Put a strip on a new track of shape keys; ``curves``: key -> frame -> value."""
    data = keys.animation_data or keys.animation_data_create()
    if action is None:
        action = bpy.data.actions.new("Mine")
        bag = channelbag_in(action, action.slots.new(id_type="KEY", name="Mine"))
        for name, points in curves.items():
            curve = bag.fcurves.new(value_path(name))
            for frame, value in points.items():
                curve.keyframe_points.insert(frame, value)
    track = data.nla_tracks.new()
    strip = track.strips.new("Mine", start, action)
    strip.action_slot = action.slots[0]
    for name, value in settings.items():
        setattr(strip, name, value)
    return strip


def strips_of(owner: bpy.types.ID) -> list[bpy.types.NlaStrip]:
    """From the lowest track up."""
    data = owner.animation_data
    return [] if data is None else [strip for track in data.nla_tracks for strip in track.strips]


def settings(strip: bpy.types.NlaStrip) -> dict[str, object]:
    """All that a strip is set to, but for what depends on the action's own numbers."""
    left_out = {"action_slot_handle", "last_slot_identifier", "active", "influence", "strip_time"}
    return {
        prop.identifier: getattr(strip, prop.identifier)
        for prop in strip.bl_rna.properties
        if prop.type in ("INT", "FLOAT", "BOOLEAN", "ENUM", "STRING")
        and prop.identifier not in left_out
    }


def there_and_back(
    context: bpy.types.Context, head: bpy.types.Object, *, tolerance: float = TOLERANCE
) -> None:
    """Add controls and remove them: faces, places and settings stay what they were."""
    keys = head.data.shape_keys
    faces, before = played(head), [settings(strip) for strip in strips_of(keys)]
    names = [strip.action.name for strip in strips_of(keys)]
    assert faces.max() > 0.05
    baked = add_controls(context, head)
    armature = controls_of(head)
    assert baked.strips == len(before)
    assert baked.residual < tolerance
    assert strips_of(keys) == []
    assert [settings(strip) for strip in strips_of(armature)] == before
    assert [strip.action.name for strip in strips_of(armature)] == names
    np.testing.assert_allclose(played(head), faces, atol=tolerance)
    baked = give_up_controls(context, head)
    assert baked.residual < tolerance
    assert strips_of(armature) == []
    assert [settings(strip) for strip in strips_of(keys)] == before
    assert [strip.action.name for strip in strips_of(keys)] == names
    assert {action.name for action in bpy.data.actions} == set(names) | {
        owner.animation_data.action.name
        for owner in (keys, armature)
        if owner.animation_data is not None and owner.animation_data.action is not None
    }
    np.testing.assert_allclose(played(head), faces, atol=tolerance)


def test_emotions_as_strips(context: bpy.types.Context, rigged: bpy.types.Object) -> None:
    rigged.data.shape_keys.key_blocks["jawForward"].value = 0.2
    rigged.data.shape_keys.key_blocks[BROW].value = 0.4
    act(context, rigged, [Turn("joy", 1.0, 12, 8)], 5, Acting(), back=True, as_strip=True)
    act(context, rigged, [Turn("sadness", 1.0, 12, 5)], 50, Acting(), as_strip=True)
    assert strips_of(rigged.data.shape_keys)[0].name == "Sliders"
    there_and_back(context, rigged, tolerance=0.01)  # at the turn smile and frown are both on


def test_carried_emotions_are_known_as_ours(
    context: bpy.types.Context, rigged: bpy.types.Object
) -> None:
    def joy() -> None:
        act(context, rigged, [Turn("joy", 1.0, 12, 8)], 5, Acting(), as_strip=True)

    joy()
    add_controls(context, rigged)
    joy()
    assert [strip.name for strip in strips_of(controls_of(rigged))] == ["Joy"]
    remove_strips(rigged)
    assert strips_of(controls_of(rigged)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"scale": 1.7, "repeat": 2.4, "frame_start_ui": 3.25},
        {"use_reverse": True, "repeat": 2.0},
        {"action_frame_start": 4.0, "action_frame_end": 15.0, "extrapolation": "HOLD_FORWARD"},
        {"extrapolation": "NOTHING", "blend_in": 5.0, "blend_out": 7.0},
        {"blend_type": "ADD"},
        {"blend_type": "COMBINE", "blend_in": 8.0},
        {"blend_type": "SUBTRACT"},
        {"mute": True},
    ],
    ids=lambda changes: " ".join(changes) or "plain",
)
def test_each_setting_stays(
    context: bpy.types.Context, rigged: bpy.types.Object, changes: dict[str, object]
) -> None:
    keys = rigged.data.shape_keys
    add_strip(keys, {JAW: {1: 0.1, 60: 0.5}, SMILE: {1: 0.6, 60: 0.3}}, 1)
    add_strip(keys, {JAW: {1: 0.0, 11: 0.4, 21: 0.1}, SMILE: {1: 0.0, 21: 0.2}}, 20, **changes)
    there_and_back(context, rigged)


def test_a_strip_that_multiplies(context: bpy.types.Context, rigged: bpy.types.Object) -> None:
    keys = rigged.data.shape_keys
    add_strip(keys, {JAW: {1: 0.1, 60: 0.9}}, 1)
    add_strip(keys, {JAW: {1: 1.0, 11: 0.0, 21: 1.0}}, 20, blend_type="MULTIPLY")
    there_and_back(context, rigged)


def test_opposites_that_are_added_below_and_above(
    context: bpy.types.Context, rigged: bpy.types.Object
) -> None:
    """Half of a smile taken back by the same axis, and never more of it than there is."""
    keys = rigged.data.shape_keys
    add_strip(keys, {SMILE: {1: 0.8, 60: 0.5}}, 1)
    add_strip(keys, {SMILE: {1: 0.0, 11: -0.3, 21: 0.0}}, 20, blend_type="ADD")
    there_and_back(context, rigged)


def test_controls_that_cross_zero_under_an_added_strip(
    context: bpy.types.Context, rigged: bpy.types.Object
) -> None:
    add_controls(context, rigged)
    armature = controls_of(rigged)
    corner = 'pose.bones["ctrl_lip_corner.L"].location'
    data = armature.animation_data or armature.animation_data_create()
    for points, start in (({1: -0.2, 40: 0.2}, 1), ({1: 0.0, 11: 0.15, 41: -0.1}, 15)):
        action = bpy.data.actions.new("Corner")
        bag = channelbag_in(action, action.slots.new(id_type="OBJECT", name="x"))
        curve = bag.fcurves.new(corner, index=1)
        for frame, value in points.items():
            curve.keyframe_points.insert(frame, value * armature[UNIT])
        strip = data.nla_tracks.new().strips.new("Corner", start, action)
        strip.action_slot = action.slots[0]
        strip.blend_type = "REPLACE" if start == 1 else "ADD"
    faces = played(rigged)
    indices = [ARKIT_SHAPES.index(shape) for shape in (SMILE, FROWN)]
    assert (faces[:, indices].max(axis=0) > 0.2).all()
    assert give_up_controls(context, rigged).residual < TOLERANCE
    np.testing.assert_allclose(played(rigged), faces, atol=TOLERANCE)
    assert add_controls(context, rigged).residual < TOLERANCE
    np.testing.assert_allclose(played(rigged), faces, atol=TOLERANCE)


def test_an_animated_influence_comes_along(
    context: bpy.types.Context, rigged: bpy.types.Object
) -> None:
    keys = rigged.data.shape_keys
    add_strip(keys, {SMILE: {1: 0.8, 60: 0.2}}, 1)
    strip = add_strip(keys, {SMILE: {1: 0.0, 21: 0.3}}, 20, use_animated_influence=True)
    curve = strip.fcurves.find("influence")
    curve.keyframe_points.clear()
    for frame, value in ((20, 0.0), (30, 0.7), (36, 0.2)):
        curve.keyframe_points.insert(frame, value)
    there_and_back(context, rigged)


def test_muted_tracks_and_tracks_that_are_turned_off_stay_so(
    context: bpy.types.Context, rigged: bpy.types.Object
) -> None:
    keys = rigged.data.shape_keys
    add_strip(keys, {JAW: {1: 0.1, 60: 0.9}}, 1)
    add_strip(keys, {JAW: {1: 0.9, 30: 0.0}}, 10)
    keys.animation_data.nla_tracks[1].mute = True
    there_and_back(context, rigged)
    keys.animation_data.use_nla = False
    add_controls(context, rigged)
    assert not controls_of(rigged).animation_data.use_nla


def test_the_action_goes_on_adding_to_the_strips(
    context: bpy.types.Context, rigged: bpy.types.Object
) -> None:
    keys = rigged.data.shape_keys
    add_strip(keys, {JAW: {1: 0.1, 60: 0.5}}, 1)
    for frame, value in ((1, 0.0), (40, 0.3)):
        keys.key_blocks[JAW].value = value
        keys.key_blocks[JAW].keyframe_insert("value", frame=frame)
    keys.animation_data.action_blend_type = "ADD"
    keys.animation_data.action_influence = 0.5
    there_and_back(context, rigged)


@pytest.mark.parametrize("body", [False, True])
def test_idle_life_goes_along_and_comes_off(
    context: bpy.types.Context, rigged: bpy.types.Object, body: bool
) -> None:
    keys = rigged.data.shape_keys
    keys.key_blocks["jawOpen"].value = 0.2
    live(context, rigged, 1, LAST)
    faces = played(rigged)
    add_controls(context, rigged)
    armature = controls_of(rigged)
    if body:  # what moves another bone goes on
        bone = armature.pose.bones["head"]
        for frame, size in ((1, 1.0), (LAST, 1.5)):
            bone.scale.z = size
            bone.keyframe_insert("scale", frame=frame)
    assert has_layer(rigged)
    np.testing.assert_allclose(played(rigged), faces, atol=TOLERANCE)
    if body:
        assert bone.scale.z == pytest.approx(1.5, abs=0.02)
    give_up_controls(context, rigged)
    assert armature.animation_data.action_blend_type == "REPLACE"
    np.testing.assert_allclose(played(rigged), faces, atol=TOLERANCE)
    assert remove_layer(rigged)
    assert keys.animation_data.action_blend_type == "REPLACE"
    assert played(rigged)[:, ARKIT_SHAPES.index("eyeBlinkLeft")].max() == 0.0


def test_idle_life_is_added_to_an_armature_that_moves(
    context: bpy.types.Context, rigged: bpy.types.Object
) -> None:
    add_controls(context, rigged)
    armature = controls_of(rigged)
    give_up_controls(context, rigged)
    bone = armature.pose.bones["head"]
    for frame, size in ((1, 1.0), (LAST, 1.5)):
        bone.scale.z = size
        bone.keyframe_insert("scale", frame=frame)
    live(context, rigged, 1, LAST)
    faces = played(rigged)
    add_controls(context, rigged)
    np.testing.assert_allclose(played(rigged), faces, atol=TOLERANCE)
    assert bone.scale.z == pytest.approx(1.5, abs=0.02)
    give_up_controls(context, rigged)
    armature.animation_data.action_blend_type = "SUBTRACT"
    with pytest.raises(RigError, match="blended with its strips"):
        add_controls(context, rigged)
    assert controls_of(rigged) is None
    assert len(strips_of(rigged.data.shape_keys)) == 1


def test_what_else_a_strip_moves_stays_on_the_keys(
    context: bpy.types.Context, rigged: bpy.types.Object
) -> None:
    keys = rigged.data.shape_keys
    rigged.shape_key_add(name="Mine").slider_max = 1.0
    strip = add_strip(keys, {JAW: {1: 0.0, 21: 0.5}, "Mine": {1: 0.0, 21: 0.8}}, 10)
    before = settings(strip)
    faces = played(rigged)
    add_controls(context, rigged)
    (rest,), (carried,) = strips_of(keys), strips_of(controls_of(rigged))
    assert settings(rest) == settings(carried) == before
    np.testing.assert_allclose(played(rigged), faces, atol=TOLERANCE)
    context.scene.frame_set(40)
    assert keys.key_blocks["Mine"].value == pytest.approx(0.8)
    bag = rest.action.layers[0].strips[0].channelbags[0]
    assert [curve.data_path for curve in bag.fcurves] == [value_path("Mine")]


def test_an_action_that_others_use_stays_theirs_and_is_named(
    context: bpy.types.Context,
    rigged: bpy.types.Object,
    ball: Callable[..., bpy.types.Object],
) -> None:
    other = ball("Other", 1.0, (5.0, 0.0, 0.0))
    for name in ("Basis", JAW, "Mine"):
        other.shape_key_add(name=name)
    keys = rigged.data.shape_keys
    rigged.shape_key_add(name="Mine")
    action = add_strip(keys, {JAW: {1: 0.0, 21: 0.5}, "Mine": {1: 0.0, 21: 0.8}}, 10).action
    add_strip(other.data.shape_keys, {}, 10, action)
    faces = played(rigged)
    baked = add_controls(context, rigged)
    assert baked.shared == (action.name,)
    np.testing.assert_allclose(played(rigged), faces, atol=TOLERANCE)
    context.scene.frame_set(40)
    assert other.data.shape_keys.key_blocks[JAW].value == pytest.approx(0.5)
    assert keys.key_blocks["Mine"].value == pytest.approx(0.8)


def test_strips_of_one_action_go_on_sharing_one(
    context: bpy.types.Context, rigged: bpy.types.Object
) -> None:
    keys = rigged.data.shape_keys
    action = add_strip(keys, {JAW: {1: 0.0, 11: 0.5, 21: 0.0}}, 1).action
    add_strip(keys, {}, 40, action)
    there_and_back(context, rigged)
    first, second = strips_of(keys)
    assert first.action == second.action


def test_what_strips_lose_on_controls_is_said(
    context: bpy.types.Context, rigged: bpy.types.Object
) -> None:
    """A strip of a smile takes the place of what lies below on the whole axis, frown and all."""
    keys = rigged.data.shape_keys
    add_strip(keys, {FROWN: {1: 0.0, 21: 0.4}}, 1)
    add_strip(keys, {SMILE: {1: 0.0, 21: 0.5}}, 30)
    faces = played(rigged)
    baked = add_controls(context, rigged)
    off = np.abs(played(rigged) - faces)
    assert baked.shape == FROWN
    assert baked.residual == pytest.approx(off.max(), abs=TOLERANCE) == pytest.approx(0.4, abs=0.01)


def test_a_slider_on_the_other_half_of_an_axis_is_said(
    context: bpy.types.Context, rigged: bpy.types.Object
) -> None:
    keys = rigged.data.shape_keys
    keys.key_blocks[FROWN].value = 0.3
    add_strip(keys, {SMILE: {1: 0.0, 21: 0.5}}, 30)
    baked = add_controls(context, rigged)
    assert (baked.shape, baked.residual) == (FROWN, pytest.approx(0.3))


def test_the_gaze_of_both_eyes_in_a_strip(
    context: bpy.types.Context, rigged: bpy.types.Object
) -> None:
    add_controls(context, rigged)
    armature = controls_of(rigged)
    action = bpy.data.actions.new("Look")
    bag = channelbag_in(action, action.slots.new(id_type="OBJECT", name="x"))
    for control, points in (("ctrl_eyes", {1: -0.1, 20: 0.1}), ("ctrl_eye.L", {1: 0.0, 30: 0.05})):
        curve = bag.fcurves.new(f'pose.bones["{control}"].location', index=0)
        for frame, value in points.items():
            curve.keyframe_points.insert(frame, value * armature[UNIT])
    data = armature.animation_data or armature.animation_data_create()
    strip = data.nla_tracks.new().strips.new("Look", 10, action)
    strip.action_slot = action.slots[0]
    faces = played(rigged)
    baked = give_up_controls(context, rigged)
    assert baked.residual < 0.01
    np.testing.assert_allclose(played(rigged), faces, atol=0.01)


@pytest.mark.parametrize("kind", ["tweak", "solo", "curve", "both"])
def test_what_can_t_be_carried_over_is_told_and_nothing_changes(
    context: bpy.types.Context, rigged: bpy.types.Object, kind: str
) -> None:
    keys = rigged.data.shape_keys
    strip = add_strip(keys, {JAW: {1: 0.0, 21: 0.5}}, 10)
    said = {"tweak": "Tweak Mode", "solo": "plays alone", "both": "move the face already"}
    if kind == "tweak":
        keys.animation_data.nla_tracks[0].select = strip.select = True
        keys.animation_data.nla_tracks.active = keys.animation_data.nla_tracks[0]
        keys.animation_data.use_tweak_mode = True
        assert keys.animation_data.use_tweak_mode
    elif kind == "solo":
        keys.animation_data.nla_tracks[0].is_solo = True
    elif kind == "curve":
        strip.action.layers[0].strips[0].channelbags[0].fcurves[0].modifiers.new("NOISE")
    if kind == "both":
        add_controls(context, rigged)
        add_strip(keys, {JAW: {1: 0.0, 21: 0.5}}, 10)
        with pytest.raises(RigError, match=said[kind]):
            bake_to_controls(rigged, controls_of(rigged))
        assert len(strips_of(keys)) == len(strips_of(controls_of(rigged))) == 1
        return
    with pytest.raises(RigError, match=said.get(kind, "modifiers")):
        add_controls(context, rigged)
    assert controls_of(rigged) is None
    assert strips_of(keys) == [strip]


def test_one_undo_takes_all_back(context: bpy.types.Context, rigged: bpy.types.Object) -> None:
    name = rigged.name
    add_strip(rigged.data.shape_keys, {JAW: {1: 0.0, 21: 0.5}}, 10)
    context.view_layer.objects.active = rigged
    faces = played(rigged)
    bpy.ops.ed.undo_push(message="before")
    assert bpy.ops.auto_rig_face.add_controls("EXEC_DEFAULT", True) == {"FINISHED"}
    assert strips_of(bpy.data.objects[name].data.shape_keys) == []
    bpy.ops.ed.undo()
    head = bpy.data.objects[name]
    assert controls_of(head) is None
    assert [strip.name for strip in strips_of(head.data.shape_keys)] == ["Mine"]
    np.testing.assert_allclose(played(head), faces, atol=1e-6)
    bpy.context.view_layer.objects.active = head
    bpy.ops.auto_rig_face.add_controls("EXEC_DEFAULT", True)
    bpy.ops.auto_rig_face.remove_controls("EXEC_DEFAULT", True)
    assert [strip.name for strip in strips_of(head.data.shape_keys)] == ["Mine"]
    bpy.ops.ed.undo()
    head = bpy.data.objects[name]
    assert strips_of(head.data.shape_keys) == []
    assert len(strips_of(controls_of(head))) == 1
    np.testing.assert_allclose(played(head), faces, atol=TOLERANCE)
