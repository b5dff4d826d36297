# SPDX-License-Identifier: GPL-3.0-or-later
"""Shape keys on the head and its parts. The artist's own keys are never lost silently."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping

import bpy

from ..properties import state_of
from ..rigging.data import FaceRig, Message
from ..vocabulary import STICKY_LIPS, corrective_pair
from .corrective_keys import write_corrective_keys, write_sticky_key
from .head import SceneHead, SceneOptions, ScenePart
from .key_drivers import follow
from .key_motion import SIDEWAYS_SHAPES, displacement, moves
from .key_names import rename_keys, restore_names
from .key_writer import RIG_SUFFIX, KeyWriter, remove_keys
from .standard_keys import bake_again
from .transaction import Transaction


def write_shape_keys(
    scene_head: SceneHead,
    rig: FaceRig,
    shapes: Iterable[str],
    options: SceneOptions,
    transaction: Transaction,
    *,
    remove_others: bool,
) -> list[Message]:
    """Write ``shapes`` of the rig on the head, and on every part that they move.

    Keys that the rig made before and nobody sculpted since are overwritten in place, so that their
    values and animation stay. Parts follow the head's sliders through drivers.
    The correctives of pairs with one of ``shapes`` go along. ``remove_others`` takes away keys of
    an earlier rig that this one doesn't have any more.
    """
    messages = _mirror_messages(scene_head)
    had = restore_names(scene_head.obj, transaction)
    head, scale = scene_head.parts[0], rig.landmarks.frame.scale
    head_writer = KeyWriter(head.obj, options, transaction)
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
    for part in scene_head.parts[1:]:
        _write_part(scene_head, part, rig, names, options, transaction)
    correctives, remarks = write_corrective_keys(scene_head, rig, names, options, transaction)
    sticky, more = write_sticky_key(scene_head, rig, names, options, transaction)
    correctives, remarks = correctives + sticky, remarks + more
    current = {*names.values(), *correctives}

    def is_stale(name: str) -> bool:
        sources = ("jawOpen",) if name == STICKY_LIPS else corrective_pair(name) or ()
        depends = not names.keys().isdisjoint(sources)
        return (remove_others or depends) and name not in current

    _remove_on_commit(scene_head, is_stale, transaction)
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
    part: ScenePart,
    rig: FaceRig,
    names: dict[str, str],
    options: SceneOptions,
    transaction: Transaction,
) -> None:
    scale = rig.landmarks.frame.scale
    writer = KeyWriter(part.obj, options, transaction)
    for shape, head_key in names.items():
        rows = part.own_rows(rig.shapes[shape])
        if not (moves(rows, scale) or writer.has_written(head_key)):
            continue
        written = writer.write(head_key, displacement(part, rows, [shape], scale))
        if written is not None:
            follow(part.obj, written, scene_head.obj, head_key, transaction)


def _remove_on_commit(
    scene_head: SceneHead, is_stale: Callable[[str], bool], transaction: Transaction
) -> None:
    for part in scene_head.parts:
        keys = state_of(part.obj).keys
        stale = [key.name for key in keys if not key.recipe and is_stale(key.name)]
        transaction.on_commit(functools.partial(remove_keys, part.obj, stale))


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
