# SPDX-License-Identifier: GPL-3.0-or-later
"""How good the networks are on heads that they never saw, and calibration of their uncertainty.

Errors are in percent of the inter-ocular distance: 1 IOD in the head frame, at the face's own
distance from the camera and seen from straight on, whatever the face's turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from . import looks, source
from . import points as scheme
from .config import Config
from .draw import Example, draw
from .heads import families
from .losses import EXPECTED
from .network import boxes, unpack
from .pool import Builders, HeadPool

NAMED: Final = scheme.indices(tuple(scheme.PRODUCT_POINTS.values()))
FAILURE: Final = 10.0  # percent


@dataclass(frozen=True)
class Results:
    """What the networks said of M pictures. ``error`` (M, N) and ``expected`` (M, N) percent of
    the IOD; ``valid`` (M, N): existing points inside the picture; ``family``, ``style`` (M,);
    ``yaw`` (M,) degrees; ``face``, ``face_score`` (M,); ``emotion`` and ``guess`` (M,) index, -1
    for none; ``shape_error`` (M,) mean absolute; ``found``, ``overlap`` (M,): detector's score and
    its box's intersection over union with the true one; ``visible_hit``, ``exists_hit`` shares.
    """

    error: NDArray[np.float64]
    expected: NDArray[np.float64]
    valid: NDArray[np.bool_]
    family: NDArray[np.str_]
    style: NDArray[np.str_]
    yaw: NDArray[np.float64]
    face: NDArray[np.bool_]
    face_score: NDArray[np.float64]
    emotion: NDArray[np.int64]
    guess: NDArray[np.int64]
    shape_error: NDArray[np.float64]
    found: NDArray[np.float64]
    overlap: NDArray[np.float64]
    visible_hit: NDArray[np.float64]
    exists_hit: NDArray[np.float64]


def held_out(split: str, count: int, config: Config, device: torch.device) -> HeadPool:
    """A pool of the first heads of a held-out split."""
    pool = HeadPool(count, device)
    builders = Builders(split, config.workers)
    try:
        while pool.count < count:
            pool.add(builders.take(min(64, count - pool.count), 60.0))
    finally:
        builders.close()
    return pool


def run(networks: nn.ModuleDict, pool: HeadPool, config: Config, seed: int = 7) -> Results:
    """Pictures of the pool's heads through both networks."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(max(1, config.tests // config.batch)):
        crop = draw(pool, rng, config.batch, config.crop, looks.CROP)
        scene = draw(pool, rng, config.batch, config.scene, looks.SCENE)
        rows.append(_judge(networks, crop, scene))
    return Results(**{key: np.concatenate([row[key] for row in rows]) for key in rows[0]})


@torch.no_grad()
def _judge(networks: nn.ModuleDict, crop: Example, scene: Example) -> dict[str, NDArray[Any]]:
    face = unpack(networks["regressor"](crop.pictures))
    truth = crop.truth
    unit = torch.from_numpy(crop.look.focal / crop.look.distance).to(face.points.device)[:, None]
    error = (face.points - truth.points).norm(dim=-1) / unit * 100
    expected = EXPECTED * face.log_sigma.exp() / unit * 100
    inside = truth.points.abs().amax(dim=-1) < 1
    faces = truth.face[:, None]
    score, box = boxes(networks["detector"](scene.pictures))
    rotation = crop.look.rotation
    values = {
        "error": error,
        "expected": expected,
        "valid": inside & truth.exists & faces,
        "face": truth.face,
        "face_score": torch.sigmoid(face.face),
        "emotion": truth.emotion,
        "guess": face.emotion.argmax(dim=1),
        "shape_error": (torch.sigmoid(face.shapes) - truth.shapes).abs().mean(dim=1),
        "found": torch.where(scene.truth.face, torch.sigmoid(score), -torch.sigmoid(score)),
        "overlap": _overlap(box, scene.truth.box),
        "visible_hit": ((face.visible > 0) == truth.visible).float().mean(dim=1),
        "exists_hit": ((face.exists > 0) == truth.exists).float().mean(dim=1),
    }
    arrays = {name: value.cpu().numpy() for name, value in values.items()}
    yaw = np.degrees(np.arctan2(rotation[:, 0, 2], rotation[:, 2, 2]))
    return arrays | {"family": crop.family, "style": crop.style, "yaw": yaw}


