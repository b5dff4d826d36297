# SPDX-License-Identifier: GPL-3.0-or-later
"""Which triangle each pixel shows, by ray casting: the renderer for machines without a GPU."""

from __future__ import annotations

import numpy as np
import torch
from auto_rig_face.rigging.raycast import RayScene
from torch import Tensor

from .batch import HeadBatch, LookBatch, pixel_slopes, to_camera


def visible_triangles(heads: HeadBatch, look: LookBatch, width: int) -> Tensor:
    """(B, width, width) int32: the nearest triangle of each pixel, -1 where there is none."""
    points = to_camera(heads.vertices, look).numpy()
    right, up = (slopes.numpy() for slopes in pixel_slopes(look, width))
    shown = np.empty((len(points), width, width), np.int32)
    origins = np.zeros((width * width, 3))
    for picture, count in enumerate(heads.count.tolist()):
        scene = RayScene(points[picture], heads.triangles[picture, :count].numpy())
        x, y = np.meshgrid(right[picture], up[picture])
        directions = np.stack([x.ravel(), y.ravel(), np.ones(width * width)], axis=1)
        shown[picture] = scene.cast(origins, directions).triangle.reshape(width, width)
    return torch.from_numpy(shown)
