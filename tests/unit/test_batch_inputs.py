# SPDX-License-Identifier: GPL-3.0-or-later
"""From the command line's words to files, and the fingerprint of each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from auto_rig_face.batch.inputs import collect, content_hash
from auto_rig_face.errors import RigError


def _make(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")


def test_a_folder_is_searched_to_any_depth_but_for_results_and_hidden_files(
    tmp_path: Path,
) -> None:
    _make(tmp_path, "a.OBJ", "deep/er/b.glb", "notes.txt", ".hidden/c.obj", "out/d.glb")
    found = collect([str(tmp_path)], tmp_path / "out")
    assert [path.name for path in found.files] == ["a.OBJ", "b.glb"]
    assert not found.problems


def test_patterns_match_files(tmp_path: Path) -> None:
    _make(tmp_path, "one/neutral.obj", "two/neutral.obj", "two/neutral.txt")
    found = collect([str(tmp_path / "*" / "neutral.*")], tmp_path / "out")
    assert [path.parent.name for path in found.files] == ["one", "two"]


def test_a_name_with_brackets_is_a_file_when_it_exists(tmp_path: Path) -> None:
    _make(tmp_path, "head[1].obj")
    assert len(collect([str(tmp_path / "head[1].obj")], tmp_path / "out").files) == 1


def test_the_same_file_is_taken_once_and_said_so(tmp_path: Path) -> None:
    _make(tmp_path, "a.obj")
    found = collect([str(tmp_path / "a.obj"), str(tmp_path)], tmp_path / "out")
    assert len(found.files) == 1
    assert "a.obj" in found.notes[0]
    assert "once" in found.notes[0]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing.obj", "does not exist"),
        ("*.glb", "matches no file"),
        ("empty", "holds no file"),
        ("notes.txt", "can't be read"),
    ],
)
def test_what_cannot_be_rigged_is_named_and_the_rest_goes_on(
    tmp_path: Path, name: str, words: str
) -> None:
    _make(tmp_path, "a.obj", "notes.txt")
    (tmp_path / "empty").mkdir()
    found = collect([str(tmp_path / name), str(tmp_path / "a.obj")], tmp_path / "out")
    assert [path.name for path in found.files] == ["a.obj"]
    (text, error), *rest = found.problems
    assert not rest
    assert name in text
    assert name in error.problem
    assert words in error.problem
    assert error.remedy


def test_the_hash_follows_the_files_that_are_referred_to(tmp_path: Path) -> None:
    _make(tmp_path, "a.bin", "b c.bin")
    document = {"buffers": [{"uri": "a.bin"}, {"uri": "b%20c.bin"}, {"uri": "data:,x"}]}
    gltf = tmp_path / "a.gltf"
    gltf.write_text(json.dumps(document))
    before = content_hash(gltf)
    assert content_hash(gltf) == before
    (tmp_path / "b c.bin").write_text("changed")
    assert content_hash(gltf) != before

    (tmp_path / "a.mtl").write_text("newmtl skin")
    obj = tmp_path / "a.obj"
    obj.write_text("mtllib a.mtl\nv 0 0 0\n")
    before = content_hash(obj)
    (tmp_path / "a.mtl").write_text("newmtl steel")
    assert content_hash(obj) != before


def test_the_hash_of_something_broken_is_still_a_hash(tmp_path: Path) -> None:
    broken = tmp_path / "a.gltf"
    broken.write_text("[1, 2")
    assert len(content_hash(broken)) == 64
    broken.write_text("[1, 2]")
    assert len(content_hash(broken)) == 64


def test_missing_and_empty_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(RigError, match=r"gone\.obj can't be read"):
        content_hash(tmp_path / "gone.obj")
    (tmp_path / "empty.obj").touch()
    with pytest.raises(RigError, match=r"empty\.obj is empty"):
        content_hash(tmp_path / "empty.obj")
