# SPDX-License-Identifier: GPL-3.0-or-later
"""Captures as JSON in the forms that are found, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from auto_rig_face.animation.capture_json import read_json
from auto_rig_face.animation.capture_table import shape_named
from auto_rig_face.animation.captures import Capture, read_capture
from auto_rig_face.errors import RigError
from auto_rig_face.vocabulary import ARKIT_SHAPES
from hypothesis import given
from hypothesis import strategies as st

JAW = ARKIT_SHAPES.index("jawOpen")
BLINK = ARKIT_SHAPES.index("eyeBlinkLeft")


def parsed(data: Any) -> Capture:
    text = data if isinstance(data, str) else json.dumps(data)
    return read_json(text, "take.json", "take")


def frames(step: float = 0.1, key: str = "time") -> list[dict[str, Any]]:
    return [
        {key: 5.0 + place * step, "blendShapes": {"jawOpen": place / 9, "eyeBlink_L": 0.5}}
        for place in range(10)
    ]


def check(capture: Capture, rate: float) -> None:
    np.testing.assert_allclose(capture.times, np.arange(10) / rate, atol=1e-9)
    np.testing.assert_allclose(capture.values[:, JAW], np.arange(10) / 9)
    np.testing.assert_array_equal(capture.values[:, BLINK], 0.5)
    assert capture.rate == rate


@given(
    name=st.sampled_from(ARKIT_SHAPES),
    form=st.sampled_from([str, str.upper, str.lower, str.title]),
    short=st.booleans(),
)
def test_shapes_are_known_by_any_case_and_side(name: str, form: Any, short: bool) -> None:
    written = name
    if short:
        for side, suffix in (("Left", "_L"), ("Right", "_R")):
            if name.endswith(side):
                written = name.removesuffix(side) + suffix
    assert shape_named(form(written)) == name


def test_a_table_of_weights(tmp_path: Path) -> None:
    rows = [[place / 9, 0.5, 7.0] for place in range(10)]
    table = {"fps": 30, "names": ["jawOpen", "EYEBLINK_L", "_neutral"], "weights": rows}
    other = {"exportFps": 30.0, "facsNames": table["names"], "weightMat": rows, "numFrames": 10}
    for data in (table, other):
        check(parsed(data), 30.0)
    path = tmp_path / "take.csv"  # told apart by what is in it
    path.write_text("\ufeff\n" + json.dumps(table), encoding="utf-8")
    assert read_capture(path).name == "take"


@pytest.mark.parametrize("key", ["time", "timestamp", "t"])
def test_frames_with_their_times(key: str) -> None:
    check(parsed(frames(0.04, key)), 25.0)
    check(parsed({"frames": frames(0.04, key)}), 25.0)


def test_frames_with_a_common_rate_and_scores_in_a_list() -> None:
    listed = [
        {"blendshapes": [{"categoryName": name, "score": score} for name, score in shapes.items()]}
        for shapes in (frame["blendShapes"] for frame in frames())
    ]
    check(parsed({"fps": 24, "frames": listed}), 24.0)


def test_milliseconds_are_told_from_seconds() -> None:
    capture = parsed(frames(40.0, "timestamp"))
    check(capture, 25.0)
    assert "Its times were taken for milliseconds." in capture.notes


def test_frames_without_a_face_are_left_out() -> None:
    data = frames(0.04)
    data[3]["blendShapes"] = None
    data[4]["blendShapes"] = {}
    capture = parsed(data)
    assert len(capture.times) == 8
    assert capture.times[-1] == pytest.approx(0.36)
    assert "2 frames show no face and were left out." in capture.notes


def test_a_shape_that_one_frame_lacks_is_at_rest_there() -> None:
    data = frames(0.04)
    del data[9]["blendShapes"]["jawOpen"]
    assert parsed(data).values[9, JAW] == 0.0


def with_value(value: Any) -> list[dict[str, Any]]:
    data = frames()
    data[4]["blendShapes"]["jawOpen"] = value
    return data


@pytest.mark.parametrize(
    "data",
    [
        "",
        "{",
        "[" * 100_000,
        "null",
        "3",
        [],
        {},
        [1, 2],
        [{"time": 0.0}],
        [{"time": 0.0, "blendShapes": {"Smile": 1.0}}],
        [{"blendShapes": {"jawOpen": 1.0}}],
        {"fps": 0, "frames": frames()},
        {"fps": "fast", "frames": frames()},
        {"fps": 1e9, "names": ["jawOpen"], "weights": [[1.0]]},
        {"names": ["jawOpen"], "weights": [[1.0]]},
        {"fps": 30, "names": ["jawOpen"], "weights": []},
        {"fps": 30, "names": ["jawOpen"], "weights": [[1.0, 2.0]]},
        {"fps": 30, "names": ["jawOpen", "JAWOPEN"], "weights": [[1.0, 2.0]]},
        with_value("0.5"),
        with_value(True),
        with_value(None),
        with_value([0.5]),
        with_value(10**400),
        with_value(float("nan")),
        with_value(float("-inf")),
        json.dumps(with_value(0.5)).replace("0.1", "1e999"),
        frames(0.5) + frames(0.5),
    ],
)
def test_what_is_no_capture_is_refused_in_words(data: Any) -> None:
    with pytest.raises(RigError) as refusal:
        parsed(data)
    assert "take.json" in refusal.value.problem
    assert refusal.value.remedy


@given(
    data=st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["fps", "names", "weights", "frames", "time", "blendShapes", "jawOpen"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_no_json_ends_in_another_error(data: Any) -> None:
    try:
        capture = parsed(data)
    except RigError:
        return
    assert np.isfinite(capture.values).all()
    assert np.isfinite(capture.times).all()
