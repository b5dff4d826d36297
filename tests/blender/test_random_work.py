# SPDX-License-Identifier: GPL-3.0-or-later
"""Random sequences of the product's operators with undo, redo, saving and reopening in between:
whatever is undone is exactly as it was.
"""

from __future__ import annotations

import time
import zlib
from typing import Any, Final

import bpy
import numpy as np
import pytest
from auto_rig_face.properties import settings_of, state_of
from auto_rig_face.scene.mesh_access import basis_positions, key_positions
from auto_rig_face.scene.state import _dump
from auto_rig_face.vocabulary import ARKIT_SHAPES

SECONDS: Final = 12.0  # of each sequence, at most
STEPS: Final = 60


def digest() -> dict[str, Any]:
    """Everything that the product may change, by what it belongs to, as plain comparable data."""
    bpy.context.view_layer.update()
    found: dict[str, Any] = {}
    for obj in bpy.data.objects:
        found[f"object {obj.name}"] = _of_object(obj)
        if obj.type == "MESH":
            found[f"mesh {obj.name}"] = _of_mesh(obj)
        elif obj.type == "ARMATURE":
            bones = [
                (bone.name, tuple(bone.head_local), tuple(bone.tail_local))
                for bone in obj.data.bones
            ]
            found[f"bones {obj.name}"] = bones
    found["actions"] = {action.name: _of_action(action) for action in bpy.data.actions}
    found["collections"] = {
        item.name: sorted(o.name for o in item.objects) for item in bpy.data.collections
    }
    found["scene"] = sorted(obj.name for obj in bpy.context.scene.objects)
    found["lost keys"] = [keys.name for keys in bpy.data.shape_keys if keys.user is None]
    found["sequence"] = [step.emotion for step in settings_of(bpy.context).acting.sequence]
    return found


def _of_object(obj: bpy.types.Object) -> dict[str, Any]:
    return {
        "place": [round(value, 5) for row in obj.matrix_basis for value in row],
        "parent": obj.parent.name if obj.parent else None,
        "modifiers": [(item.name, item.type) for item in obj.modifiers],
        "groups": obj.vertex_groups.keys() if obj.type == "MESH" else [],
        "state": _named(_dump(state_of(obj))),
        "own": sorted((key, str(obj[key])) for key in obj.keys() if key != "auto_rig_face"),  # noqa: SIM118
    }


