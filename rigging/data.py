# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain data that crosses between the scene, the landmark models and the rigging geometry.

Frames: *world* is Blender's world space (+Z up, metres). The *head frame* has its origin midway
between the eyes, +X to the character's left, +Y up, +Z to the front, and 1 unit = the
inter-ocular distance (IOD).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Severity = Literal["info", "warning", "error"]
Status = Literal["green", "amber", "red"]


@dataclass(frozen=True)
class MeshPart:
    """One object of the scene within a FaceMesh. Part 0 is the head that was asked for."""

    name: str
    start: int  # first vertex in FaceMesh.vertices
    stop: int  # one past the last vertex


@dataclass(frozen=True)
class Appearance:
    """What the surface looks like, for the landmark models and the contact sheet.

    ``colours``: (T, 3) float32 sRGB in 0..1, the material's base colour of each triangle.
    ``uv``: (T, 3, 2) float32, texture coordinates of each triangle corner, v upwards.
    ``image_index``: (T,) int32 into ``images``, -1 where the triangle has no texture.
    ``images``: (H, W, 3) uint8 sRGB each, first row at the top of the picture.
    """

    colours: NDArray[np.float32]
    uv: NDArray[np.float32]
    image_index: NDArray[np.int32]
    images: tuple[NDArray[np.uint8], ...] = ()


@dataclass(frozen=True)
class FaceMesh:
    """The head and all its loose parts as one triangle soup with shared vertices.

    ``vertices``: (V, 3) float64, world space, in the order of the objects' own vertices.
    ``triangles``: (T, 3) int64, the objects' polygons triangulated.
    """

    vertices: NDArray[np.float64]
    triangles: NDArray[np.int64]
    parts: tuple[MeshPart, ...]
    appearance: Appearance | None = None


@dataclass(frozen=True)
class HeadFrame:
    """Similarity between world space and the head frame.

    ``axes``: (3, 3) float64, rows are the character's left, up and front as unit world vectors.
    ``scale``: world units per IOD.
    """

    origin: NDArray[np.float64]
    axes: NDArray[np.float64]
    scale: float

    def to_head(self, points_world: NDArray[np.float64]) -> NDArray[np.float64]:
        """World points (..., 3) in the head frame."""
        return (points_world - self.origin) @ self.axes.T / self.scale

    def to_world(self, points_head: NDArray[np.float64]) -> NDArray[np.float64]:
        """Head-frame points (..., 3) in world space."""
        return points_head @ self.axes * self.scale + self.origin

    def apart_from(self, other: HeadFrame) -> tuple[float, float, float]:
        """How another frame differs: degrees between the axes, world units between the origins, and
        the other's scale over this one's.
        """
        cosine = (np.trace(self.axes @ other.axes.T) - 1) / 2
        degrees = float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
        return degrees, float(np.linalg.norm(self.origin - other.origin)), other.scale / self.scale

    def vectors_to_world(self, vectors_head: NDArray[np.float64]) -> NDArray[np.float64]:
        """Head-frame displacements (..., 3) in world space."""
        return vectors_head @ self.axes * self.scale


@dataclass(frozen=True)
class FaceLandmarks:
    """Where the face is on a head.

    ``named``: vocabulary.LANDMARKS name -> (3,) float64 world position.
    ``confidence``: the same names -> 0..1.
    ``dense``: (478, 3) float64 world positions of Face Landmarker's points, or None when the
    landmarks were placed by hand and no face was found.
    ``source``: "automatic", "markers" (by hand alone) or "corrected" (automatic, then by hand).
    ``picture``: sha256 of the pixels of the reference picture that has corrected them, or "".
    """

    frame: HeadFrame
    named: dict[str, NDArray[np.float64]]
    confidence: dict[str, float]
    dense: NDArray[np.float64] | None = None
    source: Literal["automatic", "markers", "corrected"] = "automatic"
    picture: str = ""


@dataclass(frozen=True)
class Bone:
    """A bone at rest, in world space. ``z_axis`` fixes its roll."""

    name: str
    parent: str | None
    head: NDArray[np.float64]
    tail: NDArray[np.float64]
    z_axis: NDArray[np.float64]


@dataclass(frozen=True)
class Metric:
    """One figure of the certificate. ``value`` is None where it can't be measured (see note)."""

    name: str
    value: float | None
    limit: float | None
    passed: bool
    unit: str = ""
    place: str = ""  # shape key, side or bone where the worst value is
    note: str = ""


@dataclass(frozen=True)
class Message:
    """Something that the artist should know, in plain words, with what to do about it."""

    severity: Severity
    text: str


