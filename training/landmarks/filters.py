# SPDX-License-Identifier: GPL-3.0-or-later
"""Muon for convolutions: each step of a layer is made orthogonal, so that it moves all of what the
layer can do alike (Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn


class FilterMuon(torch.optim.Muon):
    """torch's Muon, which knows matrices only, on the filters (outputs, inputs, rows, columns) of
    convolutions: of each, all weights of an output are one row.

    Learning rate and decay are those that suit AdamW.
    """

    def __init__(self, filters: Sequence[nn.Parameter], lr: float, weight_decay: float) -> None:
        self._filters = list(filters)
        self._matrices = [nn.Parameter(f.detach().flatten(1).clone()) for f in self._filters]
        super().__init__(
            self._matrices, lr=lr, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw"
        )

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Take a step on the filters, whose gradients are at hand."""
        for own, matrix in zip(self._filters, self._matrices, strict=True):
            matrix.copy_(own.flatten(1))
            matrix.grad = None if own.grad is None else own.grad.flatten(1)
        loss = super().step(closure)
        for own, matrix in zip(self._filters, self._matrices, strict=True):
            own.copy_(matrix.view(own.shape))
        return loss
