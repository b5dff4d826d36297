# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure how artists' faces move: ``python -m benchmarks.artist_motion --heads DIR --out FILE``.

For each artist named in ARTISTS, the template is bent on to the head, and the motion of points of
its skin in each of the artist's ARKit shapes is carried back to the template, where faces of all
proportions can be compared. tools/shape_prior.py corrects the template's own shapes by that.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from auto_rig_face.models.assets import asset_path
from auto_rig_face.models.face_landmarker import FaceLandmarker
from auto_rig_face.rigging.analyse import analyse
from auto_rig_face.rigging.final_landmarks import reframe
from auto_rig_face.rigging.fusion import locate_face
from auto_rig_face.rigging.head import Head, LipSide, Role
from auto_rig_face.rigging.landmarks import landmarks_from_dense
from auto_rig_face.rigging.mirror import even_out
from auto_rig_face.rigging.registration import Registration, register
from auto_rig_face.rigging.similarity import fit_similarity
from auto_rig_face.rigging.surface import closest
from auto_rig_face.rigging.template import Template, load_template
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .artists import ArtistHead, load_head

# Artist -> the head to measure, and what to say of it.
ARTISTS: Final[dict[str, dict[str, str]]] = {
    "ict": {
        "head": "ict_generic",
        "source": "ICT-FaceKit (github.com/ICT-VGL/ICT-FaceKit), FaceXModel",
        "licence": "MIT, (c) 2020 USC Institute for Creative Technologies",
    },
    "vitruvian": {
        "head": "vitruvian",
        "source": "CharMorph-Vitruvian (github.com/Upliner/CharMorph-Vitruvian), facial morphs",
        "licence": "CC0 1.0, Sean Buckley and Olaf Delgado-Friedrichs",
    },
}
POINTS: Final = 160
FACE_POINTS: Final = 468  # Face Landmarker's, less the irises
NOSE_TIP: Final = 1
NEIGHBOURHOOD: Final = 0.3  # IOD of the template, over which it is bent on to the head as one
MATCH: Final = 0.08  # IOD between the bent template and the artist's skin
EMPTY: Final = 1e-3  # IOD
UNIT: Final = 1e-4  # IOD, of the numbers written

Floats = NDArray[np.float64]


def main(arguments: list[str] | None = None) -> int:
    """Measure all artists and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--heads", type=Path, required=True, help="folder of head folders")
    parser.add_argument("--out", type=Path, default=Path("tools/artist_motion.json"))
    options = parser.parse_args(arguments)
    template = load_template(asset_path("template.npz"))
    landmarker = FaceLandmarker()
    points = spread_points(template.dense.on(template.head.vertices)[:FACE_POINTS], POINTS)
    result: dict[str, Any] = {"unit": f"{UNIT:g} IOD", "points": points.tolist(), "artists": {}}
    for artist, about in ARTISTS.items():
        motion = measure(load_head(options.heads / about["head"]), template, landmarker, points)
        shapes = {name: _rounded(moved) for name, moved in sorted(motion.items())}
        result["artists"][artist] = {
            "source": about["source"],
            "licence": about["licence"],
            "shapes": shapes,
        }
        print(f"{artist}: {len(shapes)} shapes")
    options.out.write_text(json.dumps(result, separators=(",", ":")) + "\n", encoding="utf-8")
    return 0


def spread_points(places: Floats, count: int) -> NDArray[np.int64]:
    """(count,) indices of points (P, 3) that lie far from each other (farthest-point sampling)."""
    chosen = [NOSE_TIP]
    distance = np.linalg.norm(places - places[NOSE_TIP], axis=1)
    for _ in range(count - 1):
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(places - places[chosen[-1]], axis=1))
    return np.array(sorted(chosen))


def measure(
    artist: ArtistHead, template: Template, landmarker: FaceLandmarker, points: NDArray[np.int64]
) -> dict[str, Floats]:
    """Shape -> (P, 3) motion of the points on the template; NaN where the artist's head has no
    skin at a point.
    """
    located = locate_face(artist.face_mesh, landmarker.predict)
    landmarks = landmarks_from_dense(located, template)
    head = reframe(even_out(analyse(artist.face_mesh, landmarks)))
    registration = register(template, head)
    index = np.full(len(template.head.vertices), -1)
    index[registration.skin] = np.arange(len(registration.skin))
    corners, weights = template.dense.corners[points], template.dense.weights[points]
    on_skin = (index[corners] >= 0).all(axis=1)
    bent = (registration.vertices[index[corners]] * weights[..., None]).sum(axis=1)
    rest = (registration.rest[index[corners]] * weights[..., None]).sum(axis=1)
    sides = np.array([np.bincount(side).argmax() for side in template.head.lip_side[corners]])
    found_corners, found_weights, distance = _on_artist(head, bent, sides)
    known = on_skin & (distance < MATCH)
    back = _local_turns(registration, rest)
    result = {}
    for name, shape in artist.shapes.items():
        moved = np.zeros_like(head.vertices)
        moved[head.weld] = shape @ head.frame.axes.T / head.frame.scale
        if np.abs(moved).max() > EMPTY:
            motion = (moved[found_corners] * found_weights[..., None]).sum(axis=1)
            carried = np.einsum("pi,pij->pj", motion, back)
            result[name] = np.where(known[:, None], carried, np.nan)
    return result


def _on_artist(
    head: Head, places: Floats, sides: NDArray[np.int64]
) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Corners (P, 3), weights (P, 3) and distance (P,) of the visible skin next to places (P, 3),
    never on the other lip.
    """
    skin = (head.role == Role.SKIN) & head.visible
    triangles = head.triangles[skin[head.triangles].all(axis=1)]
    corners = np.zeros((len(places), 3), np.int64)
    weights, distance = np.zeros((len(places), 3)), np.full(len(places), np.inf)
    for side, other in (
        (LipSide.NONE, None),
        (LipSide.UPPER, LipSide.LOWER),
        (LipSide.LOWER, LipSide.UPPER),
    ):
        mine = sides == side
        own = triangles
        if other is not None:
            own = triangles[(head.lip_side[triangles] != other).all(axis=1)]
        if mine.any() and len(own):
            found = closest(head.vertices, own, places[mine])
            corners[mine], weights[mine] = found.corners, found.weights
            distance[mine] = found.distance
    return corners, weights, distance


def _local_turns(registration: Registration, rest: Floats) -> Floats:
    """(P, 3, 3) turn and scale of row vectors from the bent template back to rest, around each
    place (P, 3) of the template at rest.
    """
    tree = cKDTree(registration.rest)
    turns = []
    for place in rest:
        near = tree.query_ball_point(place, NEIGHBOURHOOD)
        similarity = fit_similarity(registration.vertices[near], registration.rest[near])
        turns.append(similarity(np.eye(3)) - similarity(np.zeros((1, 3))))
    return np.array(turns)


def _rounded(motion: Floats) -> list[int | None]:
    """Flat list of whole units, None where unknown."""
    return [None if np.isnan(value) else round(value / UNIT) for value in motion.ravel()]


if __name__ == "__main__":
    raise SystemExit(main())
