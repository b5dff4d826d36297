# SPDX-License-Identifier: GPL-3.0-or-later
"""Sticky lips in the scene: a slider on the head, and a key that follows the jaw."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from auto_rig_face.scene.mesh_access import basis_positions
from auto_rig_face.scene.remove import remove_rig
from auto_rig_face.vocabulary import STICKY_LIPS, STICKY_PROPERTY


def set_pose(head, jaw: float, closed: float, amount: float) -> float:
    """The value that the driven key then has."""
    blocks = head.data.shape_keys.key_blocks
    blocks["jawOpen"].value, blocks["mouthClose"].value = jaw, closed
    head[STICKY_PROPERTY] = amount
    head.update_tag()
    head.data.shape_keys.update_tag()
    bpy.context.view_layer.update()
    return blocks[STICKY_LIPS].value


@pytest.mark.parametrize(
    ("jaw", "closed", "amount", "wanted"),
    [
        (0.0, 0.0, 1.0, 0.0),
        (0.3, 0.0, 1.0, 0.3),
        (0.5, 0.0, 0.5, 0.25),
        (0.8, 0.0, 1.0, 0.2),
        (1.0, 0.0, 1.0, 0.0),
        (0.5, 0.5, 1.0, 0.0),
        (0.5, 0.25, 1.0, 0.25),
        (0.5, 0.0, 0.0, 0.0),
    ],
)
def test_the_key_follows_the_jaw(head, write_rig, jaw, closed, amount, wanted):
    write_rig(head, sticky=True)
    assert set_pose(head, jaw, closed, amount) == pytest.approx(wanted, abs=1e-6)


def test_blender_needs_no_python_for_it(head, write_rig):
    write_rig(head, sticky=True)
    curves = head.data.shape_keys.animation_data.drivers
    driver = next(c.driver for c in curves if STICKY_LIPS in c.data_path)
    assert driver.is_simple_expression
    assert driver.is_valid


def test_it_adds_to_what_the_jaw_does(head, write_rig, shown):
    write_rig(head, sticky=True)
    rest = basis_positions(head.data)
    set_pose(head, 0.5, 0.0, 0.0)
    free = shown(head) - rest
    set_pose(head, 0.5, 0.0, 1.0)
    np.testing.assert_allclose(shown(head) - rest, 0.5 * free, atol=1e-5)


def test_the_slider_keeps_its_value_when_the_head_is_rigged_again(head, write_rig):
    write_rig(head, sticky=True)
    head[STICKY_PROPERTY] = 0.7
    write_rig(head, sticky=True)
    assert head[STICKY_PROPERTY] == pytest.approx(0.7)
    assert STICKY_LIPS in head.data.shape_keys.key_blocks


def test_it_goes_with_the_rig(context, head, write_rig):
    write_rig(head, sticky=True)
    remove_rig(context, head)
    assert STICKY_PROPERTY not in head
    assert head.data.shape_keys is None


def test_a_failed_rig_leaves_no_slider(head, write_rig, stage_error):
    with pytest.raises(stage_error):
        write_rig(head, sticky=True, fail=True)
    assert STICKY_PROPERTY not in head


def test_a_mouth_that_does_not_part_has_none(head, write_rig):
    write_rig(head)
    assert STICKY_PROPERTY not in head
    assert STICKY_LIPS not in head.data.shape_keys.key_blocks


def test_a_linked_duplicate_has_a_slider_of_its_own(context, head, write_rig):
    write_rig(head, sticky=True)
    bpy.ops.object.select_all(action="DESELECT")
    head.select_set(True)
    context.view_layer.objects.active = head
    bpy.ops.object.duplicate(linked=True)
    twin = context.view_layer.objects.active
    write_rig(twin, sticky=True)
    assert set_pose(twin, 0.4, 0.0, 1.0) == pytest.approx(0.4, abs=1e-6)
    assert set_pose(head, 0.4, 0.0, 0.0) == pytest.approx(0.0, abs=1e-6)
    assert twin.data.shape_keys.key_blocks[STICKY_LIPS].value == pytest.approx(0.4, abs=1e-6)


def test_a_rig_without_it_takes_the_slider_away(head, write_rig):
    write_rig(head, sticky=True)
    write_rig(head)
    assert STICKY_PROPERTY not in head
    assert STICKY_LIPS not in head.data.shape_keys.key_blocks
