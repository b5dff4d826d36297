# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps on the filters of convolutions."""

from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch", reason="torch, for training only, isn't installed")
from auto_rig_face.training.landmarks.filters import FilterMuon  # noqa: E402


@pytest.fixture
def layer():
    torch.manual_seed(3)
    return torch.nn.Conv2d(6, 12, 3, bias=False).to(memory_format=torch.channels_last)


def test_a_step_moves_all_that_a_layer_can_do_alike(layer) -> None:
    before = layer.weight.detach().clone()
    # One direction of the gradient is a hundred times as steep as all others.
    gradient = torch.randn(12, 54)
    gradient += 100 * torch.outer(torch.randn(12), torch.randn(54))
    layer.weight.grad = gradient.view(12, 6, 3, 3)
    FilterMuon([layer.weight], lr=0.1, weight_decay=0.0).step()
    sizes = torch.linalg.svdvals((layer.weight.detach() - before).flatten(1))
    assert sizes.max() / sizes.min() < 4


def test_a_layer_without_a_gradient_stays(layer) -> None:
    before = layer.weight.detach().clone()
    FilterMuon([layer.weight], lr=0.1, weight_decay=0.1).step()
    assert torch.equal(layer.weight, before)


def test_what_was_saved_goes_on_alike(layer) -> None:
    target = torch.randn_like(layer.weight)

    def train(optimiser: FilterMuon, steps: int) -> None:
        for _ in range(steps):
            layer.weight.grad = 2 * (layer.weight.detach() - target)
            optimiser.step()

    first = FilterMuon([layer.weight], lr=0.05, weight_decay=0.01)
    start = float((layer.weight.detach() - target).norm())
    train(first, 5)
    weights, state = layer.weight.detach().clone(), copy.deepcopy(first.state_dict())
    train(first, 5)
    wanted = layer.weight.detach().clone()
    assert float((wanted - target).norm()) < start
    with torch.no_grad():
        layer.weight.copy_(weights)
    second = FilterMuon([layer.weight], lr=0.05, weight_decay=0.01)
    second.load_state_dict(state)
    train(second, 5)
    assert torch.allclose(layer.weight, wanted)