def _named(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _named(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_named(item) for item in value]
    return value.name if isinstance(value, bpy.types.ID) else value


def _of_mesh(obj: bpy.types.Object) -> dict[str, Any]:
    weights = [
        [(g.group, round(g.weight, 5)) for g in vertex.groups] for vertex in obj.data.vertices
    ]
    result: dict[str, Any] = {
        "basis": zlib.crc32(basis_positions(obj.data).tobytes()),
        "weights": zlib.crc32(repr(weights).encode()),
        "polygons": len(obj.data.polygons),
    }
    keys = obj.data.shape_keys
    if keys is None:
        return result
    data = keys.animation_data
    # What an animated slider says depends on when Blender last evaluated it.
    moving = repr(_animated(keys)).replace("\\", "")
    result["keys"] = [
        (
            key.name,
            None if f'"{key.name}"' in moving else round(key.value, 5),
            zlib.crc32(key_positions(key).tobytes()),
        )
        for key in keys.key_blocks
    ]
    if data is not None:
        result["action"] = data.action.name if data.action else None
        result["blend"] = data.action_blend_type
        result["drivers"] = sorted(
            (curve.data_path, curve.driver.expression) for curve in data.drivers
        )
        result["tracks"] = [
            (track.name, [(s.name, s.frame_start, s.frame_end) for s in track.strips])
            for track in data.nla_tracks
        ]
    return result


def _animated(keys: bpy.types.Key) -> list[str]:
    """Data paths that an action, a strip or a driver moves."""
    data = keys.animation_data
    if data is None:
        return []
    strips = [strip.action for track in data.nla_tracks for strip in track.strips]
    actions = [action for action in (data.action, *strips) if action is not None]
    curves = [path for action in actions for path, _ in _of_action(action)]
    return [*curves, *(curve.data_path for curve in data.drivers)]


def _of_action(action: bpy.types.Action) -> list[Any]:
    return [
        (
            curve.data_path,
            np.round([tuple(point.co) for point in curve.keyframe_points], 4).tolist(),
        )
        for layer in action.layers
        for strip in layer.strips
        for bag in strip.channelbags
        for curve in bag.fcurves
    ]


class Artist:
    """Does things at random, and remembers what everything looked like at each undo step."""

    def __init__(self, random: np.random.Generator, folder: Any, path: str) -> None:
        self.random, self.folder, self.path = random, folder, path
        self.done: list[str] = []
        self._begin()

    def _begin(self) -> None:
        bpy.ops.ed.undo_push(message="begin")
        self.history, self.at = [digest()], 0

    def act(self) -> None:
        """One thing: an operator as a rule."""
        chance = self.random.random()
        if chance < 0.22 and self.at > 0:
            self._go("undo", -1)
        elif 0.22 <= chance < 0.40 and self.at < len(self.history) - 1:
            self._go("redo", 1)
        elif 0.40 <= chance < 0.44:
            self._reopen()
        else:
            self._operate()

    def _go(self, name: str, by: int) -> None:
        self.done.append(name)
        assert getattr(bpy.ops.ed, name)() == {"FINISHED"}
        self.at += by
        self._same(digest(), self.history[self.at])

    def _reopen(self) -> None:
        self.done.append("reopen")
        bpy.ops.wm.save_as_mainfile(filepath=self.path)
        bpy.ops.wm.open_mainfile(filepath=self.path)
        kept = {k: v for k, v in self.history[self.at].items() if k != "actions"}
        now = {k: v for k, v in digest().items() if k != "actions"}  # those without users go
        self._same(now, kept)
        self._begin()

    def _operate(self) -> None:
        choices = self._choices()
        name = sorted(choices)[int(self.random.integers(len(choices)))]
        given = choices[name]
        self.done.append(f"{name} {given}")
        operators = bpy.ops.object if name == "modifier_add" else bpy.ops.auto_rig_face
        operator = getattr(operators, name)
        bpy.context.view_layer.objects.active = bpy.data.objects["Human"]
        if not operator.poll():
            return
        try:
            result = operator("EXEC_DEFAULT", True, **given)
        except RuntimeError as error:
            self.done[-1] += f" refused: {error}"
            result = {"CANCELLED"}
        if result == {"FINISHED"}:
            self.history = [*self.history[: self.at + 1], digest()]
            self.at += 1
            assert self.history[-1]["lost keys"] == [], "\n".join(self.done)
        else:
            self._same(digest(), self.history[self.at])

    def _choices(self) -> dict[str, dict[str, Any]]:
        number = int(self.random.integers(100))
        emotion = ("joy", "anger", "sadness")[number % 3]
        poses = [pose.name for pose in state_of(bpy.data.objects["Human"]).poses]
        choices: dict[str, dict[str, Any]] = {
            "emotion_transition": {"emotion": emotion, "start": number},
            "edit_sequence": {"change": "ADD"},
            "act_sequence": {"start": number},
            "idle_life": {"seed": number},
            "remove_idle_life": {},
            "save_pose": {"pose": f"Face {number}"},
            "add_gain": {"shape": ARKIT_SHAPES[number % 52]},
            "remove_gain": {},
            "edit_markers": {},
            "hide_markers": {},
            "import_capture": {"filepath": str(self.folder / "take.csv"), "start": number},
        }
        if "Triangulate" in bpy.data.objects["Human"].modifiers:
            choices["apply_modifiers"] = {}
        else:
            choices["modifier_add"] = {"type": "TRIANGULATE"}
        if poses:
            choices["apply_pose"] = {"pose": poses[0]}
            choices["delete_pose"] = {"pose": poses[-1]}
        if number < 30:
            choices["remove_rig"] = {}
        if number < 20:
            choices["rig_face"] = {}
        return choices

    def _same(self, now: dict[str, Any], before: dict[str, Any]) -> None:
        different = [key for key in {*now, *before} if now.get(key) != before.get(key)]
        details = [
            f"{key}: {now.get(key)} instead of {before.get(key)}"[:1500] for key in different
        ]
        story = "\n".join((*self.done, *details))
        assert not different, story


@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_undone_is_as_it_was(actor, tmp_path, seed):
    rows = [f"00:00:00:{frame:02d}.000," + ",".join(["52", *["0.5"] * 52]) for frame in range(20)]
    names = ",".join(name[0].upper() + name[1:] for name in ARKIT_SHAPES)
    (tmp_path / "take.csv").write_text("\n".join([f"Timecode,BlendShapeCount,{names}", *rows]))
    settings_of(bpy.context).acting.hold = 4
    path = str(tmp_path / "work.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    artist = Artist(np.random.default_rng(seed), tmp_path, path)
    start = time.monotonic()
    while len(artist.done) < STEPS and time.monotonic() - start < SECONDS:
        artist.act()
    assert len(artist.done) >= 8
    print("\n".join(artist.done))
