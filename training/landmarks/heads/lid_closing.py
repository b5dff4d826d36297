# SPDX-License-Identifier: GPL-3.0-or-later
"""Lids that shut on every identity: the template's blink fits the template's own eyes alone."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from auto_rig_face.animation.emotions import SHAPE_INDEX
from numpy.typing import NDArray

from .. import points as scheme
from . import template_data
from .shapes import Floats

SIDES = {"L": "Left", "R": "Right"}


@lru_cache(maxsize=2)
def _upper_lid(side: str) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Vertices of an upper lid, how far each goes with its margin at a blink (0..1), and its
    place across the eye at rest.
    """
    data = template_data.load()
    blink = data.shapes[SHAPE_INDEX[f"eyeBlink{SIDES[side]}"]].astype(np.float64)
    length = np.linalg.norm(blink, axis=1)
    rows = _margin_rows("upper", side)
    margin_x = data.points_on(data.vertices)[rows, 0]
    margin_length = np.linalg.norm(data.points_on(blink)[rows], axis=1)
    order = np.argsort(margin_x)
    x = data.vertices[:, 0]
    reach = np.interp(x, margin_x[order], margin_length[order])
    inside = (x > margin_x.min() - 0.02) & (x < margin_x.max() + 0.02)
    lid = np.flatnonzero((blink[:, 1] < -0.25 * length) & (length > 0.004) & inside)
    share = np.clip(length[lid] / np.maximum(reach[lid], 0.01), 0, 1)
    return lid, share, x[lid]


def _margin_rows(lid: str, side: str) -> NDArray[np.int64]:
    """Rows of the scheme along a margin without its corners."""
    names = tuple(f"lid_{lid}_{side}_{index:02d}" for index in range(1, scheme.LID - 1))
    return scheme.indices(names)


def shut(posed: Floats, blinks: dict[str, float]) -> Floats:
    """``posed`` (V, 3) with upper lids moved on, so that a full blink meets the lower margin.

    ``blinks``: 0..1 of each side. Only what the blink leaves open or lets overlap is corrected, in
    proportion to the blink.
    """
    data = template_data.load()
    moved = posed.copy()
    for side, blink in blinks.items():
        if blink <= 0:
            continue
        whole = posed + (1 - blink) * data.shapes[SHAPE_INDEX[f"eyeBlink{SIDES[side]}"]]
        points = data.points_on(whole)
        gap = points[_margin_rows("lower", side)] - points[_margin_rows("upper", side)]
        rest_x = data.points_on(data.vertices)[_margin_rows("upper", side), 0]
        order = np.argsort(rest_x)
        lid, share, x = _upper_lid(side)
        step = np.stack(
            [np.interp(x, rest_x[order], gap[order, axis]) for axis in range(3)], axis=1
        )
        moved[lid] += blink * share[:, None] * step
    return moved
