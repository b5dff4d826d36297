# SPDX-License-Identifier: GPL-3.0-or-later
"""Shape keys on the head and its parts. The artist's own keys are never lost silently."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Final

import bpy

from ..properties import state_of
from ..rigging.data import FaceRig, Message
from ..vocabulary import STICKY_LIPS, corrective_pair
from .corrective_keys import write_corrective_keys, write_sticky_key
from .head import SceneHead, SceneOptions
from .key_drivers import follow
from .key_motion import SIDEWAYS_SHAPES, displacement, moves
from .key_names import rename_keys, restore_names
from .key_writer import RIG_SUFFIX, PartWriter, remove_keys
from .sculpting import Carry, find_corrections
from .standard_keys import bake_again
from .transaction import Transaction

NO_CARRIES: Final[Mapping[str, Carry]] = MappingProxyType({})


def write_shape_keys(
    scene_head: SceneHead,
    rig: FaceRig,
    shapes: Collection[str],
    options: SceneOptions,
    transaction: Transaction,
    *,
    remove_others: bool,
    carries: Mapping[str, Carry] = NO_CARRIES,
) -> list[Message]:
    """Write ``shapes`` of the rig on the head, and on every part that they move.

    Keys that the rig made before are overwritten in place, so that their values and animation
    stay; what the artist has sculpted on them is added to the new motion, unless the options say
    otherwise. Parts follow the head's sliders through drivers.
    The correctives of pairs with one of ``shapes`` go along. ``remove_others`` takes away keys of
    an earlier rig that this one doesn't have any more. ``carries``: object's name -> how its keys
    go from the mesh as it was to the mesh as it is, where the topology has changed since.
    """
    messages = _mirror_messages(scene_head)
    had = restore_names(scene_head.obj, transaction)
    head, scale = scene_head.parts[0], rig.landmarks.frame.scale
    sculpted = [find_corrections(p.obj, carries.get(p.obj.name)) for p in scene_head.parts]
    keeps = options.sculpted_keys == "KEEP"
    writers = [
        PartWriter(part, options, transaction, scale, corrections if keeps else {})
        for part, corrections in zip(scene_head.parts, sculpted, strict=True)
    ]
    head_writer = writers[0]
    gone = [shape for shape in shapes if not head_writer.left_out.isdisjoint(_names_of(shape))]
    if gone:
        messages.append(_deleted_message(scene_head.obj, gone))
    shapes = [shape for shape in shapes if shape not in gone]
    kept = []
    names: dict[str, str] = {}
    for shape in shapes:
        rows = head.own_rows(rig.shapes[shape])
        written = head_writer.write(shape, displacement(head, rows, [shape], scale))
        names[shape] = written or shape
        if written != shape:
            kept.append(shape)
    if kept:
        messages.append(_kept_message(scene_head.obj, kept, options))
    for writer in writers[1:]:
        _write_part(scene_head, writer, rig, names, transaction)
    correctives, remarks = write_corrective_keys(scene_head, rig, names, writers, transaction)
    sticky, more = write_sticky_key(scene_head, rig, names, writers, transaction)
    correctives, remarks = correctives + sticky, remarks + more
    current = {*names.values(), *correctives}
    for writer, corrections in zip(writers, sculpted, strict=True):
        messages += _sculpted_messages(writer.part.obj, current & corrections.keys(), keeps=keeps)

    def is_stale(name: str) -> bool:
        sources = ("jawOpen",) if name == STICKY_LIPS else corrective_pair(name) or ()
        depends = not names.keys().isdisjoint(sources)
        return (remove_others or depends) and name not in current

    _remove_on_commit(writers, is_stale, transaction)
    transaction.on_commit(functools.partial(_keep_standards, scene_head.obj, had, options))
    return messages + remarks


def _keep_standards(head: bpy.types.Object, had: Mapping[str, str], options: SceneOptions) -> None:
    """Bake the keys of standards that were added to an earlier rig again, and give its names to
    this one.
    """
    with Transaction() as transaction:
        bake_again(head, options, transaction)
        rename_keys(head, had, transaction)


def _write_part(
    scene_head: SceneHead,
    writer: PartWriter,
    rig: FaceRig,
    names: dict[str, str],
    transaction: Transaction,
) -> None:
    part, scale = writer.part, rig.landmarks.frame.scale
    for shape, head_key in names.items():
        rows = part.own_rows(rig.shapes[shape])
        if not (moves(rows, scale) or writer.has_written(head_key)):
            continue
        written = writer.write(head_key, displacement(part, rows, [shape], scale))
        if written is not None:
            follow(part.obj, written, scene_head.obj, head_key, transaction)


def _remove_on_commit(
    writers: Iterable[PartWriter], is_stale: Callable[[str], bool], transaction: Transaction
) -> None:
    for writer in writers:
        obj, known = writer.part.obj, writer.left_out
        stale = [
            key.name
            for key in state_of(obj).keys
            if not key.recipe and key.name not in known and is_stale(key.name)
        ]
        if stale:  # to tell what was sculpted on them takes a while
            transaction.on_commit(functools.partial(remove_keys, obj, stale))


def _names_of(shape: str) -> tuple[str, str]:
    return shape, shape + RIG_SUFFIX


def _deleted_message(obj: bpy.types.Object, gone: list[str]) -> Message:
    text = (
        f'You have deleted or renamed {", ".join(gone)} on "{obj.name}", so they were left out. '
        "Turn on Make Deleted Keys Again in the options to have them back."
    )
    return Message("info", text)


def _kept_message(obj: bpy.types.Object, kept: list[str], options: SceneOptions) -> Message:
    names = ", ".join(kept)
    if options.existing_keys == "KEEP":
        text = f'"{obj.name}" has its own {names}; they were kept and the rig\'s left out.'
    else:
        text = (
            f'"{obj.name}" has its own {names}; they were kept, and the rig\'s are beside them '
            f'with "{RIG_SUFFIX}" after the name.'
        )
    return Message("warning", text)


def _sculpted_messages(
    obj: bpy.types.Object, sculpted: Collection[str], *, keeps: bool
) -> list[Message]:
    if not sculpted:
        return []
    names = ", ".join(sorted(sculpted))
    if keeps:
        return [Message("info", f'What you have sculpted on "{obj.name}" was kept: {names}.')]
    text = (
        f'What you had sculpted on "{obj.name}" was discarded, as Sculpted Keys in the options '
        f"says: {names}."
    )
    return [Message("warning", text)]


def _mirror_messages(scene_head: SceneHead) -> list[Message]:
    mirrored = [f'"{part.obj.name}"' for part in scene_head.parts if part.mirrored]
    if not mirrored:
        return []
    text = (
        f"{', '.join(mirrored)}: a Mirror modifier makes both sides move alike, so "
        f"{', '.join(SIDEWAYS_SHAPES)} are left empty there. "
        "Apply the modifier and rig again for one-sided expressions."
    )
    return [Message("warning", text)]
