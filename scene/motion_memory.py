# SPDX-License-Identifier: GPL-3.0-or-later
"""The rig's own motion of each key, kept in the .blend so that later sculpting can be told from it.

As it is written it is packed briefly; once the surface is remembered as well, it is packed along
that, which takes half the room. Files of earlier versions hold it as text.
"""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ..properties import OwnedKey, state_of
from ..rigging.data import FaceMesh, FaceRig
from .head import SceneHead
from .packed import (
    Whole,
    is_packed_briefly,
    multiples,
    pack_briefly,
    pack_multiples,
    pack_vectors,
    unpack_brief,
    unpack_multiples,
)
from .surface_memory import Walk, remember_surfaces, walk_of

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
    record.motion = ""
    record.walked = pack_briefly(multiples(displacement, _STEP * unit))
    record.correction = "" if correction is None else pack_vectors(correction, _FINE_STEP * unit)
    record.step = NOTED_STEP * unit


def unit_of(record: OwnedKey) -> float:
    """The IOD in the object's space when the key was written."""
    return record.step / NOTED_STEP


def knows_motion(obj: bpy.types.Object, record: OwnedKey) -> bool:
    """Whether the rig's own motion was kept; the first versions kept none."""
    if record.motion or is_packed_briefly(record.walked):
        return True
    return bool(record.walked) and walk_of(obj) is not None


def kept_motions(obj: bpy.types.Object) -> dict[str, NDArray[np.float64]]:
    """Key of the rig -> (N, 3) its own motion, object space, of those that can be read."""
    return {name: values * step for name, (values, step) in _kept(obj).items()}


def remember_face(scene_head: SceneHead, face_mesh: FaceMesh, rig: FaceRig) -> None:
    """Keep the surface of a head that was written, and pack all motions along it."""
    before = {part.obj.name: _along_surface(part.obj) for part in scene_head.parts}
    remember_surfaces(scene_head, face_mesh, rig)
    for part in scene_head.parts:
        known, path = before[part.obj.name], walk_of(part.obj)
        for record in state_of(part.obj).keys:
            motion = known.pop(record.name, None) or _by_itself(record)
            if motion is not None:
                _keep(record, motion, path)


def _kept(obj: bpy.types.Object) -> dict[str, Whole]:
    found = _along_surface(obj)
    for record in state_of(obj).keys:
        if (motion := _by_itself(record)) is not None:
            found[record.name] = motion
    return found


def _by_itself(record: OwnedKey) -> Whole | None:
    """What was kept without the surface."""
    if is_packed_briefly(record.walked):
        return unpack_brief(record.walked)
    return None if record.walked else unpack_multiples(record.motion)


def _along_surface(obj: bpy.types.Object) -> dict[str, Whole]:
    """What was kept along the surface."""
    found: dict[str, Whole] = {}
    along = [r for r in state_of(obj).keys if r.walked and not is_packed_briefly(r.walked)]
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


def _keep(record: OwnedKey, motion: Whole, path: Walk | None) -> None:
    """Along the surface where that reaches all that moves, else by itself."""
    values, step = motion
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