def _overlap(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    low, high = (
        torch.maximum(first[:, :2], second[:, :2]),
        torch.minimum(first[:, 2:], second[:, 2:]),
    )
    common = (high - low).clamp(min=0).prod(dim=1)
    areas = [(b[:, 2:] - b[:, :2]).clamp(min=0).prod(dim=1) for b in (first, second)]
    return common / (areas[0] + areas[1] - common).clamp(min=1e-6)


def calibrate(networks: nn.ModuleDict, results: Results) -> None:
    """Set each point's scale so that expected and observed errors of ``results`` agree."""
    error = np.where(results.valid, results.error, 0).sum(axis=0)
    expected = np.where(results.valid, results.expected, 0).sum(axis=0)
    seen = results.valid.sum(axis=0)
    # Few examples say little: such points lean on the average of all.
    prior = 50 * error.sum() / max(expected.sum(), 1e-9)
    mean = expected / np.maximum(seen, 1)
    ratio = (error + prior * mean) / np.maximum(expected + 50 * mean, 1e-9)
    scale = torch.from_numpy(np.log(np.clip(ratio, 0.05, 20.0))).float()
    buffer = networks["regressor"].log_scale
    buffer += scale.to(buffer.device)


def summary(results: Results) -> dict[str, Any]:
    """The figures of a report."""
    named = results.valid[:, NAMED]
    errors = results.error[:, NAMED]
    humans = np.isin(results.family, families.REALISTIC)
    frontal = np.abs(results.yaw) <= 30
    real = results.face
    score = np.abs(results.found)
    is_face = results.found >= 0
    threshold = 0.5
    felt = (results.emotion >= 0) & real
    return {
        "pictures": int(real.sum()),
        "named": _nme(errors, named),
        "human, within 30 degrees": _nme(errors, named & (humans & frontal)[:, None]),
        "auc@10": _area(errors, named),
        "failures@10": _failures(errors, named),
        "families": {
            name: _nme(errors, named & (results.family == name)[:, None]) for name in source.FACES
        },
        "styles": {
            style: _nme(errors, named & (results.style == style)[:, None]) for style in looks.STYLES
        },
        "regions": {
            region: _nme(results.error[:, rows], results.valid[:, rows])
            for region, rows in ((r, scheme.indices(names)) for r, names in scheme.REGIONS.items())
        },
        "calibration": list(deciles(results)),
        "visible": float(results.visible_hit[real].mean()),
        "exists": float(results.exists_hit[real].mean()),
        "shapes": float(results.shape_error[real].mean()),
        "emotions": float((results.emotion == results.guess)[felt].mean()) if felt.any() else None,
        "found": float((score > threshold)[is_face].mean()) if is_face.any() else None,
        "overlap": float(results.overlap[is_face].mean()) if is_face.any() else None,
        "false finds": float((score > threshold)[~is_face].mean()) if (~is_face).any() else None,
    }


def _per_picture(errors: NDArray[np.float64], valid: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean error of each picture that has valid points."""
    counts = valid.sum(axis=1)
    means = np.where(valid, errors, 0).sum(axis=1) / np.maximum(counts, 1)
    return means[counts > 0]


def _nme(errors: NDArray[np.float64], valid: NDArray[np.bool_]) -> float | None:
    means = _per_picture(errors, valid)
    return float(means.mean()) if len(means) else None


def _failures(errors: NDArray[np.float64], valid: NDArray[np.bool_]) -> float | None:
    means = _per_picture(errors, valid)
    return float((means > FAILURE).mean()) if len(means) else None


def _area(errors: NDArray[np.float64], valid: NDArray[np.bool_]) -> float | None:
    """Area under the cumulative error curve to 10 %, divided by 10."""
    means = _per_picture(errors, valid)
    return float(np.clip(1 - means / FAILURE, 0, 1).mean()) if len(means) else None


def deciles(results: Results) -> Iterator[dict[str, float]]:
    """Expected and observed error in ten groups of equal size, from the surest on."""
    expected, error = results.expected[results.valid], results.error[results.valid]
    order = np.argsort(expected)
    for group in np.array_split(order, 10):
        if len(group):
            yield {
                "expected": float(expected[group].mean()),
                "observed": float(error[group].mean()),
            }