@dataclass(frozen=True)
class Certificate:
    """How good the rig is, measured on the result itself."""

    metrics: tuple[Metric, ...]

    @property
    def passed(self) -> bool:
        return all(metric.passed for metric in self.metrics)


@dataclass(frozen=True)
class RigOptions:
    """What the artist asked for. Empty ``shapes`` means all 52.

    ``exaggeration``: how far shapes move, 1 as a realistic face does; those that answer to
    something else (a blink shuts, a gaze follows the eye) stay.
    """

    shapes: tuple[str, ...] = ()
    bones: bool = True
    shape_keys: bool = True
    exaggeration: float = 1.0


@dataclass(frozen=True)
class FaceRig:
    """A complete face rig as plain arrays.

    ``shapes``: ARKit name -> (V, 3) float32 world displacement of FaceMesh.vertices; a shape that
    this head can't have is all zeros and named in ``disabled_shapes``.
    ``correctives``: two ARKit names -> (V, 3) float32 world displacement to be added times the
    product of the two shapes' values. ``sticky_lips``: (V, 3) likewise, to be added times the
    smaller of jawOpen and 1 - jawOpen; None on a mouth that doesn't part.
    ``weights``: (V, B) float64 sparse rows, columns in the order of ``bones``; rows sum to 1.
    """

    shapes: dict[str, NDArray[np.float32]]
    bones: tuple[Bone, ...]
    weights: csr_matrix
    landmarks: FaceLandmarks
    certificate: Certificate
    messages: tuple[Message, ...] = ()
    disabled_shapes: tuple[str, ...] = ()
    correctives: dict[tuple[str, str], NDArray[np.float32]] = field(default_factory=dict)
    sticky_lips: NDArray[np.float32] | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def has_sealed_mouth(self) -> bool:
        """Whether the mesh has no slit between the lips."""
        return "mouthClose" in self.disabled_shapes

    @property
    def status(self) -> Status:
        """Green: certified. Amber: certified with warnings. Red: a limit is missed."""
        if not self.certificate.passed:
            return "red"
        if any(message.severity != "info" for message in self.messages):
            return "amber"
        return "green"


@dataclass(frozen=True)
class BagRing:
    """One ring of a mouth bag, in IOD: ``depth`` behind the lip line, ``half_width``, and its reach
    ``up`` and ``down`` in its middle.
    """

    depth: float
    half_width: float
    up: float
    down: float


@dataclass(frozen=True)
class LoosePart:
    """A loose part in world space. ``faces`` (F, 3) or (F, 4); ``colours``: linear, 0..1, by the
    name of what has it, and ``colour_of`` (F,) which of them in turn is a face's.
    """

    name: str
    vertices: NDArray[np.float64]
    faces: NDArray[np.int64]
    colours: dict[str, tuple[float, float, float]]
    colour_of: NDArray[np.int64]

    @property
    def triangles(self) -> NDArray[np.int64]:
        """(T, 3) the faces, quads parted along a diagonal."""
        corners = range(1, self.faces.shape[1] - 1)
        return np.concatenate([self.faces[:, [0, n, n + 1]] for n in corners])


@dataclass(frozen=True)
class MouthPlan:
    """A sealed mouth to be cut open. ``line`` (3, 3): the lip line's right corner, middle and left
    corner in the head frame. ``rings`` from the lips inwards; ``parts``: teeth and tongue.
    """

    frame: HeadFrame
    line: NDArray[np.float64]
    rings: tuple[BagRing, ...]
    parts: tuple[LoosePart, ...]

    @property
    def width(self) -> float:
        return float(self.line[2, 0] - self.line[0, 0])

    def at(self, across: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, 3) points of the lip line, a parabola through its three points, at x ``across``."""
        curves = [np.polyfit(self.line[:, 0], self.line[:, axis], 2) for axis in (1, 2)]
        return np.stack([across, *(np.polyval(curve, across) for curve in curves)], axis=-1)

    def place(
        self, ring: BagRing, rim: NDArray[np.float64], side: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """(N, 3) places on a ring behind the places ``rim`` (N, 3) of the lips' edges, in the head
        frame. ``side`` (N,): 1 on the upper lip, -1 on the lower one, 0 at the corners.
        """
        low, high = rim[:, 0].min(), rim[:, 0].max()
        middle, half = (low + high) / 2, max((high - low) / 2, 1e-9)
        reach = (rim[:, 0] - middle) / half
        height = np.sqrt(np.clip(1.0 - reach**2, 0.0, 1.0)) * np.where(side > 0, ring.up, ring.down)
        widened = middle + reach * half * 2.0 * ring.half_width / self.width
        return np.stack([widened, rim[:, 1] + side * height, rim[:, 2] - ring.depth], axis=-1)
