# SPDX-License-Identifier: GPL-3.0-or-later
"""A rigged head gets the keys that a pipeline expects, once, for the buttons and for the batch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .animation.standards import ADDON_NAMES, OVERRIDES, STANDARDS, VRM, Standard
from .errors import RigError
from .properties import state_of
from .scene.head import SceneOptions
from .scene.key_names import rename_keys, restore_names
from .scene.key_writer import RIG_SUFFIX
from .scene.standard_keys import remove_standard_keys, write_standard_keys
from .scene.transaction import Transaction
from .scene.vrm_expressions import bind_expressions, unbind_expressions
from .vocabulary import listed

if TYPE_CHECKING:
    import bpy

Mode = Literal["ADD", "RENAME"]


@dataclass(frozen=True)
class Added:
    """``keys``: how many the standard has on the head now; ``renamed``: how many of them are the
    rig's own; ``bound``: expressions of the add-on "VRM format"; ``remarks``: for the artist.
    """

    keys: int
    renamed: int
    bound: int
    remarks: tuple[str, ...]


def add_standard(
    context: bpy.types.Context,
    head: bpy.types.Object,
    identifier: str,
    mode: Mode = "ADD",
    options: SceneOptions | None = None,
) -> Added:
    """Give a rigged head the keys of a standard, in place of those it has of it.

    "ADD" bakes every name as a key of its own, and leaves the rig's keys as they are. "RENAME"
    gives the rig's keys the standard's names where these are only other names, and bakes the rest.
    Raises RigError where the head has no shape keys, or the standard renames nothing.
    """
    standard = STANDARDS[identifier]
    if mode == "RENAME" and not standard.renames:
        raise RigError(
            f"{standard.label} has no other names for the rig's keys.",
            "Add its keys instead.",
        )
    options = options or SceneOptions()
    remarks: list[str] = []
    with Transaction() as transaction:
        if mode == "RENAME":
            taken = _rename(head, standard, options, transaction)
            remarks += _remark("Other keys have the names {}: the rig's keep theirs", taken)
        elif _renamed(head, standard):
            restore_names(head, transaction)
        recipes = standard.targets if mode == "ADD" else standard.recipes
        baked = write_standard_keys(head, recipes, options, transaction)
    remarks += _remark("You have keys of your own called {}: they were kept", baked.kept)
    remarks += _remark("The rig has no {}: the keys show what is there", baked.missing)
    if identifier not in state_of(head).standards:
        state_of(head).standards.add().name = identifier
    bound = 0
    if standard is VRM:
        bound = bind_expressions(context, head, baked.names, ADDON_NAMES, OVERRIDES)
    context.view_layer.update()
    renamed = len(_renamed(head, standard))
    return Added(len(baked.names) + renamed, renamed, bound, tuple(remarks))


def remove_standard(
    context: bpy.types.Context, head: bpy.types.Object, identifier: str
) -> list[str]:
    """Take a standard's keys off, and give the rig's keys their own names back where it had changed
    them. Keys that another standard of the head needs stay. Returns the names of those that stay
    because the artist has sculpted them. Raises RigError where the head doesn't have the standard.
    """
    standards = state_of(head).standards
    if identifier not in standards:
        raise RigError(
            f'"{head.name}" has no keys of {STANDARDS[identifier].label}.',
            "There is nothing to do.",
        )
    standards.remove(standards.find(identifier))
    standard = STANDARDS[identifier]
    needed = {name for other in standards for name in STANDARDS[other.name].targets}
    if _renamed(head, standard):
        with Transaction() as transaction:
            restore_names(head, transaction)
    if standard is VRM:
        unbind_expressions(context, head, set(standard.targets) | _with_suffix(standard.targets))
    kept = remove_standard_keys(head, [name for name in standard.targets if name not in needed])
    context.view_layer.update()
    return kept


def _renamed(head: bpy.types.Object, standard: Standard) -> list[str]:
    """The names of the standard that the rig's own keys have now."""
    return [
        key.name for key in state_of(head).keys if key.original and key.name in standard.renames
    ]


def _rename(
    head: bpy.types.Object, standard: Standard, options: SceneOptions, transaction: Transaction
) -> list[str]:
    """Give the rig's keys the standard's names; returns those that other keys have.

    A standard that had renamed them before gets keys of its own instead.
    """
    others = [STANDARDS[item.name] for item in state_of(head).standards]
    replaced = [other for other in others if other is not standard and _renamed(head, other)]
    remove_standard_keys(head, tuple(standard.renames))
    names = {shape: name for name, shape in standard.renames.items()}
    taken = rename_keys(head, names, transaction)
    for other in replaced:
        write_standard_keys(head, other.targets, options, transaction)
    return taken


def _with_suffix(names: Iterable[str]) -> set[str]:
    return {name + RIG_SUFFIX for name in names}


def _remark(text: str, names: Iterable[str]) -> list[str]:
    found = list(names)
    return [text.format(listed(found))] if found else []
