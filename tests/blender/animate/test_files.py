# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files a script leaves behind, and what is refused before any is written."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest
from auto_rig_face.batch.animate_command import AnimateArguments, run
from auto_rig_face.batch.animate_job import animate, check
from auto_rig_face.errors import RigError
from auto_rig_face.vocabulary import EMOTIONS

SCRIPT = Path(__file__).resolve().parents[3] / "batch" / "animate.py"
JOY = {"type": "emotion", "emotion": "joy", "start": 1}
LINE = [  # "map"
    {"phoneme": "M", "start": 0.5, "end": 0.6},
    {"phoneme": "AA1", "start": 0.6, "end": 0.9},
    {"phoneme": "P", "start": 0.9, "end": 1.0},
]

Save = Callable[..., Path]
WriteScript = Callable[..., Path]

pytestmark = pytest.mark.timeout(400)


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_can_not_be_played_leaves_nothing_behind(
    rigged: bpy.types.Object,
    save: Save,
    tmp_path: Path,
    write_script: WriteScript,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rig = save()
    out = tmp_path / "out"
    script = tmp_path / "script.json"
    asked = AnimateArguments(rig, script, out)

    def told(code: int, *events: dict[str, Any], rig: Path = rig) -> str:
        write_script(script, *events)
        asked = AnimateArguments(rig, script, out)
        assert run(asked) == code
        if out.exists():
            assert listing(out) == []
        error = capsys.readouterr().err
        assert error.count("error: ") == 1
        assert "Traceback" not in error
        return error

    assert "Event 2 (blink) has no" in told(2, JOY, {"type": "blink"})
    assert "no events" in told(2)
    script.write_text("{")
    assert run(asked) == 2
    assert "isn't JSON" in capsys.readouterr().err
    assert "is no .blend" in told(2, JOY, rig=script)
    assert "gone.blend" in told(2, JOY, rig=tmp_path / "gone.blend")
    (tmp_path / "take.json").write_text('{"fps": 24, "names": ["jawOpen"], "weights": []}')
    take = {"type": "capture", "file": "take.json", "start": 1}
    assert "Event 2 (capture): " in told(1, JOY, take)
    late = {"type": "blink", "frame": 1_048_570}
    assert "Event 1 (blink) ends at frame" in told(1, late)
    damaged = tmp_path / "damaged.blend"
    damaged.write_bytes(b"BLENDER-v405 and no more")
    assert "damaged.blend is damaged" in told(1, JOY, rig=damaged)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.mesh.primitive_cube_add()
    assert "cube.blend holds no rigged head" in told(1, JOY, rig=save("cube.blend"))


def test_a_head_without_shape_keys_is_told(
    rigged: bpy.types.Object, save: Save, write_script: WriteScript, tmp_path: Path
) -> None:
    rigged.shape_key_clear()
    with pytest.raises(RigError, match=r"Event 1 \(emotion\).*no shape keys"):
        animate(check(save(), write_script(tmp_path / "s.json", JOY), tmp_path / "out", ()))


def test_inputs_and_files_of_others_are_never_overwritten(
    rigged: bpy.types.Object, save: Save, write_script: WriteScript, tmp_path: Path
) -> None:
    rig = save()
    script = write_script(tmp_path / "script.json", JOY)
    with pytest.raises(RigError, match="would overwrite an input"):
        check(rig, script, tmp_path, ("blend",))
    own = write_script(tmp_path / "rig.json", JOY)
    with pytest.raises(RigError, match="would overwrite an input"):
        check(rig, own, tmp_path, ("glb",))
    out = tmp_path / "out"
    out.mkdir()
    (out / "rig.glb").write_text("somebody's")
    with pytest.raises(RigError, match="exists already"):
        check(rig, script, out, ("glb",))
    (out / "rig.glb").unlink()
    animate(check(rig, script, out, ("blend", "glb")))
    animate(check(rig, script, out, ("blend",)))  # its own are replaced
    report = json.loads((out / "rig.json").read_bytes())
    assert report["earlier_files"] == ["rig.glb"]
    assert listing(out) == ["rig.blend", "rig.glb", "rig.json"]


def _command(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


def test_the_command_gives_the_same_files_for_the_same_input(
    rigged: bpy.types.Object, save: Save, write_script: WriteScript, tmp_path: Path
) -> None:
    rig = save()
    events = [{**JOY, "start": 1 + 30 * i, "emotion": name} for i, name in enumerate(EMOTIONS[1:3])]
    (tmp_path / "line.json").write_text(json.dumps(LINE))
    events += [
        {"type": "blink", "frame": 40},
        {"type": "speech", "file": "line.json", "start": 20},
        {"type": "idle", "start": 1, "end": 80},
    ]
    script = write_script(tmp_path / "s.json", *events)
    written = []
    for folder in ("one", "two"):
        done = _command(rig, "--script", script, "--out", tmp_path / folder)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "keys, frames 1 to" in done.stdout
        assert listing(tmp_path / folder) == ["rig.blend", "rig.glb", "rig.json"]
        written.append([path.read_bytes() for path in sorted((tmp_path / folder).iterdir())])
    assert written[0] == written[1]

    wrong = write_script(tmp_path / "wrong.json", {"type": "blnk", "frame": 1})
    done = _command(rig, "--script", wrong, "--out", tmp_path / "three")
    assert done.returncode == 2
    assert 'Did you mean "blink"?' in done.stderr
    assert not (tmp_path / "three").exists()
