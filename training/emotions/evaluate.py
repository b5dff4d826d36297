# SPDX-License-Identifier: GPL-3.0-or-later
"""How good the generative models are on people that they never saw."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import torch
from auto_rig_face.animation.emotions import (
    ACTION_UNITS,
    EMFACS,
    OPPOSITES,
    SHAPE_INDEX,
    coefficients_of,
    units_of,
)
from auto_rig_face.vocabulary import ARKIT_SHAPES, EMOTIONS
from numpy.typing import NDArray

from .data import NEUTRAL, Labelled
from .networks import NOISE, Decoder, Encoder, condition_of
from .train import divergence, error_of

Floats = NDArray[np.float64]
INTENSITIES: Final = (0.5, 1.0, 1.5, 2.0)
FRAMES: Final = 25  # of a path between two expressions
ACTIVE: Final = 0.01  # variance of a latent mean that is in use
TOGETHER: Final = 0.15  # of two opposites, more than which no face can show


@torch.no_grad()
def of_vae(encoder: Encoder, decoder: Decoder, held_out: Labelled) -> dict[str, Any]:
    """Figures of the VAE."""
    values = torch.from_numpy(held_out.coefficients)
    emotion = torch.from_numpy(held_out.emotion)
    condition = condition_of(emotion, torch.from_numpy(held_out.intensity))
    mean, log_variance = encoder(values, condition)
    decoded = decoder(mean, condition)
    error = (decoded - values).abs()
    noisy = mean + torch.randn_like(mean) * (log_variance / 2).exp()
    worst = int(error.mean(dim=0).argmax())
    latent_paths, straight_paths = _paths(mean, condition, values, decoder)
    return {
        "error": float(error.mean()),
        "worst key": [ARKIT_SHAPES[worst], float(error.mean(dim=0)[worst])],
        "divergence": float(divergence(mean, log_variance)),
        "bound": -float(
            error_of(decoder(noisy, condition), values) + divergence(mean, log_variance)
        ),
        "active": int((mean.var(dim=0) > ACTIVE).sum()),
        "plausible": plausible(latent_paths.reshape(-1, len(ARKIT_SHAPES))),
        "plausible, straight": plausible(straight_paths.reshape(-1, len(ARKIT_SHAPES))),
        "step": _largest_step(latent_paths),
        "step, straight": _largest_step(straight_paths),
        "jerk": _jerk(latent_paths),
        "jerk, straight": _jerk(straight_paths),
    }


def _paths(
    mean: torch.Tensor, condition: torch.Tensor, values: torch.Tensor, decoder: Decoder
) -> tuple[Floats, Floats]:
    """(M, FRAMES, 52) between each two of the first expressions: decoded, and straight."""
    half = min(len(mean) // 2, 400)
    share = torch.linspace(0.0, 1.0, FRAMES)[:, None, None]
    latent, conditions, straight = (
        (1 - share) * one[:half] + share * one[half : 2 * half] for one in (mean, condition, values)
    )
    decoded = torch.stack([decoder(z, c) for z, c in zip(latent, conditions, strict=True)])
    return tuple(paths.permute(1, 0, 2).numpy().astype(np.float64) for paths in (decoded, straight))


@torch.no_grad()
def of_gan(generator: Decoder, held_out: Labelled) -> dict[str, Any]:
    """Figures of the GAN, emotion by emotion."""
    generator_noise = torch.Generator().manual_seed(11)
    confusion = np.zeros((len(EMOTIONS), len(EMOTIONS)), int)
    strengths, wanted, poses, spreads = [], [], [], []
    for emotion in range(len(EMOTIONS)):
        for intensity in (0.0,) if emotion == NEUTRAL else INTENSITIES:
            noise = torch.randn(64, NOISE, generator=generator_noise)
            condition = condition_of(
                torch.full((64,), emotion), torch.full((64,), float(intensity))
            )
            made = generator(noise, condition).numpy().astype(np.float64)
            for pose in made:
                confusion[emotion, recognised(pose)] += 1
            poses.append(made)
            strengths.append(made.sum(axis=1))
            wanted.append(np.full(64, intensity))
            if emotion != NEUTRAL:
                spreads.append((_apart(made), _apart_in_data(held_out, emotion, intensity)))
    recall = confusion.diagonal() / confusion.sum(axis=1)
    return {
        "recall": dict(zip(EMOTIONS, recall.round(3).tolist(), strict=True)),
        "confusion": confusion.tolist(),
        "recall of the data": _recall_of(held_out),
        "intensity": float(np.corrcoef(np.concatenate(strengths), np.concatenate(wanted))[0, 1]),
        "diversity": float(np.divide(*np.sum(spreads, axis=0))),
        "plausible": plausible(np.concatenate(poses)),
    }


def recognised(pose: Floats) -> int:
    """The emotion whose prototype has the most similar direction: nothing is trained for it."""
    units = _units(pose)
    if np.linalg.norm(units) < 0.25:
        return NEUTRAL
    best, found = -1.0, NEUTRAL
    for index, name in enumerate(EMOTIONS):
        for variant in range(len(EMFACS[name])):
            for intensity in (1.0, 2.0):
                if name == "neutral":
                    continue
                one = _units(coefficients_of(units_of(name, variant, intensity)).astype(float))
                likeness = float(units @ one / (np.linalg.norm(units) * np.linalg.norm(one)))
                if likeness > best:
                    best, found = likeness, index
    return found


def plausible(poses: Floats) -> float:
    """Share of (N, 52) poses that a face can take."""
    sound = np.ones(len(poses), bool)
    for first, second in OPPOSITES:
        both = np.minimum(poses[:, SHAPE_INDEX[first]], poses[:, SHAPE_INDEX[second]])
        sound &= both <= TOGETHER
    sound &= poses[:, SHAPE_INDEX["mouthClose"]] <= poses[:, SHAPE_INDEX["jawOpen"]] + 0.02
    return float(sound.mean())


def _units(pose: Floats) -> Floats:
    return np.array(
        [pose[[SHAPE_INDEX[s] for s in shapes]].mean() for shapes in ACTION_UNITS.values()]
    )


def _recall_of(held_out: Labelled) -> float:
    """Of the same recogniser on the data itself: what can be told at all."""
    clear = (held_out.intensity >= INTENSITIES[0]) & (held_out.emotion != NEUTRAL)
    rows = np.flatnonzero(clear)[:600]
    hits = [recognised(held_out.coefficients[r].astype(float)) == held_out.emotion[r] for r in rows]
    return float(np.mean(hits))


def _apart(poses: Floats) -> float:
    """Mean distance of two poses."""
    half = len(poses) // 2
    return float(np.abs(poses[:half] - poses[half : 2 * half]).mean()) if half else 0.0


def _apart_in_data(held_out: Labelled, emotion: int, intensity: float) -> float:
    near = (held_out.emotion == emotion) & (np.abs(held_out.intensity - intensity) < 0.1)
    return _apart(held_out.coefficients[near].astype(float))


def _largest_step(paths: Floats) -> float:
    """Mean over paths of the largest change of a key from frame to frame."""
    return float(np.abs(np.diff(paths, axis=1)).max(axis=(1, 2)).mean())


def _jerk(paths: Floats) -> float:
    """Mean over paths of the peak third difference, with rest before and after."""
    still = [np.repeat(paths[:, row : row + 1], 3, axis=1) for row in (0, -1)]
    padded = np.concatenate([still[0], paths, still[1]], axis=1)
    return float(np.abs(np.diff(padded, 3, axis=1)).max(axis=(1, 2)).mean())
