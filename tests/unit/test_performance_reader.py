# SPDX-License-Identifier: GPL-3.0-or-later
"""The committed network that reads a film's frames together."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from auto_rig_face.errors import RigError
from auto_rig_face.models.expression_reader import Reading
from auto_rig_face.models.performance_reader import (
    DESCRIPTION,
    FOLDER,
    NETWORK,
    PerformanceReader,
    inputs_of,
    logits,
)
from auto_rig_face.vocabulary import ARKIT_SHAPES
from hypothesis import given
from hypothesis import strategies as st

JAW = ARKIT_SHAPES.index("jawOpen")
REACH = 8  # frames


@pytest.fixture(scope="module")
def reader() -> PerformanceReader:
    return PerformanceReader()


def film(values: np.ndarray) -> list[Reading]:
    emotions = np.array([1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    return [Reading(row, emotions, 0.0, 1.0, np.zeros(192, np.float32)) for row in values]


def jaw(values: np.ndarray) -> np.ndarray:
    """(F, 52) of which only the jaw moves."""
    found = np.full((len(values), len(ARKIT_SHAPES)), 0.02)
    found[:, JAW] = values
    return found


def test_a_face_that_rests_is_read_at_rest(reader: PerformanceReader) -> None:
    still = jaw(np.full(20, 0.4))
    np.testing.assert_allclose(reader.read(film(still), 30.0), still, atol=1e-3)


def test_noise_is_calmed_and_motion_kept(reader: PerformanceReader) -> None:
    rng = np.random.default_rng(4)
    time = np.arange(90) / 30.0
    truth = jaw(0.35 + 0.3 * np.sin(2 * np.pi * 0.5 * time))
    noisy = (truth + rng.normal(0.0, 0.05, truth.shape)).clip(0.0, 1.0)
    said = reader.read(film(noisy), 30.0)
    off, before = said[:, JAW] - truth[:, JAW], noisy[:, JAW] - truth[:, JAW]
    assert np.sqrt((off**2).mean()) < 0.7 * np.sqrt((before**2).mean())
    assert np.abs(np.diff(off)).mean() < 0.4 * np.abs(np.diff(before)).mean()
    # Neither late nor early.
    late = [
        np.corrcoef(np.roll(said[:, JAW], -k)[8:-8], truth[8:-8, JAW])[0, 1] for k in (-2, 0, 2)
    ]
    assert max(late) == late[1]


@given(seed=st.integers(0, 1000), frames=st.integers(2, 40), known=st.booleans())
def test_a_value_lies_between_those_of_the_frames_near_by(
    seed: int, frames: int, known: bool
) -> None:
    rng = np.random.default_rng(seed)
    alone, compared = rng.uniform(0.01, 0.99, (2, frames, len(ARKIT_SHAPES)))
    said = PerformanceReader().read(film(alone), 25.0, film(compared) if known else None)
    read = compared if known else alone
    for frame in range(frames):
        near = read[max(frame - REACH, 0) : frame + REACH + 1]
        assert (said[frame] <= near.max(axis=0) + 2e-3).all()
        assert (said[frame] >= near.min(axis=0) - 2e-3).all()


def test_one_frame_is_no_film(reader: PerformanceReader) -> None:
    with pytest.raises(RigError, match="One frame"):
        reader.read(film(jaw(np.zeros(1))), 30.0)


def test_networks_of_two_versions_are_told_apart(reader: PerformanceReader) -> None:
    with pytest.raises(RigError, match="don't match"):
        reader.follow(np.zeros((4, 3)))


def test_logits_are_finite_and_go_back() -> None:
    values = np.array([0.0, 0.25, 0.5, 1.0])
    found = logits(values)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(1 / (1 + np.exp(-found[1:3])), values[1:3])


def test_the_rate_and_the_picture_at_rest_are_seen() -> None:
    read = jaw(np.full(3, 0.4))
    emotions, intensity = np.zeros((3, 7)), np.zeros(3)
    alone = inputs_of(read, None, emotions, intensity, 60.0)
    known = inputs_of(read, read, emotions, intensity, 60.0)
    assert alone.shape == known.shape
    np.testing.assert_array_equal(alone[:, -2:], [[0.0, 1.0]] * 3)
    np.testing.assert_array_equal(known[:, -2], 1.0)


def test_an_altered_network_is_refused(tmp_path: Path) -> None:
    for path in FOLDER.iterdir():
        shutil.copy2(path, tmp_path / path.name)
    with (tmp_path / NETWORK).open("ab") as file:
        file.write(b"x")
    with pytest.raises(RigError, match="altered"):
        PerformanceReader(folder=tmp_path)


def test_the_card_tells_of_this_very_file() -> None:
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    hashes = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    assert hashes[NETWORK] in card
    assert set(hashes) == {NETWORK, DESCRIPTION}


def test_readings_need_no_features(reader: PerformanceReader) -> None:
    frames = [replace(one, features=np.zeros(0, np.float32)) for one in film(jaw(np.ones(4) / 2))]
    assert reader.read(frames, 30.0).shape == (4, len(ARKIT_SHAPES))
