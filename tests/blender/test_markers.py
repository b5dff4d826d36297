# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmark markers: where they are, that they are dragged, saved and put away."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from auto_rig_face.properties import head_of, state_of
from auto_rig_face.scene.markers import (
    markers_of,
    moved_markers,
    read_markers,
    remove_markers,
    settle_markers,
    show_markers,
)
from auto_rig_face.scene.transaction import Transaction
from auto_rig_face.vocabulary import MARKERS
from mathutils import Matrix

STRANGE_MATRIX = (
    Matrix.Translation((0.3, -2.0, 5.0))
    @ Matrix.Rotation(0.7, 4, (1, 2, 3))
    @ Matrix.Diagonal((-0.5, 2.0, 1.0, 1.0))
)


@pytest.fixture
def places(head):
    """World positions on the ball for the 13 markers."""
    head.matrix_world = STRANGE_MATRIX
    bpy.context.view_layer.update()
    local = [head.data.vertices[20 * index].co for index in range(len(MARKERS))]
    return {
        name: np.array(head.matrix_world @ point)
        for name, point in zip(MARKERS, local, strict=True)
    }


def show(context, head, places):
    with Transaction() as transaction:
        show_markers(context, head, places, 0.05, transaction)


def test_thirteen_named_markers_appear_in_their_collection(context, head, places):
    show(context, head, places)
    collection = bpy.data.collections["Head_Markers"]
    assert sorted(obj.name for obj in collection.objects) == sorted(MARKERS)
    assert all(obj.parent == head and obj.type == "EMPTY" for obj in collection.objects)
    for name, point in read_markers(context, head).items():
        np.testing.assert_allclose(point, places[name], atol=1e-5)
    assert moved_markers(context, head) == set()


def test_markers_are_shown_on_the_surface_while_they_are_dragged(context, head, places):
    show(context, head, places)
    marker = bpy.data.objects["chin"]
    marker.location = marker.location * 1.5
    context.view_layer.update()
    shown = marker.evaluated_get(context.evaluated_depsgraph_get()).matrix_world.translation
    local = head.matrix_world.inverted() @ shown
    assert local.length == pytest.approx(1.0, abs=0.03)
    dragged = read_markers(context, head)["chin"]
    assert (head.matrix_world.inverted() @ Matrix.Translation(dragged).translation).length > 1.4


def test_a_dragged_marker_counts_as_moved_until_it_is_settled(context, head, places):
    show(context, head, places)
    bpy.data.objects["nose_tip"].location.z += 0.01
    assert moved_markers(context, head) == {"nose_tip"}
    with Transaction() as transaction:
        settle_markers(context, head, read_markers(context, head), transaction)
    assert moved_markers(context, head) == set()


def test_moving_the_head_moves_no_marker(context, head, places):
    show(context, head, places)
    head.matrix_world = Matrix.Translation((5.0, 0.0, 0.0)) @ head.matrix_world
    context.view_layer.update()
    assert moved_markers(context, head) == set()
    np.testing.assert_allclose(
        read_markers(context, head)["chin"], places["chin"] + np.array([5.0, 0.0, 0.0]), atol=1e-5
    )


def test_markers_survive_saving_and_reopening(context, head, places, tmp_path):
    show(context, head, places)
    bpy.data.objects["brow_mid_L"].location.x += 0.05
    context.view_layer.update()
    before = read_markers(context, head)
    path = str(tmp_path / "markers.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    head = bpy.data.objects["Head"]
    after = read_markers(bpy.context, head)
    assert set(after) == set(MARKERS)
    for name in MARKERS:
        np.testing.assert_allclose(after[name], before[name], atol=1e-6)
    assert moved_markers(bpy.context, head) == {"brow_mid_L"}


def test_deleted_markers_come_back_and_the_others_stay(context, head, places):
    show(context, head, places)
    bpy.data.objects.remove(bpy.data.objects["chin"])
    bpy.data.objects["nose_tip"].location.z += 0.01
    dragged = read_markers(context, head)["nose_tip"]
    show(context, head, places)
    after = read_markers(context, head)
    np.testing.assert_allclose(after["chin"], places["chin"], atol=1e-5)
    np.testing.assert_array_equal(after["nose_tip"], dragged)
    assert len(bpy.data.collections) == 1


def test_two_heads_have_markers_of_their_own(context, head, places, ball):
    other = ball("Other", 1.0, (5.0, 0.0, 0.0))
    show(context, head, places)
    show(
        context, other, {name: point + np.array([5.0, 0.0, 0.0]) for name, point in places.items()}
    )
    assert set(markers_of(context, other)) == set(markers_of(context, head)) == set(MARKERS)
    assert remove_markers(context, head) == 13
    assert set(markers_of(context, other)) == set(MARKERS)


def test_a_marker_knows_its_head(context, head, places):
    show(context, head, places)
    marker = bpy.data.objects["chin"]
    assert state_of(marker).marker == "chin"
    assert head_of(marker) == head


def test_removing_leaves_nothing(context, head, places):
    before = sorted(bpy.data.objects.keys())
    show(context, head, places)
    remove_markers(context, head)
    assert sorted(bpy.data.objects.keys()) == before
    assert len(context.scene.collection.children) == 0
    assert [collection.users for collection in bpy.data.collections] == [0]


def test_the_same_collection_is_used_again(context, head, places):
    # A removed one may come back by undo without its place in the scene.
    show(context, head, places)
    put_away = bpy.data.collections["Head_Markers"]
    remove_markers(context, head)
    show(context, head, places)
    assert context.scene.collection.children.values() == [put_away]
    assert len(put_away.objects) == len(MARKERS)
    assert len(bpy.data.collections) == 1


def test_a_failure_takes_the_markers_back(context, head, places):
    before = sorted(bpy.data.objects.keys())
    with pytest.raises(KeyError), Transaction() as transaction:
        show_markers(context, head, {"eye_outer_L": places["eye_outer_L"]}, 0.05, transaction)
    assert sorted(bpy.data.objects.keys()) == before
    assert len(bpy.data.collections) == 0
