# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of standards on a rigged head: they show what the rig shows, and they come and go."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from auto_rig_face.animation.data import Animation, Curve
from auto_rig_face.animation.standards import STANDARDS
from auto_rig_face.errors import RigError
from auto_rig_face.properties import STANDARD_ITEMS, state_of
from auto_rig_face.scene.actions import pose_at, write_animation
from auto_rig_face.scene.fcurves import curves_by_path
from auto_rig_face.scene.head import SceneOptions
from auto_rig_face.scene.key_writer import key_name
from auto_rig_face.scene.poses import set_pose
from auto_rig_face.scene.remove import remove_rig
from auto_rig_face.standards import add_standard, remove_standard
from auto_rig_face.vocabulary import ARKIT_SHAPES, STICKY_PROPERTY

SQUINT = ("eyeBlinkLeft", "eyeSquintLeft")
PUCKER = ("mouthFunnel", "mouthPucker")
GAZE = ("eyeBlinkLeft", "eyeLookUpLeft")
CORRECTIVES = [SQUINT, PUCKER, GAZE]


@pytest.fixture
def rigged(head_with_eyes, write_rig):
    """A head with two eyes that move in one shape, and correctives of shapes in recipes."""
    write_rig(head_with_eyes, correctives=CORRECTIVES, sticky=True)
    return head_with_eyes


def eyes():
    return [obj for obj in bpy.data.objects if state_of(obj).role == "PART"]


def blocks(obj):
    return obj.data.shape_keys.key_blocks


def rest(head):
    for key in blocks(head):
        key.value = 0.0


def show(head, values):
    """Set sliders of the head, all others to 0."""
    rest(head)
    for name, value in values.items():
        blocks(head)[name].value = value


def test_the_panel_offers_what_there_is():
    assert [(name, label) for name, label, _ in STANDARD_ITEMS] == [
        (standard.identifier, standard.label) for standard in STANDARDS.values()
    ]


@pytest.mark.parametrize("identifier", list(STANDARDS))
def test_a_key_shows_what_the_rig_shows(context, rigged, shown, identifier):
    rigged[STICKY_PROPERTY] = 0.5
    add_standard(context, rigged, identifier)
    objects = [rigged, *eyes()]
    most = 0.0
    for target, recipe in STANDARDS[identifier].targets.items():
        show(rigged, recipe)
        expected = [shown(obj).copy() for obj in objects]
        show(rigged, {target: 1.0})
        for obj, positions in zip(objects, expected, strict=True):
            np.testing.assert_allclose(shown(obj), positions, atol=2e-5, err_msg=target)
        rest(rigged)
        most = max(most, np.abs(shown(rigged) - expected[0]).max())
    assert most > 0.05


def test_correctives_and_sticky_lips_are_in_it(context, rigged, shown):
    """Without them, the test above would be an easy one."""
    pieces = {"mouthFunnel": 0.4, "mouthPucker": 0.9}
    start = shown(rigged).copy()
    show(rigged, pieces)
    together = shown(rigged) - start
    alone = []
    for name, value in pieces.items():
        show(rigged, {name: value})
        alone.append(shown(rigged) - start)
    assert np.abs(together - sum(alone)).max() > 1e-3
    rest(rigged)
    add_standard(context, rigged, "rpm")
    plain = shown_by(rigged, "mouthOpen")
    rigged[STICKY_PROPERTY] = 1.0
    add_standard(context, rigged, "rpm")
    assert np.abs(shown_by(rigged, "mouthOpen") - plain).max() > 1e-3


def shown_by(obj, name):
    """What a key of an object moves."""
    key = blocks(obj)[name]
    values = np.empty((2, len(key.points) * 3), dtype=np.float32)
    key.points.foreach_get("co", values[0])
    key.relative_key.points.foreach_get("co", values[1])
    return values[0] - values[1]


def test_parts_that_do_not_move_get_no_key(context, rigged):
    add_standard(context, rigged, "vrm")
    for eye in eyes():
        assert {"lookUp"} == set(blocks(eye).keys()) & set(STANDARDS["vrm"].targets)


def test_adding_twice_changes_nothing(context, rigged):
    add_standard(context, rigged, "vrm")
    blocks(rigged)["happy"].value = 0.25
    names = blocks(rigged).keys()
    before = shown_by(rigged, "happy").copy()
    assert add_standard(context, rigged, "vrm").keys == 18
    assert blocks(rigged).keys() == names
    assert blocks(rigged)["happy"].value == 0.25
    np.testing.assert_allclose(shown_by(rigged, "happy"), before, atol=1e-7)


