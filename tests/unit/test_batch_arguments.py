# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of the batch: what it takes and how it turns wrong usage down."""

from __future__ import annotations

from pathlib import Path

import pytest
from auto_rig_face.batch import arguments
from auto_rig_face.scene.head import SceneOptions


def test_everything_can_be_asked_for() -> None:
    line = "a.glb b/ --out o --format fbx,glb --reference r.png --object Head --jobs 2 --resume"
    parsed = arguments.parse(
        [*line.split(), "--strict", "--time-limit", "30", "--exaggeration", "1.3", "--cut-mouths"]
        + ["--standard", "mmd,VRM,unity", "--rename-keys", "--sculpted-keys", "discard"]
        + ["--same-name", "keep", "--deleted-keys", "--find-face-again"]
    )
    assert parsed == arguments.BatchArguments(
        inputs=("a.glb", "b/"),
        out=Path("o"),
        formats=("glb", "fbx"),
        reference=Path("r.png"),
        object_name="Head",
        jobs=2,
        resume=True,
        strict=True,
        time_limit=30.0,
        exaggeration=1.3,
        cut_mouths=True,
        standards=("vrm", "unity", "mmd"),
        rename_keys=True,
        sculpted_keys="DISCARD",
        existing_keys="KEEP",
        deleted_keys=True,
        find_again=True,
    )


def test_work_on_a_head_is_kept_unless_said_otherwise() -> None:
    parsed = arguments.parse(["a.blend", "--out", "o"])
    scene, kept = SceneOptions(), (parsed.existing_keys, parsed.sculpted_keys, parsed.deleted_keys)
    assert kept == (scene.existing_keys, scene.sculpted_keys, scene.deleted_keys)
    assert not parsed.find_again


def test_options_may_stand_before_the_inputs() -> None:
    assert arguments.parse(["--out", "o", "a.obj"]).inputs == ("a.obj",)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "a.obj",
        "--out o",
        "a.obj --out o --format stl",
        "a.obj --out o --format ,",
        "a.obj --out o --jobs 0",
        "a.obj --out o --jobs many",
        "a.obj --out o --time-limit 0",
        "a.obj --out o --time-limit nan",
        "a.obj --out o --exaggeration 3",
        "a.obj --out o --exaggeration nan",
        "a.obj --out o --standard daz",
        "a.obj --out o --standard vrm --rename-keys",
        "a.obj --out o --standard unity,metahuman --rename-keys",
        "a.obj --out o --sculpted-keys some",
        "a.obj --out o --same-name mine",
        "a.obj --out o --unknown",
    ],
)
def test_wrong_usage_exits_with_2(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        arguments.parse(line.split())
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_help_explains_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        arguments.parse(["--help"])
    assert caught.value.code == 0
    assert "Exit code" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "inside_blender", "expected"),
    [
        (["blender", "-b", "--python", "rig.py", "--", "a.obj"], True, ["a.obj"]),
        (["blender", "-b", "--python", "rig.py"], True, []),
        (["rig.py", "a.obj", "--out", "o"], False, ["a.obj", "--out", "o"]),
        (["rig.py", "--", "a.obj"], False, ["a.obj"]),
    ],
)
def test_blenders_own_arguments_are_left_alone(
    argv: list[str], inside_blender: bool, expected: list[str]
) -> None:
    assert arguments.script_arguments(argv, inside_blender) == expected
