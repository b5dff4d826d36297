# SPDX-License-Identifier: GPL-3.0-or-later
"""The template head: CC0 MakeHuman base mesh with its 52 CC0 ARKit face units, baked to one file.

It is the prior for everything: where landmarks lie on a face, how each shape moves it, which
skin follows the jaw. ``tools/bake_template.py`` writes the file; nothing here is specific to it
but the array names.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import RigError
from .data import FaceLandmarks, HeadFrame
from .head import Eyeball, Head, LidRim, LipSeam
from .surface import SurfaceSamples
from .topology import vertex_normals


@dataclass(frozen=True)
class Template:
    """``head`` in its own head frame (the world frame is the same); ``shapes`` ARKit name ->
    (N, 3) float32 displacements of ``head.vertices``; ``dense`` Face Landmarker's 478 points,
    ``named`` the vocabulary's landmarks in the order of ``landmark_names``; ``jaw`` (N,) share
    of the jaw's motion that each vertex takes.
    """

    head: Head
    shapes: dict[str, NDArray[np.float32]]
    dense: SurfaceSamples
    landmark_names: tuple[str, ...]
    named: SurfaceSamples
    jaw: NDArray[np.float64]


IDENTITY_FRAME = HeadFrame(np.zeros(3), np.eye(3), 1.0)


@lru_cache(maxsize=2)
def load_template(path: Path) -> Template:
    """Read the baked template. Raises RigError when the file can't be read."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            data = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise RigError(
            f"The template file {path} can't be read ({error}).",
            "Reinstall the extension, or run `make assets` in a clone of the project.",
        ) from error
    return unpack(data)


def unpack(data: dict[str, NDArray]) -> Template:
    """The template from the arrays that ``pack`` made."""
    vertices = data["vertices"].astype(np.float64)
    triangles = data["triangles"].astype(np.int64)
    landmark_names = tuple(str(name) for name in data["landmark_names"])
    named = SurfaceSamples(data["named_triangles"].astype(np.int64), data["named_weights"])
    landmarks = FaceLandmarks(
        frame=IDENTITY_FRAME,
        named=dict(zip(landmark_names, data["named_points"], strict=True)),
        confidence=dict.fromkeys(landmark_names, 1.0),
    )
    head = Head(
        frame=IDENTITY_FRAME,
        landmarks=landmarks,
        vertices=vertices,
        triangles=triangles,
        normals=vertex_normals(vertices, triangles),
        weld=np.arange(len(vertices)),
        component=data["component"].astype(np.int64),
        role=data["role"],
        exposure=data["exposure"].astype(np.float64),
        visible=data["visible"],
        lip_side=data["lip_side"],
        rims={
            side: LidRim(
                data[f"rim_{side}_upper"], data[f"rim_{side}_lower"], data[f"rim_{side}_axes"]
            )
            for side in "LR"
        },
        seam=LipSeam(data["seam_upper"], data["seam_lower"]),
        eyeballs={
            side: Eyeball(data[f"eyeball_{side}"][:3], float(data[f"eyeball_{side}"][3]))
            for side in "LR"
        },
    )
    return Template(
        head=head,
        shapes=dict(zip((str(name) for name in data["shape_names"]), data["shapes"], strict=True)),
        dense=SurfaceSamples(data["dense_triangles"].astype(np.int64), data["dense_weights"]),
        landmark_names=landmark_names,
        named=named,
        jaw=data["jaw"].astype(np.float64),
    )


def pack(template: Template) -> dict[str, NDArray[Any]]:
    """The template as arrays for one .npz file."""
    head = template.head
    data: dict[str, NDArray[Any]] = {
        "vertices": head.vertices,
        "triangles": head.triangles.astype(np.int32),
        "component": head.component.astype(np.int32),
        "role": head.role,
        "exposure": head.exposure.astype(np.float32),
        "visible": head.visible,
        "lip_side": head.lip_side,
        "shape_names": np.array(list(template.shapes)),
        "shapes": np.stack(list(template.shapes.values())).astype(np.float32),
        "dense_triangles": template.dense.corners.astype(np.int32),
        "dense_weights": template.dense.weights,
        "landmark_names": np.array(template.landmark_names),
        "named_triangles": template.named.corners.astype(np.int32),
        "named_weights": template.named.weights,
        "named_points": np.array([head.landmarks.named[name] for name in template.landmark_names]),
        "jaw": template.jaw.astype(np.float32),
    }
    assert head.seam is not None
    data["seam_upper"], data["seam_lower"] = head.seam.upper, head.seam.lower
    for side in "LR":
        rim, ball = head.rims[side], head.eyeballs[side]
        data[f"rim_{side}_upper"], data[f"rim_{side}_lower"] = rim.upper, rim.lower
        data[f"rim_{side}_axes"] = rim.axes
        data[f"eyeball_{side}"] = np.r_[ball.centre, ball.radius]
    return data
