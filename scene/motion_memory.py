# SPDX-License-Identifier: GPL-3.0-or-later
"""The rig's own motion of each key, kept in the .blend so that later sculpting can be told from it.

As it is written it is plain text; once the surface is remembered as well, it is packed along that,
which takes half the room. What files of earlier versions hold is read like the former.
"""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ..properties import OwnedKey, state_of
from ..rigging.data import FaceMesh, FaceRig
from .head import SceneHead
from .packed import Whole, pack_multiples, pack_vectors, unpack_multiples
from .surface_memory import remember_surfaces, walk_of

# In inter-ocular distances: to what motions and the artist's corrections are rounded. A vertex is
# off by at most 0.87 of that (half of it along each axis).
_STEP: Final = 1.15e-4
_FINE_STEP: Final = 2e-6

# What a record's ``step`` is in inter-ocular distances: what motions were rounded to at first.
NOTED_STEP: Final = 2e-4


def remember_motion(
    record: OwnedKey,
    displacement: NDArray[np.float64],
    correction: NDArray[np.float64] | None,
    unit: float,
) -> None:
    """Keep the rig's own (N, 3) motion of a key, and the artist's correction; ``unit``: the IOD in
    the object's space.
    """
    record.motion = pack_vectors(displacement, _STEP * unit, fast=True)
    record.walked = b""
    record.correction = "" if correction is None else pack_vectors(correction, _FINE_STEP * unit)
    record.step = NOTED_STEP * unit


def unit_of(record: OwnedKey) -> float:
    """The IOD in the object's space when the key was written."""
    return record.step / NOTED_STEP


def knows_motion(obj: bpy.types.Object, record: OwnedKey) -> bool:
    """Whether the rig's own motion was kept; the first versions kept none."""
    return bool(record.motion) or (bool(record.walked) and walk_of(obj) is not None)


def kept_motions(obj: bpy.types.Object) -> dict[str, NDArray[np.float64]]:
    """Key of the rig -> (N, 3) its own motion, object space, of those that can be read."""
    return {name: values * step for name, (values, step) in _kept(obj).items()}


def remember_face(scene_head: SceneHead, face_mesh: FaceMesh, rig: FaceRig) -> None:
    """Keep the surface of a head that was written, and pack all motions along it."""
    before = {part.obj.name: _kept(part.obj) for part in scene_head.parts}
    remember_surfaces(scene_head, face_mesh, rig)
    for part in scene_head.parts:
        records = state_of(part.obj).keys
        for name, motion in before[part.obj.name].items():
            _keep(part.obj, records[name], motion)


def _kept(obj: bpy.types.Object) -> dict[str, Whole]:
    found: dict[str, Whole] = {}
    along: list[OwnedKey] = []
    for record in state_of(obj).keys:
        if record.walked:
            along.append(record)
        elif (motion := unpack_multiples(record.motion)) is not None:
            found[record.name] = motion
    path = walk_of(obj) if along else None
    if path is None:
        return found
    walk, own, count = path
    on_mesh = own >= 0
    for record, whole in zip(along, walk.unpack([r.walked for r in along]), strict=True):
        if whole is not None:
            values = np.zeros((count, 3), np.int64)
            values[own[on_mesh]] = whole[0][on_mesh]
            found[record.name] = (values, whole[1])
    return found


def _keep(obj: bpy.types.Object, record: OwnedKey, motion: Whole) -> None:
    """Along the surface where that reaches all that moves, else by itself."""
    path, (values, step) = walk_of(obj), motion
    if path is not None and len(values) == path[2]:
        walk, own, _ = path
        on_mesh = own >= 0
        reached = np.zeros(len(values), bool)
        reached[own[on_mesh]] = True
        if not values[~reached].any():
            part = np.where(on_mesh[:, None], values[own], 0)
            record.walked, record.motion = walk.pack((part, step)), ""
            return
    record.motion, record.walked = pack_multiples(motion), b""
