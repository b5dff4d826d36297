# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes over the convolutions of a landmark network, from a checkpoint or from the ONNX file that
the product ships.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from ..folding import exported, unfold
from .network import Trunk

_PARTS = ("near", "middle", "far", "squeeze")


def start_from(trunk: Trunk, file: Path, pictures: Tensor) -> list[str]:
    """Take over what a landmark regressor of the same width has learnt; the names of what was.

    ``pictures`` (B, 3, S, S) in 0..1, such as the trunk will see: an ONNX file has its batch norms
    folded into the convolutions, and they are unfolded by the statistics of these.
    Raises ValueError where the file doesn't hold such a regressor.
    """
    if file.suffix == ".onnx":
        unfold(trunk, exported(file), pictures, _PARTS)
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
