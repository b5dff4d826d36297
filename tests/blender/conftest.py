# SPDX-License-Identifier: GPL-3.0-or-later
"""An empty scene with the extension registered, and simple heads and rigs to put into it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

import auto_rig_face
import bpy
import numpy as np
import pytest
from auto_rig_face.models.assets import asset_path
from auto_rig_face.properties import ATTRIBUTE
from auto_rig_face.rigging.data import (
    Bone,
    Certificate,
    FaceLandmarks,
    FaceMesh,
    FaceRig,
    HeadFrame,
    Message,
    Metric,
    RigOptions,
)
from auto_rig_face.rigging.head import Role
from auto_rig_face.rigging.template import load_template
from auto_rig_face.rigging.views import look, render
from auto_rig_face.scene.head import SceneOptions
from auto_rig_face.scene.landmark_motion import RiggedSurface
from auto_rig_face.scene.reader import read
from auto_rig_face.scene.storage import store_landmarks, store_rig
from auto_rig_face.scene.transaction import Transaction
from auto_rig_face.scene.writer import write
from auto_rig_face.vocabulary import ARKIT_SHAPES, BONE_PARENTS, BONES, LANDMARKS
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

IOD = 0.6
HUMAN_SIZE = 0.06
HUMAN_TURN = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])  # left, up, front


@pytest.fixture
def context() -> Iterator[bpy.types.Context]:
    """An empty file with the extension registered."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    if not hasattr(bpy.types.Object, ATTRIBUTE):
        auto_rig_face.register()
    yield bpy.context
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


@pytest.fixture
def head(context: bpy.types.Context) -> bpy.types.Object:
    """A ball of radius 1, the active object."""
    return add_ball("Head", 1.0, (0.0, 0.0, 0.0))


@pytest.fixture
def head_with_eyes(head: bpy.types.Object) -> bpy.types.Object:
    """The ball with two loose eyeballs; the ball is active and nothing else is selected."""
    add_ball("Eye.L", 0.15, (IOD / 2, -0.7, 0.2))
    add_ball("Eye.R", 0.15, (-IOD / 2, -0.7, 0.2))
    activate(head)
    return head


@pytest.fixture
def human(context: bpy.types.Context) -> bpy.types.Object:
    """The template's human head, 6 cm between the eyes, looking to -Y; its eyes are objects."""
    template = load_template(asset_path("template.npz")).head
    points = template.vertices[:, [0, 2, 1]] * [HUMAN_SIZE, -HUMAN_SIZE, HUMAN_SIZE]
    is_eye = np.isin(template.role, (Role.EYE_L, Role.EYE_R))
    add_mesh("Eyes", points, template.triangles, is_eye)
    skin = add_mesh("Human", points, template.triangles, ~is_eye)
    activate(skin)
    return skin


@pytest.fixture
def actor(
    context: bpy.types.Context,
    human: bpy.types.Object,
    rig_of: Callable[[FaceMesh], FaceRig],
) -> bpy.types.Object:
    """The human head with the template's shapes and landmarks for a rig."""
    template = load_template(asset_path("template.npz"))
    face_mesh, scene_head = read(context, human, options=SceneOptions())
    is_eye = np.isin(template.head.role, (Role.EYE_L, Role.EYE_R))
    order = np.concatenate([np.flatnonzero(~is_eye), np.flatnonzero(is_eye)])
    shapes = {
        name: np.zeros((len(order), 3), np.float32)
        if name not in template.shapes
        else (HUMAN_SIZE * template.shapes[name][order] @ HUMAN_TURN).astype(np.float32)
        for name in ARKIT_SHAPES
    }
    frame = HeadFrame(np.zeros(3), HUMAN_TURN, HUMAN_SIZE)
    named = template.named.on(template.head.vertices)
    landmarks = FaceLandmarks(
        frame,
        dict(zip(template.landmark_names, frame.to_world(named), strict=True)),
        dict.fromkeys(LANDMARKS, 0.9),
        frame.to_world(template.dense.on(template.head.vertices)),
    )
    rig = replace(rig_of(face_mesh), shapes=shapes, landmarks=landmarks)
    with Transaction() as transaction:
        write(context, scene_head, rig, RigOptions(), SceneOptions(), transaction)
        store_rig(scene_head, rig, "green", ())
        store_landmarks(human, landmarks, landmarks)
    return human


