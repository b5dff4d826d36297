# SPDX-License-Identifier: GPL-3.0-or-later
"""Families of heads: complete, reproducible, and with labels where the features are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from auto_rig_face.rigging.raycast import RayScene
from auto_rig_face.training.landmarks import expressions as ex
from auto_rig_face.training.landmarks import points as scheme
from auto_rig_face.training.landmarks.heads import families, stylise, template_data
from auto_rig_face.training.landmarks.heads.assembly import Surface
from auto_rig_face.training.landmarks.heads.shapes import Mesh, ellipsoid
from auto_rig_face.training.landmarks.scene import Head, Role

SEEDS = (1, 2, 3)
FAMILIES = families.FAMILIES


def build(family: str, seed: int, expression: ex.Expression | None = None) -> Head:
    return families.build_head(family, seed, expression or ex.neutral())


def at(head: Head, name: str) -> np.ndarray:
    return head.points[scheme.INDEX[name]]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_head_is_complete(family: str, seed: int) -> None:
    head = build(family, seed, ex.sample(np.random.default_rng(seed)))
    assert head.points.shape == (scheme.COUNT, 3)
    for array in (head.vertices, head.normals, head.points, head.tint):
        assert np.isfinite(array).all()
    assert head.triangles.max() < len(head.vertices)
    assert len(head.role) == len(head.triangles)
    assert set(np.unique(head.role)) <= set(Role)
    assert 0 <= head.tint.min() <= head.tint.max() <= 1


@pytest.mark.parametrize("family", FAMILIES)
def test_a_seed_gives_the_same_head_and_another_one_another(family: str) -> None:
    first, again, other = build(family, 7), build(family, 7), build(family, 8)
    assert np.array_equal(first.vertices, again.vertices)
    assert np.array_equal(first.points, again.points)
    assert first.vertices.shape != other.vertices.shape or not np.allclose(
        first.vertices, other.vertices
    )


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", SEEDS)
def test_eyes_lie_one_unit_apart_and_above_the_mouth(family: str, seed: int) -> None:
    head = build(family, seed)
    centres = [(at(head, f"lid_upper_{s}_00") + at(head, f"lid_upper_{s}_10")) / 2 for s in "LR"]
    assert centres[0][0] > 0 > centres[1][0]
    assert 0.7 < np.linalg.norm(centres[0] - centres[1]) < 1.4
    assert at(head, "lip_inner_05")[1] < min(centre[1] for centre in centres)
    assert at(head, "chin")[1] < at(head, "lip_inner_05")[1]
    assert at(head, "lip_inner_10")[0] > at(head, "lip_inner_00")[0]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", SEEDS)
def test_existing_points_lie_on_the_head(family: str, seed: int) -> None:
    head = build(family, seed)
    import igl

    squared = igl.point_mesh_squared_distance(
        head.points.astype(np.float64),
        head.vertices.astype(np.float64),
        head.triangles.astype(np.int64),
    )[0]
    distance = np.sqrt(squared[head.exists])
    assert np.median(distance) < 0.02
    # A coarse mesh's chords leave the points of the fine one a little.
    assert np.quantile(distance, 0.95) < 0.12


@pytest.mark.parametrize("family", FAMILIES)
def test_an_open_jaw_parts_the_lips_where_there_is_a_mouth(family: str) -> None:
    coefficients = ex.neutral().coefficients.copy()
    coefficients[ex.SHAPE_INDEX["jawOpen"]] = 1.0
    opened = replace(ex.neutral(), coefficients=coefficients)
    parted = 0
    for seed in SEEDS:
        closed, wide = build(family, seed), build(family, seed, opened)
        gaps = [
            at(head, "lip_inner_05")[1] - at(head, "lip_inner_15")[1] for head in (closed, wide)
        ]
        shown = wide.expression["jawOpen"]
        assert gaps[1] > gaps[0] + 0.05 if shown else gaps[1] == pytest.approx(gaps[0], abs=1e-3)
        parted += bool(shown)
    assert parted


@pytest.mark.parametrize("family", ["toon", "anime", "blocky", "creature"])
def test_the_pupil_of_an_open_eye_is_seen_from_the_front(family: str) -> None:
    seen = 0
    for seed in range(6):
        head = build(family, seed)
        scene = RayScene(head.vertices, head.triangles)
        for side in "LR":
            pupil = at(head, f"pupil_{side}").astype(float)
            hit = scene.cast(pupil + [0, 0, 30.0], np.array([[0, 0, -1.0]])).distance[0]
            seen += abs(hit - 30.0) < 0.06
    assert seen >= 8  # of 12: glasses and hair hide some


def test_the_same_point_means_the_same_on_both_halves() -> None:
    head = build("toon", 4)
    mirrored = head.points[scheme.MIRROR] * [-1.0, 1.0, 1.0]
    skin = scheme.indices((*scheme.REGIONS["jaw"], *scheme.REGIONS["cheeks"]))
    assert np.abs(head.points - mirrored)[skin].max() < 0.05


@pytest.mark.parametrize("scale", [0.6, 1.0, 1.3, 1.8, 2.3, 2.7])
def test_growing_eyes_fold_no_skin(scale: float) -> None:
    away = np.linspace(0.01, 3.0, 600)
    grown = away * (1 + (scale - 1) * stylise.growth(away, scale))
    assert (np.diff(grown) > 0).all()
    assert grown[-1] == pytest.approx(away[-1])
    assert grown[0] == pytest.approx(scale * away[0])


def test_warps_of_no_strength_change_nothing() -> None:
    data = template_data.load()
    warp = stylise.sample_warp(np.random.default_rng(0), 0.0)
    rest = data.vertices
    weights = stylise.lattice_weights(rest)
    moved = stylise.apply(warp, rest, rest, data.ears, data.eyeballs, weights)
    assert np.abs(moved - rest).max() < 1e-9


def test_shut_lids_meet_whatever_the_eyes() -> None:
    coefficients = ex.neutral().coefficients.copy()
    for side in ("Left", "Right"):
        coefficients[ex.SHAPE_INDEX[f"eyeBlink{side}"]] = 1.0
    shut = replace(ex.neutral(), coefficients=coefficients)
    for seed in SEEDS:
        opened, closed = (build("cartoon", seed, e) for e in (ex.neutral(), shut))
        gaps = [
            np.linalg.norm(at(head, "lid_upper_L_05") - at(head, "lid_lower_L_05"))
            for head in (opened, closed)
        ]
        assert gaps[1] < 0.45 * gaps[0] + 0.02


def test_a_drawing_over_an_opening_stays_at_the_level_of_its_rim() -> None:
    ball = ellipsoid((0, 0, 0), (1, 1, 1))
    middle = ball.vertices[ball.triangles].mean(axis=1)
    hole = (np.hypot(middle[:, 0], middle[:, 1]) < 0.4) & (middle[:, 2] > 0)
    assert hole.any()
    open_ball = Surface(Mesh(ball.vertices, ball.triangles[~hole]))
    drawing = np.stack([np.linspace(-0.6, 0.6, 25), np.zeros(25)], axis=1)
    laid = open_ball.lay(drawing)
    np.testing.assert_allclose(laid[:, :2], drawing, atol=1e-9)
    assert laid[:, 2].min() > 0.7
