# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of the batch: what it takes and how it turns wrong usage down."""

from __future__ import annotations

from pathlib import Path

import pytest
from auto_rig_face.batch import arguments


def test_everything_can_be_asked_for() -> None:
    line = "a.glb b/ --out o --format fbx,glb --reference r.png --object Head --jobs 2 --resume"
    parsed = arguments.parse(
        [*line.split(), "--strict", "--time-limit", "30", "--exaggeration", "1.3", "--cut-mouths"]
        + ["--standard", "mmd,VRM,unity", "--rename-keys"]
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
    )


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
