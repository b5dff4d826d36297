# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks to ONNX with half-precision weights, checked against torch, with a model card."""

from __future__ import annotations

import hashlib
import json
import textwrap
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from auto_rig_face.vocabulary import EMOTIONS
from torch import nn

from ..onnx_files import OPSET, half_weights, halved, write_manifest
from . import points as scheme
from .config import Config
from .heads.template_data import load
from .network import PER_POINT

FILES: Final = {"detector": "landmark_detector.onnx", "regressor": "landmark_regressor.onnx"}
OUTPUTS: Final = {"detector": ["cells"], "regressor": ["points", "others"]}
SIZE_LIMIT: Final = 8_000_000  # bytes, both together
AGREEMENT: Final = 1e-3  # pixels


def export(
    networks: nn.ModuleDict, config: Config, out: Path, figures: dict[str, Any]
) -> dict[str, Any]:
    """Write both networks and the model card to ``out``; the facts of the card.

    Raises ValueError when ONNX Runtime and torch differ or the files are too large.
    """
    out.mkdir(parents=True, exist_ok=True)
    facts: dict[str, Any] = {"files": {}, "figures": figures}
    sizes = {"detector": config.scene, "regressor": config.crop}
    for name, file in FILES.items():
        network = halved(networks[name])
        path = out / file
        _write(network, sizes[name], path, OUTPUTS[name])
        difference = disagreement(network, path, sizes[name])
        if difference > AGREEMENT:
            raise ValueError(f"{file}: ONNX and torch differ by {difference:.5f} pixels")
        data = path.read_bytes()
        facts["files"][file] = {
            "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "input": sizes[name],
            "agreement": difference,
        }
    total = sum(fact["bytes"] for fact in facts["files"].values())
    if total > SIZE_LIMIT:
        raise ValueError(f"The networks take {total} bytes, more than {SIZE_LIMIT}")
    about = json.dumps(_description(config)) + "\n"
    (out / "landmarks.json").write_text(about, encoding="utf-8")
    (out / "README.md").write_text(card(facts), encoding="utf-8")
    write_manifest(out, (*FILES.values(), "landmarks.json"))
    return facts


def _write(network: nn.Module, size: int, path: Path, outputs: list[str]) -> None:
    import onnx

    torch.onnx.export(
        network,
        (torch.rand(1, 3, size, size),),
        str(path),
        input_names=["picture"],
        output_names=outputs,
        dynamic_axes={name: {0: "batch"} for name in ("picture", *outputs)},
        opset_version=OPSET,
        dynamo=False,
    )
    onnx.save(half_weights(onnx.load(str(path))), str(path))


@torch.no_grad()
def disagreement(network: nn.Module, path: Path, size: int, count: int = 4) -> float:
    """Largest difference of the places that ONNX Runtime and torch give, in pixels."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    generator = torch.Generator().manual_seed(3)
    pictures = torch.rand(count, 3, size, size, generator=generator)
    wanted = network(pictures)
    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    given = session.run(None, {"picture": pictures.numpy()})
    first, second = wanted[0].numpy(), given[0]
    if first.ndim == 3:  # points: only their places are lengths
        first, second = first[..., :2], second[..., :2]
    return float(np.abs(first - second).max() * size / 2)


def _description(config: Config) -> dict[str, Any]:
    """What a reader of the outputs must know. ``rest``: the points of the average head, head frame;
    ``face_box``: the points that its box is drawn around; ``eyes``: the character's right outer
    corner, and the left one; ``mirror``: the row of each point's mirror image.
    """
    template = load()
    rest = template.points_on(template.vertices)
    return {
        "points": list(scheme.NAMES),
        "rest": np.round(rest, 4).tolist(),
        "face_box": list(scheme.FACE_BOX),
        "eyes": ["lid_upper_R_10", "lid_upper_L_10"],
        "mirror": scheme.MIRROR.tolist(),
        "named": scheme.PRODUCT_POINTS,
        "per_point": ["x", "y", "log_sigma", "visible", "exists"][:PER_POINT],
        "emotions": list(EMOTIONS),
        "crop": config.crop,
        "scene": config.scene,
    }


def card(facts: dict[str, Any]) -> str:
    """The model card in Markdown."""
    figures = facts["figures"]

    def shown(value: Any) -> str:
        return "-" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)

    files = "\n".join(
        f"| `{name}` | {f['bytes']} | {f['input']} | {f['agreement']:.1e} | `{f['sha256']}` |"
        for name, f in facts["files"].items()
    )
    families = "\n".join(f"| {k} | {shown(v)} |" for k, v in figures["families"].items())
    regions = "\n".join(f"| {k} | {shown(v)} |" for k, v in figures["regions"].items())
    trust = "\n".join(
        f"| {shown(row['expected'])} | {shown(row['observed'])} |" for row in figures["calibration"]
    )
    spent = figures["training"]
    kept = spent["kept"]
    source = "each of them new" if kept is None else f"drawn again and again from {kept}, changed"
    trained = textwrap.fill(
        f"Trained for {spent['seconds']} s on one {spent['device'].upper()}: {spent['steps']} "
        f"steps, {spent['pictures']} pictures, {source}. Begun from {spent['origin']}.",
        99,
    )
    return f"""# Landmarks on any head: model card

Two networks find a face of any style in a picture and place {scheme.COUNT} landmarks on it, each
with an uncertainty, with whether it is visible and whether the head has it at all.

| file | bytes | pixels a side | torch against ONNX, pixels | sha256 |
|---|---|---|---|---|
{files}

Input: RGB in 0..1, `(batch, 3, side, side)`. `landmarks.json` names the outputs.

## Data
Rendered heads only, made by `training/landmarks`: the CC0 MakeHuman template with random identities
and strong stylisation, and heads built in code (ball toons, anime, blocky, animals, creatures). No
photograph of a person. Identities of the figures below were never trained on.

{trained}

## Figures
Error in percent of the inter-ocular distance, {figures["pictures"]} synthetic test pictures.

| | |
|---|---|
| named points | {shown(figures["named"])} |
| humans within 30 degrees | {shown(figures["human, within 30 degrees"])} |
| AUC@10 | {shown(figures["auc@10"])} |
| share above 10 % | {shown(figures["failures@10"])} |
| visible, exists: share right | {shown(figures["visible"])}, {shown(figures["exists"])} |
| coefficients: mean absolute error | {shown(figures["shapes"])} |
| emotions: share right | {shown(figures["emotions"])} |
| faces found, false finds | {shown(figures["found"])}, {shown(figures["false finds"])} |

| family | error |
|---|---|
{families}

| region | error |
|---|---|
{regions}

| expected | observed |
|---|---|
{trust}

## Limits
Synthetic figures say little about photographs. One face a picture. The less a head shows (turned
far away, tiny, no mouth), the worse; the expected error says so. Ears and the crown of the head are
rough guesses. Coefficients and emotions are by-products of the training and good for nothing yet.
Not for telling who somebody is.

## Licence
GPL-3.0-or-later, as the project that it belongs to.
"""
