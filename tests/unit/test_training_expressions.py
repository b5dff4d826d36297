# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups of pictures, batches, losses and a short run of the network that reads expressions."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from auto_rig_face.animation.emotions import SHAPE_MIRROR
from auto_rig_face.training.landmarks import points as scheme
from auto_rig_face.training.landmarks import source
from auto_rig_face.vocabulary import ARKIT_SHAPES, EMOTIONS

torch = pytest.importorskip("torch", reason="torch, for training only, isn't installed")
from auto_rig_face.models.dense_landmarks import DenseLandmarker  # noqa: E402
from auto_rig_face.models.expression_reader import ExpressionReader, alignment, undone  # noqa: E402
from auto_rig_face.training.expressions import (  # noqa: E402
    __main__,
    data,
    evaluate,
    groups,
    located,
    network,
    train,
)
from auto_rig_face.training.expressions.trunk import start_from  # noqa: E402
from auto_rig_face.training.landmarks import export as landmark_export  # noqa: E402
from auto_rig_face.training.landmarks.config import TOY as LANDMARK_TOY  # noqa: E402
from auto_rig_face.training.landmarks.trainer import Trainer  # noqa: E402
from auto_rig_face.training.onnx_files import halved  # noqa: E402

SHARES = {"toon": 0.5, "blocky": 0.5}
SIZE = 32


@pytest.fixture(scope="module")
def locator() -> located.Locator:
    return located.Locator()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory, locator: located.Locator) -> Path:
    """A folder of groups of built heads, which need no template; the same pictures are a bank."""
    folder = tmp_path_factory.mktemp("pictures")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(groups, "SHARES", dict.fromkeys(source.SPLITS, SHARES))
        patch.setattr(groups, "TOGETHER", 4)
        patch.setattr(groups, "VIEWS", dict.fromkeys(source.SPLITS, 1))
        groups.fill(folder, locator.size, 8, "train", 1e9, 1)
    (folder / "crops-1").symlink_to(folder / "groups-1")
    return folder


@pytest.fixture(scope="module")
def kept(pictures: Path, locator: located.Locator) -> data.Pictures:
    return data.Pictures(pictures, groups.KIND, locator, pictures / "located")


def test_a_group_is_one_character_at_rest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "SHARES", dict.fromkeys(source.SPLITS, SHARES))
    for index in range(4):
        heads = groups.group_at("test", index)
        assert len(heads) == groups.SIZE
        assert len({head.identity for head in heads}) == 1
        assert len({head.family for head in heads}) == 1
        assert source.split_of(heads[0].identity) == "test"
        assert not heads[0].expression.coefficients.any()
        assert all(head.face for head in heads)
        assert any(head.expression.coefficients.any() for head in heads[1:])


def test_a_character_keeps_its_looks_from_picture_to_picture() -> None:
    points = np.random.default_rng(0).normal(size=(40 * groups.SIZE, scheme.COUNT, 3))
    look, _ = groups.looks_of(np.random.default_rng(1), points.astype(np.float32))
    palette = look.palette.reshape(40, groups.SIZE, -1)
    np.testing.assert_array_equal(palette, np.repeat(palette[:, :1], groups.SIZE, axis=1))
    rotation = look.rotation.reshape(40, groups.SIZE, 9)
    still = (rotation == rotation[:, :1]).all(axis=(1, 2))
    assert 8 < still.sum() < 32


def test_landmarks_are_kept_and_checked(
    pictures: Path, locator: located.Locator, tmp_path: Path
) -> None:
    images = np.load(pictures / "groups-1" / "pictures.npy")
    file = tmp_path / "points.npy"
    part = located.located(locator, images[:20], file)
    whole = located.located(locator, images, file)
    np.testing.assert_array_equal(whole[:20], part)
    assert whole.shape == (len(images), scheme.COUNT, 2)
    # Other pictures under the same name are looked at anew.
    turned = np.ascontiguousarray(images[::-1])
    again = located.located(locator, turned, file)
    np.testing.assert_allclose(again[0], whole[-1], atol=0.02)


def test_a_batch_is_aligned_by_its_landmarks(kept: data.Pictures, locator: located.Locator) -> None:
    targets = data.targets_of(locator.rest)
    batch = data.Source(kept, kept, targets, SIZE).draw(np.random.default_rng(0), 40, 2)
    assert batch.picture.shape == (40 + 2 * groups.SIZE, 3, SIZE, SIZE)
    assert batch.grouped == 2 * groups.SIZE
    assert 0.0 <= float(batch.picture.min()) <= float(batch.picture.max()) <= 1.0
    off = batch.points[:, data.ANCHOR_ROWS].mean(dim=0).numpy() - targets
    assert np.abs(off).max() < 0.25
    first = batch.shapes[40 :: groups.SIZE]
    assert float(first.abs().max()) == 0.0
    assert not bool(batch.capped[40:].any())


