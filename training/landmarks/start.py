# SPDX-License-Identifier: GPL-3.0-or-later
"""Training that goes on from exported landmark networks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from ..folding import exported, unfold
from ..onnx_files import sha256
from .export import FILES


def begin(networks: nn.ModuleDict, folder: Path, pictures: Mapping[str, Tensor]) -> str:
    """Give ``networks`` the weights of the exports in ``folder``; where they are from, in words.

    ``pictures``: some of what each network is trained on. Raises ValueError where an export is of
    another layout than the network.
    """
    hashes = []
    for name, file in FILES.items():
        unfold(networks[name], exported(folder / file), pictures[name])
        hashes.append(sha256(folder / file)[:12])
    return "the weights of " + " and ".join(hashes)
