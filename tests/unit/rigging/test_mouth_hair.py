# SPDX-License-Identifier: GPL-3.0-or-later
"""Moustaches go with the upper lip, beards with the lower one, whatever they hang over."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.rigging.head import Head, LipSide, Role
from auto_rig_face.rigging.loose_parts import bind_attached, pieces_of
from hypothesis import given, settings
from hypothesis import strategies as st


def shares(head: Head, side: LipSide) -> list[np.ndarray]:
    """For every loose piece: how much each of its vertices follows the skin of one lip."""
    mine = (head.lip_side == side).astype(float)
    return [bind_attached(head, piece).rows @ mine for piece in pieces_of(head, Role.ATTACHED)]


def with_hair(model, name, height, radii):
    """A ball of hair before the middle of the lips, ``height`` above them."""
    centre = (model.point("lip_upper_inner") + model.point("lip_lower_inner")) / 2
    return model.with_ball(name, centre + [0.0, height, 0.08], np.array(radii)).analysed()


@settings(max_examples=8)
@given(height=st.floats(0.0, 0.08), wide=st.floats(0.12, 0.3))
def test_a_moustache_over_the_mouth_leaves_the_lower_lip_alone(model, height, wide) -> None:
    head = with_hair(model, "Moustache", height, [wide, 0.12, 0.1])
    [lower] = shares(head, LipSide.LOWER)
    [upper] = shares(head, LipSide.UPPER)
    assert not lower.any()
    assert upper.max() > 0.9


def test_a_goatee_leaves_the_upper_lip_alone(model) -> None:
    head = with_hair(model, "Goatee_Beard", -0.22, [0.2, 0.23, 0.12])
    [upper] = shares(head, LipSide.UPPER)
    [lower] = shares(head, LipSide.LOWER)
    assert not upper.any()
    assert lower.max() > 0.9


def test_a_beard_around_the_mouth_has_a_part_on_either_lip(model) -> None:
    """A ring: above the mouth it is a moustache, below a beard, and the two hang together."""
    centre = (model.point("lip_upper_inner") + model.point("lip_lower_inner")) / 2
    around = np.linspace(0.0, 2.0 * np.pi, 48, endpoint=False)
    rings = []
    for size, front in ((1.0, 0.02), (1.45, 0.02), (1.45, 0.1), (1.0, 0.1)):
        ring = np.stack([0.42 * np.cos(around), 0.24 * np.sin(around), np.zeros(48)], axis=1)
        rings.append(centre + size * ring + [0.0, 0.0, front])
    rows = np.arange(4 * 48).reshape(4, 48)
    a, b = rows, np.roll(rows, -1, axis=0)
    c, d = np.roll(b, -1, axis=1), np.roll(a, -1, axis=1)
    quads = np.stack([a, b, c, d], axis=2).reshape(-1, 4)
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    head = model.with_part("Beard", np.concatenate(rings), triangles).analysed()
    [piece] = pieces_of(head, Role.ATTACHED)
    [lower], [upper] = shares(head, LipSide.LOWER), shares(head, LipSide.UPPER)
    between = np.abs(head.vertices[piece, 0]) < 0.2
    above = between & (head.vertices[piece, 1] > centre[1])
    # What hangs free is carried on smoothly from all that touches.
    assert lower[above].max() < 0.1
    assert upper[between & ~above].max() < 0.1
    assert lower.max() > 0.9
    assert upper.max() > 0.9


@pytest.mark.parametrize("name", ["Moustache", "Goatee_Beard"])
def test_on_a_sealed_mouth_hair_follows_what_is_nearest(closed_mouth, name) -> None:
    head = with_hair(closed_mouth, name, 0.0, [0.2, 0.12, 0.1])
    [piece] = pieces_of(head, Role.ATTACHED)
    binding = bind_attached(head, piece)
    np.testing.assert_allclose(binding.rows.sum(axis=1), 1.0)
    assert not head.lip_side.any()
