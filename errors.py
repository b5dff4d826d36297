# SPDX-License-Identifier: GPL-3.0-or-later
"""The one exception of this domain: something that the artist can understand and act on."""

from __future__ import annotations


class RigError(Exception):
    """A head, file or setting that can't be worked with, in words for the artist.

    ``problem`` names the object or file and what is wrong with it; ``remedy`` says what to do.
    ``refused`` tells a head that was understood and turned down (True) from a fault (False).
    ``wants_markers`` is True where placing landmark markers by hand lets the work go on.
    """

    def __init__(
        self, problem: str, remedy: str, *, refused: bool = False, wants_markers: bool = False
    ) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem = problem
        self.remedy = remedy
        self.refused = refused
        self.wants_markers = wants_markers
