# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rigged head keeps of its own motion: little, exact enough, and read from older files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import bmesh
import bpy
import numpy as np
import pytest
from auto_rig_face.pipeline import rig_head
from auto_rig_face.properties import OwnedKey, state_of
from auto_rig_face.scene.mesh_access import basis_positions, key_positions
from auto_rig_face.scene.motion_memory import kept_motions, unit_of
from auto_rig_face.scene.packed import pack_vectors
from auto_rig_face.scene.sculpting import find_corrections
from auto_rig_face.scene.surface_memory import remembered_surface

MOST_BYTES = 1_000_000  # for a head of 20,000 vertices
MOST_OFF = 1e-4  # of the distance between the eyes
SMILE = "mouthSmileLeft"


@pytest.fixture
def rigged(context: bpy.types.Context, human: bpy.types.Object) -> bpy.types.Object:
    """The human head, with a rig that was built for it."""
    rig_head(context, human)
    return human


def records(head: bpy.types.Object) -> Iterator[tuple[bpy.types.Object, OwnedKey]]:
    """All that is kept of keys, on the head and its parts."""
    for obj in bpy.data.objects:
        if state_of(obj).head == head or obj == head:
            for record in state_of(obj).keys:
                yield obj, record


def size(head: bpy.types.Object) -> int:
    """Bytes in the file, before Blender compresses it."""
    kept = {obj.name: obj for obj, _ in records(head)}.values()
    keys = sum(len(r.motion) + len(r.walked) + len(r.correction) for _, r in records(head))
    return keys + sum(len(state_of(obj).surface) for obj in kept)


def own_motion(obj: bpy.types.Object, name: str) -> np.ndarray:
    """(N, 3) what a key is off the Basis."""
    return key_positions(obj.data.shape_keys.key_blocks[name]) - basis_positions(obj.data)


def sculpt(head: bpy.types.Object, rows: slice, by: float) -> None:
    """Move some vertices of the smile."""
    key = head.data.shape_keys.key_blocks[SMILE]
    places = key_positions(key)
    places[rows, 2] += by
    key.points.foreach_set("co", places.ravel())


def test_a_dense_head_keeps_little_and_exactly(
    context: bpy.types.Context, human: bpy.types.Object
) -> None:
    mesh = bmesh.new()
    mesh.from_mesh(human.data)
    bmesh.ops.subdivide_edges(mesh, edges=mesh.edges[:], cuts=1, use_grid_fill=True, smooth=1.0)
    mesh.to_mesh(human.data)
    mesh.free()
    count = len(human.data.vertices)
    assert 15_000 < count < 25_000
    rig_head(context, human)
    assert size(human) * 20_000 / count < MOST_BYTES
    for obj, record in records(human):
        assert record.walked
        off = np.linalg.norm(kept_motions(obj)[record.name] - own_motion(obj, record.name), axis=1)
        assert off.max() / unit_of(record) < MOST_OFF
        if record.name in ("jawOpen", SMILE):  # one of each object will do for the rest
            assert record.count == len(off)
    assert find_corrections(human) == {}


def as_by_earlier_versions(head: bpy.types.Object) -> None:
    """Keep the same as files of earlier versions do."""
    for obj in {obj for obj, _ in records(head)}:
        motions, surface = kept_motions(obj), remembered_surface(obj)
        assert surface is not None
        for record in state_of(obj).keys:
            record.motion = pack_vectors(motions[record.name], record.step)
            record.walked = b""
        values = json.loads(state_of(obj).surface)
        del values["along"]
        unit = unit_of(state_of(obj).keys[0])
        state_of(obj).surface = json.dumps(
            {**values, "vertices": pack_vectors(surface.vertices, 1e-5 * unit)}
        )


@pytest.mark.parametrize("edit", ["none", "subdivide"])
def test_files_of_earlier_versions_are_read(
    context: bpy.types.Context,
    rigged: bpy.types.Object,
    make_active: Callable[[bpy.types.Object], None],
    edit: str,
) -> None:
    as_by_earlier_versions(rigged)
    assert find_corrections(rigged) == {}
    motion = own_motion(rigged, SMILE)
    row = int(np.argmax(np.linalg.norm(motion, axis=1)))
    sculpt(rigged, slice(row, row + 1), 0.003)
    if edit == "subdivide":
        make_active(rigged)
        bpy.ops.object.mode_set(mode="EDIT")
        bpy.ops.mesh.select_all(action="SELECT")
        bpy.ops.mesh.subdivide()
        bpy.ops.object.mode_set(mode="OBJECT")
    rig_head(context, rigged)
    # The rig's own motion of a vertex is solved anew on other edges: what was sculpted is the rest.
    own = kept_motions(rigged)[SMILE][row]
    assert own_motion(rigged, SMILE)[row, 2] - own[2] == pytest.approx(0.003, abs=2e-4)
    np.testing.assert_allclose(own, motion[row], atol=0.05 * np.linalg.norm(motion[row]))
    assert all(record.walked and not record.motion for _, record in records(rigged))


def test_it_survives_a_file_and_a_copy(rigged: bpy.types.Object, tmp_path: Path) -> None:
    before, name = kept_motions(rigged), rigged.name
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "head.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "head.blend"))
    head = bpy.data.objects[name]
    copy = head.copy()
    for obj in (head, copy):
        after = kept_motions(obj)
        assert after.keys() == before.keys()
        for key, motion in before.items():
            np.testing.assert_array_equal(after[key], motion)


def test_where_the_surface_is_gone_a_sculpted_key_becomes_the_artist_s(
    context: bpy.types.Context, rigged: bpy.types.Object
) -> None:
    sculpt(rigged, slice(0, 50), 0.003)
    sculpted = own_motion(rigged, SMILE)
    state_of(rigged).surface = "nothing"
    assert kept_motions(rigged) == {}
    rig_head(context, rigged)
    np.testing.assert_array_equal(own_motion(rigged, SMILE), sculpted)
    keys = rigged.data.shape_keys.key_blocks
    assert f"{SMILE}.rig" in keys
    assert "jawOpen.rig" not in keys


def test_a_marker_that_moved_leaves_what_was_not_written_as_it_was(
    context: bpy.types.Context, rigged: bpy.types.Object
) -> None:
    before = kept_motions(rigged)
    bpy.ops.auto_rig_face.edit_markers()
    brow = next(obj for obj in rigged.children if "brow" in obj.name.lower())
    brow.location.z += 0.006
    rig_head(context, rigged)
    after = kept_motions(rigged)
    same = [name for name in before if np.array_equal(before[name], after[name])]
    assert 0 < len(same) < len(before)
    sculpt(rigged, slice(0, 5), 0.01)
    assert list(find_corrections(rigged)) == [SMILE]
