# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operators share: which head is meant, the options, and how errors are told."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Final

import bpy

from ..errors import RigError
from ..properties import (
    chosen_shapes,
    head_of,
    is_rigged,
    obstacle,
    progress_of,
    settings_of,
    state_of,
)
from ..translations import translated

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..rigging.data import RigOptions
    from ..scene.head import SceneOptions

NOTABLE: Final = 0.01  # of a shape


def chosen_head(context: bpy.types.Context) -> bpy.types.Object:
    """The head that the active object is or belongs to; raises RigError where there is none."""
    head = head_of(context.active_object)
    if head is None:
        raise RigError("No object is active.", "Click the head in the 3D Viewport, then try again.")
    return head


def can_work(
    cls: type[bpy.types.Operator],
    context: bpy.types.Context,
    modes: Collection[str] = ("OBJECT", "POSE"),
) -> bool:
    """A poll that says what is missing. Controls are dragged in Pose Mode: what can't work there
    begins with ``leave_pose_mode``.
    """
    reason = obstacle(context, modes)
    if reason:
        cls.poll_message_set(translated, reason)
    return not reason


class WorksOnMesh:
    """An operator on any mesh, whether it has a rig or not."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """A mesh, or something that belongs to a head of ours, is active in Object Mode."""
        return can_work(cls, context)


def can_work_where(
    cls: type[bpy.types.Operator],
    context: bpy.types.Context,
    holds: Callable[[bpy.types.Object], bool],
    otherwise: str,
) -> bool:
    """The same for heads of which something ``holds``; ``otherwise`` is what the head has not."""
    if not can_work(cls, context):
        return False
    head = chosen_head(context)
    if head.override_library is not None or head.data.library is not None:
        cls.poll_message_set(translated, f'"{head.name}" is linked: change its rig in its own file')
        return False
    if not holds(head):
        cls.poll_message_set(translated, f'"{head.name}" has no {otherwise}')
        return False
    return True


def _is_fixed(head: bpy.types.Object) -> bool:
    """Whether keys of the head's sliders have no place in this file."""
    keys = head.data.shape_keys
    return keys is not None and keys.library is not None


def can_animate(cls: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    """The same for what only keys a rig, which an animator does in Pose Mode, too."""
    if not can_work(cls, context):
        return False
    head = chosen_head(context)
    if not is_rigged(head):
        cls.poll_message_set(
            translated, f'"{head.name}" has no face rig: press Auto-Rig Face first'
        )
        return False
    if _is_fixed(head):
        cls.poll_message_set(
            translated,
            f'The mesh of "{head.name}" is linked, and its sliders with it: right-click the mesh '
            "in the Outliner, Library Override > Make",
        )
        return False
    return True


class AnimatesRig:
    """An operator that only keys or poses a rig."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """The head carries a rig of ours."""
        return can_animate(cls, context)


def leave_pose_mode(context: bpy.types.Context) -> None:
    """Go to Object Mode."""
    if context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")


def tell(operator: bpy.types.Operator, levels: set[str], text: str) -> None:
    """Report something in the interface's language."""
    operator.report(levels, translated(text))


def tell_driven(operator: bpy.types.Operator, driven: Collection[str], what: str) -> None:
    """Warn of keys, if any, that drivers of the artist's move; ``what``: what became of them."""
    if driven:
        tell(operator, {"WARNING"}, f"Drivers of yours move {', '.join(driven)}: {what}")


def tell_lost(operator: bpy.types.Operator, lost: tuple[float, str]) -> None:
    """Warn where controls can't show two opposites at once: how much is lost, of which shape."""
    value, shape = lost
    if value > NOTABLE:
        text = f"{shape} is up to {value:.2f} off: on controls, it and its opposite share an axis"
        tell(operator, {"WARNING"}, text)


def rig_options(context: bpy.types.Context) -> tuple[RigOptions, SceneOptions]:
    """The options of the panel; raises RigError where they leave nothing to do."""
    from ..rigging.data import RigOptions
    from ..scene.head import SceneOptions

    settings = settings_of(context)
    shapes = chosen_shapes(settings)
    any_shapes = any(
        getattr(settings, name)
        for name in ("eyes", "brows", "jaw", "mouth", "cheeks", "nose", "tongue")
    )
    make_keys = settings.shape_keys and any_shapes
    if not make_keys and not settings.bones:
        raise RigError(
            "Neither shape keys nor bones are turned on.", "Turn one of them on in the options."
        )
    return (
        RigOptions(
            shapes=shapes,
            bones=settings.bones,
            shape_keys=make_keys,
            exaggeration=settings.exaggeration,
        ),
        SceneOptions(
            parts=settings.parts,
            existing_keys=settings.existing_keys,
            sculpted_keys=settings.sculpted_keys,
            deleted_keys=settings.deleted_keys,
        ),
    )


def reference_picture(head: bpy.types.Object) -> NDArray[np.uint8] | None:
    """(H, W, 3) sRGB pixels of the picture that was chosen for the head, or None without one.

    Raises RigError where the picture can't be read.
    """
    from ..scene.appearance import read_image

    image = state_of(head).reference
    if image is None:
        return None
    pixels = read_image(image, on_white=True)
    if pixels is None:
        raise RigError(
            f'The reference picture "{image.name}" can\'t be read.',
            "Choose another file, or remove the picture from the field.",
        )
    return pixels


def tell_error(
    operator: bpy.types.Operator,
    context: bpy.types.Context,
    error: RigError,
    level: str = "ERROR",
) -> None:
    """Report an error where Blender shows it, and keep it for the panel."""
    progress = progress_of(context)
    progress.problem, progress.remedy = error.problem, error.remedy
    head = head_of(context.active_object)
    progress.object_name = "" if head is None else head.name
    operator.report({level}, f"{translated(error.problem)} {translated(error.remedy)}")


def forget_error(context: bpy.types.Context) -> None:
    """Clear what the panel says about the last attempt."""
    progress = progress_of(context)
    progress.problem = progress.remedy = progress.note = ""
