# SPDX-License-Identifier: GPL-3.0-or-later
"""How the expression benchmark asks other networks, and the page that it writes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from auto_rig_face.benchmarks.expression_peers import (
    ENLARGED,
    FACE_API_WORDS,
    FER_WORDS,
    Emotions,
    enlarged,
)
from auto_rig_face.benchmarks.expression_report import SAID_DEAD, markdown
from auto_rig_face.benchmarks.peer_process import Missing, PeerProcess, face_api, fer
from auto_rig_face.vocabulary import ARKIT_SHAPES, EMOTIONS

# Answers with the size of each picture and its first byte; a black one shows no face.
ECHO = """
import json, struct, sys
while len(size := sys.stdin.buffer.read(8)) == 8:
    width, height = struct.unpack("<II", size)
    first = sys.stdin.buffer.read(width * height * 3)[0]
    said = dict.fromkeys(("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"), 0.0)
    said["happy"] = first / 255
    print(json.dumps({"emotions": said, "size": [width, height]} if first else None), flush=True)
"""


@pytest.fixture
def echo() -> PeerProcess:
    return PeerProcess("echo", [sys.executable, "-c", ECHO], {})


def test_a_process_gets_the_picture_and_answers(echo: PeerProcess) -> None:
    picture = np.full((3, 5, 3), 51, np.uint8)
    assert echo.answer(picture)["size"] == [5, 3]
    assert echo.answer(picture * 0) is None


def test_a_process_that_ends_is_named() -> None:
    process = PeerProcess("mute", [sys.executable, "-c", ""], {})
    with pytest.raises(RuntimeError, match="mute ended"):
        process.answer(np.zeros((2, 2, 3), np.uint8))


def test_emotions_come_in_our_order(echo: PeerProcess) -> None:
    peer = Emotions("echo", echo, FER_WORDS)
    said = peer.emotions(np.full((8, 8, 3), 255, np.uint8))
    assert said is not None
    assert EMOTIONS[int(said.argmax())] == "joy"
    assert said.sum() == pytest.approx(1.0)
    assert peer.emotions(np.zeros((8, 8, 3), np.uint8)) is None


@pytest.mark.parametrize("words", [FACE_API_WORDS, FER_WORDS])
def test_each_emotion_has_one_word(words: tuple[str, ...]) -> None:
    assert len(set(words)) == len(EMOTIONS)


def test_small_pictures_are_enlarged_for_the_peers() -> None:
    assert enlarged(np.zeros((128, 96, 3), np.uint8)).shape == (ENLARGED, ENLARGED * 3 // 4, 3)
    large = np.zeros((500, 400, 3), np.uint8)
    assert enlarged(large) is large


def test_what_is_not_installed_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Missing):
        face_api(tmp_path)
    with pytest.raises(Missing, match="fer"):
        fer(tmp_path / "python")


def figures(value: float) -> dict[str, Any]:
    keys = {name: {"correlation": value} for name in ARKIT_SHAPES}
    keys["tongueOut"] = {"correlation": None}
    return {"error": 0.1, "rms": 0.2, "correlation": value, "keys": keys}


def test_the_page_tells_all() -> None:
    recall = {
        "recall": {**dict.fromkeys(EMOTIONS, 0.5), "fear": None},
        "mean": 0.5,
        "confusion": np.eye(len(EMOTIONS), dtype=int).tolist(),
        "found": 1.0,
        "mean of found": 0.5,
    }
    both = ("all", "people")
    page = markdown(
        {
            "machine": {"processor": "P", "cores": 2, "load": 0.0},
            "milliseconds": {"reader": 1.0, "with landmarks": 2.0, "with finding": 3.0},
            "characters": 4,
            "pictures": 12,
            "people": 6,
            "alive": 0.2,
            "found": {"Face Landmarker": dict.fromkeys(both, 0.25)},
            "nothing": {key: {"error": 0.07, "rms": 0.2} for key in both},
            "coefficients": {
                "Auto-Rig Face": dict.fromkeys(both, figures(0.5)),
                "with rest": dict.fromkeys(both, figures(0.6)),
                "Face Landmarker": dict.fromkeys(both, figures(0.1)),
            },
            "emotions": {
                who: dict.fromkeys(both, recall) for who in ("Auto-Rig Face", "with rest", "fer")
            },
            "lacking": {"face-api": "node"},
        }
    )
    assert "Face Landmarker (face found in 25 %) | 0.100 | 0.200 | 0.100 | 0 |" in page
    assert "Auto-Rig Face, with rest | 0.100 | 0.200 | 0.600 | 51 |" in page
    assert "face-api took no part: node isn't installed." in page
    assert "| all | fer | 0.500 | 0.500 | 0.500 | 0.500 | - |" in page
    for name in SAID_DEAD:
        assert f"| **{name}" in page
    assert page.count("\n| ") > len(ARKIT_SHAPES)
