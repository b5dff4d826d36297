# SPDX-License-Identifier: GPL-3.0-or-later
"""The fifteen visemes of Oculus Lipsync as keys.

Names and order: Meta, "Viseme Reference"
(https://developers.meta.com/horizon/documentation/unity/audio-ovrlipsync-viseme-reference). The
reference gives the visemes and no names of blend shapes; the prefix is the usual one, which Ready
Player Me has written down, too. Recipes: see ``animation.visemes``.
"""

from __future__ import annotations

from typing import Final

from ..visemes import VISEMES, shapes_of
from .standard import Standard, recipes

PREFIX: Final = "viseme_"

OCULUS: Final = Standard(
    "oculus",
    "Oculus Visemes",
    "https://developers.meta.com/horizon/documentation/unity/audio-ovrlipsync-viseme-reference",
    recipes({PREFIX + viseme: shapes_of(viseme) for viseme in VISEMES}),
)
