# SPDX-License-Identifier: GPL-3.0-or-later
"""Expressions as pose assets: an action of one key for each, which poses the controls.

https://docs.blender.org/manual/en/latest/animation/armatures/posing/editing/pose_library.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ..animation.control_curves import to_channels
from ..animation.control_map import ADDED, HALF_AXES, Channel
from .control_armature import fchannel, unit_of
from .fcurves import channelbag_in
from .thumbnails import SIDE, preview_pixels

# On an action of ours: the head and the expression that it is, on two lines.
_MARK: Final = "auto_rig_face_pose"
_FRAME: Final = 1.0


@dataclass(frozen=True)
class PoseAsset:
    """``values``: ARKit name -> 0..1 of the shapes that the pose speaks of; others stay as they are
    when it is applied. ``catalog``: the UUID of a catalog; ``picture``: (SIDE, SIDE, 3) sRGB.
    """

    name: str
    description: str
    values: Mapping[str, float]
    catalog: str
    tags: tuple[str, ...]
    picture: NDArray[np.uint8]


def write_pose_asset(
    head: bpy.types.Object, armature: bpy.types.Object, asset: PoseAsset
) -> bpy.types.Action:
    """Make an asset of a pose, in place of the one that was made for this head before."""
    mark = f"{head.name}\n{asset.name}"
    action = _made_before(mark) or bpy.data.actions.new(f"{head.name} {asset.name}")
    action[_MARK] = mark
    _write_channels(action, armature, asset.values)
    action.asset_mark()
    data = action.asset_data
    data.description, data.catalog_id = asset.description, asset.catalog
    for tag in list(data.tags):
        data.tags.remove(tag)
    for name in dict.fromkeys((head.name, *asset.tags)):
        data.tags.new(name)
    preview = action.preview_ensure()
    preview.image_size = (SIDE, SIDE)
    preview.image_pixels_float = preview_pixels(asset.picture)
    return action


def remove_pose_assets(head: bpy.types.Object) -> None:
    """Remove the assets that were made for a head, but for those that something uses by now."""
    for action in list(bpy.data.actions):
        if action.get(_MARK, "").startswith(f"{head.name}\n") and action.asset_data is not None:
            action.asset_clear()
            if action.users == 0:
                bpy.data.actions.remove(action)


def _made_before(mark: str) -> bpy.types.Action | None:
    return next((action for action in bpy.data.actions if action.get(_MARK) == mark), None)


def _write_channels(
    action: bpy.types.Action, armature: bpy.types.Object, values: Mapping[str, float]
) -> None:
    """One key on each axis that has one of the shapes."""
    for slot in list(action.slots):
        action.slots.remove(slot)
    slot = action.slots.new(id_type="OBJECT", name=armature.name)
    bag = channelbag_in(action, slot)
    channels, _ = to_channels(values)
    groups: dict[str, bpy.types.ActionGroup] = {}
    for channel, value in {**channels, **dict.fromkeys(_both_eyes(values), 0.0)}.items():
        place = fchannel(channel)
        curve = bag.fcurves.new(place.path, index=place.array_index)
        curve.keyframe_points.insert(_FRAME, value * unit_of(armature))
        if channel.control not in groups:
            groups[channel.control] = bag.groups.new(channel.control)
        curve.group = groups[channel.control]


def _both_eyes(shapes: Iterable[str]) -> list[Channel]:
    channels = (HALF_AXES[shape].channel for shape in shapes)
    return list(dict.fromkeys(ADDED[channel] for channel in channels if channel in ADDED))
