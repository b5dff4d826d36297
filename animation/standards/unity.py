# SPDX-License-Identifier: GPL-3.0-or-later
"""The 52 ARKit shapes as Unity writes them, with a capital first letter.

Names: Unity Technologies, enum ``FaceBlendShape`` of Live Capture
(https://docs.unity3d.com/Packages/com.unity.live-capture@4.0/api/Unity.LiveCapture.ARKitFaceCapture.FaceBlendShape.html)
and enum ``ARKitBlendShapeLocation`` of AR Foundation's ARKit Face Tracking
(https://docs.unity3d.com/Packages/com.unity.xr.arkit-face-tracking@4.0/api/UnityEngine.XR.ARKit.ARKitBlendShapeLocation.html).
Left and right are the character's own, as in ARKit. Unreal's enum ``EARFaceBlendShape``, which Live
Link Face sends, has the same names.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from ...vocabulary import ARKIT_SHAPES
from .standard import Standard, recipes

UNITY: Final = Standard(
    "unity",
    "Unity",
    "https://docs.unity3d.com/Packages/com.unity.live-capture@4.0/api/Unity.LiveCapture.ARKitFaceCapture.FaceBlendShape.html",
    recipes({}),
    MappingProxyType({shape[0].upper() + shape[1:]: shape for shape in ARKIT_SHAPES}),
)
