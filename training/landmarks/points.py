# SPDX-License-Identifier: GPL-3.0-or-later
"""The dense landmark scheme: 301 named points that every head has, and the subsets of it.

Left and right are the character's own. Rows that cross the face run from the character's right
to its left; paired rows run from the midline outwards. Where a head lacks a feature, its points
lie where an animator would put them, and are labelled as not existing.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

SIDES: Final = ("L", "R")

CONTOUR: Final = 33  # ear, jaw, under the chin, jaw, ear
HAIRLINE: Final = 17  # temple, over the forehead, temple
LID: Final = 11  # upper margin with both corners; the lower one has two fewer
LIP: Final = 20  # right corner, upper edge, left corner, lower edge


def _row(name: str, count: int, first: int = 0) -> tuple[str, ...]:
    return tuple(f"{name}_{index:02d}" for index in range(first, first + count))


def _sided(name: str, count: int, first: int = 0) -> tuple[str, ...]:
    return tuple(point for side in SIDES for point in _row(f"{name}_{side}", count, first))


# Region -> its points. The order of the whole scheme is the order of this table.
REGIONS: Final[dict[str, tuple[str, ...]]] = {
    "jaw": (*_row("contour", CONTOUR), "fold", "chin"),
    "forehead": (
        *_row("hairline", HAIRLINE),
        *_row("forehead", 9),
        "glabella",
        "temple_L",
        "temple_R",
    ),
    "brows": (*_sided("brow", 9), *_sided("brow_upper", 5), *_sided("brow_lower", 5)),
    "eyes": (
        *_sided("lid_upper", LID),
        *_sided("lid_lower", LID - 2, first=1),
        *_sided("iris", 8),
        "pupil_L",
        "pupil_R",
    ),
    "orbit": (*_sided("crease", 5), *_sided("orbit", 8), *_sided("under_eye", 3)),
    "nose": (
        *_row("ridge", 7),
        "nose_base",
        *(f"{name}_{side}" for name in ("ala", "ala_top", "ala_base", "nostril") for side in SIDES),
        *_sided("nose_side", 3),
    ),
    "mouth": (*_row("lip_outer", LIP), *_row("lip_inner", LIP), "philtrum_L", "philtrum_R"),
    "cheeks": (*_sided("cheek", 9), *_sided("nasolabial", 4)),
    "ears": _sided("ear", 8),
    "skull": ("skull_top", "skull_L", "skull_R"),
}
NAMES: Final[tuple[str, ...]] = tuple(name for names in REGIONS.values() for name in names)
INDEX: Final[dict[str, int]] = {name: index for index, name in enumerate(NAMES)}
COUNT: Final = len(NAMES)

# The features that a head may lack, and the points that then don't exist.
FEATURES: Final[dict[str, tuple[str, ...]]] = {
    "brows": REGIONS["brows"],
    "irises": tuple(name for name in REGIONS["eyes"] if name.startswith("iris")),
    "lids": REGIONS["orbit"],
    "nose": REGIONS["nose"],
    "mouth": REGIONS["mouth"],
    "ears": REGIONS["ears"],
}
# The face box is the bounding box of these.
FACE_BOX: Final[tuple[str, ...]] = tuple(
    name
    for region in ("jaw", "brows", "eyes", "nose", "mouth", "cheeks")
    for name in REGIONS[region]
)

# The product's named landmarks (``auto_rig_face.vocabulary.LANDMARKS``) in this scheme.
PRODUCT_POINTS: Final[dict[str, str]] = {
    **{
        f"{product}_{side}": f"{dense}_{side}{suffix}"
        for product, dense, suffix in (
            ("eye_outer", "lid_upper", "_10"),
            ("eye_inner", "lid_upper", "_00"),
            ("lid_upper", "lid_upper", "_05"),
            ("lid_lower", "lid_lower", "_05"),
            ("pupil", "pupil", ""),
            ("brow_inner", "brow", "_00"),
            ("brow_mid", "brow", "_04"),
            ("brow_outer", "brow", "_08"),
            ("ala", "ala", ""),
        )
        for side in SIDES
    },
    "mouth_corner_L": "lip_inner_10",
    "mouth_corner_R": "lip_inner_00",
    "nose_bridge": "ridge_00",
    "nose_tip": "ridge_06",
    "nose_base": "nose_base",
    "lip_upper_top": "lip_outer_05",
    "lip_upper_inner": "lip_inner_05",
    "lip_lower_inner": "lip_inner_15",
    "lip_lower_bottom": "lip_outer_15",
    "chin": "chin",
}

# https://ibug.doc.ic.ac.uk/resources/facial-point-annotations/ , in its own order: jaw from the
# character's right ear, right brow, left brow, nose, right eye, left eye, outer and inner lips.
IBUG_68: Final[tuple[str, ...]] = (
    *(f"contour_{index:02d}" for index in range(0, CONTOUR, 2)),
    *(f"brow_R_{index:02d}" for index in (8, 6, 4, 2, 0)),
    *(f"brow_L_{index:02d}" for index in (0, 2, 4, 6, 8)),
    *(f"ridge_{index:02d}" for index in (0, 2, 4, 6)),
    *("ala_base_R", "nostril_R", "nose_base", "nostril_L", "ala_base_L"),
    *("lid_upper_R_10", "lid_upper_R_07", "lid_upper_R_03", "lid_upper_R_00"),
    *("lid_lower_R_03", "lid_lower_R_07"),
    *("lid_upper_L_00", "lid_upper_L_03", "lid_upper_L_07", "lid_upper_L_10"),
    *("lid_lower_L_07", "lid_lower_L_03"),
    *(f"lip_outer_{index:02d}" for index in (0, 2, 4, 5, 6, 8, 10, 12, 14, 15, 16, 18)),
    *(f"lip_inner_{index:02d}" for index in (0, 3, 5, 7, 10, 13, 15, 17)),
)

# Points whose distance is what an expression changes: lid and lid, lip and lip, brow and eye, brow
# and brow, mouth corner and nose, chin and nose.
PAIRS: Final[tuple[tuple[str, str], ...]] = (
    *((f"lid_upper_{s}_{n:02d}", f"lid_lower_{s}_{n:02d}") for s in SIDES for n in range(1, 10)),
    *((f"lip_{e}_{n:02d}", f"lip_{e}_{LIP - n:02d}") for e in ("inner", "outer")
      for n in range(1, LIP // 2)),
    *((f"brow_{s}_{n:02d}", f"lid_upper_{s}_{n + 1:02d}") for s in SIDES for n in range(9)),
    ("brow_L_00", "brow_R_00"),
    ("lip_outer_00", "lip_outer_10"),
    ("lip_outer_00", "ala_R"),
    ("lip_outer_10", "ala_L"),
    ("lip_outer_05", "nose_base"),
    ("chin", "nose_base"),
)  # fmt: skip

# Rows of the midline that swap their ends in a mirror.
_CROSSING: Final = {"contour": CONTOUR, "hairline": HAIRLINE}


def indices(names: tuple[str, ...]) -> NDArray[np.int64]:
    """Rows of the scheme that belong to ``names``."""
    return np.array([INDEX[name] for name in names])


def mirror_name(name: str) -> str:
    """The point on the other side of the face; a midline point is its own mirror image."""
    stem, _, number = name.rpartition("_")
    if stem in _CROSSING:
        return f"{stem}_{_CROSSING[stem] - 1 - int(number):02d}"
    if stem in {"lip_outer", "lip_inner"}:
        return f"{stem}_{(LIP // 2 - int(number)) % LIP:02d}"
    if stem == "forehead":  # rows of three, bottom up
        row, column = divmod(int(number), 3)
        return f"forehead_{row * 3 + 2 - column:02d}"
    for side, other in (("L", "R"), ("R", "L")):
        if name.endswith(f"_{side}"):
            return name.removesuffix(side) + other
        if f"_{side}_" in name:
            return name.replace(f"_{side}_", f"_{other}_")
    return name


MIRROR: Final[NDArray[np.int64]] = np.array([INDEX[mirror_name(name)] for name in NAMES])
