# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures kept on disk for training on a CPU, and the changes made to them."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from auto_rig_face.animation.emotions import SHAPE_MIRROR
from auto_rig_face.training.landmarks import points as scheme

torch = pytest.importorskip("torch", reason="torch, for training only, isn't installed")
from auto_rig_face.training.landmarks import augment as changes  # noqa: E402
from auto_rig_face.training.landmarks import bank  # noqa: E402
from auto_rig_face.training.landmarks.losses import Batch, Truth  # noqa: E402

SIZE = 32


def some(count: int, seed: int = 0) -> Batch:
    """Pictures that are bright at each row's first point, and dark elsewhere."""
    generator = torch.Generator().manual_seed(seed)
    points = torch.rand(count, scheme.COUNT, 2, generator=generator) - 0.5
    axis = (torch.arange(SIZE) + 0.5) * 2 / SIZE - 1
    away = (axis[None, None] - points[:, 0, 0, None, None]) ** 2
    away = away + (axis[None, :, None] - points[:, 0, 1, None, None]) ** 2
    picture = torch.exp(-away / 0.01)[:, None].expand(-1, 3, -1, -1).contiguous()
    truth = Truth(
        points=points,
        visible=torch.ones(count, scheme.COUNT, dtype=torch.bool),
        exists=torch.rand(count, scheme.COUNT, generator=generator) > 0.1,
        shapes=torch.rand(count, 52, generator=generator),
        emotion=torch.arange(count) % 7,
        intensity=torch.rand(count, generator=generator),
        face=torch.ones(count, dtype=torch.bool),
        box=torch.tensor([-0.5, -0.4, 0.6, 0.5]).repeat(count, 1),
    )
    return Batch(picture, truth)


def test_what_is_put_in_comes_out(tmp_path: Path) -> None:
    shelf = bank.Shelf(tmp_path / "crops-1", SIZE, 16, create=True)
    batch = some(6)
    shelf.add(batch.pictures, batch.truth)
    pictures = bank.Bank(tmp_path, "crops")
    assert pictures.count() == 6
    drawn = pictures.sample(np.random.default_rng(0), 40)
    row = int(torch.nonzero(drawn.truth.emotion == 3)[0, 0])
    assert torch.allclose(drawn.pictures[row], batch.pictures[3], atol=0.003)
    for field in fields(Truth):
        value, wanted = getattr(drawn.truth, field.name)[row], getattr(batch.truth, field.name)[3]
        assert torch.allclose(value.float(), wanted.float(), atol=2e-3), field.name


def test_a_full_shelf_forgets_the_oldest(tmp_path: Path) -> None:
    shelf = bank.Shelf(tmp_path / "crops-1", SIZE, 8, create=True)
    for seed in range(3):
        batch = some(4, seed)
        shelf.add(batch.pictures, batch.truth)
    pictures = bank.Bank(tmp_path, "crops")
    assert pictures.count() == 8
    kept = pictures.sample(np.random.default_rng(0), 60).truth.intensity
    oldest = some(4, 0).truth.intensity
    assert float((kept[:, None] - oldest[None]).abs().min()) > 1e-3


def test_an_empty_bank_is_told() -> None:
    assert bank.Bank(Path("/nowhere"), "crops").count() == 0


@pytest.mark.parametrize("geometry", [True, False])
def test_labels_go_where_the_picture_goes(geometry: bool) -> None:
    batch = some(24)
    changed = changes.augment(batch, torch.Generator().manual_seed(1), geometry=geometry)
    first = changed.truth.points[:, 0]
    mirrored = changed.truth.points[:, scheme.MIRROR[0]]
    hits = 0
    for row in range(24):
        level = changed.pictures[row].sum(dim=0)
        place = int(level.argmax())
        spot = torch.tensor([place % SIZE + 0.5, place // SIZE + 0.5]) * 2 / SIZE - 1
        nearest = min(float((spot - p[row]).norm()) for p in (first, mirrored))
        hits += nearest < 0.12
    assert hits >= 22  # now and then the spot has left the picture


def test_a_mirrored_face_swaps_its_sides() -> None:
    batch = some(64)
    pictures, truth = changes._mirror(batch.pictures, batch.truth, torch.Generator().manual_seed(2))
    turned = (truth.points[:, 0] - batch.truth.points[:, 0]).abs().amax(dim=1) > 1e-6
    assert 10 < int(turned.sum()) < 54
    row = int(torch.nonzero(turned)[0, 0])
    assert torch.equal(truth.shapes[row], batch.truth.shapes[row][torch.from_numpy(SHAPE_MIRROR)])
    assert torch.allclose(pictures[row], batch.pictures[row].flip(2))
    assert torch.allclose(truth.box[row], torch.tensor([-0.6, -0.4, 0.5, 0.5]))


def test_changes_leave_the_original_alone() -> None:
    batch = some(8)
    before = replace(batch, pictures=batch.pictures.clone())
    changes.augment(batch, torch.Generator().manual_seed(3))
    assert torch.equal(batch.pictures, before.pictures)