@pytest.fixture
def sealed(context: bpy.types.Context, human: bpy.types.Object) -> bpy.types.Object:
    """The human head with a smooth patch in place of lips and mouth bag, and the artist's data."""
    import bmesh  # the module is there only once bpy is imported

    template = load_template(asset_path("template.npz"))
    head, seam = template.head, template.head.seam
    middle = np.concatenate([seam.upper, seam.lower]).mean(axis=0)
    skin = ~np.isin(head.role, (Role.EYE_L, Role.EYE_R))
    offset = head.vertices[skin] - middle
    bag = ~head.visible[skin] & (np.linalg.norm(offset, axis=1) < 1.6) & (offset[:, 1] < 0.16)
    bag |= np.isin(head.role[skin], (Role.TEETH_UPPER, Role.TEETH_LOWER, Role.TONGUE))
    bag |= ((offset / [0.5, 0.2, 0.6])[:, :3] ** 2).sum(axis=1) < 1.0
    mesh = bmesh.new()
    mesh.from_mesh(human.data)
    mesh.verts.ensure_lookup_table()
    before = {edge for edge in mesh.edges if edge.is_boundary}
    doomed = [mesh.verts[row] for row in np.flatnonzero(bag)]
    bmesh.ops.delete(mesh, geom=doomed, context="VERTS")
    rim = [edge for edge in mesh.edges if edge.is_boundary and edge not in before]
    filled = bmesh.ops.holes_fill(mesh, edges=rim)["faces"]
    bmesh.ops.triangulate(mesh, faces=filled)
    mesh.to_mesh(human.data)
    mesh.free()
    human.data.validate()
    human.data.uv_layers.new(name="UVMap")
    group = human.vertex_groups.new(name="Mine")
    group.add(range(len(human.data.vertices)), 0.25, "REPLACE")
    human.shape_key_add(name="Basis")
    own = human.shape_key_add(name="Mine")
    for point in own.data:
        point.co.z += 0.01
    activate(human)
    return human


@pytest.fixture
def portrait(
    context: bpy.types.Context, actor: bpy.types.Object
) -> Callable[[dict[str, float], float], NDArray[np.uint8]]:
    """NDArray[np.uint8]s of the actor: an expression, degrees of yaw."""
    face_mesh, _ = read(context, actor, options=SceneOptions())
    surface = RiggedSurface(context, actor)
    np.testing.assert_array_equal(surface.face_mesh.vertices, face_mesh.vertices)

    def picture(values: dict[str, float], yaw: float = 0.0) -> NDArray[np.uint8]:
        moved = surface.face_mesh.vertices.copy()
        for name, value in values.items():
            offset = surface.offsets(name)
            assert offset is not None
            moved += value * offset
        camera = look(HeadFrame(np.zeros(3), HUMAN_TURN, HUMAN_SIZE), yaw, resolution=400)
        return render(face_mesh, camera, vertices=moved)

    return picture


@pytest.fixture
def ball() -> Callable[..., bpy.types.Object]:
    """Adds a ball: name, radius, location."""
    return add_ball


@pytest.fixture
def make_active() -> Callable[[bpy.types.Object], None]:
    """Makes an object the active and only selected one."""
    return activate


@pytest.fixture
def rig_of() -> Callable[[FaceMesh], FaceRig]:
    """Makes a rig without any geometry behind it."""
    return simple_rig


@pytest.fixture
def write_rig(context: bpy.types.Context) -> Callable[..., bpy.types.Object | None]:
    """Reads an object and writes a simple rig on it; returns the armature."""

    def write_simple_rig(
        obj: bpy.types.Object,
        *,
        options: RigOptions | None = None,
        scene_options: SceneOptions | None = None,
        size: float = 1.0,
        moved: frozenset[str] | None = None,
        correctives: Collection[tuple[str, str]] = (),
        sticky: bool = False,
        fail: bool = False,
    ) -> bpy.types.Object | None:
        scene_options = scene_options or SceneOptions()
        face_mesh, scene_head = read(context, obj, options=scene_options)
        rig = simple_rig(face_mesh, size)
        rig = replace(
            rig,
            correctives={pair: _corrective(rig, pair) for pair in correctives},
            sticky_lips=-0.5 * rig.shapes["jawOpen"] if sticky else None,
        )
        with Transaction() as transaction:
            written = write(
                context,
                scene_head,
                rig,
                options or RigOptions(),
                scene_options,
                transaction,
                moved_markers=moved,
            )
            messages = (*written.messages, *rig.messages)
            store_rig(scene_head, rig, rig.status, messages)
            store_landmarks(obj, rig.landmarks, rig.landmarks)
            if fail:
                raise StageError
        return written.armature

    return write_simple_rig


@pytest.fixture
def random() -> np.random.Generator:
    """Random numbers that are the same each time."""
    return np.random.default_rng(7)


@pytest.fixture
def stage_error() -> type[Exception]:
    """What write_rig raises at its end when it is told to fail."""
    return StageError


@pytest.fixture
def shown() -> Callable[[bpy.types.Object], NDArray[np.float32]]:
    """Positions that the artist sees: of the evaluated mesh, in object space."""
    return shown_positions


class StageError(Exception):
    """A stage failed after everything was written."""


def add_ball(name: str, radius: float, location: tuple[float, float, float]) -> bpy.types.Object:
    bpy.ops.mesh.primitive_uv_sphere_add(
        segments=32, ring_count=17, radius=radius, location=location
    )
    ball = bpy.context.object
    ball.name = ball.data.name = name
    return ball


