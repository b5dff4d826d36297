# SPDX-License-Identifier: GPL-3.0-or-later
"""How well the product reads expressions of heads that no network was trained on.

Everything as the product does it: the landmark networks find the face in the picture, the exported
network reads it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from auto_rig_face.models.dense_landmarks import DenseLandmarker, DensePrediction
from auto_rig_face.models.expression_reader import ExpressionReader, Reading
from auto_rig_face.vocabulary import ARKIT_SHAPES, EMOTIONS
from numpy.typing import NDArray

from ..landmarks.heads import families
from . import groups

Floats = NDArray[np.float64]
STRONG: Final = 0.8  # a coefficient that nobody overlooks
SHOWN: Final = 0.3  # a coefficient that can be seen
FEWEST: Final = 4  # pictures that show a shape
CLEAR: Final = 0.5  # intensity from which an emotion can be told
NEUTRAL: Final = EMOTIONS.index("neutral")
_TIMED: Final = 40  # pictures


@dataclass(frozen=True)
class Tests:
    """M pictures in groups of ``groups.SIZE``. ``pictures`` (M, S, S, 3) uint8; ``shapes`` (M, 52);
    ``emotion`` (M,) or -1; ``intensity`` (M,); ``family`` (M,); ``faces``: what the landmark
    networks found.
    """

    pictures: NDArray[np.uint8]
    shapes: Floats
    emotion: NDArray[np.int64]
    intensity: Floats
    family: NDArray[np.str_]
    faces: list[DensePrediction]


def tests_of(folder: Path, landmarker: DenseLandmarker, cache: Path) -> Tests:
    """The groups below ``folder``; landmarks are kept in ``cache``."""
    paths = [path.parent for path in sorted(folder.glob(f"{groups.KIND}-*/count"))]
    if not paths:
        raise ValueError(f"There are no groups of pictures in {folder}")
    counts = [int((path / "count").read_text(encoding="ascii")) for path in paths]

    def joined(name: str) -> NDArray:
        return np.concatenate(
            [np.load(p / f"{name}.npy")[:n] for p, n in zip(paths, counts, strict=True)]
        )

    pictures = np.ascontiguousarray(joined("pictures").transpose(0, 2, 3, 1))
    return Tests(
        pictures,
        joined("shapes").astype(np.float64),
        joined("emotion").astype(np.int64),
        joined("intensity").astype(np.float64),
        joined("family"),
        _faces(pictures, landmarker, cache),
    )


def _faces(
    pictures: NDArray[np.uint8], landmarker: DenseLandmarker, cache: Path
) -> list[DensePrediction]:
    names = [field.name for field in fields(DensePrediction)]
    faces: list[DensePrediction] = []
    if cache.is_file():
        kept = dict(np.load(cache))
        rows = (tuple(kept[name][row] for name in names) for row in range(len(kept["score"])))
        faces = [DensePrediction(float(row[0]), *row[1:]) for row in rows][: len(pictures)]
    if len(faces) < len(pictures):
        faces += [landmarker.predict(picture) for picture in pictures[len(faces) :]]
        cache.parent.mkdir(parents=True, exist_ok=True)
        np.savez(cache, **{name: np.array([getattr(f, name) for f in faces]) for name in names})
    return faces


@dataclass(frozen=True)
class Readings:
    """Of each picture that isn't at rest: by itself, the character's picture at rest, and the one
    against the other.
    """

    rows: NDArray[np.int64]
    alone: list[Reading]
    at_rest: list[Reading]
    compared: list[Reading]


def readings(reader: ExpressionReader, tests: Tests) -> Readings:
    """What the reader says of all pictures."""
    alone = [
        reader.read_face(picture, face)
        for picture, face in zip(tests.pictures, tests.faces, strict=True)
    ]
    rows = np.flatnonzero(np.arange(len(alone)) % groups.SIZE)
    at_rest = [alone[row - row % groups.SIZE] for row in rows]
    compared = [
        reader.read_face(tests.pictures[row], tests.faces[row], rest=rest)
        for row, rest in zip(rows, at_rest, strict=True)
    ]
    return Readings(rows, [alone[row] for row in rows], at_rest, compared)


def figures(reader: ExpressionReader, tests: Tests) -> dict[str, Any]:
    """The figures of a report: of pictures by themselves, and with one of the character at rest."""
    found = readings(reader, tests)
    rows, alone = found.rows, _coefficients(found.alone)
    difference = np.clip(alone - _coefficients(found.at_rest), 0.0, 1.0)
    return {
        "pictures": len(rows),
        "alone": _both(alone, found.alone, tests, rows),
        "with rest": _both(_coefficients(found.compared), found.compared, tests, rows),
        "difference": shape_figures(difference, tests.shapes[rows]),
        "nothing": errors(np.zeros_like(alone), tests.shapes[rows]),
    }


def deviations(reader: ExpressionReader, tests: Tests) -> dict[str, Floats]:
    """(52,) RMS errors of readings "alone" and "compared" with the character at rest; those of
    pictures that show a shape count as much as those of all that don't, or what is seldom shown and
    never seen would pass for sure. 1 where too few show it.
    """
    found = readings(reader, tests)
    truth = tests.shapes[found.rows]
    shown = truth >= SHOWN
    share = np.where(shown, 0.5 / np.maximum(shown.sum(0), 1), 0.5 / np.maximum((~shown).sum(0), 1))
    ways = {"alone": found.alone, "compared": found.compared}
    off = {
        way: np.sqrt((share * (_coefficients(said) - truth) ** 2).sum(axis=0))
        for way, said in ways.items()
    }
    return {way: np.where(shown.sum(0) < FEWEST, 1.0, errors) for way, errors in off.items()}


def _coefficients(readings: list[Reading]) -> Floats:
    return np.array([reading.coefficients for reading in readings])


def _both(
    read: Floats, readings: list[Reading], tests: Tests, rows: NDArray[np.int64]
) -> dict[str, Any]:
    people = np.isin(tests.family[rows], families.REALISTIC)
    return {
        name: shape_figures(read[chosen], tests.shapes[rows[chosen]])
        | _emotion_figures(
            [reading for reading, taken in zip(readings, chosen, strict=True) if taken],
            tests.emotion[rows[chosen]],
            tests.intensity[rows[chosen]],
        )
        for name, chosen in (("all", np.ones(len(rows), bool)), ("people", people))
    }


def shape_figures(read: Floats, truth: Floats) -> dict[str, Any]:
    """Error, correlation, and what is read of strong and of absent coefficients, key by key."""
    keys = {}
    for index, name in enumerate(ARKIT_SHAPES):
        strong, absent = truth[:, index] >= STRONG, truth[:, index] == 0.0
        keys[name] = {
            "error": _mean(np.abs(read[:, index] - truth[:, index])),
            "correlation": correlation(read[:, index], truth[:, index]),
            "strong": _mean(read[strong, index]),
            "absent": _mean(read[absent, index]),
            "examples": int(strong.sum()),
        }
    known = [key["correlation"] for key in keys.values() if key["correlation"] is not None]
    return {**errors(read, truth), "correlation": _mean(known), "keys": keys}


def errors(read: Floats, truth: Floats) -> dict[str, Any]:
    """Over all coefficients, most of which are 0."""
    return {
        "error": _mean(np.abs(read - truth)),
        "rms": float(np.sqrt(np.mean((read - truth) ** 2))) if len(read) else None,
    }


def _emotion_figures(
    readings: list[Reading], emotion: NDArray[np.int64], intensity: Floats
) -> dict[str, Any]:
    guess = np.array([int(reading.emotions.argmax()) for reading in readings], int)
    strength = np.array([reading.intensity for reading in readings])
    recall, confusion = recall_of(guess, emotion, intensity)
    seen = [value for value in recall.values() if value is not None]
    felt = emotion >= 0
    return {
        "recall": recall,
        "mean recall": _mean(seen),
        "confusion": confusion.tolist(),
        "intensity": correlation(strength[felt], intensity[felt]),
        "intensity error": _mean(np.abs(strength - intensity)[felt]),
    }


def recall_of(
    guess: NDArray[np.int64], emotion: NDArray[np.int64], intensity: Floats
) -> tuple[dict[str, float | None], NDArray[np.int64]]:
    """Recall of each emotion that is shown clearly, None where none is; and how often each (row)
    was taken for each other (column). A ``guess`` of -1 is none.
    """
    clear = (emotion == NEUTRAL) | ((emotion >= 0) & (intensity >= CLEAR))
    confusion = np.zeros((len(EMOTIONS), len(EMOTIONS)), int)
    guessed = clear & (guess >= 0)
    np.add.at(confusion, (emotion[guessed], guess[guessed]), 1)
    counts = np.bincount(emotion[clear], minlength=len(EMOTIONS))
    recall = {
        name: float(confusion[index, index] / counts[index]) if counts[index] else None
        for index, name in enumerate(EMOTIONS)
    }
    return recall, confusion


def _mean(values: Floats | list[float]) -> float | None:
    """None where there are no values."""
    return float(np.mean(values)) if len(values) else None


def correlation(first: Floats, second: Floats) -> float | None:
    """Pearson's; None where either doesn't vary."""
    if len(first) < 2 or first.std() < 1e-9 or second.std() < 1e-9:
        return None
    return float(np.corrcoef(first, second)[0, 1])


def speed(reader: ExpressionReader, tests: Tests) -> dict[str, float]:
    """Median milliseconds of one picture: the reader alone, with the landmarks of a picture that
    is framed, and with finding the face in it as well.
    """
    pairs = list(zip(tests.pictures, tests.faces, strict=True))[:_TIMED]
    ways = {
        "reader": reader.read_face,
        "with landmarks": lambda picture, _: reader.read(picture, framed=True),
        "with finding": lambda picture, _: reader.read(picture),
    }
    took = {}
    for name, way in ways.items():
        times = []
        for picture, face in pairs:
            began = time.perf_counter()
            way(picture, face)
            times.append(time.perf_counter() - began)
        took[name] = float(np.median(times) * 1000)
    return took
