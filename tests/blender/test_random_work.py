# SPDX-License-Identifier: GPL-3.0-or-later
"""Random sequences of the product's operators with undo, redo, saving and reopening in between:
whatever is undone is exactly as it was.
"""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import bpy
import cv2
import numpy as np
import pytest
from auto_rig_face.properties import has_sealed_mouth, head_of, is_rigged, settings_of, state_of
from auto_rig_face.rigging.data import HeadFrame
from auto_rig_face.rigging.views import look, render
from auto_rig_face.scene.head import SceneOptions
from auto_rig_face.scene.mesh_access import basis_positions, key_positions
from auto_rig_face.scene.reader import read
from auto_rig_face.scene.state import _dump
from auto_rig_face.vocabulary import ARKIT_SHAPES
from numpy.typing import NDArray

SECONDS: Final = 8.0  # of each sequence, at most
STEPS: Final = 60
SIZE: Final = 0.06  # of the human head, and how it is turned
TURN: Final = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])  # left, up, front


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
        item.name: sorted(o.name for o in item.objects)
        for item in bpy.data.collections
        if item.users
    }
    found["materials"] = sorted(item.name for item in bpy.data.materials if item.users)
    found["frames"] = [bpy.context.scene.frame_start, bpy.context.scene.frame_end]
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

    def __init__(self, random: np.random.Generator, folder: Path) -> None:
        self.random, self.folder, self.path = random, folder, str(folder / "work.blend")
        self.done: list[str] = []
        bpy.ops.wm.save_as_mainfile(filepath=self.path)
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
            self.reopen()
        else:
            self._operate()

    def _go(self, name: str, by: int) -> None:
        self.done.append(name)
        assert getattr(bpy.ops.ed, name)() == {"FINISHED"}
        self.at += by
        self._same(digest(), self.history[self.at])

    def reopen(self) -> None:
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
        self._run(name, choices[name])

    def _run(self, name: str, given: dict[str, Any]) -> bool:
        """Whether the operator has done something."""
        self.done.append(f"{name} {given}")
        operators = bpy.ops.object if name == "modifier_add" else bpy.ops.auto_rig_face
        operator = getattr(operators, name)
        bpy.context.view_layer.objects.active = bpy.data.objects["Human"]
        if not operator.poll():
            self.done[-1] += " is not possible"
            return False
        try:
            result = operator("EXEC_DEFAULT", True, **given)
        except RuntimeError as error:
            self.done[-1] += f" refused: {error}"
            result = {"CANCELLED"}
        if result == {"FINISHED"}:
            self.history = [*self.history[: self.at + 1], digest()]
            self.at += 1
            assert self.history[-1]["lost keys"] == [], "\n".join(self.done)
            return True
        self._same(digest(), self.history[self.at])
        return False

    def insist(self, name: str) -> None:
        """Do this very thing, and go to and fro in the history."""
        done = self._run(name, self._choices()[name])
        assert done, "\n".join(self.done)
        for step, by in (("undo", -1), ("redo", 1), ("undo", -1), ("redo", 1)):
            self._go(step, by)

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
            "import_speech": {"filepath": str(self.folder / "line.json"), "start": number},
            "match_expression": {
                "filepath": str(self.folder / "face.png"),
                "result": ("POSE", "KEYS")[number % 2],
                "start": number,
            },
            "match_image": {"image": "face.png"},
            "make_previews": {},
        }
        if has_sealed_mouth(bpy.data.objects["Human"]):
            choices["cut_mouth"] = {}
        if "Triangulate" in bpy.data.objects["Human"].modifiers:
            choices["apply_modifiers"] = {}
        else:
            choices["modifier_add"] = {"type": "TRIANGULATE"}
        if poses:
            choices["apply_pose"] = {"pose": poses[0]}
            choices["delete_pose"] = {"pose": poses[-1]}
        if number < 30:
            choices["remove_rig"] = {}
        if number < 20 or not is_rigged(head_of(bpy.data.objects["Human"])):
            choices["rig_face"] = {}
        return choices

    def _same(self, now: dict[str, Any], before: dict[str, Any]) -> None:
        different = [key for key in {*now, *before} if now.get(key) != before.get(key)]
        details = [
            f"{key}: {now.get(key)} instead of {before.get(key)}"[:1500] for key in different
        ]
        story = "\n".join((*self.done, *details))
        assert not different, story


def lay_out(folder: Path, face: NDArray[np.uint8]) -> None:
    """What the operators read: a take, a line of speech, and the picture of a face, which is an
    image of the file, too.
    """
    rows = [f"00:00:00:{frame:02d}.000," + ",".join(["52", *["0.5"] * 52]) for frame in range(20)]
    names = ",".join(name[0].upper() + name[1:] for name in ARKIT_SHAPES)
    (folder / "take.csv").write_text("\n".join([f"Timecode,BlendShapeCount,{names}", *rows]))
    line = [("M", 0.5, 0.6), ("AA1", 0.6, 0.9), ("P", 0.9, 1.0)]
    phonemes = [{"phoneme": name, "start": start, "end": end} for name, start, end in line]
    (folder / "line.json").write_text(json.dumps(phonemes))
    cv2.imwrite(str(folder / "face.png"), face[:, :, ::-1])
    image = bpy.data.images.load(str(folder / "face.png"))
    image.pack()
    image.use_fake_user = True
    settings_of(bpy.context).acting.hold = 4


@pytest.fixture
def acting_head(
    actor: bpy.types.Object, portrait: Callable[..., NDArray[np.uint8]], tmp_path: Path
) -> Path:
    """A rigged head whose mouth is open already; the folder of its files."""
    lay_out(tmp_path, portrait({"jawOpen": 0.6}))
    return tmp_path


@pytest.fixture
def sealed_head(context: bpy.types.Context, sealed: bpy.types.Object, tmp_path: Path) -> Path:
    """A head with a sealed mouth, rigged by the button; the folder of its files."""
    assert bpy.ops.auto_rig_face.rig_face() == {"FINISHED"}
    face_mesh, _ = read(context, sealed, options=SceneOptions())
    frame = HeadFrame(np.zeros(3), TURN, SIZE)
    lay_out(tmp_path, render(face_mesh, look(frame, 0.0, resolution=400)))
    return tmp_path


def work(artist: Artist) -> None:
    """At random, for a while."""
    start = time.monotonic()
    while len(artist.done) < STEPS and time.monotonic() - start < SECONDS:
        artist.act()
    print("\n".join(artist.done))
    assert len(artist.done) >= 8


@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_undone_is_as_it_was(acting_head: Path, seed: int) -> None:
    work(Artist(np.random.default_rng(seed), acting_head))


@pytest.mark.timeout(240)
def test_what_is_undone_after_a_mouth_was_cut_is_as_it_was(sealed_head: Path) -> None:
    artist = Artist(np.random.default_rng(4), sealed_head)
    artist.insist("cut_mouth")
    work(artist)


@pytest.mark.timeout(240)
def test_what_takes_longer_is_undone_and_done_again(acting_head: Path) -> None:
    random = np.random.default_rng(5)
    artist = Artist(random, acting_head)
    slow = ["import_speech", "match_expression", "match_image", "make_previews"]
    for name in random.permutation(slow):
        artist.insist(str(random.choice(["emotion_transition", "idle_life", "save_pose"])))
        artist.insist(name)
        artist.reopen()
    print("\n".join(artist.done))
