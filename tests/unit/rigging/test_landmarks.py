# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks from markers that the artist has placed, alone or on top of automatic ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from auto_rig_face.errors import RigError
from auto_rig_face.rigging.asking import doubt
from auto_rig_face.rigging.landmarks import (
    landmarks_from_markers,
    moved_markers,
)
from auto_rig_face.vocabulary import LANDMARKS, MARKERS


@pytest.fixture
def markers(model):
    landmarks = model.landmarks()
    return {name: landmarks.named[name].copy() for name in MARKERS}


def test_landmarks_go_through_every_marker(model, template, markers):
    markers["chin"] = markers["chin"] + [0.0, 0.0, -0.01]
    found = landmarks_from_markers(model.face_mesh(), markers, template)
    assert set(found.named) == set(LANDMARKS)
    assert found.source == "markers"
    for name in MARKERS:
        assert np.array_equal(found.named[name], markers[name])


def test_unmarked_landmarks_are_inferred_near_their_place(model, template, markers):
    found = landmarks_from_markers(model.face_mesh(), markers, template)
    truth = model.landmarks()
    for name in LANDMARKS:
        offset = np.linalg.norm(found.named[name] - truth.named[name]) / truth.frame.scale
        assert offset < 0.06, name
    np.testing.assert_allclose(found.frame.axes @ truth.frame.axes.T, np.eye(3), atol=0.05)


def test_a_correction_moves_what_is_near_and_nothing_far(model, template, markers):
    automatic = model.landmarks()
    shift = np.array([0.0, 0.0, 0.15]) * automatic.frame.scale
    markers["brow_mid_L"] = markers["brow_mid_L"] + shift
    assert moved_markers(markers, automatic) == ("brow_mid_L",)
    corrected = landmarks_from_markers(model.face_mesh(), markers, template, automatic)
    assert corrected.source == "corrected"
    moved = {
        name: np.linalg.norm(corrected.named[name] - automatic.named[name]) for name in LANDMARKS
    }
    assert moved["brow_mid_L"] == pytest.approx(np.linalg.norm(shift))
    assert moved["brow_outer_L"] > 0.3 * np.linalg.norm(shift)
    assert moved["chin"] < 0.01 * np.linalg.norm(shift)
    assert moved["mouth_corner_R"] < 0.01 * np.linalg.norm(shift)


def test_markers_that_stayed_change_nothing(model, template, markers):
    automatic = model.landmarks()
    assert landmarks_from_markers(model.face_mesh(), markers, template, automatic) is automatic


def test_a_missing_marker_is_named(model, template, markers):
    del markers["nose_tip"]
    with pytest.raises(RigError, match="nose_tip"):
        landmarks_from_markers(model.face_mesh(), markers, template)


def test_markers_in_one_place_are_refused(model, template, markers):
    heap = dict.fromkeys(MARKERS, markers["chin"])
    with pytest.raises(RigError, match="one place"):
        landmarks_from_markers(model.face_mesh(), heap, template)


def test_only_a_face_that_was_guessed_is_doubted(model):
    sure = model.landmarks()
    unsure = {name: 0.1 if name.startswith(("nose", "mouth", "lip")) else 0.9 for name in LANDMARKS}
    guessed = replace(sure, confidence=unsure)

    assert doubt(replace(sure, confidence=dict.fromkeys(LANDMARKS, 0.6))) is None
    message = doubt(guessed)
    assert message is not None
    assert message.severity == "warning"
    assert "nose and mouth" in message.text
    assert "chin" not in message.text
    assert doubt(replace(guessed, source="corrected")) is None
