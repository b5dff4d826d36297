# SPDX-License-Identifier: GPL-3.0-or-later
"""Exported networks taken up again where the checkpoint that they came from is gone.

An export has its batch norms folded into the convolutions. They are set up again so that a network
answers as it did, with the statistics of pictures that it is trained on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn


def exported(path: Path) -> dict[str, Tensor]:
    """The weights of an exported network by the names of its parameters."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(path)).graph
    weights = {
        tensor.name.removesuffix("_half"): torch.from_numpy(
            numpy_helper.to_array(tensor).astype("float32")
        )
        for tensor in graph.initializer
    }
    # Of equal weights only one is kept, which goes by the other names as well.
    for node in graph.node:
        if node.op_type == "Identity" and node.input[0] in weights:
            weights[node.output[0]] = weights[node.input[0]]
    return weights


@torch.no_grad()
def unfold(
    network: nn.Module,
    folded: Mapping[str, Tensor],
    pictures: Tensor,
    parts: Iterable[str] | None = None,
) -> None:
    """Set convolutions, norms and linear layers so that, on anything, ``network`` answers as the
    folded one; what else it has starts anew. ``pictures`` (B, 3, S, S) give the norms' statistics;
    ``parts``: only these children. Raises ValueError where ``folded`` is of another layout.
    """
    norms = []
    chosen = None if parts is None else tuple(parts)
    for layer, name in folded_names(network):
        if chosen is not None and name.split(".")[0] not in chosen:
            continue
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_running_stats()
            layer.running_var.fill_(1 - layer.eps)
            layer.weight.fill_(1.0)
            _put(layer.bias, folded, f"{name}.bias")
            norms.append(layer)
            continue
        _put(layer.weight, folded, f"{name}.weight")
        if layer.bias is not None:
            _put(layer.bias, folded, f"{name}.bias")
    seen: dict[nn.Module, Tensor] = {}
    hooks = [
        norm.register_forward_pre_hook(lambda norm, given: seen.update({norm: given[0].float()}))
        for norm in norms
    ]
    network.eval()(pictures)
    for hook in hooks:
        hook.remove()
    for norm in norms:
        variance, mean = torch.var_mean(seen[norm], dim=(0, 2, 3), correction=0)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.bias.add_(mean)
        norm.weight.copy_((variance + norm.eps).sqrt())


def folded_names(module: nn.Module, name: str = "") -> Iterator[tuple[nn.Module, str]]:
    """Layers with weights, and what each is called after folding; a norm goes by the name of its
    convolution.
    """
    if isinstance(module, nn.Conv2d | nn.Linear):
        yield module, name
        return
    place = -1
    for own, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            yield child, _joined(name, str(place))
            continue
        place += 1
        part = str(place) if isinstance(module, nn.Sequential) else own
        yield from folded_names(child, _joined(name, part))


def _joined(*parts: str) -> str:
    return ".".join(part for part in parts if part)


def _put(parameter: Tensor, folded: Mapping[str, Tensor], name: str) -> None:
    given = folded.get(name)
    if given is None or given.shape != parameter.shape:
        raise ValueError(
            f"The exported network is of another layout or width: it has no {name} of "
            f"{tuple(parameter.shape)}"
        )
    parameter.copy_(given)