def test_a_standard_leaves_without_a_trace(context, rigged, shown):
    names = {obj.name: blocks(obj).keys() for obj in (rigged, *eyes())}
    show(rigged, dict.fromkeys(SQUINT, 0.5))
    before = shown(rigged).copy()
    for identifier in STANDARDS:
        add_standard(context, rigged, identifier)
    for identifier in STANDARDS:
        assert remove_standard(context, rigged, identifier) == []
    assert {obj.name: blocks(obj).keys() for obj in (rigged, *eyes())} == names
    np.testing.assert_array_equal(shown(rigged), before)
    with pytest.raises(RigError, match="VRM"):
        remove_standard(context, rigged, "vrm")


def test_a_key_that_two_standards_share_stays_for_the_other(context, rigged):
    add_standard(context, rigged, "rpm")
    add_standard(context, rigged, "oculus")
    remove_standard(context, rigged, "rpm")
    assert set(STANDARDS["oculus"].targets) <= set(blocks(rigged).keys())
    assert "viseme_U" not in blocks(rigged)


def test_remove_rig_takes_them_along(context, rigged):
    add_standard(context, rigged, "vrm")
    add_standard(context, rigged, "unity", "RENAME")
    assert remove_rig(context, rigged) == []
    for obj in bpy.data.objects:
        if obj.type == "MESH":
            assert obj.data.shape_keys is None
    assert len(state_of(rigged).standards) == 0


def sculpt(obj, name):
    key = blocks(obj)[name]
    values = np.empty(len(key.points) * 3, dtype=np.float32)
    key.points.foreach_get("co", values)
    values[:90] += 0.02
    key.points.foreach_set("co", values)


def test_a_sculpted_key_is_kept(context, rigged):
    add_standard(context, rigged, "vrm")
    sculpt(rigged, "happy")
    assert remove_standard(context, rigged, "vrm") == ["happy"]
    assert "happy" in blocks(rigged)
    assert "angry" not in blocks(rigged)


@pytest.mark.parametrize(
    ("policy", "names"), [("KEEP_BOTH", {"aa", "aa.rig"}), ("KEEP", {"aa"}), ("REPLACE", {"aa"})]
)
def test_an_artists_key_of_the_same_name(context, rigged, policy, names):
    own = rigged.shape_key_add(name="aa", from_mix=False)
    own.points[0].co.x += 0.125
    before = shown_by(rigged, "aa").copy()
    added = add_standard(context, rigged, "vrm", options=SceneOptions(existing_keys=policy))
    assert {name for name in set(blocks(rigged).keys()) if name.startswith("aa")} == names
    kept = np.array_equal(shown_by(rigged, "aa"), before)
    assert kept == (policy != "REPLACE")
    assert any("aa" in remark for remark in added.remarks) == kept
    remove_standard(context, rigged, "vrm")
    assert ("aa" in blocks(rigged)) == kept
    assert "aa.rig" not in blocks(rigged)


def test_a_rig_without_some_shapes_says_so(context, rigged):
    rigged.shape_key_remove(blocks(rigged)["jawOpen"])
    added = add_standard(context, rigged, "vrm")
    assert any("jawOpen" in remark for remark in added.remarks)
    assert added.keys == 18


def test_a_second_rig_bakes_them_again(context, rigged, write_rig):
    add_standard(context, rigged, "vrm")
    blocks(rigged)["happy"].keyframe_insert("value", frame=3)
    before = shown_by(rigged, "happy").copy()
    write_rig(rigged, correctives=CORRECTIVES, size=2.0)
    np.testing.assert_allclose(shown_by(rigged, "happy"), 2.0 * before, atol=1e-5)
    curves = rigged.data.shape_keys.animation_data.action.layers[0].strips[0].channelbags[0]
    assert curves.fcurves.find('key_blocks["happy"].value') is not None


def test_a_moved_marker_bakes_them_again(context, rigged, write_rig):
    add_standard(context, rigged, "rpm")
    before = shown_by(rigged, "mouthSmile").copy()
    write_rig(rigged, correctives=CORRECTIVES, size=2.0, moved=frozenset({"chin"}))
    np.testing.assert_allclose(shown_by(rigged, "mouthSmile"), 2.0 * before, atol=1e-5)


def test_a_failed_rig_leaves_them_as_they_were(context, rigged, write_rig, stage_error):
    add_standard(context, rigged, "vrm")
    add_standard(context, rigged, "unity", "RENAME")
    names, before = blocks(rigged).keys(), shown_by(rigged, "happy").copy()
    with pytest.raises(stage_error):
        write_rig(rigged, size=2.0, fail=True)
    assert blocks(rigged).keys() == names
    np.testing.assert_array_equal(shown_by(rigged, "happy"), before)
    assert key_name(rigged, "jawOpen") == "JawOpen"


