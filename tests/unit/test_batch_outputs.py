# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that never collide and writes that are whole or not there at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from auto_rig_face.batch import outputs, report
from auto_rig_face.errors import RigError
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.sampled_from(["a/head.obj", "b/head.obj", "a/HEAD.glb", "a/head.glb", "report.fbx"])


def test_equal_names_are_told_apart_by_their_folders() -> None:
    files = [Path("x/knight/neutral.obj"), Path("x/cow/neutral.obj"), Path("x/cow/other.obj")]
    assert outputs.unique_stems(files) == ["knight_neutral", "cow_neutral", "other"]


def test_equal_names_in_one_folder_are_told_apart_by_their_kind() -> None:
    assert outputs.unique_stems([Path("x/a.obj"), Path("x/a.glb")]) == ["x_a_obj", "x_a_glb"]


def test_a_head_named_report_does_not_take_the_runs_report() -> None:
    assert outputs.unique_stems([Path("x/report.obj")]) == ["x_report"]


@given(st.lists(NAMES, max_size=8))
def test_output_names_are_unique_even_without_case(names: list[str]) -> None:
    stems = outputs.unique_stems([Path("r") / name for name in names])
    assert len(stems) == len(names)
    folded = [stem.casefold() for stem in stems]
    assert len(set(folded)) == len(folded)
    assert "report" not in folded


@given(st.text(max_size=30))
def test_safe_names_stay_in_their_folder(text: str) -> None:
    name = outputs.safe_name(text)
    assert name
    assert Path(name).name == name
    assert not name.startswith(".")


def test_writing_leaves_nothing_else_behind(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    outputs.write_atomic(target, b"one")
    outputs.write_atomic(target, b"two")
    assert target.read_bytes() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_full_disk_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.json"
    outputs.write_atomic(target, b"old")

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RigError, match="full"):
        outputs.write_atomic(target, b"new")
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "is full"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "read-only"),
        (errno.ENOTDIR, "is a file"),
        (errno.EIO, "can't be written"),
    ],
)
def test_every_failed_write_names_the_folder_and_the_remedy(number: int, words: str) -> None:
    error = outputs.folder_error(Path("results"), OSError(number, "reason"))
    assert "results" in error.problem
    assert words in error.problem
    assert "--out" in error.remedy


def test_a_file_in_place_of_the_output_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("precious")
    for folder in (tmp_path / "out", tmp_path / "out" / "below"):
        with pytest.raises(RigError, match="is a file"):
            outputs.prepare_folder(folder)
    assert (tmp_path / "out").read_text() == "precious"


def test_preparing_a_folder_creates_it_and_leaves_it_empty(tmp_path: Path) -> None:
    outputs.prepare_folder(tmp_path / "a" / "b")
    assert not list((tmp_path / "a" / "b").iterdir())


def test_nothing_is_moved_unless_everything_is_there(tmp_path: Path) -> None:
    (tmp_path / "1.tmp").write_text("new")
    (tmp_path / "1").write_text("old")
    moves = [(tmp_path / "1.tmp", tmp_path / "1"), (tmp_path / "2.tmp", tmp_path / "2")]
    with pytest.raises(RigError, match=r"2\.tmp"):
        outputs.move_into_place(moves)
    assert (tmp_path / "1").read_text() == "old"


def test_partial_names_are_found_and_removed_for_one_process_only(tmp_path: Path) -> None:
    mine = outputs.partial_path(tmp_path / "a.b.glb")
    assert mine.suffix == ".glb"
    mine.write_text("half")
    other = tmp_path / ".a.partial-1.glb"
    other.write_text("half")
    outputs.remove_partials(tmp_path, os.getpid())
    assert list(tmp_path.iterdir()) == [other]


def test_inputs_and_files_of_others_are_never_overwritten(tmp_path: Path) -> None:
    paths = outputs.targets(tmp_path, "a", ["glb"])
    outputs.guard_targets(paths, [])
    texture = tmp_path / "a.png"
    texture.write_text("a texture of the artist's")
    with pytest.raises(RigError, match=r"a\.png exists already"):
        outputs.guard_targets(paths, [])
    earlier = report.empty_head_report("a.obj", "0", {})
    earlier["files"] = ["a.png"]
    (tmp_path / "a.json").write_bytes(report.to_bytes(earlier))
    outputs.guard_targets(paths, [])
    with pytest.raises(RigError, match="would overwrite an input"):
        outputs.guard_targets(paths, [tmp_path / "a.glb"])
