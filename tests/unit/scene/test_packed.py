# SPDX-License-Identifier: GPL-3.0-or-later
"""Arrays as text: what goes in comes out, and nothing else does."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.scene.packed import (
    is_packed_briefly,
    pack_briefly,
    pack_vectors,
    pack_whole,
    unpack_brief,
    unpack_vectors,
    unpack_whole,
)
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays


@given(arrays(np.float64, (7, 3), elements=st.floats(-50, 50)), st.sampled_from([1e-5, 0.3]))
def test_vectors_come_back_to_half_a_step(values, step):
    back = unpack_vectors(pack_vectors(values, step))
    assert np.abs(back - values).max() <= 0.5001 * step


@given(arrays(np.int64, (5, 2), elements=st.integers(-(2**40), 2**40)))
def test_whole_numbers_come_back(values):
    np.testing.assert_array_equal(unpack_whole(pack_whole(values)), values)


def test_rows_that_stay_cost_nothing():
    still = np.zeros((20_000, 3))
    assert len(pack_vectors(still, 1e-5)) < 200
    assert unpack_vectors(pack_vectors(still, 1e-5)).shape == (20_000, 3)
    still[19_999, 2] = 1.0
    np.testing.assert_allclose(unpack_vectors(pack_vectors(still, 1e-5)), still)


def test_a_smooth_motion_takes_less_than_four_bytes_a_vertex_and_axis():
    across = np.linspace(-3, 3, 4000)
    motion = np.exp(-(across[:, None] ** 2)) * [0.3, 0.02, -0.1]
    assert len(pack_vectors(motion, 4e-5)) < 4 * motion.size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing",
        "{}\n0a\n0a",
        '{"kind": "vectors"}\n"\n"',
        pack_whole(np.arange(3)),
        pack_vectors(np.ones((3, 3)), 1.0).replace('"count": 3', '"count": 2'),
        pack_vectors(np.ones((3, 3)), 1.0)[:-8],
    ],
)
def test_broken_text_is_not_believed(text):
    assert unpack_vectors(text) is None


@given(arrays(np.int64, (7, 3), elements=st.integers(-(2**40), 2**40)), st.floats(1e-9, 1e3))
def test_what_was_packed_briefly_comes_back_and_nothing_shorter_does(values, step):
    packed = pack_briefly((values, step))
    assert is_packed_briefly(packed)
    back, same_step = unpack_brief(packed)
    np.testing.assert_array_equal(back, values)
    assert same_step == step
    for length in range(len(packed)):
        assert unpack_brief(packed[:length]) is None


def test_broken_bytes_are_not_believed():
    packed = pack_briefly((np.ones((3, 3), np.int64), 1.0))
    assert unpack_brief(b"ARF1" + packed[4:]) is None
    assert unpack_brief(packed[:4] + (2).to_bytes(4, "little") + packed[8:]) is None
    assert unpack_brief(pack_briefly((np.ones((3, 3), np.int64), np.inf))) is None
