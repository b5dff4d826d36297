# SPDX-License-Identifier: GPL-3.0-or-later
"""Heads with shapes that an artist made, read from folders.

Each folder holds neutral.obj (+Y up, faces +Z, one object per part), meta.json ("parts": name ->
[first vertex, one past the last]) and, where an artist made shapes, shapes.npz (names, deltas
(K, V, 3) in the order of neutral.obj) and arkit_map.json (ARKit name -> shape, a list of shapes to
add, or null).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
from auto_rig_face.rigging.data import FaceMesh, MeshPart
from numpy.typing import NDArray

# From +Y up, front +Z to Blender's +Z up, front -Y.
TO_BLENDER = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
# The product's own prior comes from this family: it proves nothing about other heads.
OWN_PRIOR = "makehuman"

# iBUG's 68 points on the topology of the ICT FaceKit (its own landmark list, 0-based).
ICT_VERTICES = 24591
ICT_LANDMARKS = np.fromstring(
    """
    1225 1888 1052 367 1719 1722 2199 1447 966 3661 4390 3927 3924 2608 3272 4088 3443 268 493
    1914 2044 1401 3615 4240 4114 2734 2509 978 4527 4942 4857 1140 2075 1147 4269 3360 1507
    1542 1537 1528 1518 1511 3742 3751 3756 3721 3725 3732 5708 5695 2081 0 4275 6200 6213 6346
    6461 5518 5957 5841 5702 5711 5533 6216 6207 6470 5517 5966
    """,
    dtype=np.int64,
    sep=" ",
)
# Our names on iBUG's 68 points; several points mean their midpoint. Left out is what iBUG defines
# otherwise: the chin (below ours), brows (their upper edge), nostrils (below the wings).
IBUG_NAMES: dict[str, tuple[int, ...]] = {
    "eye_outer_R": (36,),
    "eye_inner_R": (39,),
    "eye_inner_L": (42,),
    "eye_outer_L": (45,),
    "lid_upper_R": (37, 38),
    "lid_lower_R": (40, 41),
    "lid_upper_L": (43, 44),
    "lid_lower_L": (46, 47),
    "nose_tip": (30,),
    "nose_base": (33,),
    "mouth_corner_R": (48,),
    "mouth_corner_L": (54,),
    "lip_upper_top": (51,),
    "lip_lower_bottom": (57,),
    "lip_upper_inner": (62,),
    "lip_lower_inner": (66,),
}


@dataclass(frozen=True)
class ArtistHead:
    """A head in Blender's world axes; ``shapes``: ARKit name -> (V, 3) float64 displacement;
    ``landmarks``: our name -> (3,) where the artist's topology says where it is.
    """

    name: str
    face_mesh: FaceMesh
    shapes: dict[str, NDArray[np.float64]]
    landmarks: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    @property
    def own_prior(self) -> bool:
        """Whether the head belongs to the family that the product's shapes come from."""
        return self.name.startswith(OWN_PRIOR)


def head_folders(folder: Path) -> list[Path]:
    """Folders below ``folder`` that hold a head, by name."""
    return sorted(path.parent for path in folder.glob("*/neutral.obj"))


def load_head(folder: Path) -> ArtistHead:
    """Read one head."""
    vertices, triangles = read_obj(folder / "neutral.obj")
    parts = json.loads((folder / "meta.json").read_text())["parts"]
    face_mesh = FaceMesh(
        vertices=vertices @ TO_BLENDER.T,
        triangles=triangles,
        parts=tuple(MeshPart(name, start, stop) for name, (start, stop) in parts.items()),
    )
    return ArtistHead(
        name=folder.name,
        face_mesh=face_mesh,
        shapes=_read_shapes(folder),
        landmarks=_landmarks(face_mesh) if folder.name.startswith("ict_") else {},
    )


def read_obj(path: Path) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Vertices (V, 3) and the fan-triangulated faces (T, 3) of a Wavefront file."""
    vertices, triangles = [], []
    for line in path.read_text().splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "v":
            vertices.append([float(number) for number in rest.split()[:3]])
        elif kind == "f":
            corners = [int(corner.split("/")[0]) - 1 for corner in rest.split()]
            triangles += [(corners[0], b, c) for b, c in pairwise(corners[1:])]
    return np.array(vertices, float), np.array(triangles, np.int64)


def _read_shapes(folder: Path) -> dict[str, NDArray[np.float64]]:
    if not (folder / "shapes.npz").exists():
        return {}
    with np.load(folder / "shapes.npz") as stored:
        deltas = dict(zip(stored["names"].tolist(), stored["deltas"], strict=True))
    names = json.loads((folder / "arkit_map.json").read_text())
    shapes = {}
    for arkit, own in names.items():
        parts = [own] if isinstance(own, str) else own or []
        if parts:
            total = np.sum([deltas[part].astype(float) for part in parts], axis=0)
            shapes[arkit] = total @ TO_BLENDER.T
    return shapes


def _landmarks(face_mesh: FaceMesh) -> dict[str, NDArray[np.float64]]:
    if len(face_mesh.vertices) != ICT_VERTICES:
        return {}
    points = face_mesh.vertices[ICT_LANDMARKS]
    return {name: points[list(index)].mean(axis=0) for name, index in IBUG_NAMES.items()}
