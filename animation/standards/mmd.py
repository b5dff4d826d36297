# SPDX-License-Identifier: GPL-3.0-or-later
"""Morphs of MikuMikuDance models that motions expect.

There is no specification: the names are those of the model that comes with the program and of the
models made after it, as listed for importers, for example in
https://github.com/miu200521358/vroid2pmx and https://github.com/UuuNyaa/blender_mmd_tools. A motion
file keeps 15 bytes of a name in Shift-JIS, so no name is longer, and one has half-width letters.

ウィンク closes the character's left eye and ウィンク右 (right) its right one, with a smile; the
variants with a 2 do it without. Morphs of eyes, mouth and brows are separate, as motions combine
them: 笑い (laughing) only shuts the eyes, 怒り (anger) only lowers the brows. Morphs of what a face
rig has not are left out: pupils, stars, tears, blushes and ω mouths.
"""

from __future__ import annotations

from typing import Final

from ..visemes import BILABIAL, shapes_of
from .standard import Standard, recipes

MMD: Final = Standard(
    "mmd",
    "MMD",
    "https://github.com/miu200521358/vroid2pmx",
    recipes(
        {
            # Eyes.
            "まばたき": {"eyeBlink": 1.0},
            "笑い": {"eyeBlink": 1.0, "cheekSquint": 1.0, "eyeSquint": 0.6},
            "ウィンク": {"eyeBlinkLeft": 1.0, "cheekSquintLeft": 1.0, "eyeSquintLeft": 0.6},
            "ウィンク右": {"eyeBlinkRight": 1.0, "cheekSquintRight": 1.0, "eyeSquintRight": 0.6},
            "ウィンク２": {"eyeBlinkLeft": 1.0},
            "ｳｨﾝｸ２右": {"eyeBlinkRight": 1.0},
            "なごみ": {"eyeBlink": 0.85},
            "はぅ": {"eyeBlink": 1.0, "eyeSquint": 1.0, "cheekSquint": 0.8, "noseSneer": 0.3},
            "びっくり": {"eyeWide": 1.0},
            "じと目": {"eyeBlink": 0.45, "eyeSquint": 0.2},
            "ｷﾘｯ": {"eyeSquint": 0.6, "eyeBlink": 0.1},
            # Mouth.
            "あ": shapes_of("aa"),
            "い": shapes_of("ih"),
            "う": shapes_of("ou"),
            "え": shapes_of("E"),
            "お": shapes_of("oh"),
            "ん": shapes_of(BILABIAL),
            "▲": {"jawOpen": 0.35, "mouthFrown": 0.8, "mouthUpperUp": 0.3},
            "∧": {"mouthFrown": 1.0, "mouthShrugLower": 0.4},
            "□": {
                "jawOpen": 0.2,
                "mouthStretch": 0.8,
                "mouthLowerDown": 0.8,
                "mouthUpperUp": 0.5,
            },
            "ワ": {"jawOpen": 0.45, "mouthSmile": 0.8, "mouthUpperUp": 0.2},
            "にやり": {"mouthSmile": 0.6, "mouthDimple": 0.8, "mouthPress": 0.3},
            "にっこり": {"mouthSmile": 1.0},
            "ぺろっ": {"tongueOut": 0.8, "jawOpen": 0.2, "mouthSmile": 0.3},
            "口角上げ": {"mouthSmile": 0.7},
            "口角下げ": {"mouthFrown": 1.0},
            "口横広げ": {"mouthStretch": 1.0},
            # Brows.
            "真面目": {"browDown": 0.5},
            "困る": {"browInnerUp": 1.0, "browDown": 0.2},
            "にこり": {"browInnerUp": 0.4, "browOuterUp": 0.5},
            "怒り": {"browDown": 1.0},
            "上": {"browInnerUp": 1.0, "browOuterUp": 1.0},
            "下": {"browDown": 0.7},
        }
    ),
)
