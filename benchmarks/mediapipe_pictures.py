# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures of benchmarks/mediapipe_check.py: heads that training makes in code."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final

import numpy as np
from auto_rig_face.rigging.data import HeadFrame
from auto_rig_face.rigging.views import BACKGROUND, look, render
from auto_rig_face.vocabulary import EMOTIONS
from numpy.typing import NDArray

from training.landmarks import expressions
from training.landmarks.heads import families

from .generality import known_points, mesh_of

FIRST_SEED: Final = 3000
COUNT: Final = 24
YAWS: Final = np.linspace(-40.0, 40.0, COUNT)
PITCHES: Final = (0.0, -20.0, 10.0, 20.0, -10.0)
ROLLS: Final = (0.0, 12.0, 0.0, -18.0, 0.0, 25.0, 0.0, -25.0)
RESOLUTIONS: Final = (128, 192, 256, 384, 512, 768, 1024)
HEAD_SIZES: Final = (5.5, 4.5, 4.0)  # width of the picture in IOD

# The heads look to -Y, and the unit is the distance between their eyes.
FRAME: Final = HeadFrame(np.zeros(3), np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]]), 1.0)

Points = NDArray[np.float64]
Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Sitting:
    """One picture: who is on it, degrees, pixels a side, and the picture's width in IOD.

    ``beside``: pixels of background that are added on its left, so that it isn't square.
    """

    family: str
    seed: int
    emotion: str
    yaw: float
    pitch: float
    roll: float
    resolution: int
    head_size: float
    beside: int

    @property
    def label(self) -> str:
        return f"{self.family} {self.seed}, {self.emotion}"

    @property
    def view(self) -> str:
        size = f"{self.resolution + self.beside}x{self.resolution}"
        return f"{size}, yaw {self.yaw:.0f}, pitch {self.pitch:.0f}, roll {self.roll:.0f}"


def sittings() -> list[Sitting]:
    """Every picture of the check: all angles, sizes and expressions, in mixed company."""
    return [
        Sitting(
            "cartoon" if k % 4 == 3 else "human",
            FIRST_SEED + k,
            EMOTIONS[k % len(EMOTIONS)],
            float(YAWS[k * 7 % COUNT]),
            PITCHES[k % len(PITCHES)],
            ROLLS[k % len(ROLLS)],
            (resolution := RESOLUTIONS[k % len(RESOLUTIONS)]),
            HEAD_SIZES[k % len(HEAD_SIZES)],
            resolution // 3 if k % 6 == 4 else 0,
        )
        for k in range(COUNT)
    ]


def take_picture(sitting: Sitting) -> tuple[Picture, dict[str, Points]]:
    """The picture, and where in it the head's named landmarks (2,) are known to be, in pixels."""
    expression = expressions.emotion(sitting.emotion, 0.7)
    head = families.build_head(sitting.family, sitting.seed, expression)
    camera = look(
        *(FRAME, sitting.yaw, sitting.pitch),
        size=sitting.head_size,
        resolution=sitting.resolution,
    )
    cosine, sine = np.cos(np.radians(sitting.roll)), np.sin(np.radians(sitting.roll))
    turn = np.array([[cosine, sine, 0.0], [-sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    camera = dataclasses.replace(camera, axes=turn @ camera.axes)
    wall = np.full((sitting.resolution, sitting.beside, 3), BACKGROUND, np.uint8)
    known = {
        name: camera.project(point)[0] + [sitting.beside, 0]
        for name, point in known_points(head).items()
    }
    return np.hstack([wall, render(mesh_of(head), camera)]), known
