# SPDX-License-Identifier: GPL-3.0-or-later
"""Small pictures of a rigged head in its expressions, for the palette and for pose assets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from .acting import expression_models
from .animation.emotions import pose
from .animation.visemes import SPEECH_SHAPES, VISEMES, shapes_of
from .properties import state_of
from .rigging.views import look, render
from .scene.asset_catalogs import Catalog, catalog_of
from .scene.control_armature import required_controls
from .scene.fcurves import require_shape_keys
from .scene.landmark_motion import RiggedSurface
from .scene.named_poses import pose_names, read_pose
from .scene.pose_assets import PoseAsset, write_pose_asset
from .scene.storage import required_landmarks
from .scene.thumbnails import SIDE, pose_thumbnail, store_thumbnail
from .vocabulary import ARKIT_SHAPES, EMOTIONS, corrective_pair

if TYPE_CHECKING:
    import bpy

# The face fills the picture: brows and lips are what is looked at. In IOD, head frame.
_WIDTH: Final = 3.2
_CENTRE: Final = (0.0, -0.4, -0.2)
_YAW: Final = 12.0  # degrees: enough to see the depth, and both halves of the mouth
_FINER: Final = 2  # rays along a pixel
# Kinds of pose assets, each with the name of its catalog.
_EMOTIONS: Final = ("Emotion", "Emotions")
_VISEMES: Final = ("Viseme", "Visemes")
_PAPER: Final = (124, 126, 130)

Floats = NDArray[np.float64]
Picture = NDArray[np.uint8]


class Portraits:
    """Takes pictures of a rigged head, whatever it shows in the scene at the moment.

    Raises RigError where it has no shape keys, or its mesh has changed since it was rigged.
    """

    def __init__(self, context: bpy.types.Context, head: bpy.types.Object) -> None:
        require_shape_keys(head, "show")
        landmarks = required_landmarks(head)
        surface = RiggedSurface(context, head)
        self._face_mesh = surface.face_mesh
        self._camera = look(
            landmarks.frame, _YAW, size=_WIDTH, centre=_CENTRE, resolution=SIDE * _FINER
        )
        self._offsets = {shape: surface.offsets(shape) for shape in ARKIT_SHAPES}
        pairs = {key.name: corrective_pair(key.name) for key in state_of(head).keys}
        self._correctives = {
            pair: surface.offsets(name) for name, pair in pairs.items() if pair is not None
        }

    def picture(self, coefficients: Floats) -> Picture:
        """(SIDE, SIDE, 3) sRGB of the face with (52,) values of its shapes."""
        values = dict(zip(ARKIT_SHAPES, coefficients.tolist(), strict=True))
        vertices = self._face_mesh.vertices.copy()
        for shape, value in values.items():
            offsets = self._offsets[shape]
            if value and offsets is not None:
                vertices += value * offsets
        for (first, second), offsets in self._correctives.items():
            both = values.get(first, 0.0) * values.get(second, 0.0)
            if both and offsets is not None:
                vertices += both * offsets
        large = render(self._face_mesh, self._camera, vertices=vertices, background=_PAPER)
        cells = large.reshape(SIDE, _FINER, SIDE, _FINER, 3).astype(np.float32)
        return np.asarray(cells.mean(axis=(1, 3)) + 0.5).astype(np.uint8)


def make_previews(context: bpy.types.Context, head: bpy.types.Object) -> int:
    """Keep a picture of every emotion and of every named expression with the head; how many.

    Raises RigError as ``Portraits`` does.
    """
    portraits = Portraits(context, head)
    models = expression_models()
    shown = {name: models.generate(name, 1.0, 0).coefficients for name in EMOTIONS}
    for name, coefficients in shown.items():
        store_thumbnail(head, name, portraits.picture(coefficients))
    for name in pose_names(head):
        store_thumbnail(head, pose_thumbnail(name), portraits.picture(read_pose(head, name)))
    return len(shown) + len(pose_names(head))


def preview_pose(context: bpy.types.Context, head: bpy.types.Object, name: str) -> None:
    """Keep a picture of a named expression. Raises RigError as ``Portraits`` does."""
    picture = Portraits(context, head).picture(read_pose(head, name))
    store_thumbnail(head, pose_thumbnail(name), picture)


def make_pose_assets(context: bpy.types.Context, head: bpy.types.Object) -> int:
    """Make a pose asset of every emotion and every viseme, each with its picture; how many.

    Raises RigError as ``Portraits`` does, and where the head has no controls.
    """
    armature = required_controls(head)
    portraits = Portraits(context, head)
    recipes = [(name, _EMOTIONS, _emotion(name)) for name in EMOTIONS]
    recipes += [(f"viseme {name}", _VISEMES, _viseme(name)) for name in VISEMES]
    for name, (kind, catalog), values in recipes:
        picture = portraits.picture(np.array([values.get(shape, 0.0) for shape in ARKIT_SHAPES]))
        place = catalog_of(head.name, catalog).identifier
        asset = PoseAsset(name, f"{kind} of {head.name}", values, place, (kind, name), picture)
        write_pose_asset(head, armature, asset)
    return len(recipes)


def pose_catalogs(head: bpy.types.Object) -> tuple[Catalog, ...]:
    """The catalogs that the pose assets of a head are in."""
    return tuple(catalog_of(head.name, name) for _, name in (_EMOTIONS, _VISEMES))


def _emotion(name: str) -> dict[str, float]:
    """The whole face."""
    return dict(zip(ARKIT_SHAPES, pose(name, 1.0).tolist(), strict=True))


def _viseme(name: str) -> dict[str, float]:
    """The mouth alone."""
    return {shape: shapes_of(name).get(shape, 0.0) for shape in SPEECH_SHAPES}
