# SPDX-License-Identifier: GPL-3.0-or-later
"""Training that goes on from an export."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch, for training only, isn't installed")
pytest.importorskip("onnx", reason="onnx isn't installed")
from auto_rig_face.training import folding  # noqa: E402
from auto_rig_face.training.landmarks import export, start  # noqa: E402
from auto_rig_face.training.landmarks.config import TOY  # noqa: E402
from auto_rig_face.training.landmarks.trainer import Trainer  # noqa: E402
from auto_rig_face.training.onnx_files import halved  # noqa: E402

CPU = torch.device("cpu")


def pictures(count: int, seed: int = 1) -> torch.Tensor:
    return torch.rand(count, 3, TOY.crop, TOY.crop, generator=torch.Generator().manual_seed(seed))


def trained(tmp_path: Path) -> torch.nn.ModuleDict:
    """Networks whose batch norms have seen something, and their exports in ``tmp_path``."""
    networks = Trainer(TOY, CPU).networks
    for network in networks.values():
        for seed in range(3):
            network.train()(pictures(4, seed) * (1 + seed))
        network.eval()
    for name, file in export.FILES.items():
        export._write(halved(networks[name]), TOY.crop, tmp_path / file, export.OUTPUTS[name])
    return networks


@pytest.mark.parametrize("name", sorted(export.FILES))
def test_a_network_goes_on_from_what_its_export_answers(tmp_path: Path, name: str) -> None:
    old = trained(tmp_path)[name]
    torch.manual_seed(9)
    new = Trainer(TOY, CPU).networks[name]
    seen, other = pictures(8, 5), pictures(4, 6)
    folding.unfold(new, folding.exported(tmp_path / export.FILES[name]), seen)
    with torch.no_grad():
        expected, answered = old(other), new.eval()(other)
        while_training = new.train()(seen)
        at_rest = new.eval()(seen)
    for first, second in zip(flat(expected), flat(answered), strict=True):
        assert torch.allclose(first, second, atol=5e-3)
    # The norms' statistics are those of the pictures, so that the first step changes nothing.
    for first, second in zip(flat(while_training), flat(at_rest), strict=True):
        assert torch.allclose(first, second, atol=5e-2)


def flat(output: torch.Tensor | tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    return output if isinstance(output, tuple) else (output,)


def test_an_export_of_another_layout_is_refused(tmp_path: Path) -> None:
    trained(tmp_path)
    wrong = folding.exported(tmp_path / export.FILES["regressor"])
    with pytest.raises(ValueError, match="has no"):
        folding.unfold(Trainer(TOY, CPU).networks["detector"], wrong, pictures(2))


def test_the_card_says_what_a_run_began_from(tmp_path: Path) -> None:
    trained(tmp_path)
    trainer = Trainer(TOY, CPU)
    given = {name: pictures(4) for name in export.FILES}
    trainer.began(start.begin(trainer.networks, tmp_path, given))
    trainer.save(tmp_path / "checkpoint.pt")
    resumed = Trainer(TOY, CPU)
    resumed.load(tmp_path / "checkpoint.pt")
    assert resumed.origin.startswith("the weights of ")
    for name, value in trainer.averaged().state_dict().items():
        assert torch.equal(value, trainer.networks.state_dict()[name]), name
