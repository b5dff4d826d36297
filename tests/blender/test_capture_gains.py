# SPDX-License-Identifier: GPL-3.0-or-later
"""How strongly a character's shape keys answer to captures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import pytest
from auto_rig_face.acting import CaptureOptions, perform
from auto_rig_face.animation.captures import Capture
from auto_rig_face.animation.retarget import Gain
from auto_rig_face.batch import script_events
from auto_rig_face.batch.timeline_player import play
from auto_rig_face.errors import RigError
from auto_rig_face.properties import state_of
from auto_rig_face.scene.actions import pose_at
from auto_rig_face.scene.fcurves import curves_by_path, value_path
from auto_rig_face.scene.remove import remove_rig
from auto_rig_face.vocabulary import ARKIT_SHAPES

JAW, SMILE = ARKIT_SHAPES.index("jawOpen"), ARKIT_SHAPES.index("mouthSmileLeft")
OPEN = 0.4  # what the actor's jaw does
UNFILTERED = CaptureOptions(smoothing=0.0)


@pytest.fixture
def rigged(head: bpy.types.Object, write_rig: Callable[..., object]) -> bpy.types.Object:
    """A ball with the shape keys of a rig."""
    write_rig(head)
    return head


@pytest.fixture
def take() -> Capture:
    """One second in which the jaw is half open and everything else at rest."""
    values = np.zeros((61, len(ARKIT_SHAPES)))
    values[:, JAW] = OPEN
    return Capture(np.arange(61) / 60.0, values, None, None, 60.0, "take")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The same take in a file."""
    path = tmp_path / "take.json"
    rows = ", ".join([f"[{OPEN}]"] * 61)
    path.write_text(f'{{"fps": 60, "names": ["jawOpen"], "weights": [{rows}]}}', "utf-8")
    return path


def keep(head: bpy.types.Object, shape: str, gain: float = 1.0, offset: float = 0.0) -> None:
    """Let the head keep a gain, as the panel does."""
    bpy.ops.auto_rig_face.add_gain(shape=shape)
    state = state_of(head)
    state.gains[state.gain].gain, state.gains[state.gain].offset = gain, offset


def test_a_shape_answers_to_a_capture_by_the_gain_of_its_head(
    rigged: bpy.types.Object, take: Capture
) -> None:
    keep(rigged, "jawOpen", 1.5, -0.1)
    keep(rigged, "mouthSmileLeft", offset=0.2)
    perform(bpy.context, rigged, take, 10, UNFILTERED)
    shown = pose_at(rigged, 20)
    assert shown[JAW] == pytest.approx(1.5 * OPEN - 0.1, abs=0.01)
    assert shown[SMILE] == pytest.approx(0.2, abs=0.01)
    assert np.delete(shown, [JAW, SMILE]).max() == 0.0
    state_of(rigged).gains["jawOpen"].gain = 9.0
    perform(bpy.context, rigged, take, 10, UNFILTERED)
    assert pose_at(rigged, 20)[JAW] == pytest.approx(1.0)


@pytest.mark.parametrize(("gains", "shown"), [({}, OPEN), ({"jawOpen": Gain(0.5)}, 0.5 * OPEN)])
def test_what_is_asked_for_comes_before_what_the_head_keeps(
    rigged: bpy.types.Object, take: Capture, gains: dict[str, Gain], shown: float
) -> None:
    keep(rigged, "jawOpen", 2.0)
    perform(bpy.context, rigged, take, 10, CaptureOptions(smoothing=0.0, gains=gains))
    assert pose_at(rigged, 20)[JAW] == pytest.approx(shown, abs=0.01)


def test_the_button_uses_them(rigged: bpy.types.Object, file: Path) -> None:
    keep(rigged, "jawOpen", 2.0)
    bpy.ops.auto_rig_face.import_capture("EXEC_DEFAULT", filepath=str(file), start=10)
    assert pose_at(rigged, 20)[JAW] == pytest.approx(2.0 * OPEN, abs=0.01)


@pytest.mark.parametrize(
    ("gains", "shown"), [(None, 2.0 * OPEN), ({}, OPEN), ({"jawOpen": Gain(0.5)}, 0.5 * OPEN)]
)
def test_a_script_uses_them_where_it_names_none(
    rigged: bpy.types.Object, file: Path, gains: dict[str, Gain] | None, shown: float
) -> None:
    keep(rigged, "jawOpen", 2.0)
    play(bpy.context, rigged, [script_events.Capture(1, 10, file, gains=gains)])
    assert pose_at(rigged, 20)[JAW] == pytest.approx(shown, abs=0.01)


def test_a_name_from_a_file_that_is_no_shape_is_told(
    rigged: bpy.types.Object, take: Capture
) -> None:
    state_of(rigged).gains.add().name = "jawOpne"
    with pytest.raises(RigError, match="jawOpne"):
        perform(bpy.context, rigged, take, 10, UNFILTERED)
    assert curves_by_path(rigged) == {}


def test_the_list_is_edited(rigged: bpy.types.Object) -> None:
    state = state_of(rigged)
    assert not bpy.ops.auto_rig_face.remove_gain.poll()
    for shape in ("jawOpen", "cheekPuff", "tongueOut"):
        keep(rigged, shape, 1.5)
    bpy.ops.auto_rig_face.add_gain(shape="jawOpen")  # is there already, and keeps its gain
    assert [item.name for item in state.gains] == ["jawOpen", "cheekPuff", "tongueOut"]
    assert state.gain == 0
    assert state.gains["jawOpen"].gain == 1.5
    state.gain = 2
    bpy.ops.auto_rig_face.remove_gain()
    assert [item.name for item in state.gains] == ["jawOpen", "cheekPuff"]
    assert state.gain == 1
    bpy.ops.auto_rig_face.remove_gain()
    bpy.ops.auto_rig_face.remove_gain()
    assert len(state.gains) == 0
    assert not bpy.ops.auto_rig_face.remove_gain.poll()


def test_they_outlive_a_file_and_another_rig(
    rigged: bpy.types.Object, write_rig: Callable[..., object], tmp_path: Path, take: Capture
) -> None:
    keep(rigged, "jawOpen", 1.5)
    remove_rig(bpy.context, rigged)
    write_rig(rigged)
    name = rigged.name
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "rig.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "rig.blend"))
    again = bpy.data.objects[name]
    perform(bpy.context, again, take, 10, UNFILTERED)
    assert list(curves_by_path(again)) == [value_path("jawOpen")]
    assert pose_at(again, 20)[JAW] == pytest.approx(1.5 * OPEN, abs=0.01)
