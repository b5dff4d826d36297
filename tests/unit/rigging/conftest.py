# SPDX-License-Identifier: GPL-3.0-or-later
"""The template head as a scene would hold it, to be altered and handed to the rigging stages."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from auto_rig_face.rigging.analyse import analyse
from auto_rig_face.rigging.data import FaceLandmarks, FaceMesh, HeadFrame, MeshPart
from auto_rig_face.rigging.final_landmarks import reframe
from auto_rig_face.rigging.head import Head, Role
from auto_rig_face.rigging.registration import Registration, register
from auto_rig_face.rigging.template import Template, load_template
from auto_rig_face.rigging.transfer import (
    Correspondence,
    correspond,
    pull_shapes,
    transfer_deformations,
)
from scipy.spatial.transform import Rotation

TEMPLATE = Path(__file__).resolve().parents[3] / "assets" / "template.npz"
BLENDER = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
OBJECT_NAMES = {
    Role.SKIN: "Head",
    Role.EYE_L: "Eye.L",
    Role.EYE_R: "Eye.R",
    Role.TEETH_UPPER: "Teeth Upper",
    Role.TEETH_LOWER: "Teeth Lower",
    Role.TONGUE: "Tongue",
}


@dataclass(frozen=True)
class Model:
    """A head made out of the template: geometry in the head frame, and the frame it stands in.

    ``named`` (L, 3) and ``dense`` (478, 3) are the template's own points, also in the head frame.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    parts: tuple[MeshPart, ...]
    frame: HeadFrame
    names: tuple[str, ...]
    named: np.ndarray
    dense: np.ndarray

    def face_mesh(self) -> FaceMesh:
        return FaceMesh(self.frame.to_world(self.vertices), self.triangles, self.parts)

    def landmarks(self) -> FaceLandmarks:
        world = self.frame.to_world(self.named)
        return FaceLandmarks(
            self.frame,
            dict(zip(self.names, world, strict=True)),
            dict.fromkeys(self.names, 0.9),
            self.frame.to_world(self.dense),
        )

    def analysed(self) -> Head:
        return analyse(self.face_mesh(), self.landmarks())

    def point(self, name: str) -> np.ndarray:
        """A landmark in the head frame."""
        return self.named[self.names.index(name)]

    def in_frame(self, origin, rotation, scale) -> Model:
        return replace(self, frame=HeadFrame(np.asarray(origin), rotation, scale))

    def in_one_part(self, name: str = "Mesh") -> Model:
        return replace(self, parts=(MeshPart(name, 0, len(self.vertices)),))

    def stretched(self, factors) -> Model:
        return replace(
            self,
            vertices=self.vertices * factors,
            named=self.named * factors,
            dense=self.dense * factors,
        )

    def shuffled(self, seed: int) -> tuple[Model, np.ndarray]:
        """The same head in one part with its vertices and triangles in another order, and where
        each vertex has gone.
        """
        random = np.random.default_rng(seed)
        order = random.permutation(len(self.vertices))
        place = np.argsort(order)
        triangles = place[self.triangles][random.permutation(len(self.triangles))]
        return replace(
            self.in_one_part(), vertices=self.vertices[order], triangles=triangles
        ), place

    def with_part(self, name: str, points, triangles) -> Model:
        start = len(self.vertices)
        return replace(
            self,
            vertices=np.concatenate([self.vertices, points]),
            triangles=np.concatenate([self.triangles, np.asarray(triangles) + start]),
            parts=(*self.parts, MeshPart(name, start, start + len(points))),
        )

    def with_ball(self, name: str, centre, radii, bottom: float = -1.0) -> Model:
        """An ellipsoid more; ``bottom`` > -1 cuts it off below that share of its height."""
        return self.with_part(name, *ball(centre, radii, bottom))

    def without(self, triangles: np.ndarray) -> Model:
        """Less the marked triangles (T,) bool; their vertices stay, loose."""
        return replace(self, triangles=self.triangles[~triangles])

    def filled(self, triangles: np.ndarray) -> Model:
        """The marked triangles replaced by fans over the holes that they leave."""
        before = set(_open_edges(self.triangles))
        model = self.without(triangles)
        edges = [edge for edge in _open_edges(model.triangles) if edge not in before]
        fans, middles = [], []
        for loop in _loops(edges):
            ids = np.unique(loop)
            top = len(self.vertices) + len(middles)
            middles.append(self.vertices[ids].mean(axis=0))
            fans += [(b, a, top) for a, b in loop]
        vertices = np.concatenate([self.vertices, middles])
        return replace(
            self,
            vertices=vertices,
            triangles=np.concatenate([model.triangles, fans]),
            parts=(MeshPart("Mesh", 0, len(vertices)),),
        )


def ball(centre, radii, bottom: float = -1.0, rings: int = 16, sectors: int = 28):
    """Vertices and outward triangles of an ellipsoid."""
    polar = np.linspace(0, np.arccos(max(bottom, -1.0)), rings + 1)
    closed = bottom <= -1.0
    inner = polar[1:-1] if closed else polar[1:]
    turn = np.linspace(0, 2 * np.pi, sectors, endpoint=False)
    p, t = np.meshgrid(inner, turn, indexing="ij")
    grid = np.stack([np.sin(p) * np.sin(t), np.cos(p), np.sin(p) * np.cos(t)], -1).reshape(-1, 3)
    points = np.concatenate([[[0.0, 1.0, 0.0]], grid, [[0.0, -1.0, 0.0]] if closed else grid[:0]])
    index = 1 + np.arange(len(grid)).reshape(len(inner), sectors)
    nxt = np.roll(index, -1, axis=1)
    fans = [np.stack([np.zeros(sectors, int), index[0], nxt[0]], -1)]
    fans.append(np.stack([index[:-1], index[1:], nxt[1:]], -1).reshape(-1, 3))
    fans.append(np.stack([index[:-1], nxt[1:], nxt[:-1]], -1).reshape(-1, 3))
    if closed:
        fans.append(np.stack([np.full(sectors, len(points) - 1), nxt[-1], index[-1]], -1))
    return points * np.asarray(radii) + np.asarray(centre), np.concatenate(fans)


