# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that new files begin with, and ways to act under names."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import bpy
import pytest
from auto_rig_face import preferences
from auto_rig_face.errors import RigError
from auto_rig_face.operators import studio_defaults
from auto_rig_face.properties import fill_in_options, options_as_text, settings_of


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Preferences as an enabled add-on has them."""
    found = SimpleNamespace(defaults="", marker_size=0.08)
    for module in (preferences, studio_defaults):
        monkeypatch.setattr(module, "preferences_of", lambda _context: found)
    return found


def test_new_files_begin_with_what_was_saved(
    context: bpy.types.Context, kept: SimpleNamespace
) -> None:
    settings = settings_of(context)
    settings.exaggeration, settings.parts = 1.3, "SELECTED"
    settings.acting.style, settings.acting.regions = "cartoon", {"brows", "mouth"}
    assert bpy.ops.auto_rig_face.save_defaults() == {"FINISHED"}
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    begun = settings_of(bpy.context)
    assert begun.exaggeration == pytest.approx(1.3)
    assert (begun.parts, begun.acting.style) == ("SELECTED", "cartoon")
    assert begun.acting.regions == {"brows", "mouth"}


def test_saved_files_keep_their_options(
    context: bpy.types.Context, kept: SimpleNamespace, tmp_path: Path
) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "mine.blend"))
    kept.defaults = json.dumps({"exaggeration": 1.4})
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "mine.blend"))
    assert settings_of(bpy.context).exaggeration == pytest.approx(1.0)


def test_cleared_defaults_are_the_usual_ones(
    context: bpy.types.Context, kept: SimpleNamespace
) -> None:
    kept.defaults = json.dumps({"exaggeration": 1.4})
    assert bpy.ops.auto_rig_face.clear_defaults() == {"FINISHED"}
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert settings_of(bpy.context).exaggeration == pytest.approx(1.0)


def test_what_the_artist_has_set_stays(context: bpy.types.Context) -> None:
    settings = settings_of(context)
    settings.exaggeration = 0.9
    fill_in_options(settings, json.dumps({"exaggeration": 1.4, "parts": "NONE", "unheard": 1}))
    assert settings.exaggeration == pytest.approx(0.9)
    assert settings.parts == "NONE"


def test_all_options_come_back(context: bpy.types.Context) -> None:
    settings = settings_of(context)
    text = options_as_text(settings)
    assert {"exaggeration", "acting.style", "acting.regions"} <= set(json.loads(text))
    fill_in_options(settings, text)
    assert options_as_text(settings) == text


@pytest.mark.parametrize("text", ["{", "[]", '{"exaggeration": "much"}', '{"parts": "ALL"}'])
def test_damaged_defaults_are_told(context: bpy.types.Context, text: str) -> None:
    with pytest.raises(RigError, match="can't be read"):
        fill_in_options(settings_of(context), text)


def test_without_an_enabled_add_on_there_is_nothing_to_save(context: bpy.types.Context) -> None:
    assert not bpy.ops.auto_rig_face.save_defaults.poll()
    assert not bpy.ops.auto_rig_face.clear_defaults.poll()


def test_a_way_to_act_is_kept_under_a_name(context: bpy.types.Context) -> None:
    acting = settings_of(context).acting
    acting.style, acting.length, acting.regions = "snappy", 12, {"eyes"}
    assert bpy.ops.auto_rig_face.add_acting_preset(name="Quick eyes") == {"FINISHED"}
    acting.style, acting.length, acting.regions = "natural", 40, {"mouth"}
    path = bpy.utils.preset_find("Quick eyes", "auto_rig_face/acting", display_name=True)
    assert path is not None
    bpy.ops.script.execute_preset(filepath=path, menu_idname="AUTORIGFACE_PT_acting_presets")
    assert (acting.style, acting.length, acting.regions) == ("snappy", 12, {"eyes"})
    bpy.ops.auto_rig_face.add_acting_preset(name="Quick eyes", remove_name=True)
    assert bpy.utils.preset_find("Quick eyes", "auto_rig_face/acting", display_name=True) is None


def test_the_pie_menu_offers_every_emotion(context: bpy.types.Context) -> None:
    from auto_rig_face.panels import emotion_pie
    from auto_rig_face.vocabulary import EMOTIONS

    assert sorted(emotion_pie._PLACES) == sorted(EMOTIONS)
    assert hasattr(bpy.types, "AUTORIGFACE_MT_emotions")
