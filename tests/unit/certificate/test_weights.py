# SPDX-License-Identifier: GPL-3.0-or-later
"""Skin weights, made to pass and to fail."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.rigging.certificate.weights import measure_weights
from scipy.sparse import csr_matrix

BONES = ("head", "jaw", "lip_upper", "lip_lower", "nose")


def weights_of(rows):
    return {metric.name: metric for metric in measure_weights(csr_matrix(np.array(rows)), BONES)}


def test_good_weights_pass():
    metrics = weights_of([[1, 0, 0, 0, 0], [0.5, 0.25, 0.125, 0.125, 0]])
    assert all(metric.passed for metric in metrics.values())
    assert metrics["weight influences"].value == 4


def test_a_row_that_does_not_sum_to_one():
    metric = weights_of([[1, 0, 0, 0, 0], [0.2, 0.7, 0, 0, 0]])["weights"]
    assert metric.value == pytest.approx(0.1)
    assert metric.place == "vertex 1, jaw"


def test_five_influences():
    metrics = weights_of([[0.2, 0.2, 0.2, 0.2, 0.2]])
    assert metrics["weight influences"].value == 5
    assert not metrics["weight influences"].passed


def test_stored_zeros_are_no_influences():
    matrix = csr_matrix(
        (np.array([1.0, 0.0, 0.0, 0.0, 0.0]), (np.zeros(5, int), np.arange(5))), shape=(1, 5)
    )
    metrics = {metric.name: metric for metric in measure_weights(matrix, BONES)}
    assert metrics["weight influences"].value == 1
    assert matrix.nnz == 5  # the caller's matrix is left alone


def test_an_unweighted_vertex_is_named():
    metrics = weights_of([[1, 0, 0, 0, 0], [0, 0, 0, 0, 0]])
    assert metrics["unweighted vertices"].value == 1
    assert metrics["unweighted vertices"].place == "vertex 1"
    assert not metrics["weights"].passed


@pytest.mark.parametrize("bad", [-0.5, np.nan, np.inf])
def test_impossible_weights_fail(bad):
    metric = weights_of([[1 - bad, bad, 0, 0, 0]])["weights"]
    assert not metric.passed


def test_columns_must_be_the_bones():
    with pytest.raises(ValueError, match="columns"):
        measure_weights(csr_matrix(np.ones((2, 3))), BONES)
