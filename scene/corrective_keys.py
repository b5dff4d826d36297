# SPDX-License-Identifier: GPL-3.0-or-later
"""The rig's correctives as shape keys that drivers give their values: products of two others, and
lips that stick.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import bpy

from ..rigging.data import FaceRig, Message
from ..vocabulary import STICKY_LIPS, STICKY_PROPERTY, corrective_name
from .head import SceneHead
from .key_drivers import follow_product, follow_sticky_lips
from .key_motion import displacement, moves
from .key_writer import PartWriter, own_key_name
from .transaction import Transaction

Pair = tuple[str, str]


def write_corrective_keys(
    scene_head: SceneHead,
    rig: FaceRig,
    shapes: Collection[str],
    writers: Sequence[PartWriter],
    transaction: Transaction,
) -> tuple[list[str], list[Message]]:
    """Write the correctives that belong to one of ``shapes``; returns the names of their keys.

    A key of that name which isn't the rig's stays and does the job: two of them would correct
    twice. A pair is left out where one of its two keys is the artist's.
    """
    pairs = {
        pair: sources
        for pair in rig.correctives
        if not set(pair).isdisjoint(shapes) and (sources := _sources(scene_head.obj, pair))
    }
    scale, kept = rig.landmarks.frame.scale, []
    for writer in [item.keeping_mine() for item in writers]:
        part = writer.part
        for pair, sources in pairs.items():
            name, rows = corrective_name(*pair), part.own_rows(rig.correctives[pair])
            is_wanted = moves(rows, scale) or writer.has_written(name)
            if not is_wanted or name in writer.left_out:
                continue
            written = writer.write(name, displacement(part, rows, pair, scale))
            if written is None:
                kept.append(f'"{part.obj.name}" ({name})')
            else:
                follow_product(part.obj, written, scene_head.obj, sources, transaction)
    return [corrective_name(*pair) for pair in pairs], _kept_messages(kept)


def write_sticky_key(
    scene_head: SceneHead,
    rig: FaceRig,
    shapes: Collection[str],
    writers: Sequence[PartWriter],
    transaction: Transaction,
) -> tuple[list[str], list[Message]]:
    """Write the key that keeps the corners of the mouth shut, and the slider on the head that turns
    it up; returns the key's name where there is one.
    """
    head, motion = scene_head.obj, rig.sticky_lips
    jaw = own_key_name(head, "jawOpen")
    if motion is None or jaw is None:
        transaction.on_commit(lambda: head.pop(STICKY_PROPERTY, None))
        return [], []
    if "jawOpen" not in shapes:
        return [STICKY_LIPS], []
    sources = {"jawOpen": jaw}
    closed = own_key_name(head, "mouthClose")
    if closed is not None and "mouthClose" in rig.shapes:
        sources["mouthClose"] = closed
    scale, kept = rig.landmarks.frame.scale, []
    for writer in [item.keeping_mine() for item in writers]:
        part, rows = writer.part, writer.part.own_rows(motion)
        is_wanted = moves(rows, scale) or writer.has_written(STICKY_LIPS)
        if not is_wanted or STICKY_LIPS in writer.left_out:
            continue
        written = writer.write(STICKY_LIPS, displacement(part, rows, ["jawOpen"], scale))
        if written is None:
            kept.append(f'"{part.obj.name}" ({STICKY_LIPS})')
            continue
        _add_slider(head, transaction)
        follow_sticky_lips(part.obj, written, head, sources, STICKY_PROPERTY, transaction)
    return [STICKY_LIPS], _kept_messages(kept)


def _add_slider(head: bpy.types.Object, transaction: Transaction) -> None:
    if STICKY_PROPERTY in head:
        return
    head[STICKY_PROPERTY] = 0.0
    transaction.on_rollback(lambda: head.pop(STICKY_PROPERTY, None))
    head.id_properties_ui(STICKY_PROPERTY).update(
        min=0.0,
        max=1.0,
        description="How far the corners of the mouth stick together as the jaw opens",
    )


def _kept_messages(kept: list[str]) -> list[Message]:
    if not kept:
        return []
    text = f"Correctives of your own were kept and the rig's left out: {', '.join(kept)}."
    return [Message("info", text)]


def _sources(head: bpy.types.Object, pair: Pair) -> tuple[str, ...]:
    """Names of the rig's two keys; none where it doesn't have both."""
    names = [own_key_name(head, shape) for shape in pair]
    return tuple(name for name in names if name is not None) if None not in names else ()
