# SPDX-License-Identifier: GPL-3.0-or-later
"""Both networks in training: steps, running average, checkpoints."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path

import torch
from torch import nn

from .config import Config
from .filters import FilterMuon
from .losses import Batch, detector_loss, regressor_loss
from .network import Detector, Regressor, unpack


class Trainer:
    """Both networks with their optimisers and running average; can be saved and resumed."""

    def __init__(self, config: Config, device: torch.device) -> None:
        torch.manual_seed(config.seed)
        self.config, self.device = config, device
        self.networks = nn.ModuleDict(
            {"regressor": Regressor(config.crop, config.width), "detector": Detector(config.width)}
        )
        self.networks.to(device, memory_format=torch.channels_last)
        self.average = {k: v.clone() for k, v in self.networks.state_dict().items()}
        self.optimisers = self._optimisers()
        if config.compiled:
            for network in self.networks.values():
                network.compile()
        self.step, self.pictures, self.spent, self.origin = 0, 0, 0.0, "nothing"
        self._halves = device.type == "cuda" or _multiplies_halves()

    def _optimisers(self) -> tuple[torch.optim.Optimizer, ...]:
        """Muon for the filters between the first and the last layers, AdamW for the rest."""
        config = self.config
        filters = [
            layer.weight
            for network in self.networks.values()
            for layer in network.modules()
            if isinstance(layer, nn.Conv2d) and layer.in_channels > 3 and layer.bias is None
        ]
        taken = {id(weights) for weights in filters}
        others = [p for p in self.networks.parameters() if id(p) not in taken]
        matrices = {"params": [p for p in others if p.ndim > 1], "weight_decay": config.decay}
        vectors = {"params": [p for p in others if p.ndim <= 1], "weight_decay": 0.0}
        return (
            FilterMuon(filters, lr=config.rate, weight_decay=config.decay),
            torch.optim.AdamW(
                [matrices, vectors], lr=config.rate, fused=self.device.type == "cuda"
            ),
        )

    def began(self, origin: str) -> None:
        """Take the networks as they are now for the beginning, which ``origin`` names in words."""
        self.origin = origin
        self.average = {k: v.clone() for k, v in self.networks.state_dict().items()}

    def train_step(self, crop: Batch, scene: Batch) -> dict[str, float]:
        """One step on both networks; the terms of the loss."""
        self._set_rate()
        self.networks.train()
        bf16 = torch.autocast(self.device.type, torch.bfloat16, enabled=self._halves)
        layout = torch.channels_last
        with bf16:
            face = unpack(
                self.networks["regressor"](crop.pictures.contiguous(memory_format=layout))
            )
            found = self.networks["detector"](scene.pictures.contiguous(memory_format=layout))
        terms = regressor_loss(face, crop.truth) | detector_loss(found, scene.truth)
        loss = torch.stack(list(terms.values())).sum()
        self.networks.zero_grad(set_to_none=True)
        loss.backward()
        for network in self.networks.values():
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        for optimiser in self.optimisers:
            optimiser.step()
        self.step += 1
        self.pictures += len(crop.pictures) + len(scene.pictures)
        self._update_average()
        if not self._reports():
            return {}
        return {name: float(term.detach()) for name, term in terms.items()}

    def _reports(self) -> bool:
        return self.step % self.config.report == 0

    def _set_rate(self) -> None:
        """Linear warm-up, then a cosine over the time that the run has."""
        share = min(self.spent / self.config.seconds, 1.0)
        rate = self.config.rate * (0.5 * (1 + math.cos(math.pi * share)) + 0.005)
        rate *= min(1.0, (self.step + 1) / self.config.warm_up)
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = rate

    @torch.no_grad()
    def _update_average(self) -> None:
        # A young average would lag behind: it forgets faster at first.
        keep = min(self.config.average, (1 + self.step) / (10 + self.step))
        for name, value in self.networks.state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value, 1 - keep)
            else:
                self.average[name].copy_(value)

    def averaged(self) -> nn.ModuleDict:
        """Copies of the networks with the averaged weights, for evaluation."""
        config = self.config
        networks = nn.ModuleDict(
            {"regressor": Regressor(config.crop, config.width), "detector": Detector(config.width)}
        )
        networks.load_state_dict(self.average)
        return networks.to(self.device, memory_format=torch.channels_last).eval()

    def save(self, path: Path) -> None:
        """Write everything that a resumed run needs."""
        state = {
            "config": asdict(self.config),
            "networks": self.networks.state_dict(),
            "average": self.average,
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "step": self.step,
            "pictures": self.pictures,
            "spent": self.spent,
            "origin": self.origin,
        }
        partial = path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint, optimisers included."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.networks.load_state_dict(state["networks"])
        self.average = {k: v.to(self.device) for k, v in state["average"].items()}
        for optimiser, own in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(own)
        self.step, self.pictures = state["step"], state["pictures"]
        self.spent, self.origin = state["spent"], state["origin"]


def _multiplies_halves() -> bool:
    """Whether this processor has bfloat16 arithmetic (AVX-512 or AMX), which trains two to four
    times as fast.
    """
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
