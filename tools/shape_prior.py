# SPDX-License-Identifier: GPL-3.0-or-later
"""Correct the template's shapes by how other artists' faces move.

One artist's shapes are one artist's taste. ``artist_motion.json`` holds what was measured on other
rigs (benchmarks/artist_motion.py): for each ARKit shape the motion of some of Face Landmarker's
points, carried over to the template. The template's own motion there and theirs are averaged, the
difference is spread smoothly over the skin, and hard edges away from lips and lids are smoothed.
Head frame throughout.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from auto_rig_face.rigging.laplacian import Factors
    from auto_rig_face.rigging.template import Template

FIGURES: Final = Path(__file__).resolve().parent / "artist_motion.json"
UNIT: Final = 1e-4  # IOD, of the numbers in the file
# What they do alone is not what they are for: mouthClose answers to jawOpen.
KEPT: Final = ("mouthClose", "tongueOut")
# An open mouth is round; its units come to a point in the middle of the lips.
OPENING: Final = ("jawOpen", "mouthFunnel")
AGREEMENT: Final = 0.4  # cosine with the template's motion; below it a shape means something else
MOST_GAIN: Final = 1.4
HOLD: Final = 3000.0  # of the figures, against the bending of the skin
REACH: Final = (0.18, 0.45)  # IOD from the nearest point: where the correction starts to fade, ends
SMOOTHING: Final = 0.07  # IOD, standard deviation
LIP_EDGE: Final = (0.10, 0.20)  # IOD from the lip line: what is finer stays, what is smoothed
LID_EDGE: Final = (0.02, 0.10)  # the same from the lid margins

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ArtistMotion:
    """What was measured on one artist's rig: shape -> (P, 3) motion of the points, NaN unknown."""

    shapes: Mapping[str, Floats]


@dataclass(frozen=True)
class Figures:
    """``points`` (P,) indices of Face Landmarker's points; ``artists`` by name."""

    points: NDArray[np.int64]
    artists: Mapping[str, ArtistMotion]

    def without(self, artist: str) -> Figures:
        """The same without one artist, whose rig is to judge the result."""
        others = {name: motion for name, motion in self.artists.items() if name != artist}
        return Figures(self.points, others)