def test_a_picture_and_its_points_stay_together() -> None:
    """A bright dot at a landmark is where the aligned landmark is."""
    rng = np.random.default_rng(2)
    points = rng.uniform(-0.5, 0.5, (12, scheme.COUNT, 2))
    axis = (np.arange(64) + 0.5) * 2 / 64 - 1
    away = (axis[None, None] - points[:, 0, 0, None, None]) ** 2
    away = away + (axis[None, :, None] - points[:, 0, 1, None, None]) ** 2
    images = torch.from_numpy(np.exp(-away / 0.01)[:, None].repeat(3, axis=1)).float()
    flip = np.arange(12) % 2 == 0
    images, points, _ = data.mirrored(images, points, np.zeros((12, 52)), flip)
    anchors = points[:, :9] * 0.2 + rng.normal(0, 0.4, (12, 9, 2))
    inverse = alignment(anchors, rng.uniform(-0.5, 0.5, (9, 2)))
    inverse[..., :2] *= 1.0 / np.hypot(inverse[:, 0, 0], inverse[:, 1, 0])[:, None, None]
    crops = data.warped(images, inverse, 64)
    local = undone(inverse, points)
    hits = 0
    for row in range(12):
        dot = scheme.MIRROR[0] if flip[row] else 0
        if np.abs(local[row, dot]).max() > 0.9:
            continue
        place = int(crops[row].sum(dim=0).argmax())
        spot = (np.array([place % 64, place // 64]) + 0.5) * 2 / 64 - 1
        assert np.linalg.norm(spot - local[row, dot]) < 0.08
        hits += 1
    assert hits >= 6


def test_a_mirror_swaps_sides() -> None:
    shapes = np.random.default_rng(0).random((3, 52))
    _, points, turned = data.mirrored(
        torch.zeros(3, 3, 8, 8),
        np.ones((3, scheme.COUNT, 2)),
        shapes,
        np.array([True, False, True]),
    )
    np.testing.assert_array_equal(turned[0], shapes[0, SHAPE_MIRROR])
    np.testing.assert_array_equal(turned[1], shapes[1])
    assert (points[0, :, 0] == -1).all()
    assert (points[1] == 1).all()


def test_rare_shapes_are_drawn_more_often_and_hidden_faces_less(kept: data.Pictures) -> None:
    some = copy.copy(kept)
    shapes = np.zeros((len(kept), 52))
    shapes[:, :40] = 1.0  # what most pictures show
    shapes[3, 45] = 1.0
    seen = np.ones(len(kept))
    seen[5] = 0.5
    some.labels = replace(kept.labels, shapes=shapes, seen=seen)
    odds = some.odds()
    assert odds.sum() == pytest.approx(1.0)
    assert odds[3] == pytest.approx(data.RARE * odds[0])
    assert odds[5] == pytest.approx(odds[0] / 4)


@pytest.mark.parametrize("inputs", network.INPUTS)
def test_only_what_is_looked_at_matters(inputs: str) -> None:
    torch.manual_seed(0)
    reader = network.Reader(SIZE, 0.25, inputs).eval()
    picture, points = torch.rand(2, 3, SIZE, SIZE), torch.rand(2, scheme.COUNT, 2)
    before = reader.features(picture, points)
    assert torch.equal(reader.features(picture, points + 1), before) == (inputs == "picture")
    assert torch.equal(reader.features(picture / 2, points), before) == (inputs == "points")


def test_a_face_at_rest_counts_only_where_it_is_known() -> None:
    torch.manual_seed(0)
    reader = network.Reader(SIZE, 0.25, "points").eval()
    features = torch.rand(2, network.FEATURES)
    first, second = (
        reader.say(features, torch.full_like(features, value), torch.tensor([[0.0], [1.0]]))
        for value in (0.0, 1.0)
    )
    assert torch.equal(first.shapes[0], second.shapes[0])
    assert not torch.equal(first.shapes[1], second.shapes[1])


def test_grouped_pictures_are_compared_with_their_own_rest() -> None:
    features = torch.arange(3 + 2 * groups.SIZE).float()[:, None].expand(-1, 4)
    rest, known = train.compared(features, 2 * groups.SIZE)
    assert (
        rest[:, 0].tolist() == [0.0] * 3 + [3.0] * groups.SIZE + [3.0 + groups.SIZE] * groups.SIZE
    )
    assert not bool(known[:3].any())


def prepared(count: int = 4) -> data.Prepared:
    return data.Prepared(
        picture=torch.rand(count, 3, SIZE, SIZE),
        points=torch.rand(count, scheme.COUNT, 2),
        true_points=torch.rand(count, scheme.COUNT, 2),
        shapes=torch.rand(count, 52),
        emotion=torch.tensor([0, 3, -1, 5])[:count],
        intensity=torch.tensor([0.0, 1.0, 0.0, 1.2])[:count],
        capped=torch.tensor([False, False, False, True])[:count],
        grouped=0,
    )


def test_the_loss_is_least_at_the_truth() -> None:
    batch, weights = prepared(), torch.ones(52)
    right = network.Said(
        torch.logit(batch.shapes.clamp(0.001, 0.999)),
        torch.nn.functional.one_hot(batch.emotion.clamp(min=0), len(EMOTIONS)) * 12.0,
        batch.intensity,
        torch.zeros(4, 1),
        batch.true_points,
    )
    best = train.loss_of(right, batch, weights)
    wrong = train.loss_of(
        network.Said(
            -right.shapes,
            -right.emotion,
            right.intensity - 1,
            right.features,
            right.true_points.flip(0),
        ),
        batch,
        weights,
    )
    assert all(best[name] < wrong[name] for name in ("shapes", "points", "emotion", "intensity"))
    more = replace(right, intensity=right.intensity + torch.tensor([0.0, 0.0, 5.0, 5.0]))
    # No label, and one that may be more than it says.
    assert train.loss_of(more, batch, weights)["intensity"] == best["intensity"]


@pytest.fixture(scope="module")
def landmarks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trainer, Path]:
    """Landmark networks, and a folder with their checkpoint and their ONNX file."""
    folder = tmp_path_factory.mktemp("landmarks")
    trainer = Trainer(LANDMARK_TOY, torch.device("cpu"))
    generator = torch.Generator().manual_seed(1)
    for name, value in trainer.average.items():
        if name.endswith(("running_mean", "running_var")):
            value.copy_(torch.rand(value.shape, generator=generator) + 0.5)
    trainer.save(folder / "checkpoint.pt")
    regressor = trainer.averaged()["regressor"]
    landmark_export._write(
        halved(regressor), LANDMARK_TOY.crop, folder / "regressor.onnx", ["points", "others"]
    )
    return trainer, folder


@pytest.mark.parametrize("file", ["checkpoint.pt", "regressor.onnx"])
def test_a_trunk_starts_from_the_landmark_network(
    landmarks: tuple[Trainer, Path], file: str
) -> None:
    trainer, folder = landmarks
    regressor = trainer.averaged()["regressor"]
    trunk = network.Trunk(SIZE, LANDMARK_TOY.width)
    pictures = torch.rand(8, 3, SIZE, SIZE)
    assert start_from(trunk, folder / file, pictures)

    def seen(one: torch.nn.Module) -> torch.Tensor:
        return one.squeeze(one.far(one.middle(one.near((pictures - 0.5) * 4))))

    torch.testing.assert_close(seen(trunk.eval()), seen(regressor), atol=0.02, rtol=0.02)
    if file.endswith("onnx"):  # its statistics are those of these pictures
        torch.testing.assert_close(seen(trunk.train()), seen(regressor), atol=0.02, rtol=0.02)
    with pytest.raises(ValueError, match="width"):
        start_from(network.Trunk(SIZE, 1.0), folder / file, pictures)


def test_frozen_convolutions_stay() -> None:
    trunk = network.Trunk(SIZE, 0.25)
    trunk.freeze()
    before = {name: value.clone() for name, value in trunk.near.state_dict().items()}
    trunk.train()(torch.rand(4, 3, SIZE, SIZE)).sum().backward()
    assert all(torch.equal(value, before[name]) for name, value in trunk.near.state_dict().items())
    assert all(parameter.grad is None for parameter in trunk.near.parameters())
    assert all(parameter.grad is not None for parameter in trunk.middle.parameters())


def test_figures_of_a_perfect_reader_are_perfect(
    pictures: Path, kept: data.Pictures, tmp_path: Path
) -> None:
    tests = evaluate.tests_of(pictures, DenseLandmarker(), tmp_path / "faces.npz")
    again = evaluate.tests_of(pictures, DenseLandmarker(), tmp_path / "faces.npz")
    np.testing.assert_array_equal(tests.faces[3].points, again.faces[3].points)
    shapes = np.asarray(kept.labels.shapes, float)
    found = evaluate.shape_figures(shapes, shapes)
    assert found["error"] == 0.0
    assert found["correlation"] == pytest.approx(1.0)
    assert set(found["keys"]) == set(ARKIT_SHAPES)


@pytest.mark.parametrize("architecture", network.ARCHITECTURES)
def test_the_whole_command_runs_at_toy_size(
    pictures: Path, tmp_path: Path, architecture: str
) -> None:
    arguments = ["--toy", "--bank", pictures, "--groups", pictures, "--tests", pictures]
    arguments += ["--out", tmp_path, "--architecture", architecture, "--seconds", "2"]
    assert __main__.main([str(one) for one in arguments]) == 0
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert figures["pictures"] == 8 * (groups.SIZE - 1)
    card = (tmp_path / "export" / "README.md").read_text(encoding="utf-8")
    assert "Synthetic" in card
    assert figures["file"]["sha256"] in card
    reader = ExpressionReader(folder=tmp_path / "export")
    picture = np.load(pictures / "groups-1" / "pictures.npy")[1].transpose(1, 2, 0)
    assert reader.read(picture).coefficients.shape == (52,)