def add_mesh(
    name: str,
    points: NDArray[np.float64],
    triangles: NDArray[np.int64],
    wanted: NDArray[np.bool_],
) -> bpy.types.Object:
    """The ``wanted`` vertices of a mesh and the triangles between them, as an object."""
    row = np.cumsum(wanted) - 1
    mesh = bpy.data.meshes.new(name)
    kept = triangles[wanted[triangles].all(axis=1)]
    mesh.from_pydata(points[wanted].tolist(), [], row[kept].tolist())
    mesh.shade_smooth()
    obj = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(obj)
    bpy.context.view_layer.update()
    return obj


def activate(obj: bpy.types.Object) -> None:
    bpy.ops.object.select_all(action="DESELECT")
    obj.select_set(True)
    bpy.context.view_layer.objects.active = obj


def shown_positions(obj: bpy.types.Object) -> NDArray[np.float32]:
    bpy.context.view_layer.update()
    mesh = obj.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    positions = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", positions)
    return positions.reshape(-1, 3)


def simple_rig(face_mesh: FaceMesh, size: float = 1.0) -> FaceRig:
    """Every shape pushes the lower half down; the jaw holds that, and the cheeks their sides."""
    vertices = face_mesh.vertices
    head = face_mesh.parts[0]
    middle = vertices[: head.stop].mean(axis=0)
    scale = float(np.ptp(vertices[: head.stop, 2])) / 2
    below = (vertices[:, 2] < middle[2] + 0.05 * scale) & (np.arange(len(vertices)) < head.stop)
    left = vertices[:, 0] > middle[0]
    shapes = {
        name: _push(name, below, left, scale * size).astype(np.float32) for name in ARKIT_SHAPES
    }
    for part in face_mesh.parts[1:]:
        shapes["eyeLookUpLeft"][part.start : part.stop, 2] = 0.05 * scale * size
    frame = HeadFrame(
        origin=middle + np.array([0.0, -0.7, 0.2]) * scale,
        axes=np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]]),
        scale=IOD * scale,
    )
    named = {
        name: frame.origin + np.array([0.01 * scale * index, 0.0, 0.0])
        for index, name in enumerate(LANDMARKS)
    }
    return FaceRig(
        shapes=shapes,
        bones=_bones(frame),
        weights=_weights(face_mesh, below),
        landmarks=FaceLandmarks(frame, named, dict.fromkeys(LANDMARKS, 0.9)),
        certificate=Certificate(
            (
                Metric("lid aperture", 0.01, 0.02, passed=True),
                Metric("lip seal", None, 1.0, passed=True, unit="% IOD", note="sealed mouth"),
            )
        ),
        messages=(Message("info", "A ball was rigged."),),
    )


def _corrective(rig: FaceRig, pair: tuple[str, str]) -> NDArray[np.float32]:
    """Takes back a part of the second shape, as a blink does to a squint."""
    return (-0.5 * rig.shapes[pair[1]]).astype(np.float32)


def _push(
    name: str, below: NDArray[np.bool_], left: NDArray[np.bool_], size: float
) -> NDArray[np.float64]:
    moving = below.copy()
    if name.endswith("Left"):
        moving &= left
    elif name.endswith("Right"):
        moving &= ~left
    number = ARKIT_SHAPES.index(name)
    return moving[:, None] * np.array([0.0, 0.001 * number, -0.1]) * size


def _bones(frame: HeadFrame) -> tuple[Bone, ...]:
    bones = []
    for index, (name, parent) in enumerate(BONE_PARENTS.items()):
        start = frame.to_world(np.array([0.05 * index, -0.2, -0.5]))
        tail = frame.to_world(np.array([0.05 * index, -0.2, 0.1]))
        bones.append(Bone(name, parent, start, tail, z_axis=frame.axes[1]))
    return tuple(bones)


def _weights(face_mesh: FaceMesh, below: NDArray[np.bool_]) -> csr_matrix:
    vertices = face_mesh.vertices
    weights = np.zeros((len(vertices), len(BONES)))
    weights[below, BONES.index("jaw")] = 0.7
    middle = vertices[: face_mesh.parts[0].stop, 0].mean()
    weights[vertices[:, 0] > middle + 1e-3, BONES.index("cheek.L")] = 0.2
    weights[vertices[:, 0] < middle - 1e-3, BONES.index("cheek.R")] = 0.2
    weights[:, BONES.index("head")] = 1.0 - weights.sum(axis=1)
    for part in face_mesh.parts[1:]:
        side = "eye.L" if vertices[part.start, 0] > 0 else "eye.R"
        weights[part.start : part.stop] = 0.0
        weights[part.start : part.stop, BONES.index(side)] = 1.0
    return csr_matrix(weights)
