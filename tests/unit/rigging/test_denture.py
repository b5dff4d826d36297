# SPDX-License-Identifier: GPL-3.0-or-later
"""A modelled row of teeth takes the place of a plain one and no more."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from auto_rig_face.rigging.denture import TeethRow, model_row
from hypothesis import given
from hypothesis import strategies as st

TEETH = 14


def plain_row(half_width: float, shape: float, height: float, rise: float) -> np.ndarray:
    """A smooth strip along half an ellipse ``shape`` times as deep as it is wide to one side; its
    ends lie ``rise`` higher than its middle.
    """
    depth = shape * half_width
    angle = np.linspace(-np.pi / 2, np.pi / 2, 25)
    points = []
    for thickness in (1.0, 0.8):
        across, forward = half_width * np.sin(angle), depth * np.cos(angle)
        for level in (0.0, height):
            up = level + rise * (1.0 - np.cos(angle))
            points.append(np.stack([thickness * across, up, thickness * forward], axis=1))
    return np.concatenate(points)


def volume(row: TeethRow) -> float:
    a, b, c, d = (row.vertices[row.faces[:, n]] for n in range(4))
    halves = np.einsum("ij,ij->i", a, np.cross(b, c)) + np.einsum("ij,ij->i", a, np.cross(c, d))
    return float(halves.sum() / 6.0)


rows = st.builds(
    plain_row,
    half_width=st.floats(0.2, 3.0),
    shape=st.floats(0.7, 1.6),
    height=st.floats(0.05, 1.0),
    rise=st.floats(-0.1, 0.1),
)


@given(points=rows, upper=st.booleans())
def test_a_row_is_one_closed_surface_turned_outwards(points, upper) -> None:
    row = model_row(points, upper=upper)
    edges = np.concatenate([row.faces[:, [n, (n + 1) % 4]] for n in range(4)])
    count = Counter(map(tuple, edges.tolist()))
    assert all(number == 1 and count[(b, a)] == 1 for (a, b), number in count.items())
    assert volume(row) > 0.0
    assert 0 < row.gum.sum() < len(row.gum)


@given(points=rows, upper=st.booleans())
def test_a_row_stays_where_the_plain_one_was(points, upper) -> None:
    row = model_row(points, upper=upper)
    size = np.ptp(points, axis=0)
    tolerance = 0.03 * size.max()
    assert (row.vertices.max(axis=0) < points.max(axis=0) + tolerance).all()
    assert (row.vertices.min(axis=0) > points.min(axis=0) - tolerance).all()
    assert (np.ptp(row.vertices, axis=0) > 0.7 * size).all()


@given(points=rows, upper=st.booleans())
def test_both_sides_are_alike(points, upper) -> None:
    row = model_row(points, upper=upper)
    mirrored = row.vertices * [-1.0, 1.0, 1.0]
    ring = len(row.vertices) // (6 * TEETH + 1)
    swapped = mirrored.reshape(-1, ring, 3)[::-1].reshape(-1, 3)
    np.testing.assert_allclose(swapped, row.vertices, atol=1e-9 * np.abs(points).max() + 1e-9)


@given(points=rows, size=st.floats(0.01, 100.0), up=st.floats(-5.0, 5.0), front=st.floats(-5, 5))
def test_place_and_unit_do_not_matter(points, size, up, front) -> None:
    moved = model_row(size * points + [0.0, up, front], upper=True)
    expected = size * model_row(points, upper=True).vertices + [0.0, up, front]
    np.testing.assert_allclose(moved.vertices, expected, atol=1e-6 * (size + 10.0))


@pytest.mark.parametrize("upper", [True, False])
def test_every_tooth_is_parted_from_the_next(upper: bool) -> None:
    """Along the row the enamel at the cheek falls back as many times as there are gaps."""
    row = model_row(plain_row(1.0, 1.4, 0.5, 0.0), upper=upper)
    ring = len(row.vertices) // (6 * TEETH + 1)
    middle = row.vertices.reshape(-1, ring, 3)[:, 4]
    gum = row.vertices.reshape(-1, ring, 3)[:, 1]
    fallen = np.linalg.norm((middle - gum)[:, [0, 2]], axis=1)
    deeper = (fallen[1:-1] > fallen[:-2]) & (fallen[1:-1] > fallen[2:])
    assert deeper.sum() == TEETH - 1


def test_edges_point_to_the_other_row() -> None:
    """Gum is above the upper teeth and below the lower ones."""
    for upper in (True, False):
        row = model_row(plain_row(1.0, 1.4, 0.5, 0.0), upper=upper)
        height = row.vertices[row.faces].mean(axis=1)[:, 1]
        assert (height[row.gum].mean() > height[~row.gum].mean()) == upper
