# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes over the convolutions of a landmark network, from a checkpoint or from the ONNX file that
the product ships.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .network import Trunk

_PARTS = ("near", "middle", "far", "squeeze")


def start_from(trunk: Trunk, file: Path, pictures: Tensor) -> list[str]:
    """Take over what a landmark regressor of the same width has learnt; the names of what was.

    ``pictures`` (B, 3, S, S) in 0..1, such as the trunk will see: an ONNX file has its batch norms
    folded into the convolutions, and they are unfolded by the statistics of these.
    Raises ValueError where the file doesn't hold such a regressor.
    """
    if file.suffix == ".onnx":
        _from_onnx(trunk, file, pictures)
    else:
        _from_checkpoint(trunk, file)
    return [name for name in trunk.state_dict() if name.split(".")[0] in _PARTS]


def _from_checkpoint(trunk: Trunk, file: Path) -> None:
    state = torch.load(file, map_location="cpu", weights_only=True)
    own = trunk.state_dict()
    learnt = {
        name.removeprefix("regressor."): value
        for name, value in state["average"].items()
        if name.removeprefix("regressor.").split(".")[0] in _PARTS and "regressor." in name
    }
    if any(name not in own or value.shape != own[name].shape for name, value in learnt.items()):
        raise ValueError(f"{file} holds no landmark regressor of this width")
    trunk.load_state_dict(own | learnt)


@torch.no_grad()
def _from_onnx(trunk: Trunk, file: Path, pictures: Tensor) -> None:
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(file)).graph
    values = [numpy_helper.to_array(tensor).astype(np.float32) for tensor in graph.initializer]
    # The trunk's convolutions come first, in the order of its layers; each has its bias behind it.
    first = [row for row, value in enumerate(values) if value.ndim == 4]
    pairs = _pairs(trunk)
    for (convolution, norm), row in zip(pairs, first, strict=False):
        weight, bias = values[row], values[row + 1]
        if weight.shape != convolution.weight.shape or bias.shape != norm.bias.shape:
            raise ValueError(f"{file} holds no landmark regressor of this width")
        convolution.weight.copy_(torch.from_numpy(weight.copy()))
        norm.bias.copy_(torch.from_numpy(bias.copy()))
        norm.weight.fill_(1.0)
        norm.running_mean.zero_()
        norm.running_var.fill_(1.0 - norm.eps)
    if len(first) < len(pairs):
        raise ValueError(f"{file} holds no landmark regressor")
    _unfold(trunk, [norm for _, norm in pairs], pictures)


def _pairs(trunk: Trunk) -> list[tuple[nn.Conv2d, nn.BatchNorm2d]]:
    """Convolutions and the batch norms behind them, in the order of the layers."""
    layers = [
        layer
        for part in _PARTS
        for layer in getattr(trunk, part).modules()
        if isinstance(layer, nn.Conv2d | nn.BatchNorm2d)
    ]
    return list(zip(layers[::2], layers[1::2], strict=True))


def _unfold(trunk: Trunk, norms: list[nn.BatchNorm2d], pictures: Tensor) -> None:
    """Give norms that add a bias alone the statistics of what goes through them, and weights that
    undo it: in use nothing changes, and in training what is normalised comes out as it was.
    """
    seen: dict[nn.Module, tuple[Tensor, Tensor]] = {}

    def look(norm: nn.Module, inputs: tuple[Any, ...]) -> None:
        values = inputs[0].float()
        seen[norm] = values.mean(dim=(0, 2, 3)), values.var(dim=(0, 2, 3), unbiased=False)

    handles = [norm.register_forward_pre_hook(look) for norm in norms]
    trunk.eval()(pictures)
    for handle in handles:
        handle.remove()
    for norm in norms:
        mean, variance = seen[norm]
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.add_(mean)
