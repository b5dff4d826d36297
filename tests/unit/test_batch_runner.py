# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner with stand-in workers: crashes, hangs, several heads, resuming, exit codes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from auto_rig_face.batch import command, runner
from auto_rig_face.batch.arguments import parse

# Does what the input file says, in the place of a worker that needs Blender.
STAND_IN = """
import json, os, sys, time
from pathlib import Path
folder = Path(sys.argv[1])
job = json.loads((folder / "job.json").read_text())
what = Path(job["source"]).read_text()
out = Path(job["out"])
(out / f".{job['stem']}.partial-{os.getpid()}.glb").write_text("half")
if what == "crash":
    print("something went badly wrong")
    os._exit(11)
if what == "hang":
    time.sleep(60)
if what == "two" and job["object_name"] is None:
    result = {"heads": ["Anna", "Bert"]}
else:
    status = what if what in ("refused", "rigged_with_warnings") else "rigged"
    name = f"{job['stem']}.json"
    report = {
        "report": "auto_rig_face.head", "version": VERSION, "options": job["options"],
        "input": {"file": "x", "sha256": job["sha256"], "object": job["object_name"]},
        "status": status, "files": [name], "earlier_files": [], "certificate": None,
        "messages": [], "seconds": {"total": 1.0},
        "seed": os.environ["PYTHONHASHSEED"], "siblings": job["siblings"],
    }
    (out / name).write_text(json.dumps(report))
    result = {"report": report}
(folder / "result.json").write_text(json.dumps(result))
"""


@pytest.fixture
def worker(tmp_path: Path) -> list[str]:
    script = tmp_path / "stand_in.py"
    script.write_text(STAND_IN.replace("VERSION", repr(runner.report.version())))
    return [sys.executable, str(script)]


def _inputs(folder: Path, **contents: str) -> list[str]:
    folder.mkdir(exist_ok=True)
    for name, text in contents.items():
        (folder / f"{name}.obj").write_text(text)
    return [str(folder / f"{name}.obj") for name in contents]


def _run(tmp_path: Path, worker: list[str], *line: str) -> tuple[int, dict[str, Any]]:
    code = command.run(parse([*line, "--out", str(tmp_path / "out")]), worker)
    return code, json.loads((tmp_path / "out" / "report.json").read_bytes())


def _statuses(run: dict[str, Any]) -> dict[str, str]:
    return {head["name"]: head["status"] for head in run["heads"]}


def test_one_bad_head_never_stops_the_run(tmp_path: Path, worker: list[str]) -> None:
    files = _inputs(tmp_path / "in", good="ok", dead="crash", late="hang", no="refused")
    missing = str(tmp_path / "missing.obj")
    code, run = _run(tmp_path, worker, *files, missing, "--jobs", "3", "--time-limit", "3")
    assert code == command.NOT_ALL_RIGGED
    assert _statuses(run) == {
        "good": "rigged",
        "dead": "failed",
        "late": "failed",
        "no": "refused",
        missing: "failed",
    }
    texts = {head["name"]: " ".join(m["text"] for m in head["messages"]) for head in run["heads"]}
    assert "dead.obj" in texts["dead"]
    assert "badly wrong" in texts["dead"]
    assert "--time-limit" in texts["late"]
    assert "does not exist" in texts[missing]
    dead = json.loads((tmp_path / "out" / "dead.json").read_bytes())
    assert dead["status"] == "failed"
    assert not list((tmp_path / "out").glob(".*"))


def test_all_rigged_exits_with_0_and_warnings_only_count_when_strict(
    tmp_path: Path, worker: list[str]
) -> None:
    files = _inputs(tmp_path / "in", good="ok", fair="rigged_with_warnings")
    assert _run(tmp_path, worker, *files)[0] == command.ALL_RIGGED
    assert _run(tmp_path, worker, *files, "--strict")[0] == command.NOT_ALL_RIGGED


