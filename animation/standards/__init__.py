# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and recipes of the standards that pipelines expect of a face, one file each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .emotion_keys import EMOTION_KEYS
from .metahuman import METAHUMAN
from .mmd import MMD
from .oculus import OCULUS
from .ready_player_me import READY_PLAYER_ME
from .standard import Recipe, Standard
from .unity import UNITY
from .vrm import ADDON_NAMES, OVERRIDES, VRM

__all__ = ("ADDON_NAMES", "OVERRIDES", "STANDARDS", "VRM", "Recipe", "Standard")

# Identifier -> standard, in the order in which people are offered them.
STANDARDS: Final[Mapping[str, Standard]] = MappingProxyType(
    {
        standard.identifier: standard
        for standard in (VRM, READY_PLAYER_ME, METAHUMAN, UNITY, MMD, OCULUS, EMOTION_KEYS)
    }
)
