# SPDX-License-Identifier: GPL-3.0-or-later
"""Synthetic expressions, and the training of the generative models on them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from auto_rig_face.animation.emotions import OPPOSITES, SHAPE_INDEX
from auto_rig_face.training.emotions import data
from auto_rig_face.vocabulary import EMOTIONS
from hypothesis import given
from hypothesis import strategies as st


def test_no_person_is_in_two_splits() -> None:
    people = [set(data.expressions(split, 200).person) for split in data.SPLITS]
    assert len(set.union(*people)) == sum(len(one) for one in people)


def test_the_same_seed_gives_the_same_expressions() -> None:
    first, second, other = (data.expressions("train", 40, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.coefficients, second.coefficients)
    assert (first.coefficients != other.coefficients).any()


@given(seed=st.integers(0, 100_000))
def test_an_expression_is_one_that_a_face_can_take(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, emotion, intensity = data.sample(rng, data.person_of(rng))
    assert 0.0 <= values.min() <= values.max() <= 1.0
    assert 0 <= emotion < len(EMOTIONS)
    assert 0.0 <= intensity <= 2.0
    assert values[SHAPE_INDEX["mouthClose"]] <= values[SHAPE_INDEX["jawOpen"]]
    for first, second in OPPOSITES:
        assert min(values[SHAPE_INDEX[first]], values[SHAPE_INDEX[second]]) == 0.0


def test_a_neutral_face_hardly_moves_but_for_its_eyes() -> None:
    made = data.expressions("train", 400)
    neutral = made.coefficients[made.emotion == data.NEUTRAL]
    gaze = [index for name, index in SHAPE_INDEX.items() if name.startswith("eyeLook")]
    assert np.delete(neutral, gaze, axis=1).max() < 0.1


def test_both_eyes_look_the_same_way() -> None:
    made = data.expressions("train", 200).coefficients
    for left, right in (("OutLeft", "InRight"), ("InLeft", "OutRight")):
        first, second = (made[:, SHAPE_INDEX[f"eyeLook{end}"]] for end in (left, right))
        np.testing.assert_array_equal(first, second)


def test_the_whole_command_runs_at_toy_size(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="training needs torch: make test-training")
    from auto_rig_face.models.expression_networks import ExpressionModels
    from auto_rig_face.training.emotions import __main__ as command

    assert command.main(["--toy", "--out", str(tmp_path)]) == 0
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert set(figures) == {"expressions", "tests", "vae", "gan"}
    models = ExpressionModels(folder=tmp_path / "export")
    assert models.generate("joy", 1.0, 0).coefficients.shape == (52,)
    card = (tmp_path / "export" / "README.md").read_text(encoding="utf-8")
    assert "Synthetic" in card


def test_the_recogniser_of_the_figures_knows_prototypes() -> None:
    pytest.importorskip("torch", reason="training needs torch: make test-training")
    from auto_rig_face.animation.emotions import pose
    from auto_rig_face.training.emotions.evaluate import recognised

    for index, name in enumerate(EMOTIONS):
        assert recognised(pose(name, 1.0).astype(float)) == index