def test_renaming_keeps_the_rig_working(context, rigged, shown):
    show(rigged, dict.fromkeys(GAZE, 0.75))
    before = [shown(obj).copy() for obj in (rigged, *eyes())]
    rest(rigged)
    added = add_standard(context, rigged, "unity", "RENAME")
    assert (added.keys, added.renamed) == (52, 52)
    assert blocks(rigged).keys()[1:53] == [name[0].upper() + name[1:] for name in ARKIT_SHAPES]
    values = np.zeros(52)
    values[[ARKIT_SHAPES.index(name) for name in GAZE]] = 0.75
    assert set_pose(rigged, values).missing == ()
    assert blocks(rigged)["EyeLookUpLeft"].value == 0.75
    for obj, positions in zip((rigged, *eyes()), before, strict=True):
        np.testing.assert_allclose(shown(obj), positions, atol=1e-6)
    np.testing.assert_allclose(pose_at(rigged, 1.0), values)


def test_curves_find_renamed_and_added_heads_keys(context, rigged):
    add_standard(context, rigged, "vrm")
    add_standard(context, rigged, "unity", "RENAME")
    curve = Curve(np.array([1.0, 9.0]), np.array([0.0, 1.0]), np.zeros(2))
    written = write_animation(rigged, [Animation(1.0, 9.0, {"jawOpen": curve})])
    assert (written.keys, written.missing, written.driven) == (2, (), ())
    assert set(curves_by_path(rigged)) == {'key_blocks["JawOpen"].value'}
    remove_standard(context, rigged, "unity")
    assert set(curves_by_path(rigged)) == {'key_blocks["jawOpen"].value'}
    assert write_animation(rigged, [Animation(1.0, 9.0, {"jawOpen": curve})]).keys == 2


def test_a_renamed_rig_is_made_anew_under_its_names(context, rigged, write_rig):
    add_standard(context, rigged, "unity", "RENAME")
    blocks(rigged)["JawOpen"].keyframe_insert("value", frame=3)
    before = shown_by(rigged, "JawOpen").copy()
    write_rig(rigged, correctives=CORRECTIVES, size=2.0)
    np.testing.assert_allclose(shown_by(rigged, "JawOpen"), 2.0 * before, atol=1e-5)
    assert not set(ARKIT_SHAPES) & set(blocks(rigged).keys())
    curves = rigged.data.shape_keys.animation_data.action.layers[0].strips[0].channelbags[0]
    assert [curve.data_path for curve in curves.fcurves] == ['key_blocks["JawOpen"].value']


def test_names_that_are_taken_are_left_out(context, rigged):
    rigged.shape_key_add(name="JawOpen", from_mix=False)
    added = add_standard(context, rigged, "unity", "RENAME")
    assert added.renamed == 51
    assert any("JawOpen" in remark for remark in added.remarks)
    assert key_name(rigged, "jawOpen") == "jawOpen"


def test_one_naming_at_a_time(context, rigged):
    add_standard(context, rigged, "metahuman", "RENAME")
    assert key_name(rigged, "jawOpen") == "CTRL_expressions_jawOpen"
    add_standard(context, rigged, "unity", "RENAME")
    assert key_name(rigged, "jawOpen") == "JawOpen"
    assert set(STANDARDS["metahuman"].targets) <= set(blocks(rigged).keys())
    remove_standard(context, rigged, "unity")
    assert key_name(rigged, "jawOpen") == "jawOpen"


def test_from_names_to_keys_and_back(context, rigged):
    add_standard(context, rigged, "unity", "RENAME")
    added = add_standard(context, rigged, "unity", "ADD")
    assert (added.keys, added.renamed) == (52, 0)
    assert key_name(rigged, "jawOpen") == "jawOpen"
    assert "JawOpen" in blocks(rigged)
    assert add_standard(context, rigged, "unity", "RENAME").renamed == 52
    assert "jawOpen" not in blocks(rigged)


def test_a_standard_without_other_names_renames_nothing(context, rigged):
    names = blocks(rigged).keys()
    with pytest.raises(RigError, match="VRM"):
        add_standard(context, rigged, "vrm", "RENAME")
    assert blocks(rigged).keys() == names


def test_the_operators(context, rigged):
    call = bpy.ops.auto_rig_face
    assert not call.remove_standard_keys.poll()
    assert call.add_standard_keys(standard="mmd") == {"FINISHED"}
    assert "まばたき" in blocks(rigged)
    context.view_layer.objects.active = eyes()[0]
    assert call.remove_standard_keys(standard="mmd") == {"FINISHED"}
    assert "まばたき" not in blocks(rigged)
    with pytest.raises(RuntimeError, match="VRM"):
        call.add_standard_keys(standard="vrm", mode="RENAME")
