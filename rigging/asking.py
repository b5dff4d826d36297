# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do about landmarks that aren't sure: rig all the same, rig with a remark, or ask."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..errors import RigError
from ..vocabulary import MARKERS, in_words, listed
from .data import FaceLandmarks, Message
from .landmarks import expected_error_of

# Expected errors, IOD, that nobody wants to build on without having looked.
ASK_ABOVE: Final = 0.22
MOST_ASKED: Final = 3
# A median expected error, IOD, from which nose, mouth or chin are little more than a guess: half of
# these points are then off by more than 0.15 IOD (`make bench-generality`).
DOUBTFUL: Final = 0.13
LOWER_FACE: Final = {
    "nose": ("nose_tip", "nose_base"),
    "mouth": ("mouth_corner_L", "mouth_corner_R", "lip_upper_inner", "lip_lower_inner"),
    "chin": ("chin",),
}


class UnsureFaceError(RigError):
    """A face was found, but some of its points need an artist's eye: those that are ``asked``.

    ``landmarks``: where the face is believed to be.
    """

    def __init__(self, landmarks: FaceLandmarks, asked: tuple[str, ...]) -> None:
        these = "these markers" if len(asked) > 1 else "this marker"
        super().__init__(
            "A face was found, but where on it these points are is only a guess: the "
            f"{listed([in_words(name) for name in asked])}.",
            f"Look at {these}, drag what is wrong to its place, and press Auto-Rig Face again.",
            refused=True,
            wants_markers=True,
        )
        self.landmarks = landmarks
        self.asked = asked


def worst_points(landmarks: FaceLandmarks) -> tuple[str, ...]:
    """The markers to ask the artist about, the worst first; none where nothing is too unsure.

    Landmarks that an artist has looked at are never asked for again.
    """
    if landmarks.source != "automatic":
        return ()
    expected = {name: expected_error_of(landmarks.confidence[name]) for name in MARKERS}
    unsure = [name for name in MARKERS if expected[name] > ASK_ABOVE]
    return tuple(sorted(unsure, key=lambda name: -expected[name])[:MOST_ASKED])


def doubt(landmarks: FaceLandmarks) -> Message | None:
    """What to tell the artist where the lower half of a face was only guessed, else None."""

    def is_guessed(*features: str) -> bool:
        names = [name for feature in features for name in LOWER_FACE[feature]]
        expected = [expected_error_of(landmarks.confidence[name]) for name in names]
        return bool(np.median(expected) > DOUBTFUL)

    if landmarks.source != "automatic" or not is_guessed(*LOWER_FACE):
        return None
    guessed = [feature for feature in LOWER_FACE if is_guessed(feature)]
    return Message(
        "warning",
        f"A face was found, but the place of its {listed(guessed)} is little more than a guess. "
        "Press Edit Markers, drag the markers that are wrong, and press Auto-Rig Face again.",
    )
