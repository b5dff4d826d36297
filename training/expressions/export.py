# SPDX-License-Identifier: GPL-3.0-or-later
"""The reader as an ONNX file with half-precision weights, checked against torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from auto_rig_face.models.expression_reader import DESCRIPTION, NETWORK
from auto_rig_face.vocabulary import ARKIT_SHAPES, EMOTIONS, STRONGEST_EMOTION
from numpy.typing import NDArray

from ..landmarks import points as scheme
from ..onnx_files import OPSET, half_weights, halved, sha256, write_manifest
from .data import ANCHOR_ROWS
from .network import FEATURES, Exported, Reader

INPUTS: Final = ("picture", "points", "rest", "known")
OUTPUTS: Final = ("shapes", "emotions", "intensity", "features")
SIZE_LIMIT: Final = 4_000_000  # bytes
AGREEMENT: Final = 1e-3


@torch.no_grad()
def export(
    reader: Reader, size: int, targets: NDArray[np.float64], out: Path, limit: int = SIZE_LIMIT
) -> dict[str, Any]:
    """Write network, description and hashes to ``out``; facts about the file. How far its readings
    are off is not known yet: ``describe`` says it later.

    Raises ValueError where ONNX Runtime and torch differ or the file is too large.
    """
    import onnx

    out.mkdir(parents=True, exist_ok=True)
    network = halved(Exported(reader))
    for buffer in network.buffers():  # constants of the file, as its weights
        if buffer.is_floating_point():
            buffer.copy_(buffer.half().float())
    example = _example(reader, size)
    path = out / NETWORK
    torch.onnx.export(
        network,
        example,
        str(path),
        input_names=list(INPUTS),
        output_names=list(OUTPUTS),
        dynamic_axes={name: {0: "batch"} for name in (*INPUTS, *OUTPUTS)},
        opset_version=OPSET,
        dynamo=False,
    )
    onnx.save(half_weights(onnx.load(str(path))), str(path))
    difference = _disagreement(network, example, path)
    if difference > AGREEMENT:
        raise ValueError(f"{NETWORK}: ONNX and torch differ by {difference:.6f}")
    count = path.stat().st_size
    if count > limit:
        raise ValueError(f"{NETWORK} takes {count} bytes, more than {limit}")
    unknown = np.ones(len(ARKIT_SHAPES))
    describe(out, size, targets, {"alone": unknown, "compared": unknown})
    return {"bytes": count, "sha256": sha256(path), "agreement": difference}


def describe(
    out: Path,
    size: int,
    targets: NDArray[np.float64],
    deviations: Mapping[str, NDArray[np.float64]],
) -> None:
    """Write what inputs and outputs mean, and the hashes. ``deviations``: (52,) RMS errors of
    readings "alone" and "compared" with the face at rest.
    """
    about = {
        "shapes": list(ARKIT_SHAPES),
        "emotions": list(EMOTIONS),
        "strongest": STRONGEST_EMOTION,
        "size": size,
        "features": FEATURES,
        "points": list(scheme.NAMES),
        "anchors": ANCHOR_ROWS.tolist(),
        "targets": np.round(targets, 5).tolist(),
        "deviations": {way: np.round(off, 4).tolist() for way, off in deviations.items()},
    }
    (out / DESCRIPTION).write_text(json.dumps(about) + "\n", encoding="utf-8")
    write_manifest(out, (NETWORK, DESCRIPTION))


def _example(reader: Reader, size: int, count: int = 3) -> tuple[torch.Tensor, ...]:
    """Inputs at random, but as far from the usual as real ones are."""
    generator = torch.Generator().manual_seed(3)
    points = torch.randn(count, scheme.COUNT, 2, generator=generator)
    if reader.measures:
        points = reader.usual + reader.spread * points
    return (
        torch.rand(count, 3, size, size, generator=generator),
        points,
        torch.rand(count, FEATURES, generator=generator),
        torch.ones(count, 1),
    )


def _disagreement(network: torch.nn.Module, example: tuple[torch.Tensor, ...], path: Path) -> float:
    """Largest difference of any output."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    given = {name: value.numpy() for name, value in zip(INPUTS, example, strict=True)}
    # Inputs that a network doesn't look at aren't in its file.
    wanted = {value.name for value in session.get_inputs()}
    outputs = session.run(None, {name: given[name] for name in wanted})
    pairs = zip(outputs, network(*example), strict=True)
    return max(float(np.abs(one - other.numpy()).max()) for one, other in pairs)
