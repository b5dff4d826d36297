# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of Face Landmarker's 478 points mean what, and the named landmarks that may follow them.

https://ai.google.dev/edge/mediapipe/solutions/vision/face_landmarker ; indices after the
canonical face model of MediaPipe. Left and right are the character's own.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

FACE_LANDMARKER: Final = 478
# Named landmark -> points whose mean is near it. Some are a tenth of the IOD off: Face Landmarker
# has no point at the sellion, at the front of the chin or on the lids' margins.
NAMED_POINTS: Final[dict[str, tuple[int, ...]]] = {
    "eye_outer_L": (263,),
    "eye_outer_R": (33,),
    "eye_inner_L": (362,),
    "eye_inner_R": (133,),
    "lid_upper_L": (386,),
    "lid_upper_R": (159,),
    "lid_lower_L": (374,),
    "lid_lower_R": (145,),
    "pupil_L": (473,),
    "pupil_R": (468,),
    "brow_inner_L": (336, 285),
    "brow_inner_R": (107, 55),
    "brow_mid_L": (334, 282),
    "brow_mid_R": (105, 52),
    "brow_outer_L": (300, 276),
    "brow_outer_R": (70, 46),
    "ala_L": (294,),
    "ala_R": (64,),
    "mouth_corner_L": (291,),
    "mouth_corner_R": (61,),
    "nose_bridge": (6,),
    "nose_tip": (4,),
    "nose_base": (2,),
    "lip_upper_top": (0,),
    "lip_upper_inner": (13,),
    "lip_lower_inner": (14,),
    "lip_lower_bottom": (17,),
    "chin": (199,),
}

EYE_OUTLINE: Final[dict[str, tuple[int, ...]]] = {
    "R": (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    "L": (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249),
}
LIPS: Final[tuple[int, ...]] = (
    *(61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 146, 91, 181, 84, 17, 314, 405, 321, 375),
    *(78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 95, 88, 178, 87, 14, 317, 402, 318, 324),
    *(76, 62, 306, 292, 184, 74, 73, 72, 11, 302, 303, 304, 408),
    *(77, 90, 180, 85, 16, 315, 404, 320, 307, 183, 42, 41, 38, 12, 268, 271, 272, 407),
    *(96, 89, 179, 86, 15, 316, 403, 319, 325),
)
IRISES: Final[tuple[int, ...]] = tuple(range(468, 478))
# The face's outline is where the views see the head's edge, not a point of the surface.
FACE_OVAL: Final[tuple[int, ...]] = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)

# Dense points that give way where the mesh itself shows this landmark.
SUPERSEDED_POINTS: Final[dict[str, tuple[int, ...]]] = {
    "eye_inner_L": EYE_OUTLINE["L"],
    "eye_inner_R": EYE_OUTLINE["R"],
    "brow_mid_L": (336, 285, 296, 295, 334, 282, 293, 283, 300, 276),
    "brow_mid_R": (107, 55, 66, 65, 105, 52, 63, 53, 70, 46),
    "lip_upper_inner": LIPS,
}


def name_points(points: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """The named landmarks of a face whose points are Face Landmarker's 478, followed by the named
    landmarks in the order of NAMED_POINTS where a detector knows them: (478 or 506, D).
    """
    if len(points) == FACE_LANDMARKER:
        return {name: points[list(index)].mean(axis=0) for name, index in NAMED_POINTS.items()}
    return dict(zip(NAMED_POINTS, points[FACE_LANDMARKER:], strict=True))
