# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks as ONNX files with half-precision weights, and the hashes that readers check."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import nn

OPSET: Final = 17
_SMALL: Final = 16  # tensors of fewer values stay as they are


def halved(network: nn.Module) -> nn.Module:
    """A copy on the CPU with batch norms folded in and weights rounded to half precision."""
    folded = _folded(copy.deepcopy(network).float().cpu().eval())
    folded = folded.to(memory_format=torch.contiguous_format)
    for parameter in folded.parameters():
        parameter.data = parameter.data.half().float()
    return folded


def half_weights(model: Any) -> Any:
    """``model`` with its large weights stored in half precision and cast where they are used."""
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < _SMALL:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def write_manifest(folder: Path, names: Iterable[str]) -> None:
    """The hashes that the product checks the files against."""
    hashes = {name: sha256(folder / name) for name in names}
    (folder / "manifest.json").write_text(json.dumps(hashes, indent=2) + "\n", encoding="utf-8")


def sha256(path: Path) -> str:
    """Of a file, in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _folded(module: nn.Module) -> nn.Module:
    for name, child in list(module.named_children()):
        setattr(module, name, _folded(child))
    if isinstance(module, nn.Sequential):
        layers: list[nn.Module] = []
        for layer in module:
            if isinstance(layer, nn.BatchNorm2d) and isinstance(layers[-1], nn.Conv2d):
                layers[-1] = nn.utils.fuse_conv_bn_eval(layers[-1], layer)
            else:
                layers.append(layer)
        return nn.Sequential(*layers)
    return module