def read_figures(path: Path = FIGURES) -> Figures:
    """The figures that come with the repository."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    artists = {
        name: ArtistMotion(
            {
                shape: UNIT * np.array(motion, float).reshape(-1, 3)
                for shape, motion in entry["shapes"].items()
            }
        )
        for name, entry in stored["artists"].items()
    }
    return Figures(np.array(stored["points"]), artists)


def improve(template: Template, figures: Figures) -> Template:
    """The template with shapes that are the mean of its own artist's and the others'."""
    from auto_rig_face.rigging.mirror import MirroredSkin, mirror_plane
    from auto_rig_face.rigging.shape_keys import symmetrise

    skin = _Skin(template, figures.points)
    shapes: dict[str, Floats] = {}
    for name, unit in template.shapes.items():
        own = unit.astype(np.float64)
        others = [
            artist.shapes[name] for artist in figures.artists.values() if name in artist.shapes
        ]
        if name not in KEPT:
            own = skin.smooth(_meet(skin, own, others), lips=name in OPENING)
        shapes[name] = own
    plane = mirror_plane(template.head)
    mirrored = None if plane is None else MirroredSkin(template.head, plane)
    even = symmetrise(shapes, mirrored)
    return replace(template, shapes={name: even[name].astype(np.float32) for name in even})


def _meet(skin: _Skin, own: Floats, others: list[Floats]) -> Floats:
    """A shape (N, 3) whose motion at the points is the mean of all artists', no weaker than the
    mean strength of theirs: motions that differ in direction cancel out in part.
    """
    mine = skin.at_points(own)
    agreed = [mine] + [motion for motion in others if _cosine(motion, mine) > AGREEMENT]
    if len(agreed) == 1:
        return own
    mean = np.nanmean(agreed, axis=0)
    strength = float(np.mean([_strength(motion) for motion in agreed]))
    gain = float(np.clip(strength / max(_strength(mean), 1e-9), 1.0, MOST_GAIN))
    return gain * (own + skin.spread(mean - mine))


def _cosine(motion: Floats, mine: Floats) -> float:
    known = np.isfinite(motion).all(axis=1)
    lengths = np.linalg.norm(motion[known]) * np.linalg.norm(mine[known])
    return float((motion[known] * mine[known]).sum() / max(lengths, 1e-12))


def _strength(motion: Floats) -> float:
    return float(np.sqrt(np.nanmean((motion**2).sum(axis=1))))


class _Skin:
    """The template's skin, on which motion known at some points is spread and smoothed."""

    def __init__(self, template: Template, points: NDArray[np.int64]) -> None:
        from auto_rig_face.rigging.head import Role
        from auto_rig_face.rigging.laplacian import surface_laplacian
        from auto_rig_face.rigging.topology import compact

        head = template.head
        self.ids, triangles = compact(head.triangles_of(Role.SKIN), len(head.vertices))
        self.vertices = head.vertices[self.ids]
        self.laplacian, self.areas = surface_laplacian(self.vertices, triangles)
        corners, weights = template.dense.corners[points], template.dense.weights[points]
        rows = np.repeat(np.arange(len(points)), 3)
        # A point beside the skin (on an eye) says nothing about it.
        on_skin = np.isin(corners, self.ids).all(axis=1)
        place = np.searchsorted(self.ids, corners).clip(max=len(self.ids) - 1)
        self.samples = sparse.csr_matrix(
            ((weights * on_skin[:, None]).ravel(), (rows, place.ravel())),
            (len(points), len(self.ids)),
        )
        self.count = len(head.vertices)
        self._bending = self._factorise_bending(self.samples @ self.vertices, on_skin)
        lids = self._away_from_lids(template)
        self._diffusion = {
            False: self._factorise_diffusion(np.minimum(lids, self._away_from_lips(template))),
            True: self._factorise_diffusion(lids),
        }

    def at_points(self, shape: Floats) -> Floats:
        """Motion (P, 3) of the points in a shape (N, 3)."""
        return np.asarray(self.samples @ shape[self.ids])

    def spread(self, motion: Floats) -> Floats:
        """The smoothest displacement (N, 3) that has this motion (P, 3) at the points where it is
        known, and that fades out away from them.
        """
        wanted = np.nan_to_num(motion)
        result = np.zeros((self.count, 3))
        result[self.ids] = self._bending.solve(HOLD * (self.samples.T @ wanted))
        return result

    def smooth(self, shape: Floats, *, lips: bool) -> Floats:
        """A shape (N, 3) diffused over the skin but for the lids, and for the lips unless asked."""
        result = shape.copy()
        result[self.ids] = self._diffusion[lips].solve(self.areas[:, None] * shape[self.ids])
        return result

    def _factorise_bending(self, points: Floats, on_skin: NDArray[np.bool_]) -> Factors:
        from auto_rig_face.rigging.laplacian import factorise

        distance = cKDTree(points[on_skin]).query(self.vertices)[0]
        still = np.clip((distance - REACH[0]) / (REACH[1] - REACH[0]), 0.0, 1.0)
        mass = sparse.diags(1.0 / np.maximum(self.areas, 1e-8))
        bending = self.laplacian.T @ mass @ self.laplacian
        hold = HOLD * (self.samples.T @ self.samples)
        anchor = sparse.diags(1e3 * still * self.areas / self.areas.mean())
        return factorise(bending + hold + anchor)

    def _away_from_lips(self, template: Template) -> Floats:
        assert template.head.seam is not None
        seam = template.head.seam
        return self._away_from(np.concatenate([seam.upper, seam.lower]), LIP_EDGE)

    def _away_from_lids(self, template: Template) -> Floats:
        margins = [np.concatenate([rim.upper, rim.lower]) for rim in template.head.rims.values()]
        return np.min([self._away_from(margin, LID_EDGE) for margin in margins], axis=0)

    def _factorise_diffusion(self, free: Floats) -> Factors:
        """Diffusion by SMOOTHING where ``free`` (n,) is 1, none where it is 0."""
        from auto_rig_face.rigging.laplacian import factorise

        edges = self.laplacian.tocoo()
        between = edges.row != edges.col
        row, column = edges.row[between], edges.col[between]
        flow = -edges.data[between] * np.sqrt(free[row] * free[column]) * SMOOTHING**2
        flows = sparse.csr_matrix((flow, (row, column)), edges.shape)
        outflow = np.asarray(flows.sum(axis=1)).ravel()
        return factorise(sparse.diags(self.areas + outflow) - flows)

    def _away_from(self, line: Floats, edge: tuple[float, float]) -> Floats:
        distance = cKDTree(line).query(self.vertices)[0]
        return np.clip((distance - edge[0]) / (edge[1] - edge[0]), 0.0, 1.0)