def test_a_file_with_several_heads_gives_a_result_for_each(
    tmp_path: Path, worker: list[str]
) -> None:
    files = _inputs(tmp_path / "in", cast="two")
    code, run = _run(tmp_path, worker, *files)
    assert code == command.ALL_RIGGED
    assert _statuses(run) == {"cast_Anna": "rigged", "cast_Bert": "rigged"}
    anna = json.loads((tmp_path / "out" / "cast_Anna.json").read_bytes())
    assert anna["siblings"] == ["Bert"]
    assert anna["seed"] == "0"


def test_resume_skips_what_is_done_for_the_same_input(tmp_path: Path, worker: list[str]) -> None:
    files = _inputs(tmp_path / "in", a="ok", b="ok", c="crash")
    _run(tmp_path, worker, *files)
    (tmp_path / "in" / "b.obj").write_text("ok too")
    _, run = _run(tmp_path, worker, *files, "--resume")
    assert {head["name"]: head["skipped"] for head in run["heads"]} == {
        "a": True,
        "b": False,
        "c": False,
    }
    _, run = _run(tmp_path, worker, *files)
    assert not any(head["skipped"] for head in run["heads"])


def test_an_empty_file_is_named_without_starting_a_worker(
    tmp_path: Path, worker: list[str]
) -> None:
    code, run = _run(tmp_path, worker, *_inputs(tmp_path / "in", hollow=""))
    assert code == command.NOT_ALL_RIGGED
    assert "hollow.obj is empty" in run["heads"][0]["messages"][0]["text"]


def test_files_of_others_in_the_output_folder_survive(tmp_path: Path, worker: list[str]) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.glb").write_text("precious")
    (out / "report.json").write_text("precious")
    files = _inputs(tmp_path / "in", a="ok")
    assert command.run(parse([*files, "--out", str(out)]), worker) == command.NOT_ALL_RIGGED
    assert (out / "a.glb").read_text() == "precious"
    assert (out / "report.json").read_text() == "precious"


def test_an_input_is_never_overwritten_by_its_own_result(tmp_path: Path, worker: list[str]) -> None:
    out = tmp_path / "out"
    _inputs(out)
    (out / "a.glb").write_text("ok")
    _, run = _run(tmp_path, worker, str(out / "a.glb"))
    assert "overwrite an input" in run["heads"][0]["messages"][0]["text"]
    assert (out / "a.glb").read_text() == "ok"


def test_wrong_usage_exits_with_2_and_touches_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "rig.py"
    out = tmp_path / "out"
    head = _inputs(tmp_path / "in", a="ok")[0]
    picture = tmp_path / "empty.png"
    picture.touch()
    for line, words in (
        ((str(tmp_path / "gone.obj"),), "gone.obj does not exist"),
        ((str(tmp_path / "*.glb"),), "matches no file"),
        ((head, "--reference", str(picture)), "empty.png is empty"),
        ((head, "--reference", head), "isn't a picture"),
        ((head, "--reference", str(tmp_path / "no.png")), "no.png can't be read"),
    ):
        argv = ["rig.py", *line, "--out", str(out)]
        assert command.main(argv, script) == command.WRONG_USAGE
        assert words in capsys.readouterr().err
        assert not out.exists()


def test_an_output_folder_that_cannot_be_written_exits_with_2(tmp_path: Path) -> None:
    head = _inputs(tmp_path / "in", a="ok")[0]
    (tmp_path / "out").write_text("a file")
    argv = ["rig.py", head, "--out", str(tmp_path / "out")]
    assert command.main(argv, tmp_path / "rig.py") == command.WRONG_USAGE
    assert (tmp_path / "out").read_text() == "a file"


def test_the_worker_command_fixes_blenders_hash_seed(tmp_path: Path) -> None:
    script = tmp_path / "rig.py"
    plain = command.worker_command(script, None)
    assert plain == [sys.executable, str(script), "--worker"]
    blender = command.worker_command(script, "/opt/blender")
    assert blender[0] == "/opt/blender"
    assert "--python-use-system-env" in blender
    assert blender[-3:] == [str(script), "--", "--worker"]
