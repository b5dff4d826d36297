# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's file of asset catalogs: ours are added, all others stay."""

from __future__ import annotations

from pathlib import Path

import pytest
from auto_rig_face.errors import RigError
from auto_rig_face.scene.asset_catalogs import FILE_NAME, add_catalogs, catalog_of, file_for

OURS = (catalog_of("Pip", "Emotions"), catalog_of("Pip", "Visemes"))
# Blender would make these up, and ask to save them, where the file doesn't name them.
PARENTS = ["Auto-Rig Face:Auto-Rig Face", "Auto-Rig Face/Pip:Auto-Rig Face-Pip"]
THEIRS = (
    "# Mine.\n\nVERSION 1\n\n"
    "2f0f6ef5-3ad6-4b15-9a4f-2a1a2f6f6c01:Props/Chairs:Chairs\n"
    "this line is none\n"
)


def added_lines(lines: list[str]) -> list[str]:
    """What is to be added, the parents without the UUIDs, which Blender has no use for."""
    parents = [line.partition(":")[2] for line in lines[: len(PARENTS)]]
    return [*parents, *lines[len(PARENTS) :]]


def test_uuids_are_those_of_the_names_and_paths_have_no_separators() -> None:
    # Files out there know them: a change would orphan their assets.
    assert OURS[0].identifier == "923280fc-9d45-5e5a-91fd-1a896400b9c5"
    assert OURS[0].path == "Auto-Rig Face/Pip/Emotions"
    assert catalog_of("a/b:c", "Visemes").path == "Auto-Rig Face/a-b-c/Visemes"
    names = ("a/b", "a-b", "A-b")
    assert len({catalog_of(name, "Visemes").identifier for name in names}) == len(names)


def test_a_new_file_has_a_version_and_both(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    assert add_catalogs(path, OURS)
    lines = [line for line in path.read_text().splitlines() if line and line[0] != "#"]
    assert lines[0] == "VERSION 1"
    assert added_lines(lines[1:]) == [*PARENTS, *(catalog.line() for catalog in OURS)]
    assert not add_catalogs(path, OURS)
    assert [item.name for item in tmp_path.iterdir()] == [FILE_NAME]


@pytest.mark.parametrize("text", [THEIRS, THEIRS.rstrip("\n"), "\ufeff" + THEIRS])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_all_that_was_there_stays_byte_for_byte(tmp_path: Path, text: str, end: str) -> None:
    path = tmp_path / FILE_NAME
    before = text.replace("\n", end).encode()
    path.write_bytes(before)
    path.chmod(0o640)
    assert add_catalogs(path, OURS)
    after = path.read_bytes()
    assert after.startswith(before)
    added = after[len(before) :].decode().split(end)
    lines = [line for line in added if line]
    assert added_lines(lines) == [*PARENTS, *(catalog.line() for catalog in OURS)]
    assert path.stat().st_mode & 0o777 == 0o640
    add_catalogs(path, OURS)
    assert path.read_bytes() == after


def test_a_catalog_that_was_moved_stays_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    moved = f"{OURS[0].identifier.upper()}:Heroes/Pip:Pip"
    path.write_text(f"VERSION 1\n{moved}\n")
    add_catalogs(path, OURS)
    version, first, *added = path.read_text().splitlines()
    assert (version, first) == ("VERSION 1", moved)
    assert added_lines(added) == [*PARENTS, OURS[1].line()]


def test_a_parent_that_is_there_is_not_added_again(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    theirs = "2f0f6ef5-3ad6-4b15-9a4f-2a1a2f6f6c01:Auto-Rig Face:Mine"
    path.write_text(f"VERSION 1\n{theirs}\n")
    add_catalogs(path, OURS)
    others = (catalog_of("Amara", "Emotions"),)
    add_catalogs(path, others)
    paths = [line.split(":")[1] for line in path.read_text().splitlines() if ":" in line]
    assert paths == [
        *("Auto-Rig Face", "Auto-Rig Face/Pip", OURS[0].path, OURS[1].path),
        *("Auto-Rig Face/Amara", others[0].path),
    ]


def test_comments_alone_are_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_text("# nothing yet\n")
    add_catalogs(path, OURS)
    text = path.read_text()
    assert text.startswith("# nothing yet\n")
    assert "\nVERSION 1\n" in text
    assert OURS[1].line() in text


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xff\xfe\x00V", "UTF-8"),
        (b"VERSION 2\na:b:c\n", "VERSION 2"),
        (b"2f0f6ef5-3ad6-4b15-9a4f-2a1a2f6f6c01:A:A\n", "doesn't say VERSION 1"),
        (b"shopping: milk\n", "doesn't say VERSION 1"),
    ],
)
def test_a_file_that_is_none_is_left_and_told(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(data)
    with pytest.raises(RigError, match=said):
        add_catalogs(path, OURS)
    assert path.read_bytes() == data
    assert [item.name for item in tmp_path.iterdir()] == [FILE_NAME]


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(RigError, match="can't be written"):
        add_catalogs(tmp_path / "gone" / FILE_NAME, OURS)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    shared = tmp_path / "shared.txt"
    shared.write_text(THEIRS)
    link = tmp_path / FILE_NAME
    link.symlink_to(shared)
    add_catalogs(link, OURS)
    assert link.is_symlink()
    assert OURS[0].line() in shared.read_text()


def test_the_library_around_a_file_has_its_catalogs(tmp_path: Path) -> None:
    blend = tmp_path / "library" / "heads" / "pip.blend"
    libraries = [tmp_path / "other", tmp_path / "library"]
    assert file_for(blend, libraries) == (tmp_path / "library" / FILE_NAME).resolve()
    assert file_for(blend, [tmp_path / "lib"]) == (blend.parent / FILE_NAME).resolve()
