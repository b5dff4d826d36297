# SPDX-License-Identifier: GPL-3.0-or-later
"""The recurrent half of Liao et al.'s CNN-LSTM; the convolutions are the expression reader's.

S. Hochreiter, J. Schmidhuber, "Long Short-Term Memory" (Neural Computation 9(8), 1997); in both
directions after M. Schuster, K. Paliwal (IEEE Transactions on Signal Processing 45(11), 1997). The
memory doesn't say what a face shows, it says which frames of a reading to believe: a filter of its
own for every shape and frame, after B. De Brabandere et al., "Dynamic Filter Networks" (NeurIPS
2016). So it can't take what it knows from heads of its training for what another head does.
"""

from __future__ import annotations

from typing import Final

import torch
from auto_rig_face.vocabulary import ARKIT_SHAPES
from torch import Tensor, nn

SHAPES: Final = len(ARKIT_SHAPES)
REACH: Final = 8  # frames to either side
TAPS: Final = 2 * REACH + 1
_WIDTH: Final = 2.5  # frames, of the filter that training begins with


class Follower(nn.Module):
    """(B, F, ``inputs``) of models.performance_reader.inputs_of to (B, F, 52) coefficients."""

    def __init__(self, inputs: int, width: int = 64, layers: int = 2, dropout: float = 0.2) -> None:
        super().__init__()
        self.register_buffer("usual", torch.zeros(inputs))
        self.register_buffer("spread", torch.ones(inputs))
        away = torch.arange(-REACH, REACH + 1).float() / _WIDTH
        self.register_buffer("first", -(away**2) / 2)
        self.narrow = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(inputs, width), nn.Hardswish(), nn.Dropout(dropout)
        )
        between = dropout if layers > 1 else 0.0
        self.memory = nn.LSTM(
            width, width, layers, batch_first=True, bidirectional=True, dropout=between
        )
        self.filters = nn.Linear(2 * width, SHAPES * TAPS)
        with torch.no_grad():
            self.filters.weight.mul_(0.1)
            self.filters.bias.zero_()

    def forward(self, frames: Tensor) -> Tensor:
        remembered, _ = self.memory(self.narrow((frames - self.usual) / self.spread))
        weights = self.filters(remembered).unflatten(2, (SHAPES, TAPS)) + self.first
        read = frames[..., :SHAPES].sigmoid()
        before, after = read[:, :1].expand(-1, REACH, -1), read[:, -1:].expand(-1, REACH, -1)
        longer = torch.cat([before, read, after], dim=1)
        near = torch.stack([longer[:, tap : tap - TAPS + 1 or None] for tap in range(TAPS)], dim=-1)
        return (weights.softmax(dim=-1) * near).sum(dim=-1)
