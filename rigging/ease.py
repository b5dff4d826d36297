# SPDX-License-Identifier: GPL-3.0-or-later
"""Weaken shapes that would push skin through skin, where nothing else helped."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..vocabulary import mirror_shape
from .certificate.folds import FoldFinder, intersection_limit
from .certificate.skin import exposed_skin
from .data import Certificate, Message
from .head import Head

STEPS: Final[tuple[float, ...]] = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)
# A blink must shut, mouthClose must answer to jawOpen.
KEPT: Final[tuple[str, ...]] = ("eyeBlinkLeft", "eyeBlinkRight", "mouthClose")

Shapes = dict[str, NDArray[np.float64]]


def ease(head: Head, shapes: Shapes, certificate: Certificate) -> Shapes:
    """Those of the shapes (N, 3) that must move less, weakened alike on both sides; the head's
    messages tell of them. Empty where the certificate finds no skin that passes through skin.
    """
    failed = {metric.name for metric in certificate.metrics if not metric.passed}
    if "new self-intersections" not in failed:
        return {}
    skin = exposed_skin(head)
    finder, limit = FoldFinder(head, skin), intersection_limit(skin)

    def passes_through(name: str, share: float) -> bool:
        found = finder.examine(name, share * shapes[name][skin.index])
        return len(finder.new([found])[0].pairs) > limit

    eased: dict[str, float] = {}
    for name in shapes:
        if name not in KEPT and passes_through(name, 1.0):
            share = next((step for step in STEPS if not passes_through(name, step)), None)
            if share is not None:
                for one in {name, mirror_shape(name)} & shapes.keys():
                    eased[one] = min(share, eased.get(one, 1.0))
    for share in sorted(set(eased.values()), reverse=True):
        names = ", ".join(name for name in shapes if eased.get(name) == share)
        head.messages.append(
            Message(
                "info",
                f"{names}: moves {share:.0%} as far as on other heads. Any further, and skin would "
                "pass through skin; finer triangles around lips and nose give it more room.",
            )
        )
    return {name: share * shapes[name] for name, share in eased.items()}
