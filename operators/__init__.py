# SPDX-License-Identifier: GPL-3.0-or-later
"""What the artist can do, one file each."""

from __future__ import annotations

import bpy

from .act_sequence import AUTORIGFACE_OT_act_sequence, AUTORIGFACE_OT_edit_sequence
from .apply_modifiers import AUTORIGFACE_OT_apply_modifiers
from .capture_gains import AUTORIGFACE_OT_add_gain, AUTORIGFACE_OT_remove_gain
from .cut_mouth import AUTORIGFACE_OT_cut_mouth
from .edit_markers import AUTORIGFACE_OT_edit_markers, AUTORIGFACE_OT_hide_markers
from .emotion_transition import AUTORIGFACE_OT_emotion_transition
from .idle_life import AUTORIGFACE_OT_idle_life, AUTORIGFACE_OT_remove_idle_life
from .import_capture import AUTORIGFACE_OT_import_capture
from .import_speech import AUTORIGFACE_OT_import_speech
from .make_previews import AUTORIGFACE_OT_make_previews
from .match_expression import AUTORIGFACE_OT_match_expression
from .match_render import AUTORIGFACE_OT_match_render
from .named_poses import (
    AUTORIGFACE_OT_apply_pose,
    AUTORIGFACE_OT_delete_pose,
    AUTORIGFACE_OT_save_pose,
)
from .remove_rig import AUTORIGFACE_OT_remove_rig
from .rig_face import AUTORIGFACE_OT_rig_face

register, unregister = bpy.utils.register_classes_factory(
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
        AUTORIGFACE_OT_match_render,
        AUTORIGFACE_OT_make_previews,
        AUTORIGFACE_OT_save_pose,
        AUTORIGFACE_OT_apply_pose,
        AUTORIGFACE_OT_delete_pose,
        AUTORIGFACE_OT_remove_rig,
        AUTORIGFACE_OT_apply_modifiers,
    )
)
