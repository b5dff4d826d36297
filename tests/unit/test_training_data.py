# SPDX-License-Identifier: GPL-3.0-or-later
"""Splits of the source, looks, the pictures that are written out, and FERG-DB's folders."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from auto_rig_face.errors import RigError
from auto_rig_face.training.landmarks import ferg, looks, source
from auto_rig_face.training.landmarks import points as scheme
from auto_rig_face.training.landmarks.heads import faceless, families
from hypothesis import given
from hypothesis import strategies as st

SHARES = {"toon": 0.5, "blocky": 0.3, "faceless": 0.2}


@given(st.integers(0, 2**40), st.sampled_from(source.SPLITS))
def test_an_identity_belongs_to_the_split_it_was_drawn_for(number: int, split: str) -> None:
    assert source.split_of(source.identity_of(split, number)) == split


def test_identities_of_a_split_differ() -> None:
    assert len({source.identity_of("train", number) for number in range(1000)}) == 1000


def test_every_family_is_drawn() -> None:
    assert set(source.SHARES) == {*families.FAMILIES, faceless.FAMILY}
    assert sum(source.SHARES.values()) == pytest.approx(1.0)


def test_a_number_gives_the_same_head_in_every_run() -> None:
    first, again, other = (source.head_at("test", index, SHARES) for index in (4, 4, 5))
    assert np.array_equal(first.vertices, again.vertices)
    assert first.identity != other.identity


def test_things_without_a_face_have_no_landmarks() -> None:
    thing = faceless.build(12)
    assert not thing.face
    assert not thing.exists.any()
    assert np.isfinite(thing.points).all()


def test_poses_keep_within_their_limits() -> None:
    points = np.repeat(families.build_head("toon", 1, _neutral()).points[None], 400, axis=0)
    look, style = looks.sample_looks(np.random.default_rng(0), points)
    assert len(look) == 400
    assert set(style) == set(looks.STYLES)
    # Rows of a rotation are unit vectors at right angles.
    product = look.rotation @ look.rotation.transpose(0, 2, 1)
    assert np.abs(product - np.eye(3)).max() < 1e-5
    towards = look.rotation[:, 2]
    yaw = np.degrees(np.arctan2(towards[:, 0], towards[:, 2]))
    assert np.abs(yaw).max() <= 75.01
    assert np.abs(yaw).max() > 60
    assert ((look.palette >= 0) & (look.palette <= 1.3)).all()


def _neutral():
    from auto_rig_face.training.landmarks import expressions

    return expressions.neutral()


def test_written_pictures_match_their_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="torch, for training only, isn't installed")
    from auto_rig_face.training.landmarks import dataset

    whole = source.head_at
    monkeypatch.setattr(source, "head_at", lambda s, i, seed=0: whole(s, i, SHARES, seed))
    monkeypatch.setattr(dataset, "SIZES", (64,))
    monkeypatch.setattr(dataset, "SIZE_SHARES", (1.0,))
    card = dataset.write(tmp_path, 6, seed=2)
    assert "toon" in card.read_text(encoding="utf-8")
    lines = [
        json.loads(line)
        for split in source.SPLITS
        for line in (tmp_path / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert len(lines) >= 6
    for label in lines:
        picture = cv2.imread(str(tmp_path / label["picture"]))
        assert picture.shape == (64, 64, 3)
        assert len(label["points"]) == len(label["visible"]) == scheme.COUNT
        assert source.split_of(label["identity"]) == Path(label["picture"]).parts[0]
        left, top, right, bottom = label["box"]
        assert left < right
        assert top < bottom
    again = tmp_path / "again"
    dataset.write(again, 6, seed=2)
    for label in lines:
        first, second = ((folder / label["picture"]).read_bytes() for folder in (tmp_path, again))
        assert first == second


@pytest.fixture
def database(tmp_path: Path) -> Path:
    for character in ("aia", "ray"):
        for emotion in ("joy", "fear"):
            folder = tmp_path / character / f"{character}_{emotion}"
            folder.mkdir(parents=True)
            picture = np.zeros((8, 8, 4), np.uint8)
            picture[:4] = (10, 20, 30, 255)
            cv2.imwrite(str(folder / f"{character}_{emotion}_1.png"), picture)
    return tmp_path


def test_ferg_is_read_where_it_lies(database: Path) -> None:
    pictures = ferg.list_pictures(database)
    assert [(p.character, p.emotion) for p in pictures] == [
        ("aia", "fear"),
        ("aia", "joy"),
        ("ray", "fear"),
        ("ray", "joy"),
    ]
    rgb = pictures[0].read()
    assert rgb[0, 0].tolist() == [30, 20, 10]
    assert rgb[7, 7].tolist() == [255, 255, 255]


def test_a_character_is_kept_apart(database: Path) -> None:
    train, test = ferg.by_character(ferg.list_pictures(database), "ray")
    assert {p.character for p in train} == {"aia"}
    assert {p.character for p in test} == {"ray"}


def test_another_folder_is_refused_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(RigError, match="FERG-DB"):
        ferg.list_pictures(tmp_path)
    broken = tmp_path / "aia" / "aia_joy" / "x.png"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"no picture")
    with pytest.raises(RigError, match="is not a picture"):
        ferg.list_pictures(tmp_path)[0].read()
