# SPDX-License-Identifier: GPL-3.0-or-later
"""Lip seal and lip crossing, made to pass and to fail."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.rigging.certificate.lips import (
    find_lips,
    lip_clearance,
    lip_penetration,
    measure_lips,
)


def lips_of(face, **changes):
    shapes = {**face.shapes, **changes}
    return {m.name: m for m in measure_lips(face.head, shapes, frozenset())}


def test_lips_that_stay_apart_are_caught_at_their_widest(face):
    metric = lips_of(face, mouthClose=0.7 * face.shapes["mouthClose"])["lip seal"]
    assert not metric.passed
    assert metric.value == pytest.approx(100 * 0.3 * 0.25, abs=1.5)
    assert metric.place.startswith("jawOpen + mouthClose, near lip_")


def test_an_open_corner_is_named(face):
    close = face.shapes["mouthClose"].copy()
    close[np.abs(face.head.vertices[:, 0] - 0.3) < 0.06] *= 0.2
    metric = lips_of(face, mouthClose=close)["lip seal"]
    assert not metric.passed
    assert metric.place.endswith("near mouth_corner_L")


def test_jaw_and_close_are_judged_together_only(face):
    """Alone, mouthClose drives the lower lip far into the upper one; that is no crossing."""
    assert lips_of(face)["lip crossing"].passed


def test_a_lower_lip_pushed_through_the_upper_one_is_caught(face):
    head = face.head
    lower = (head.lip_side == 2) & (np.abs(head.vertices[:, 0] - 0.15) < 0.12)
    weight = face.bump((0.15, -1.0), 0.3) * lower
    press = face.moved(weight, (0.0, 0.06, 0.0))
    metric = lips_of(face, mouthPressLeft=press)["lip crossing"]
    assert not metric.passed
    assert metric.value > 2
    assert metric.place.startswith("mouthPressLeft, near ")


def test_a_pout_that_overlaps_in_front_is_no_crossing(face):
    """The lower lip comes forward and up: at its middle it is in front, not inside."""
    lower = face.head.lip_side == 2
    pout = face.moved(face.bump((0.0, -1.0), 0.9) * lower, (0.0, 0.05, 0.3))
    lips = find_lips(face.head)
    posed = face.head.vertices + pout
    middle = slice(25, 35)
    assert (lip_clearance(lips, *lips.edges(posed))[middle] < -0.03).all()
    assert (lip_penetration(lips, posed)[middle] < 0.01).all()


def test_rolling_a_lip_in_is_allowed_to_cross(face):
    lower = face.head.lip_side == 2
    roll = face.moved(face.bump((0.0, -1.0), 0.3) * lower, (0.0, 0.06, -0.02))
    assert not lips_of(face, mouthPucker=roll)["lip crossing"].passed
    assert lips_of(face, mouthRollLower=roll)["lip crossing"].passed


def test_missing_shapes_are_named(face):
    shapes = {name: shape for name, shape in face.shapes.items() if name != "mouthClose"}
    seal, crossing = measure_lips(face.head, shapes, frozenset())
    assert seal.value is None
    assert "mouthClose" in seal.note
    assert crossing.value is not None
    seal, _ = measure_lips(face.head, face.shapes, frozenset({"jawOpen"}))
    assert "jawOpen" in seal.note
