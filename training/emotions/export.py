# SPDX-License-Identifier: GPL-3.0-or-later
"""The generative models as ONNX files with their model card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from auto_rig_face.animation.emotions import OPPOSITES
from auto_rig_face.vocabulary import ARKIT_SHAPES, EMOTIONS, STRONGEST_EMOTION
from torch import Tensor, nn

from ..onnx_files import OPSET, half_weights, halved, sha256, write_manifest
from .networks import CONDITION, LATENT, NOISE, SHAPES, Decoder, Encoder

DESCRIPTION: Final = "expressions.json"
AGREEMENT: Final = 1e-4


class MeanEncoder(nn.Module):
    """The encoder's mean alone: what the product asks for."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, coefficients: Tensor, condition: Tensor) -> Tensor:
        """(B, LATENT)."""
        return self.encoder(coefficients, condition)[0]


def export(
    encoder: Encoder, decoder: Decoder, generator: Decoder, out: Path, figures: dict[str, Any]
) -> None:
    """Write networks, description, hashes and model card to ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    networks = {
        "expression_vae_encoder.onnx": (MeanEncoder(encoder), "coefficients", SHAPES, "latent"),
        "expression_vae_decoder.onnx": (decoder, "latent", LATENT, "coefficients"),
        "expression_generator.onnx": (generator, "noise", NOISE, "coefficients"),
    }
    for file, (network, first, size, output) in networks.items():
        _write(halved(network), out / file, first, size, output)
    about = {
        "shapes": list(ARKIT_SHAPES),
        "emotions": list(EMOTIONS),
        "strongest": STRONGEST_EMOTION,
        "latent": LATENT,
        "noise": NOISE,
        "opposites": [list(pair) for pair in OPPOSITES],
    }
    (out / DESCRIPTION).write_text(json.dumps(about) + "\n", encoding="utf-8")
    write_manifest(out, (*networks, DESCRIPTION))
    (out / "README.md").write_text(_card(out, tuple(networks), figures), encoding="utf-8")


@torch.no_grad()
def _write(network: nn.Module, path: Path, first: str, size: int, output: str) -> None:
    """Raises ValueError where ONNX Runtime and torch differ."""
    import onnx
    import onnxruntime

    example = (torch.rand(3, size), torch.rand(3, CONDITION))
    torch.onnx.export(
        network,
        example,
        str(path),
        input_names=[first, "condition"],
        output_names=[output],
        dynamic_axes={name: {0: "batch"} for name in (first, "condition", output)},
        opset_version=OPSET,
        dynamo=False,
    )
    onnx.save(half_weights(onnx.load(str(path))), str(path))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = (first, "condition")
    given = session.run(None, {n: e.numpy() for n, e in zip(names, example, strict=True)})[0]
    difference = float(np.abs(given - network(*example).numpy()).max())
    if difference > AGREEMENT:
        raise ValueError(f"{path.name}: ONNX and torch differ by {difference:.6f}")


def _card(out: Path, files: tuple[str, ...], figures: dict[str, Any]) -> str:
    vae, gan = figures["vae"], figures["gan"]
    rows = "\n".join(
        f"| `{name}` | {(out / name).stat().st_size} | `{sha256(out / name)}` |" for name in files
    )
    share = "{:.1%}".format
    recall = "\n".join(f"| {name} | {share:.2f} |" for name, share in gan["recall"].items())
    return f"""# Expressions: model card

A conditional GAN makes a pose of a face for an emotion, an intensity of 0 to
{STRONGEST_EMOTION:g} and a seed; a conditional VAE finds the way between two poses. Poses are the
52 ARKit coefficients.

| file | bytes | sha256 |
|---|---|---|
{rows}

The condition is the emotion, in the order of `{DESCRIPTION}`, as seven numbers of which one is 1,
and half of the intensity; all zeros for an expression of no known emotion.

## Data
Synthetic: {figures["expressions"]} poses of made-up people, from published tables of action units
(EMFACS, see `animation/emotions.py`), their blends, individual strengths and asymmetry, made by
`training/emotions/data.py`. Nobody was recorded. What the models know of emotions is what those
tables say of posed, prototypical ones: nothing about how a particular person feels or looks, and
nothing about cultures or age. People of the figures below were never trained on.

## Figures
`python -m training.emotions run` gives them.

| VAE, {figures["tests"]} poses of held-out people | |
|---|---|
| mean absolute error of a coefficient | {vae["error"]:.4f} |
| worst key | {vae["worst key"][0]}: {vae["worst key"][1]:.4f} |
| evidence lower bound, without its constant | {vae["bound"]:.2f} |
| divergence | {vae["divergence"]:.2f} |
| latent dimensions in use | {vae["active"]} of {LATENT} |
| poses on the way that a face can take | {share(vae["plausible"])} |
| the same on the straight way | {share(vae["plausible, straight"])} |
| largest step of 24 | {vae["step"]:.3f} (straight: {vae["step, straight"]:.3f}) |
| peak third difference | {vae["jerk"]:.3f} (straight: {vae["jerk, straight"]:.3f}) |

Steps and jerk are those of the path alone, at even speed; the product eases along it.

| GAN, share recognised at intensities 0.5, 1, 1.5 and 2 | |
|---|---|
{recall}

Recognised by the direction of the nearest EMFACS prototype, which nothing was trained with; the
same rule recognises {share(gan["recall of the data"])} of the data. Correlation of wanted intensity
and total activation {gan["intensity"]:.2f}; differences between seeds {gan["diversity"]:.2f} of
those between people in the data; poses that a face can take {share(gan["plausible"])}.

## Limits
Prototypes, not people. Not for telling what somebody feels. What a pose looks like depends on the
rig that shows it.

## Licence
GPL-3.0-or-later, as the project that it belongs to.
"""
