# SPDX-License-Identifier: GPL-3.0-or-later
"""The baked template as the families use it, with eyeballs that every head gets anew."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from auto_rig_face.errors import RigError
from numpy.typing import NDArray

from ... import ROOT
from .. import points as scheme
from .shapes import Floats

TEMPLATE = ROOT / ".cache" / "training" / "template.npz"  # not among the assets that ship
COARSE_LEVELS = 5


@dataclass(frozen=True)
class TemplateData:
    """``vertices`` (V, 3) at rest; ``triangles`` (T, 3) without eyeballs, their ``role`` (T,);
    ``shapes`` (52, V, 3); ``targets`` (K, V, 3) with ``target_names``; ``ears`` (V,) 0..1;
    ``corners``, ``weights`` (COUNT, 3): the landmarks; ``eyeballs`` (2, 4) centre and radius, left
    then right; ``coarse``: decimated skins over the same vertices.
    """

    vertices: Floats
    triangles: NDArray[np.int64]
    role: NDArray[np.uint8]
    shapes: NDArray[np.float32]
    target_names: tuple[str, ...]
    targets: NDArray[np.float32]
    ears: Floats
    corners: NDArray[np.int64]
    weights: Floats
    eyeballs: Floats
    coarse: tuple[NDArray[np.int64], ...]

    def points_on(self, vertices: Floats) -> Floats:
        """(COUNT, 3) the landmarks where the mesh's vertices are ``vertices``."""
        return (vertices[self.corners] * self.weights[..., None]).sum(axis=1)

    def place(self, vertices: Floats, name: str) -> Floats:
        """(3,) one landmark."""
        row = scheme.INDEX[name]
        return self.weights[row] @ vertices[self.corners[row]]


@lru_cache(maxsize=1)
def load(path: Path = TEMPLATE) -> TemplateData:
    """Read the baked file. Raises RigError where it was never baked."""
    if not path.is_file():
        raise RigError(
            f"{path} is missing.", "Run `python -m training.landmarks bake` after `make assets`."
        )
    with np.load(path, allow_pickle=False) as archive:
        data = {name: archive[name] for name in archive.files}
    return TemplateData(
        vertices=data["vertices"],
        triangles=data["triangles"].astype(np.int64),
        role=data["role"],
        shapes=data["shapes"].astype(np.float32),
        target_names=tuple(str(name) for name in data["target_names"]),
        targets=data["targets"].astype(np.float32),
        ears=data["ears"].astype(np.float64),
        corners=data["corners"].astype(np.int64),
        weights=data["weights"].astype(np.float64),
        eyeballs=data["eyeballs"],
        coarse=tuple(data[f"coarse_{level}"].astype(np.int64) for level in range(COARSE_LEVELS)),
    )
