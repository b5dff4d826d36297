# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks of a head against a picture of the same character."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .data import FaceLandmarks, Message
from .dense_points import name_points

# Mean disagreement, in percent of the distance between the eyes, above which the artist is asked to
# look. Measured: 1 to 4 between a head and a picture of it, 2 to 5 between two people, 8 to 9
# between a person and an anime face.
WARN_ABOVE: Final = 7.0


def compare_with_picture(landmarks: FaceLandmarks, dense_image: NDArray[np.float64]) -> Message:
    """Say how far the landmarks are from those of a picture, and where most.

    ``dense_image``: (478, 2) Face Landmarker's points in pixels. The picture's view is unknown, so
    the affine camera that fits best is taken.
    """
    seen = name_points(dense_image)
    names = list(landmarks.named)
    points = np.array([landmarks.frame.to_head(landmarks.named[name]) for name in names])
    target = np.array([seen[name] for name in names])
    rows = np.column_stack((points, np.ones(len(points))))
    camera, *_ = np.linalg.lstsq(rows, target, rcond=None)
    eye_distance = np.linalg.norm(_eye_centre(seen, "L") - _eye_centre(seen, "R"))
    distance = 100.0 * np.linalg.norm(rows @ camera - target, axis=1) / max(eye_distance, 1e-9)
    mean, worst = float(distance.mean()), names[int(distance.argmax())]
    text = (
        f"The head's landmarks are {mean:.1f} % of the eye distance away from the reference "
        f"picture's on average, most at {worst}."
    )
    if mean <= WARN_ABOVE:
        return Message("info", text)
    return Message("warning", f"{text} Check them with Edit Markers.")


def _eye_centre(points: dict[str, NDArray[np.float64]], side: str) -> NDArray[np.float64]:
    return (points[f"eye_outer_{side}"] + points[f"eye_inner_{side}"]) / 2
