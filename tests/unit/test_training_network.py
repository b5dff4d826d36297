# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks, losses, a short run with its resume, evaluation and export, on a CPU."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from auto_rig_face.training.landmarks import points as scheme
from auto_rig_face.training.landmarks import source

torch = pytest.importorskip("torch", reason="torch, for training only, isn't installed")
from auto_rig_face.training.landmarks import (  # noqa: E402
    __main__,
    draw,
    evaluate,
    export,
    looks,
    losses,
    network,
    pool,
)
from auto_rig_face.training.landmarks import trainer as trainers  # noqa: E402
from auto_rig_face.training.landmarks.config import FULL, TOY  # noqa: E402

CPU = torch.device("cpu")
TINY = replace(TOY, seconds=4.0, tests=8, batch=4, scene_batch=2, pool=6, first_heads=6, report=1)
SHARES = {"toon": 0.5, "blocky": 0.4, "faceless": 0.1}


@pytest.fixture(autouse=True)
def built_heads_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Heads that need no baked template."""
    whole = source.head_at
    monkeypatch.setattr(source, "head_at", lambda s, i, seed=0: whole(s, i, SHARES, seed))


def truth(count: int = 3) -> losses.Truth:
    generator = torch.Generator().manual_seed(1)
    points = torch.rand(count, scheme.COUNT, 2, generator=generator) - 0.5
    yes = torch.ones(count, scheme.COUNT, dtype=torch.bool)
    low = points.amin(dim=1)
    return losses.Truth(
        points=points,
        visible=yes,
        exists=yes,
        shapes=torch.rand(count, network.SHAPES, generator=generator),
        emotion=torch.tensor([0, 1, -1])[:count],
        intensity=torch.ones(count),
        face=torch.ones(count, dtype=torch.bool),
        box=torch.cat([low, points.amax(dim=1)], dim=1),
    )


def said(points: torch.Tensor, log_sigma: float) -> network.Face:
    count = len(points)
    ones = torch.full(points.shape[:2], 8.0)
    return network.Face(
        points=points,
        log_sigma=torch.full(points.shape[:2], log_sigma),
        visible=ones,
        exists=ones,
        shapes=torch.zeros(count, network.SHAPES),
        emotion=torch.zeros(count, 7),
        intensity=torch.ones(count),
        face=torch.full((count,), 8.0),
    )


def test_the_loss_is_least_where_sigma_fits_the_error() -> None:
    wanted = truth()
    generator = torch.Generator().manual_seed(2)
    # Samples of the bivariate Student-t that the loss assumes, of scale 0.05.
    normal = torch.randn(wanted.points.shape, generator=generator)
    chi = torch.randn(*wanted.points.shape[:2], 4, generator=generator).square().sum(-1)
    off = 0.05 * normal / (chi / losses.FREEDOM).sqrt()[..., None]
    values = {
        sigma: float(
            losses.regressor_loss(said(wanted.points + off, float(np.log(sigma))), wanted)["points"]
        )
        for sigma in (0.02, 0.035, 0.05, 0.07, 0.12)
    }
    assert min(values, key=values.get) == 0.05
    assert float(off.norm(dim=-1).mean()) == pytest.approx(losses.EXPECTED * 0.05, rel=0.1)


def test_points_outside_of_the_picture_and_of_no_face_cost_nothing() -> None:
    wanted = truth()
    far = replace(wanted, points=wanted.points + 5)
    assert float(losses.regressor_loss(said(wanted.points, -3.0), far)["points"]) == 0
    none = replace(wanted, face=torch.zeros(3, dtype=torch.bool))
    assert float(losses.regressor_loss(said(wanted.points + 9, -3.0), none)["points"]) == 0


def test_a_detector_that_answers_right_has_next_to_no_loss() -> None:
    wanted = truth(1)
    output = torch.zeros(1, 5, 16, 16)
    output[:, 0] = -12.0
    middle = (wanted.box[:, :2] + wanted.box[:, 2:]) / 2
    place = (middle[0] + 1) / 2 * 16 - 0.5
    column, row = (round(float(value)) for value in place)
    half = (wanted.box[0, 2:] - wanted.box[0, :2]) / 2
    output[0, :, row, column] = torch.tensor(
        [12.0, float(place[0]) - column, float(place[1]) - row, *half.log().tolist()]
    )
    assert sum(float(term) for term in losses.detector_loss(output, wanted).values()) < 1e-3
    score, box = network.boxes(output)
    assert float(score) == 12.0
    assert torch.allclose(box, wanted.box, atol=1e-4)


def test_the_shipped_networks_are_small_enough() -> None:
    parameters = [
        *network.Regressor(FULL.crop, FULL.width).parameters(),
        *network.Detector(FULL.width).parameters(),
    ]
    assert 2 * sum(parameter.numel() for parameter in parameters) < 0.99 * export.SIZE_LIMIT


def test_a_step_lowers_the_loss_on_the_same_pictures() -> None:
    heads = evaluate.held_out("train", 6, TINY, CPU)
    rng = np.random.default_rng(0)
    crop = draw.draw(heads, rng, 4, TINY.crop, looks.CROP)
    scene = draw.draw(heads, rng, 4, TINY.scene, looks.SCENE)
    trainer = trainers.Trainer(TINY, CPU)
    totals = [sum(trainer.train_step(crop, scene).values()) for _ in range(15)]
    assert totals[-1] < totals[0]


def test_a_run_can_be_resumed_with_its_optimiser(tmp_path: Path) -> None:
    trainer = trainers.Trainer(TINY, CPU)
    heads = evaluate.held_out("train", 4, TINY, CPU)
    rng = np.random.default_rng(0)
    pair = [draw.draw(heads, rng, 2, TINY.crop, f) for f in (looks.CROP, looks.SCENE)]
    for _ in range(3):
        trainer.train_step(*pair)
    trainer.save(tmp_path / "checkpoint.pt")
    resumed = trainers.Trainer(TINY, CPU)
    resumed.load(tmp_path / "checkpoint.pt")
    first, second = trainer.train_step(*pair), resumed.train_step(*pair)
    assert first == pytest.approx(second)
    assert resumed.step == 4
    for name, value in trainer.networks.state_dict().items():
        assert torch.equal(value, resumed.networks.state_dict()[name]), name


def test_calibration_brings_expected_to_observed_errors() -> None:
    heads = evaluate.held_out("validation", 6, TINY, CPU)
    networks = trainers.Trainer(TINY, CPU).averaged()
    before = evaluate.run(networks, heads, TINY)
    evaluate.calibrate(networks, before)
    after = evaluate.run(networks, heads, TINY)
    observed = after.error[after.valid].mean()
    assert after.expected[after.valid].mean() == pytest.approx(observed, rel=0.1)


def test_a_pool_replaces_its_oldest_heads_and_refuses_giants() -> None:
    heads = [source.head_at("train", index) for index in range(4)]
    ring = pool.HeadPool(3, "cpu")
    ring.add(heads)
    assert ring.count == 4
    assert ring.filled == 3
    assert np.array_equal(ring.points[0], heads[3].points)
    many = np.zeros((pool.MOST_VERTICES + 1, 3), np.float32)
    ring.add([replace(heads[0], vertices=many)])
    assert ring.count == 4


def test_a_pool_in_one_block_of_memory_renders_the_same_pictures() -> None:
    heads = [source.head_at("train", index) for index in range(5)]
    examples = []
    for resident in (False, True):
        ring = pool.HeadPool(3, "cpu", resident=resident)
        ring.add(heads[:2])
        ring.add(heads[2:])
        examples.append(draw.draw(ring, np.random.default_rng(1), 6, 64, looks.CROP))
    loose, block = examples
    assert torch.equal(loose.truth.points, block.truth.points)
    assert torch.equal(loose.truth.exists, block.truth.exists)
    # Normals are kept in half precision.
    difference = (loose.pictures - block.pictures).abs()
    assert float(difference.mean()) < 0.003


def test_a_builder_starts_where_it_is_told_to() -> None:
    alone = pool.Builders("test", 0, start=3)
    head = alone.take(1, 0.0)[0]
    assert head.identity == source.head_at("test", 3).identity
    assert alone.failures == []


def test_the_command_line_trains_evaluates_and_exports(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnx", reason="onnx isn't installed")
    options = ["--toy", "--out", str(tmp_path), "--seconds", "3", "--tests", "6", "--pool", "6"]
    assert __main__.main(["run", *options, "--first-heads", "6", "--batch", "3"]) == 0
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert figures["named"] > 0
    assert set(figures["regions"]) == set(scheme.REGIONS)
    assert len(figures["calibration"]) == 10
    names = json.loads((tmp_path / "export" / "landmarks.json").read_text(encoding="utf-8"))
    assert names["points"] == list(scheme.NAMES)
    card = (tmp_path / "export" / "README.md").read_text(encoding="utf-8")
    for file in export.FILES.values():
        assert (tmp_path / "export" / file).is_file()
        assert file in card
    for sheet in ("crops", "scenes", "predicted"):
        assert (tmp_path / "sheets" / f"{sheet}.png").is_file()
    assert "heads, 0 failures" in capsys.readouterr().out
