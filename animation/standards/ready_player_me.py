# SPDX-License-Identifier: GPL-3.0-or-later
"""The morph targets of Ready Player Me's avatars.

The 52 of ARKit under Apple's own names
(https://docs.readyplayer.me/ready-player-me/api-reference/avatars/morph-targets/apple-arkit), which
a rig has already; the visemes, three of which have names of their own
(https://docs.readyplayer.me/ready-player-me/api-reference/avatars/morph-targets/oculus-ovr-libsync);
and five for both sides at once
(https://docs.readyplayer.me/ready-player-me/api-reference/avatars/morph-targets). Left and right
are the avatar's own.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from ..visemes import VISEMES, shapes_of
from .oculus import PREFIX
from .standard import Standard, recipes

# Viseme -> its name here, where that differs from Meta's.
_NAMES: Final = MappingProxyType({"ih": "I", "oh": "O", "ou": "U"})

READY_PLAYER_ME: Final = Standard(
    "rpm",
    "Ready Player Me",
    "https://docs.readyplayer.me/ready-player-me/api-reference/avatars/morph-targets",
    recipes(
        {
            **{PREFIX + _NAMES.get(viseme, viseme): shapes_of(viseme) for viseme in VISEMES},
            "mouthOpen": {"jawOpen": 0.6},
            "mouthSmile": {"mouthSmile": 1.0},
            "eyesClosed": {"eyeBlink": 1.0},
            "eyesLookUp": {"eyeLookUp": 1.0},
            "eyesLookDown": {"eyeLookDown": 1.0},
        }
    ),
    takes_arkit=True,
)
