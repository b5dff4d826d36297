# SPDX-License-Identifier: GPL-3.0-or-later
"""Correctives in the scene: keys that the product of two others drives, and nobody else's."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from auto_rig_face.properties import state_of
from auto_rig_face.scene.head import SceneOptions
from auto_rig_face.scene.mesh_access import basis_positions
from auto_rig_face.scene.remove import remove_rig
from auto_rig_face.vocabulary import ARKIT_SHAPES, corrective_name, corrective_pair

SQUINT = ("eyeBlinkLeft", "eyeSquintLeft")
LOOK = ("eyeBlinkLeft", "eyeLookUpLeft")
JAW = ("jawLeft", "mouthPucker")


def key_positions(obj, name):
    key = obj.data.shape_keys.key_blocks[name]
    values = np.empty(len(key.points) * 3, dtype=np.float32)
    key.points.foreach_get("co", values)
    return values.reshape(-1, 3)


def motion(obj, name):
    return key_positions(obj, name) - basis_positions(obj.data)


def sliders(obj, values):
    for name, value in values.items():
        obj.data.shape_keys.key_blocks[name].value = value


def drivers(obj):
    """Name of each driven key -> its driver."""
    keys = obj.data.shape_keys
    if keys is None or keys.animation_data is None:
        return {}
    return {curve.data_path.split('"')[1]: curve.driver for curve in keys.animation_data.drivers}


def factors(driver):
    """Names of the keys that a driver multiplies."""
    return [variable.targets[0].data_path.split('"')[1] for variable in driver.variables]


def test_names_tell_them_from_arkit_shapes(head, write_rig):
    write_rig(head, correctives=[SQUINT, JAW])
    names = head.data.shape_keys.key_blocks.keys()[1:]
    assert names[:52] == list(ARKIT_SHAPES)
    assert names[52:] == ["eyeBlinkLeft_eyeSquintLeft", "jawLeft_mouthPucker"]
    assert [corrective_pair(name) for name in names[52:]] == [SQUINT, JAW]
    assert not any(corrective_pair(name) for name in (*ARKIT_SHAPES, "jawOpen.rig", "my_key"))


@pytest.mark.parametrize(("blink", "squint"), [(1.0, 1.0), (0.5, 0.5), (1.0, 0.0), (0.25, 0.8)])
def test_the_product_of_both_sliders_drives(head, write_rig, shown, blink, squint):
    write_rig(head, correctives=[SQUINT])
    sliders(head, dict(zip(SQUINT, (blink, squint), strict=True)))
    expected = (
        basis_positions(head.data)
        + blink * motion(head, SQUINT[0])
        + squint * motion(head, SQUINT[1])
        + blink * squint * motion(head, corrective_name(*SQUINT))
    )
    assert np.abs(motion(head, corrective_name(*SQUINT))).max() > 0.01
    np.testing.assert_allclose(shown(head), expected, atol=1e-5)


def test_it_follows_an_animation(head, write_rig, shown):
    write_rig(head, correctives=[SQUINT])
    for name in SQUINT:
        key = head.data.shape_keys.key_blocks[name]
        for frame, value in ((1, 0.0), (11, 1.0)):
            key.value = value
            key.keyframe_insert("value", frame=frame)
    bpy.context.scene.frame_set(6)
    shown(head)
    evaluated = head.evaluated_get(bpy.context.evaluated_depsgraph_get())
    blocks = evaluated.data.shape_keys.key_blocks
    value = blocks[SQUINT[0]].value
    assert 0.3 < value < 0.7
    driven = head.data.shape_keys.key_blocks[corrective_name(*SQUINT)].value
    assert driven == pytest.approx(value * blocks[SQUINT[1]].value, abs=1e-5)


def test_blender_evaluates_it_without_python(head, write_rig):
    write_rig(head, correctives=[SQUINT])
    driver = drivers(head)[corrective_name(*SQUINT)]
    assert driver.is_simple_expression
    assert factors(driver) == list(SQUINT)


def test_at_rest_the_head_is_the_input(head_with_eyes, write_rig, shown):
    before = shown(head_with_eyes)
    write_rig(head_with_eyes, correctives=[SQUINT, LOOK])
    np.testing.assert_array_equal(basis_positions(head_with_eyes.data), before)
    np.testing.assert_array_equal(shown(head_with_eyes), before)


def test_parts_follow_and_others_get_no_key(head_with_eyes, write_rig, shown):
    write_rig(head_with_eyes, correctives=[SQUINT, LOOK])
    eyes = [obj for obj in bpy.data.objects if state_of(obj).role == "PART"]
    assert eyes
    before = [shown(eye) for eye in eyes]
    sliders(head_with_eyes, dict.fromkeys(LOOK, 1.0))
    for eye, rest in zip(eyes, before, strict=True):
        assert corrective_name(*SQUINT) not in eye.data.shape_keys.key_blocks
        half = 0.5 * motion(eye, LOOK[1])
        assert np.abs(half).max() > 1e-3
        np.testing.assert_allclose(shown(eye), rest + half, atol=1e-5)


@pytest.mark.parametrize("policy", ["KEEP_BOTH", "KEEP", "REPLACE"])
def test_an_artists_key_of_the_same_name(head, write_rig, policy):
    name = corrective_name(*SQUINT)
    head.shape_key_add(name="Basis")
    own = head.shape_key_add(name=name)
    own.points[0].co.x += 0.125
    before = key_positions(head, name)
    write_rig(head, correctives=[SQUINT], scene_options=SceneOptions(existing_keys=policy))
    kept = np.array_equal(key_positions(head, name), before)
    assert kept == (policy != "REPLACE")
    assert (name in drivers(head)) == (policy == "REPLACE")
    assert name + ".rig" not in head.data.shape_keys.key_blocks
    told = [message.text for message in state_of(head).messages if name in message.text]
    assert bool(told) == kept


@pytest.mark.parametrize("policy", ["KEEP_BOTH", "KEEP"])
def test_only_the_rigs_own_keys_are_corrected(head, write_rig, policy):
    head.shape_key_add(name="Basis")
    head.shape_key_add(name="eyeBlinkLeft").points[0].co.x += 0.125
    write_rig(head, correctives=[SQUINT, JAW], scene_options=SceneOptions(existing_keys=policy))
    made = {name: factors(driver) for name, driver in drivers(head).items()}
    expected = {corrective_name(*JAW): list(JAW)}
    if policy == "KEEP_BOTH":
        expected[corrective_name(*SQUINT)] = ["eyeBlinkLeft.rig", "eyeSquintLeft"]
    assert made == expected


def sculpt(obj, name):
    sculpted = key_positions(obj, name)
    sculpted[:50] += 0.02
    obj.data.shape_keys.key_blocks[name].points.foreach_set("co", sculpted.ravel())
    return sculpted


def test_what_was_sculpted_on_a_corrective_is_added_to_the_new_one(head, write_rig):
    write_rig(head, correctives=[SQUINT])
    name = corrective_name(*SQUINT)
    before = motion(head, name)
    correction = sculpt(head, name) - basis_positions(head.data) - before
    write_rig(head, correctives=[SQUINT], size=2.0)
    np.testing.assert_allclose(motion(head, name), 2.0 * before + correction, atol=7e-5)
    assert factors(drivers(head)[name]) == list(SQUINT)
    assert len(head.data.shape_keys.key_blocks) == 54


def test_a_sculpted_shape_keeps_its_corrective(head, write_rig):
    write_rig(head, correctives=[SQUINT])
    sculpt(head, SQUINT[0])
    write_rig(head, correctives=[SQUINT])
    assert factors(drivers(head)[corrective_name(*SQUINT)]) == list(SQUINT)
    assert len(head.data.shape_keys.key_blocks) == 54


def test_a_second_run_replaces_in_place_and_takes_away(head, write_rig):
    write_rig(head, correctives=[SQUINT, JAW])
    name = corrective_name(*SQUINT)
    first = motion(head, name)
    write_rig(head, correctives=[SQUINT], size=2.0)
    np.testing.assert_allclose(motion(head, name), 2.0 * first, atol=1e-5)
    assert set(drivers(head)) == {name}
    assert head.data.shape_keys.key_blocks.keys()[53:] == [name]


def test_a_moved_marker_changes_the_pairs_that_depend_on_it(head, write_rig):
    write_rig(head, correctives=[SQUINT, JAW])
    first = motion(head, corrective_name(*SQUINT))
    other = ("jawForward", "mouthPucker")
    write_rig(head, correctives=[other], size=2.0, moved=frozenset({"chin"}))
    assert set(drivers(head)) == {corrective_name(*SQUINT), corrective_name(*other)}
    np.testing.assert_array_equal(motion(head, corrective_name(*SQUINT)), first)
    assert corrective_name(*JAW) not in head.data.shape_keys.key_blocks


@pytest.mark.parametrize("again", [False, True], ids=["first run", "second run"])
def test_a_failure_takes_everything_back(head_with_eyes, write_rig, stage_error, again):
    head = head_with_eyes
    if again:
        write_rig(head, correctives=[SQUINT, LOOK])
        sculpt(head, SQUINT[0])

    def state():
        objects = [head, *(obj for obj in bpy.data.objects if state_of(obj).role == "PART")]
        return {
            obj.name: (
                {}
                if not obj.data.shape_keys
                else {
                    key.name: key_positions(obj, key.name).tobytes()
                    for key in obj.data.shape_keys.key_blocks
                },
                {name: factors(driver) for name, driver in drivers(obj).items()},
                [key.name for key in state_of(obj).keys],
            )
            for obj in objects
        }

    before = state()
    with pytest.raises(stage_error):
        write_rig(head, correctives=[SQUINT, JAW], size=2.0, fail=True)
    assert state() == before


def test_removing_the_rig_leaves_no_key_and_no_driver(head_with_eyes, write_rig):
    write_rig(head_with_eyes, correctives=[SQUINT, LOOK])
    assert remove_rig(bpy.context, head_with_eyes) == []
    for obj in bpy.data.objects:
        if obj.type == "MESH":
            assert obj.data.shape_keys is None
