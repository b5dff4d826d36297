# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Take over the expression of the face in an image that is in the .blend."""

from __future__ import annotations

import bpy
from bpy.props import StringProperty

from ..errors import RigError
from .common import AnimatesRig, chosen_head, forget_error, tell_error
from .taking_over import PictureProperties, take_over


class AUTORIGFACE_OT_match_image(AnimatesRig, PictureProperties, bpy.types.Operator):
    """Take over the expression of the face in an image of this file."""

    bl_idname = "auto_rig_face.match_image"
    bl_label = "Match Image"
    bl_description = (
        "Take over the expression of the face in an image that is in this file: opened, packed, "
        "painted or rendered. Keys of yours stay as they are"
    )
    bl_options = {"REGISTER", "UNDO"}

    # An operator can't point to an image, so both are named.
    image: StringProperty(
        name="Image",
        description="The image whose expression is taken over",
        options={"SKIP_SAVE"},
    )
    neutral: StringProperty(
        name="Neutral Image",
        description="An image of the same face at rest, if there is one",
        options={"SKIP_SAVE"},
    )

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask for the image, unless it is known already."""
        self.start = context.scene.frame_current
        if self.image:
            return self.execute(context)
        self.image = _shown_image(context)
        return set(context.window_manager.invoke_props_dialog(self))

    def draw(self, _context: bpy.types.Context) -> None:
        """Fields that search among the images of the file, and what becomes of the picture."""
        layout = self.layout
        layout.use_property_split = True
        layout.prop_search(self, "image", bpy.data, "images")
        layout.prop_search(self, "neutral", bpy.data, "images")
        layout.prop(self, "result")
        if self.result == "KEYS":
            layout.prop(self, "start")
        layout.prop(self, "strength")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Match and write."""
        from ..matching import matcher_for
        from ..scene.image_pictures import image_named, picture_of

        forget_error(context)
        try:
            image = image_named(self.image)
            picture = picture_of(image, context.scene)
            matcher = matcher_for(context, chosen_head(context))
            if self.neutral:
                matcher.learn_rest(picture_of(image_named(self.neutral), context.scene))
            match = matcher.match(picture)
            take_over(self, context, match, image.name, self.strength, self.key_at)
        except RigError as error:
            tell_error(self, context, error)
            return {"CANCELLED"}
        return {"FINISHED"}


def _shown_image(context: bpy.types.Context) -> str:
    """The image that an Image Editor of this screen shows; "" without one."""
    screen = context.screen
    editors = [area.spaces.active for area in screen.areas if area.type == "IMAGE_EDITOR"]
    images = [editor.image for editor in editors if editor.image is not None]
    return str(images[0].name_full) if images else ""
