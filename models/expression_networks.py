# SPDX-License-Identifier: GPL-3.0-or-later
"""The generative models of expressions on ONNX Runtime: poses of emotions, and ways between poses.

Trained by ``training/emotions`` on synthetic expressions alone; ``models/expressions/README.md``
says what that means.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .assets import asset_path
from .runtime import run_batch, session

FOLDER: Final = Path(__file__).resolve().parent / "expressions"
DESCRIPTION: Final = "expressions.json"
NEUTRAL: Final = "neutral"
# What a network says of a shape that has nothing to do with the expression.
QUIET: Final = 0.03
# Latent vectors whose directions are nearer than this are interpolated straight.
_FINER: Final = 4  # times as many poses are decoded as a way is given by
_PARALLEL: Final = 1e-3

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pose:
    """``coefficients`` (52,) 0..1 in ARKit order; ``emotion``: one of the networks', or "" where
    it isn't known; ``intensity`` 0..2.
    """

    coefficients: Floats
    emotion: str = ""
    intensity: float = 0.0


class ExpressionModels:
    """All three networks, loaded once and asked often. Loading raises RigError when it can't be."""

    def __init__(self, threads: int = 1, folder: Path = FOLDER) -> None:
        about = _description(folder)
        self.emotions: tuple[str, ...] = tuple(about["emotions"])
        self._strongest = float(about["strongest"])
        self._noise = int(about["noise"])
        self._size = len(about["shapes"])
        self._close = about["shapes"].index("mouthClose")
        self._jaw = about["shapes"].index("jawOpen")
        number = {name: index for index, name in enumerate(about["shapes"])}
        self._opposites = [(number[a], number[b]) for a, b in about["opposites"]]
        self._encoder, self._decoder, self._generator = (
            session(asset_path(f"expression_{name}.onnx", folder), threads)
            for name in ("vae_encoder", "vae_decoder", "generator")
        )

    def generate(self, emotion: str, intensity: float, seed: int) -> Pose:
        """A pose of an emotion. A seed shows it in its own way, at every intensity alike."""
        if emotion == NEUTRAL or intensity <= 0.0:
            return Pose(np.zeros(self._size), NEUTRAL, 0.0)
        noise = np.random.default_rng(seed).standard_normal(self._noise)
        condition = self._condition(emotion, intensity)
        made = run_batch(self._generator, noise=noise[None], condition=condition[None])[0]
        # What is faint goes, and nothing jumps as the intensity changes.
        values = np.clip((made.astype(np.float64) - QUIET) / (1.0 - QUIET), 0.0, 1.0)
        return Pose(self._possible(self._settled(values)), emotion, intensity)

    def path(self, first: Pose, second: Pose, count: int) -> Floats:
        """(count, 52) poses on the way from one to the other, both included as they are, at even
        distances.
        """
        share = np.linspace(0.0, 1.0, _FINER * (count - 1) + 1)
        ends = np.stack([first.coefficients, second.coefficients])
        conditions = np.stack(
            [self._condition(pose.emotion, pose.intensity) for pose in (first, second)]
        )
        latent = run_batch(self._encoder, coefficients=ends, condition=conditions)
        between = _blend(conditions[0], conditions[1], share)
        on_the_way = _slerp(latent[0].astype(float), latent[1].astype(float), share)
        decoded = run_batch(self._decoder, latent=on_the_way, condition=between).astype(float)
        # What the networks can't express of the ends is added, so that both are exact.
        off = ends - decoded[[0, -1]]
        values = np.clip(decoded + _blend(off[0], off[1], share), 0.0, 1.0)
        values = np.stack([self._possible(pose) for pose in values])
        values[[0, -1]] = ends
        # Where neither end shows a shape, what the decoder has of it is noise.
        return _evenly(np.where((ends == 0.0).all(axis=0), 0.0, values), count)

    def _possible(self, values: Floats) -> Floats:
        """Lips can't close more than the jaw has opened them."""
        values[self._close] = min(values[self._close], values[self._jaw])
        return values

    def _settled(self, values: Floats) -> Floats:
        """Muscles that pull against each other cancel out."""
        for first, second in self._opposites:
            values[[first, second]] -= min(values[first], values[second])
        return values

    def _condition(self, emotion: str, intensity: float) -> Floats:
        condition = np.zeros(len(self.emotions) + 1)
        if emotion:
            condition[self.emotions.index(emotion)] = 1.0
            condition[-1] = intensity / self._strongest
        return condition


def _evenly(poses: Floats, count: int) -> Floats:
    """``count`` poses at even distances along a way: latent space has fast and slow stretches."""
    done = np.cumsum(np.linalg.norm(np.diff(poses, axis=0, prepend=poses[:1]), axis=1))
    wanted = np.linspace(0.0, done[-1], count)
    return np.stack([np.interp(wanted, done, shape) for shape in poses.T], axis=1)


def _blend(first: Floats, second: Floats, share: Floats) -> Floats:
    return first + share[:, None] * (second - first)


def _slerp(first: Floats, second: Floats, share: Floats) -> Floats:
    """Along the great circle, with the length changing evenly: latent vectors of a normal
    distribution lie near a sphere.
    """
    sizes = np.linalg.norm(first), np.linalg.norm(second)
    if min(sizes) < _PARALLEL:
        return _blend(first, second, share)
    cosine = float(np.clip(first @ second / (sizes[0] * sizes[1]), -1.0, 1.0))
    angle = np.arccos(cosine)
    if min(angle, np.pi - angle) < _PARALLEL:
        return _blend(first, second, share)
    weights = np.sin(np.stack([1.0 - share, share]) * angle) / np.sin(angle)
    directions = np.outer(weights[0], first / sizes[0]) + np.outer(weights[1], second / sizes[1])
    return directions * (sizes[0] + share * (sizes[1] - sizes[0]))[:, None]


def _description(folder: Path) -> dict[str, Any]:
    about: dict[str, Any] = json.loads(asset_path(DESCRIPTION, folder).read_text(encoding="utf-8"))
    return about
