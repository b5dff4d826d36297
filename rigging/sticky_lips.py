# SPDX-License-Identifier: GPL-3.0-or-later
"""Lips that stick: as the jaw opens, the corners of the mouth release last. Head frame, IOD.

One more shape closes what jawOpen opens, fully at the corners and not at all in the middle. It is
driven by the smaller of the jaw's opening and what is left of it: until the jaw is half open the
corners stay shut, then they open like a zip. It never closes more than is open, so that lips can't
cross, and at full opening it is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from .correctives import NEGLIGIBLE
from .data import Bone
from .head import Head, Role
from .lips import SEAL_REACH, lips_of
from .mirror import mirrored_skin
from .parts_motion import follow_skin

Floats = NDArray[np.float64]

# Shares of the way from a corner to the middle of the lip line: shut up to the first, free from
# the second on.
SHUT: Final = 0.2
FREE: Final = 0.75


def sticky_lips(
    head: Head, jaw_open: Floats, bones: Sequence[Bone], weights: csr_matrix
) -> Floats | None:
    """(N, 3) displacement to be added to jawOpen, beards included; None where no lips part.

    ``jaw_open``: (N, 3), final. ``weights`` (N, B), columns as ``bones``.
    """
    if head.seam is None or not jaw_open.any():
        return None
    lips = lips_of(head)
    from_corner = 2.0 * np.minimum(lips.along, 1.0 - lips.along)
    x = np.clip((FREE - from_corner) / (FREE - SHUT), 0.0, 1.0)
    share = x * x * (3.0 - 2.0 * x)
    skin = np.zeros_like(jaw_open)
    skin[lips.region] = lips.spread_margins(-share[:, None] * lips.parted(jaw_open), SEAL_REACH)
    mirrored = mirrored_skin(head)
    if mirrored is not None:
        skin = mirrored.mean(skin, skin)
    skin[np.linalg.norm(skin, axis=1) < NEGLIGIBLE] = 0.0
    if not skin.any():
        return None
    riding = np.isin(head.role, (Role.BROW, Role.ATTACHED))
    if riding.any():
        skin[riding] = follow_skin(head, {"sticky": skin}, bones, weights)["sticky"][riding]
    return skin