def _open_edges(triangles: np.ndarray) -> list[tuple[int, int]]:
    """Directed edges whose opposite no triangle uses."""
    edges = triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2).tolist()
    uses = Counter(tuple(sorted(edge)) for edge in edges)
    return [(a, b) for a, b in edges if uses[tuple(sorted((a, b)))] == 1]


def _loops(edges: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Edges grouped by connection."""
    group: dict[int, set[int]] = {}
    for a, b in edges:
        merged = group.get(a, {a}) | group.get(b, {b})
        for vertex in merged:
            group[vertex] = merged
    loops: dict[int, list[tuple[int, int]]] = {}
    for a, b in edges:
        loops.setdefault(min(group[a]), []).append((a, b))
    return list(loops.values())


@pytest.fixture(scope="session", name="ball")
def make_ball():
    """Maker of ellipsoids: centre, radii, and where they are cut off."""
    return ball


@pytest.fixture(scope="session")
def template() -> Template:
    if not TEMPLATE.exists():
        pytest.fail(f"{TEMPLATE} is missing: run `make assets`.")
    return load_template(TEMPLATE)


@pytest.fixture(scope="session")
def model(template: Template) -> Model:
    """The template in Blender's axes, life-sized, each piece an object of its own."""
    head = template.head
    order = np.argsort(head.role, kind="stable")
    place = np.argsort(order)
    role = head.role[order]
    parts = tuple(
        MeshPart(OBJECT_NAMES[Role(value)], *np.searchsorted(role, [value, value + 1]).tolist())
        for value in np.unique(role)
    )
    return Model(
        vertices=head.vertices[order],
        triangles=place[head.triangles],
        parts=parts,
        frame=HeadFrame(np.array([0.1, -0.3, 1.6]), BLENDER, 0.063),
        names=template.landmark_names,
        named=template.named.on(head.vertices),
        dense=template.dense.on(head.vertices),
    )


@pytest.fixture(scope="session")
def roles(template: Template) -> np.ndarray:
    """Role of each of the model's vertices."""
    return np.sort(template.head.role)


@pytest.fixture(scope="session")
def closed_eyes(model: Model, template: Template, roles: np.ndarray) -> Model:
    """The head in one part with its eyes and sockets gone and smooth skin where they were."""
    eyes = np.isin(roles[model.triangles[:, 0]], (Role.EYE_L, Role.EYE_R))
    inside = _inside(model, template)
    centre = model.vertices[model.triangles].mean(axis=1)
    for rim in template.head.rims.values():
        middle = np.concatenate([rim.upper, rim.lower]).mean(axis=0)
        eyes |= inside & (np.linalg.norm(centre - middle, axis=1) < 0.45)
    return model.in_one_part().filled(eyes)


@pytest.fixture(scope="session")
def closed_mouth(model: Model, template: Template, roles: np.ndarray) -> Model:
    """The head in one part with a smooth patch in place of lips, slit and mouth bag."""
    seam = template.head.seam
    middle = np.concatenate([seam.upper, seam.lower]).mean(axis=0)
    offset = model.vertices[model.triangles].mean(axis=1) - middle
    bag = _inside(model, template) & (np.linalg.norm(offset, axis=1) < 1.6)
    bag &= offset[:, 1] < model.point("lip_upper_top")[1] - middle[1]
    lips = (offset[:, 0] / 0.55) ** 2 + (offset[:, 1] / 0.28) ** 2 < 1
    lips &= (roles[model.triangles[:, 0]] == Role.SKIN) & (offset[:, 2] > -0.5)
    return model.in_one_part().filled(bag | lips)


def _inside(model: Model, template: Template) -> np.ndarray:
    """(T,) skin triangles that reach into mouth, sockets or nostrils."""
    head = template.head
    order = np.argsort(head.role, kind="stable")
    skin = head.role[order][model.triangles[:, 0]] == Role.SKIN
    return skin & ~head.visible[order][model.triangles].all(axis=1)


@pytest.fixture(scope="session")
def analysed(model: Model) -> Head:
    return model.analysed()


@dataclass(frozen=True)
class Transferred:
    """The template's shapes carried over to itself in another place."""

    head: Head
    registration: Registration
    match: Correspondence
    raw: dict[str, np.ndarray]


@pytest.fixture(scope="session")
def transferred(model: Model, template: Template) -> Transferred:
    turn = Rotation.from_euler("xyz", [23, -41, 160], degrees=True).as_matrix()
    moved = model.in_frame([3.0, -70.0, 12.0], turn @ BLENDER, 8.7)
    head = reframe(moved.analysed())
    registration = register(template, head)
    match = correspond(template, head, registration)
    own = np.stack([shape[registration.skin] for shape in template.shapes.values()])
    raw = pull_shapes(head, match, transfer_deformations(registration, own.astype(np.float64)))
    return Transferred(head, registration, match, dict(zip(template.shapes, raw, strict=True)))
