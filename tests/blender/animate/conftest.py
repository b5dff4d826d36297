# SPDX-License-Identifier: GPL-3.0-or-later
"""A small rig in a saved file, and scripts to play on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest
from auto_rig_face.batch import importers
from auto_rig_face.batch.animate_job import animate, check
from auto_rig_face.scene.key_drivers import follow, follow_product
from auto_rig_face.scene.transaction import Transaction
from auto_rig_face.vocabulary import STICKY_PROPERTY, corrective_name

PAIR = ("eyeBlinkLeft", "cheekSquintLeft")
CORRECTIVE = corrective_name(*PAIR)

Save = Callable[..., Path]
Play = Callable[..., dict[str, Any]]
WriteScript = Callable[..., Path]


@pytest.fixture(autouse=True)
def addons(context: bpy.types.Context) -> None:
    importers.enable_io_addons()


@pytest.fixture
def rigged(head_with_eyes: bpy.types.Object, write_rig: Callable[..., object]) -> bpy.types.Object:
    """A ball with two eyes, shape keys, a corrective, sticky lips, and lashes that follow."""
    write_rig(head_with_eyes, correctives=[PAIR], sticky=True)
    head_with_eyes[STICKY_PROPERTY] = 1.0
    _add_lashes(head_with_eyes)
    return head_with_eyes


def _add_lashes(head: bpy.types.Object) -> None:
    """A part whose keys follow the head's, one of them the product of two."""
    bpy.ops.mesh.primitive_plane_add(size=0.1, location=(0.3, -1.0, 0.2))
    lashes = bpy.context.object
    lashes.name = lashes.data.name = "Lashes"
    lashes.parent = head
    lashes.shape_key_add(name="Basis")
    with Transaction() as transaction:
        for name in (*PAIR, CORRECTIVE):
            lashes.shape_key_add(name=name).data[0].co.z -= 0.1
            if name == CORRECTIVE:
                follow_product(lashes, name, head, PAIR, transaction)
            else:
                follow(lashes, name, head, name, transaction)


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Saves the scene as rig.blend."""

    def save_scene(name: str = "rig.blend") -> Path:
        path = tmp_path / name
        bpy.ops.wm.save_as_mainfile(filepath=str(path), check_existing=False)
        return path

    return save_scene


@pytest.fixture
def play(tmp_path: Path, save: Save, write_script: WriteScript) -> Play:
    """Saves the scene, plays a script on it and gives the report; the scene is then the played
    one.
    """

    def play_script(*events: dict[str, Any], formats: tuple[str, ...] = (), **rest: Any) -> Any:
        script = write_script(tmp_path / "script.json", *events, **rest)
        return animate(check(save(), script, tmp_path / "out", formats))

    return play_script


@pytest.fixture
def write_script() -> WriteScript:
    """Writes a script of some events."""

    def write(path: Path, *events: dict[str, Any], **rest: Any) -> Path:
        path.write_text(json.dumps({"version": 1, "events": list(events), **rest}))
        return path

    return write
