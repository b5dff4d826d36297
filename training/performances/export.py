# SPDX-License-Identifier: GPL-3.0-or-later
"""The recurrent network as an ONNX file with half-precision weights, checked against torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from auto_rig_face.models.performance_reader import DESCRIPTION, NETWORK
from auto_rig_face.vocabulary import ARKIT_SHAPES

from ..onnx_files import OPSET, half_weights, halved, sha256, write_manifest
from .network import Follower

SIZE_LIMIT: Final = 2_000_000  # bytes
AGREEMENT: Final = 1e-3


@torch.no_grad()
def export(follower: Follower, out: Path) -> dict[str, Any]:
    """Write network, description and hashes to ``out``; facts about the file.

    Raises ValueError where ONNX Runtime and torch differ or the file is too large.
    """
    import onnx
    import onnxruntime

    out.mkdir(parents=True, exist_ok=True)
    network = halved(follower)
    inputs = len(follower.usual)
    generator = torch.Generator().manual_seed(3)
    frames = follower.usual + follower.spread * torch.randn(1, 20, inputs, generator=generator)
    path = out / NETWORK
    torch.onnx.export(
        network,
        (frames,),
        str(path),
        input_names=["frames"],
        output_names=["shapes"],
        dynamic_axes={name: {1: "frames"} for name in ("frames", "shapes")},
        opset_version=OPSET,
        dynamo=False,
    )
    onnx.save(half_weights(onnx.load(str(path))), str(path))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    worst = 0.0
    for count in (20, 7):  # the file must not have learnt the example's length
        some = frames[:, :count].contiguous()
        found = session.run(None, {"frames": some.numpy()})[0]
        worst = max(worst, float(np.abs(found - network(some).numpy()).max()))
    if worst > AGREEMENT:
        raise ValueError(f"{NETWORK}: ONNX and torch differ by {worst:.6f}")
    size = path.stat().st_size
    if size > SIZE_LIMIT:
        raise ValueError(f"{NETWORK} takes {size} bytes, more than {SIZE_LIMIT}")
    about = {"shapes": list(ARKIT_SHAPES), "inputs": inputs}
    (out / DESCRIPTION).write_text(json.dumps(about) + "\n", encoding="utf-8")
    write_manifest(out, (NETWORK, DESCRIPTION))
    return {"bytes": size, "sha256": sha256(path), "agreement": worst}
