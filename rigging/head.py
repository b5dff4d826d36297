# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known about a head before it is rigged: parts, what is visible, lid margins, lip seam.

All coordinates are in the head frame (see data.py): +X the character's left, +Y up, +Z front,
1 unit = the inter-ocular distance (IOD).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property, wraps
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from .data import FaceLandmarks, HeadFrame, Message
from .raycast import RayScene

Found = TypeVar("Found")


class Role(IntEnum):
    """What a connected piece of the mesh is."""

    SKIN = 0
    EYE_L = 1
    EYE_R = 2
    TEETH_UPPER = 3
    TEETH_LOWER = 4
    TONGUE = 5
    LASH = 6
    BROW = 7
    HAIR = 8  # moves with the skull alone
    ATTACHED = 9  # follows the skin that it lies on: beards, glasses, piercings
    BODY = 10  # below the neck: never part of the face


EYE_ROLES: Final[dict[str, Role]] = {"L": Role.EYE_L, "R": Role.EYE_R}


class LipSide(IntEnum):
    """Which side of the lip line a skin vertex near the mouth lies on."""

    NONE = 0
    UPPER = 1
    LOWER = 2


def once_per_head(measure: Callable[[Head], Found]) -> Callable[[Head], Found]:
    """Keep what ``measure(head)`` finds with the head, which never changes."""
    name = f"{measure.__module__}.{measure.__qualname__}"

    @wraps(measure)
    def remembered(head: Head) -> Found:
        kept = head.__dict__
        if name not in kept:
            kept[name] = measure(head)
        found: Found = kept[name]
        return found

    return remembered


@dataclass(frozen=True)
class LidRim:
    """The visible skin edge around one eye opening.

    ``upper``, ``lower``: (K, 3) points along the lid margins, both from the inner to the outer
    corner and evenly spaced. ``axes``: (3, 3) rows right, up, front of the view straight on to
    the eye, in which the lids close. ``opening``: largest distance between the margins.
    """

    upper: NDArray[np.float64]
    lower: NDArray[np.float64]
    axes: NDArray[np.float64]

    @property
    def opening(self) -> float:
        return float(np.linalg.norm(self.upper - self.lower, axis=1).max())


@dataclass(frozen=True)
class LipSeam:
    """Where the lips part: (K, 3) points on the inner edge of each lip, from the character's
    right corner (-X) to the left one (+X), evenly spaced.
    """

    upper: NDArray[np.float64]
    lower: NDArray[np.float64]


@dataclass(frozen=True)
class Eyeball:
    """Best sphere through an eye part; ``radius`` 0 where no part of the mesh is an eye."""

    centre: NDArray[np.float64]
    radius: float


@dataclass(frozen=True)
class Head:
    """A face mesh, welded and understood, in the head frame.

    ``vertices`` (N, 3), ``triangles`` (M, 3), ``normals`` (N, 3) of the welded mesh;
    ``weld`` (V,) maps each FaceMesh vertex to its welded vertex (V >= N). Degenerate and
    duplicate triangles are dropped; a welded vertex may have no triangle at all.
    ``component`` (N,) connected piece; ``role`` (N,) Role; ``exposure`` (N,) share of directions
    in which a vertex sees the outside, 0..1; ``visible`` (N,) bool, False inside the mouth and
    the eye sockets. ``lip_side`` (N,) LipSide of skin vertices (through the mouth bag as well).
    ``rims`` has "L" and "R" only where lids can close; ``seam`` is None where the mouth is sealed.
    ``buttons``: sides whose eye lies on the face like a button, without lids. ``covered``: the
    mouth has a slit, but counts as sealed, because what lies over it can't part.
    """

    frame: HeadFrame
    landmarks: FaceLandmarks
    vertices: NDArray[np.float64]
    triangles: NDArray[np.int64]
    normals: NDArray[np.float64]
    weld: NDArray[np.int64]
    component: NDArray[np.int64]
    role: NDArray[np.int8]
    exposure: NDArray[np.float64]
    visible: NDArray[np.bool_]
    lip_side: NDArray[np.int8]
    rims: dict[str, LidRim]
    seam: LipSeam | None
    eyeballs: dict[str, Eyeball]
    messages: list[Message] = field(default_factory=list)
    buttons: frozenset[str] = frozenset()
    covered: bool = False

    @cached_property
    def scene(self) -> RayScene:
        """All triangles, to be asked what rays hit."""
        return RayScene(self.vertices, self.triangles)

    def keep(self, scene: RayScene) -> Head:
        """Itself, with a scene of its triangles that has been built before."""
        self.__dict__["scene"] = scene  # where cached_property looks first
        return self

    def point(self, landmark: str) -> NDArray[np.float64]:
        """A named landmark in the head frame."""
        return self.frame.to_head(self.landmarks.named[landmark])

    def triangles_of(self, *roles: Role) -> NDArray[np.int64]:
        """Triangles (., 3) of the pieces with one of these roles, indices into ``vertices``."""
        wanted = np.zeros(len(Role), bool)
        wanted[list(roles)] = True
        return self.triangles[wanted[self.role][self.triangles[:, 0]]]
