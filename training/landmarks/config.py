# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of one training run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Config:
    """``seconds``: how long to train; ``batch``: pictures a step; ``crop``, ``scene``: pixels a
    side that regressor and detector see; ``width``: channels of the networks against the widest;
    ``pool``: heads held ready, ``workers``: processes that build them, ``fresh``: heads exchanged
    a step; ``rate``: highest learning rate, ``warm_up``: its first steps; ``decay``: of weights;
    ``average``: decay of the averaged weights a step; ``tests``: heads in an evaluation;
    ``session``: seconds after which this process stops, to be resumed; ``report``: steps between
    two lines of the log; ``save``: seconds between two checkpoints; ``bank``: the folder of a bank
    of pictures to train on instead of rendering; ``start``: a folder of exported networks to go on
    from; ``compiled``: by torch's compiler, a fifth faster on a CPU after two minutes.
    """

    seconds: float = 1500.0
    session: float = 1e9
    batch: int = 512
    scene_batch: int = 128
    crop: int = 160
    scene: int = 128
    width: float = 0.9
    pool: int = 50_000
    first_heads: int = 6_000
    workers: int = 15
    fresh: int = 40
    rate: float = 2e-3
    warm_up: int = 300
    decay: float = 0.03
    average: float = 0.999
    tests: int = 6000
    report: int = 200
    save: float = 120.0
    seed: int = 1
    bank: str = ""
    start: str = ""
    compiled: bool = False


FULL = Config()
TOY = Config(
    seconds=25.0,
    batch=6,
    scene_batch=4,
    crop=64,
    scene=64,
    width=0.25,
    pool=12,
    first_heads=12,
    workers=0,
    fresh=0,
    warm_up=5,
    tests=12,
    report=5,
    save=10.0,
)
