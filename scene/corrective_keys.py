# SPDX-License-Identifier: GPL-3.0-or-later
"""The rig's correctives as shape keys that the product of two others drives."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import bpy

from ..properties import state_of
from ..rigging.data import FaceRig, Message
from ..vocabulary import corrective_name
from .head import SceneHead, SceneOptions
from .key_drivers import follow_product
from .key_motion import displacement, moves
from .key_writer import RIG_SUFFIX, KeyWriter
from .transaction import Transaction

Pair = tuple[str, str]


def write_corrective_keys(
    scene_head: SceneHead,
    rig: FaceRig,
    shapes: Collection[str],
    options: SceneOptions,
    transaction: Transaction,
) -> tuple[list[str], list[Message]]:
    """Write the correctives that belong to one of ``shapes``; returns the names of their keys.

    A key of that name which isn't the rig's, or which was sculpted since, stays and does the job:
    two of them would correct twice. A pair is left out where one of its two keys is the artist's.
    """
    pairs = {
        pair: sources
        for pair in rig.correctives
        if not set(pair).isdisjoint(shapes) and (sources := _sources(scene_head.obj, pair))
    }
    if options.existing_keys == "KEEP_BOTH":
        options = replace(options, existing_keys="KEEP")
    scale, kept = rig.landmarks.frame.scale, []
    for part in scene_head.parts:
        writer = KeyWriter(part, options, transaction)
        for pair, sources in pairs.items():
            name, rows = corrective_name(*pair), part.own_rows(rig.correctives[pair])
            if not (moves(rows, scale) or writer.has_written(name)):
                continue
            written = writer.write(name, displacement(part, rows, pair, scale))
            if written is None:
                kept.append(f'"{part.obj.name}" ({name})')
            else:
                follow_product(part.obj, written, scene_head.obj, sources, transaction)
    return [corrective_name(*pair) for pair in pairs], _kept_messages(kept)


def _kept_messages(kept: list[str]) -> list[Message]:
    if not kept:
        return []
    text = f"Correctives of your own were kept and the rig's left out: {', '.join(kept)}."
    return [Message("info", text)]


def _sources(head: bpy.types.Object, pair: Pair) -> tuple[str, ...]:
    """Names of the rig's two keys; none where it doesn't have both."""
    keys = state_of(head).keys
    names = [
        next((name for name in (shape, shape + RIG_SUFFIX) if name in keys), None) for shape in pair
    ]
    return tuple(name for name in names if name is not None) if None not in names else ()
