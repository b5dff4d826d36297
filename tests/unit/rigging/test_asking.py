# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom to ask about what: few points, the worst ones, and never twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from auto_rig_face.rigging.asking import ASK_ABOVE, MOST_ASKED, UnsureFaceError, worst_points
from auto_rig_face.rigging.landmarks import confidence_of
from auto_rig_face.vocabulary import LANDMARKS, MARKERS, in_words
from hypothesis import given
from hypothesis import strategies as st


def expecting(model, errors: dict[str, float]):
    landmarks = model.landmarks()
    confidence = {name: confidence_of(errors.get(name, 0.01)) for name in landmarks.named}
    return replace(landmarks, confidence=confidence)


@given(errors=st.lists(st.floats(0.001, 0.6), min_size=len(MARKERS), max_size=len(MARKERS)))
def test_the_worst_few_are_asked_for(model, errors) -> None:
    expected = dict(zip(MARKERS, errors, strict=True))
    asked = worst_points(expecting(model, expected))
    assert len(asked) == min(MOST_ASKED, sum(error > ASK_ABOVE for error in errors))
    left = [expected[name] for name in MARKERS if name not in asked]
    assert all(expected[name] >= max(left) - 1e-9 for name in asked)
    assert [expected[n] for n in asked] == sorted((expected[n] for n in asked), reverse=True)


@pytest.mark.parametrize("source", ["markers", "corrected"])
def test_what_an_artist_has_looked_at_is_not_asked_again(model, source) -> None:
    unsure = expecting(model, dict.fromkeys(MARKERS, 0.5))
    assert worst_points(replace(unsure, source=source)) == ()


def test_the_question_names_the_points_as_one_says_them(model) -> None:
    error = UnsureFaceError(model.landmarks(), ("mouth_corner_L", "chin"))
    assert "left corner of the mouth and chin" in str(error)
    assert error.wants_markers
    assert error.refused


def test_every_landmark_has_a_name_of_its_own_in_words() -> None:
    words = [in_words(name) for name in LANDMARKS]
    assert len(set(words)) == len(LANDMARKS)
    assert not any("_" in word for word in words)
