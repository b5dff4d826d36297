# SPDX-License-Identifier: GPL-3.0-or-later
"""Made-up performances, their films, and a short run of the network that reads films."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from auto_rig_face.animation.emotions import OPPOSITES, SHAPE_INDEX
from auto_rig_face.training.landmarks import source

torch = pytest.importorskip("torch", reason="torch, for training only, isn't installed")
from auto_rig_face.models.dense_landmarks import DenseLandmarker  # noqa: E402
from auto_rig_face.models.expression_reader import ExpressionReader  # noqa: E402
from auto_rig_face.models.performance_reader import PerformanceReader  # noqa: E402
from auto_rig_face.training.performances import (  # noqa: E402
    __main__,
    clips,
    curves,
    evaluate,
    network,
    train,
)
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

BUILT = {split: {"toon": 0.5, "blocky": 0.5} for split in source.SPLITS}  # they need no template


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "SHARES", BUILT)


def clip_of(truth: np.ndarray, alone: np.ndarray, rate: float = 30.0) -> clips.Clip:
    count = len(truth)
    return clips.Clip(
        rate=rate,
        truth=truth,
        alone=alone,
        compared=alone,
        emotions=np.full((count, 7), 1 / 7),
        intensity=np.zeros(count),
        family="human",
    )


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), rate=st.sampled_from(curves.RATES))
def test_a_performance_is_one_that_a_face_can_give(seed: int, rate: float) -> None:
    values = curves.performance(np.random.default_rng(seed), 90, rate)
    assert values.shape == (90, 52)
    assert 0.0 <= values.min() <= values.max() <= 1.0
    for first, second in OPPOSITES:
        pair = values[:, [SHAPE_INDEX[first], SHAPE_INDEX[second]]]
        assert pair.min(axis=1).max() == 0.0
    assert (values[:, SHAPE_INDEX["mouthClose"]] <= values[:, SHAPE_INDEX["jawOpen"]]).all()


def test_a_face_moves_without_jumps_but_for_lids_and_gaze() -> None:
    calm = [i for name, i in SHAPE_INDEX.items() if not name.startswith("eye")]
    for seed in range(5):
        values = curves.performance(np.random.default_rng(seed), 240, 60.0)
        assert values[:, calm].std(axis=0).max() > 0.05
        assert np.abs(np.diff(values[:, calm], axis=0)).max() < 0.25


def test_a_head_turns_about_where_it_is_seen_from() -> None:
    angles = curves.turns(np.random.default_rng(3), 120, 30.0)
    assert np.abs(angles - angles.mean(axis=0)).max() < 60.0
    assert np.abs(np.diff(angles, axis=0)).max() < 8.0


def test_a_shot_is_the_same_in_every_run_and_its_own(built: None) -> None:
    first, again, other = (clips.shot_at("test", index, 3) for index in (4, 4, 5))
    assert first is not None
    assert again is not None
    assert other is not None
    np.testing.assert_array_equal(first.pictures, again.pictures)
    assert first.pictures.shape == (4, clips.SIZE, clips.SIZE, 3)
    assert (first.pictures != other.pictures).any()


def test_a_capture_is_acted_as_it_is(built: None) -> None:
    values = np.zeros((4, 52))
    values[:, SHAPE_INDEX["jawOpen"]] = (0.0, 0.2, 0.4, 0.6)
    shots = (clips.shot_at("test", index, 4, performed=(60.0, values)) for index in range(9))
    # Some heads have no jaw that opens.
    shot = next(shot for shot in shots if shot is not None and shot.truth.any())
    np.testing.assert_allclose(shot.truth, values, atol=1e-6)
    assert (shot.pictures[1] != shot.pictures[4]).any()


def test_a_clip_comes_back_from_its_file(built: None, tmp_path: Path) -> None:
    shot = clips.shot_at("test", 2, 2)
    assert shot is not None
    landmarker = DenseLandmarker(1)
    clip = clips.read(shot, ExpressionReader(1, landmarker=landmarker), landmarker)
    clips.save(clip, tmp_path / "clip.npz")
    kept = clips.load(tmp_path / "clip.npz")
    assert (kept.rate, kept.family) == (clip.rate, clip.family)
    np.testing.assert_allclose(kept.alone, clip.alone, atol=1e-3)
    np.testing.assert_allclose(kept.emotions, clip.emotions, atol=1e-3)


def test_the_network_only_weighs_frames_near_by() -> None:
    torch.manual_seed(0)
    follower = network.Follower(inputs=80, width=16, layers=1).eval()
    frames = torch.randn(1, 40, 80)
    with torch.no_grad():
        said = follower(frames)
    read = frames[..., : network.SHAPES].sigmoid()
    for frame in (0, 20, 39):
        near = read[:, max(frame - network.REACH, 0) : frame + network.REACH + 1]
        assert (said[:, frame] <= near.amax(dim=1) + 1e-6).all()
        assert (said[:, frame] >= near.amin(dim=1) - 1e-6).all()


def test_what_stays_as_it_is_stays_as_it_is() -> None:
    follower = network.Follower(inputs=80, width=16, layers=1).eval()
    still = torch.randn(1, 1, 80).expand(-1, 9, -1)
    with torch.no_grad():
        said = follower(still)
    assert torch.allclose(said, still[..., : network.SHAPES].sigmoid(), atol=1e-6)


def test_the_loss_counts_values_and_motion() -> None:
    truth = torch.zeros(1, 6, 52)
    calm, shaking = torch.full((1, 6, 52), 0.05), torch.full((1, 6, 52), 0.05)
    shaking[:, ::2] = 0.1
    without = train.loss_of(shaking, truth, 0.0)
    assert train.loss_of(calm, truth, 5.0) < without
    assert train.loss_of(shaking, truth, 5.0) > without


def test_figures_tell_error_jitter_and_lag() -> None:
    rng = np.random.default_rng(1)
    truth = 0.5 + 0.4 * np.sin(np.linspace(0, 12, 90))[:, None] * rng.random(52)
    late = np.roll(truth, 2, axis=0)
    right = evaluate.figures([clip_of(truth, truth)], "alone", evaluate.as_read)
    assert right["error"] == right["jitter"] == right["lag"] == 0.0
    behind = evaluate.figures([clip_of(truth, late)], "alone", evaluate.as_read)
    assert behind["lag"] == pytest.approx(2 / 30)
    noisy = truth + rng.normal(0, 0.05, truth.shape)
    shaky = evaluate.figures([clip_of(truth, noisy)], "alone", evaluate.as_read)
    assert shaky["jitter"] > 1.0


def test_the_best_filters_calm_noise() -> None:
    rng = np.random.default_rng(2)
    truth = np.full((60, 52), 0.3)
    clip = clip_of(truth, (truth + rng.normal(0, 0.1, truth.shape)).clip(0, 1))
    raw = evaluate.figures([clip], "alone", evaluate.as_read)
    rightest, calm = evaluate.best_filters([clip], "alone", 0.2 * raw["jitter"])
    for one in (rightest, calm):
        calmed = evaluate.figures([clip], "alone", evaluate.filtered(one))
        assert calmed["rms"] < 0.5 * raw["rms"]
    assert calmed["jitter"] <= 0.2 * raw["jitter"]


def test_the_whole_command_runs_at_toy_size(
    built: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnx", reason="onnx isn't installed")
    sizes = {"train": (1, 8), "validation": (1, 8), "test": (1, 16)}
    monkeypatch.setattr(__main__, "TOY_SIZES", sizes)
    assert __main__.main(["--toy", "--out", str(tmp_path)]) == 0
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert figures["file"]["agreement"] < 1e-3
    reader = PerformanceReader(folder=tmp_path / "export")
    said = reader.follow(np.zeros((5, figures["training"]["inputs"])))
    np.testing.assert_allclose(said, 0.5, atol=1e-3)
    card = (tmp_path / "export" / "README.md").read_text(encoding="utf-8")
    assert "Synthetic" in card
    assert "this network" in card
