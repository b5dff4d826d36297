# SPDX-License-Identifier: GPL-3.0-or-later
"""What the artist can do, one file each."""

from __future__ import annotations

import bpy

from ..properties import connect
from .act_sequence import AUTORIGFACE_OT_act_sequence, AUTORIGFACE_OT_edit_sequence
from .acting_presets import AUTORIGFACE_OT_add_acting_preset
from .apply_modifiers import AUTORIGFACE_OT_apply_modifiers
from .bones_for_export import AUTORIGFACE_OT_bones_for_export
from .capture_gains import AUTORIGFACE_OT_add_gain, AUTORIGFACE_OT_remove_gain
from .controls import (
    AUTORIGFACE_OT_add_controls,
    AUTORIGFACE_OT_bake_to_controls,
    AUTORIGFACE_OT_loosen_controls,
    AUTORIGFACE_OT_remove_controls,
)
from .cut_mouth import AUTORIGFACE_OT_cut_mouth
from .edit_markers import AUTORIGFACE_OT_edit_markers, AUTORIGFACE_OT_hide_markers
from .emotion_transition import AUTORIGFACE_OT_emotion_transition
from .idle_life import AUTORIGFACE_OT_idle_life, AUTORIGFACE_OT_remove_idle_life
from .import_capture import AUTORIGFACE_OT_import_capture
from .import_speech import AUTORIGFACE_OT_import_speech
from .make_pose_assets import AUTORIGFACE_OT_make_pose_assets
from .make_previews import AUTORIGFACE_OT_make_previews
from .match_expression import AUTORIGFACE_OT_match_expression
from .match_image import AUTORIGFACE_OT_match_image
from .match_render import AUTORIGFACE_OT_match_render
from .named_poses import (
    AUTORIGFACE_OT_apply_pose,
    AUTORIGFACE_OT_delete_pose,
    AUTORIGFACE_OT_save_pose,
)
from .pose_face import (
    AUTORIGFACE_OT_key_face,
    AUTORIGFACE_OT_reset_face,
    AUTORIGFACE_OT_select_control,
    read_slider,
    write_slider,
)
from .remove_rig import AUTORIGFACE_OT_remove_rig
from .rig_face import AUTORIGFACE_OT_rig_face
from .standard_keys import (
    AUTORIGFACE_OT_add_standard_keys,
    AUTORIGFACE_OT_remove_standard_keys,
)
from .studio_defaults import AUTORIGFACE_OT_clear_defaults, AUTORIGFACE_OT_save_defaults

_register_classes, _unregister_classes = bpy.utils.register_classes_factory(
    (
        AUTORIGFACE_OT_rig_face,
        AUTORIGFACE_OT_edit_markers,
        AUTORIGFACE_OT_hide_markers,
        AUTORIGFACE_OT_cut_mouth,
        AUTORIGFACE_OT_emotion_transition,
        AUTORIGFACE_OT_act_sequence,
        AUTORIGFACE_OT_edit_sequence,
        AUTORIGFACE_OT_import_capture,
        AUTORIGFACE_OT_add_gain,
        AUTORIGFACE_OT_remove_gain,
        AUTORIGFACE_OT_import_speech,
        AUTORIGFACE_OT_idle_life,
        AUTORIGFACE_OT_remove_idle_life,
        AUTORIGFACE_OT_match_expression,
        AUTORIGFACE_OT_match_image,
        AUTORIGFACE_OT_match_render,
        AUTORIGFACE_OT_make_previews,
        AUTORIGFACE_OT_save_pose,
        AUTORIGFACE_OT_apply_pose,
        AUTORIGFACE_OT_delete_pose,
        AUTORIGFACE_OT_bones_for_export,
        AUTORIGFACE_OT_add_acting_preset,
        AUTORIGFACE_OT_save_defaults,
        AUTORIGFACE_OT_clear_defaults,
        AUTORIGFACE_OT_remove_rig,
        AUTORIGFACE_OT_add_standard_keys,
        AUTORIGFACE_OT_remove_standard_keys,
        AUTORIGFACE_OT_add_controls,
        AUTORIGFACE_OT_remove_controls,
        AUTORIGFACE_OT_loosen_controls,
        AUTORIGFACE_OT_bake_to_controls,
        AUTORIGFACE_OT_select_control,
        AUTORIGFACE_OT_reset_face,
        AUTORIGFACE_OT_key_face,
        AUTORIGFACE_OT_make_pose_assets,
        AUTORIGFACE_OT_apply_modifiers,
    )
)


def register() -> None:
    """Add the operators, and let the sliders reach the scene."""
    _register_classes()
    connect(read_slider, write_slider)


def unregister() -> None:
    """Take them away again."""
    connect(None, None)
    _unregister_classes()
