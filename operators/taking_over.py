# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""What the operators share that take over the expression of one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import EnumProperty, FloatProperty, IntProperty

from .common import chosen_head, tell, tell_driven

if TYPE_CHECKING:
    from ..matching import Match
    from ..scene.actions import Written


class PictureProperties:
    """What becomes of one picture."""

    result: EnumProperty(
        name="Result",
        description="What a single picture becomes",
        items=(
            ("POSE", "Pose", "Set the shape keys; keyed only where Auto Keying is on"),
            ("KEYS", "Keyframes", "Key the expression at the start frame"),
        ),
    )
    start: IntProperty(
        name="Start",
        description="Frame of the keys, or at which they begin",
        options={"SKIP_PRESET"},
    )
    strength: FloatProperty(
        name="Strength",
        description="1 as the picture shows it, more for an exaggerated face",
        default=1.0,
        min=0.0,
        soft_max=2.0,
    )

    @property
    def key_at(self) -> int | None:
        """The frame at which the expression is keyed; None where it becomes a pose."""
        return int(self.start) if self.result == "KEYS" else None


def take_over(
    operator: bpy.types.Operator,
    context: bpy.types.Context,
    match: Match,
    name: str,
    strength: float,
    key_at: int | None = None,
) -> None:
    """Put a matched expression on the chosen head, keyed at a frame if there is one, or where Auto
    Keying is on; and tell what there is to know. ``name``: what was matched.
    """
    from ..scene.poses import key_pose, set_pose

    coefficients = (match.coefficients * strength).clip(0.0, 1.0)
    head = chosen_head(context)
    if key_at is None and context.scene.tool_settings.use_keyframe_insert_auto:
        key_at = context.scene.frame_current
    if key_at is None:
        written = set_pose(head, coefficients)
    else:
        written = key_pose(head, coefficients, key_at)
    said = f"{name} matched to {100.0 * match.residual:.1f} % of the eye distance"
    tell_taken_over(operator, match.notes, written, said)


def tell_taken_over(
    operator: bpy.types.Operator, notes: tuple[str, ...], written: Written, said: str
) -> None:
    """Report what there is to know of a match, and last what was ``said`` of it."""
    for note in notes:
        tell(operator, {"WARNING"}, note)
    tell_driven(operator, written.driven, "these were left as they are")
    tell(operator, {"INFO"}, said)
