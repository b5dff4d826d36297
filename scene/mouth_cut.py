# SPDX-License-Identifier: GPL-3.0-or-later
"""Cut a sealed mouth open along the lip line, and set a bag behind the cut. On a bmesh.

Only faces that the line crosses are divided; of what was there, only vertices on the line move, by
a hair. Custom data (UVs, colours, vertex groups, shape keys) goes on over the new edges as bmesh
interpolates it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import bmesh
import numpy as np
from bmesh.types import BMEdge, BMesh, BMFace, BMVert
from mathutils import Matrix, Vector
from numpy.typing import NDArray

from ..errors import RigError
from ..rigging.data import MouthPlan

Floats = NDArray[np.float64]

AT_AN_END: Final = 0.08  # of an edge: a crossing this near to its end takes the end
REACH: Final = 0.5  # mouth widths; skin further behind the line isn't the lips'
SPAN: Final = 0.6  # of the mouth's width: what a cut must reach along
APART: Final = 5e-4  # mouth widths; half the way between the lips
SAME_PLACE: Final = 1e-4  # mouth widths
FEWEST_EDGES: Final = 8  # of the cut: a slit of one edge would not open
BLUNT: Final = 0.02  # mouth widths; the line's ends reach so far past its corners


class MouthCut:
    """``to_head`` (4, 4): from the mesh's own coordinates to the plan's head frame."""

    def __init__(self, mesh: BMesh, plan: MouthPlan, to_head: Floats) -> None:
        self._mesh, self._plan = mesh, plan
        self._to_head = to_head
        self._to_mesh = Matrix(np.linalg.inv(to_head))
        self._on_line: set[BMVert] = set()

    def open(self) -> list[BMFace]:
        """Cut, and add the bag; its faces. Raises RigError where no skin lies along the line."""
        pieces = [self._path(piece) for piece in _pieces(self._divide())]
        paths = [path for path in self._joined(pieces) if self._spans(path)]
        if not paths:
            raise RigError(
                "No skin was found along the lip line.",
                "Press Edit Markers, drag the mouth markers on to the lips, and rig again.",
            )
        if len(paths) > 1:
            raise RigError(
                "The lip line runs over several pieces of mesh that lie on each other.",
                "Join lips and face into one surface, or cut the slit by hand.",
            )
        return self._bag(self._part(self._refine(paths[0])))

    def _joined(self, paths: list[list[BMEdge]]) -> list[list[BMEdge]]:
        """Paths that carry on from each other across a seam of the texture, as one."""
        groups: list[tuple[list[BMEdge], set[tuple[int, ...]]]] = []
        for path in paths:
            group = path, {self._cell(vert) for edge in path for vert in edge.verts}
            apart = []
            for other in groups:
                if group[1].isdisjoint(other[1]):
                    apart.append(other)
                else:
                    group = group[0] + other[0], group[1] | other[1]
            groups = [*apart, group]
        return [path for path, _ in groups]

    def _cell(self, vert: BMVert) -> tuple[int, ...]:
        """What vertices in the same place have in common."""
        step = SAME_PLACE * self._plan.width
        return tuple(int(value) for value in np.rint(self._local(vert) / step))

    def _spans(self, path: list[BMEdge]) -> bool:
        """Whether a path runs along most of the lip line."""
        across = [self._local(vert)[0] for edge in path for vert in edge.verts]
        return bool(path) and max(across) - min(across) > SPAN * self._plan.width

    def _local(self, vert: BMVert) -> Floats:
        return self._to_head[:3, :3] @ np.array(vert.co) + self._to_head[:3, 3]

    def _height(self, point: Floats) -> float:
        """Height of a point over the lip line."""
        return float(point[1] - self._plan.at(point[:1])[0, 1])

    def _is_lip(self, points: Floats) -> NDArray[np.bool_]:
        """(N,) which points (N, 3) lie between the corners and at the front."""
        plan = self._plan
        edge = BLUNT * plan.width
        between = (points[:, 0] > plan.line[0, 0] - edge) & (points[:, 0] < plan.line[2, 0] + edge)
        return between & (np.abs(points[:, 2] - plan.at(points[:, 0])[:, 2]) < REACH * plan.width)

    def _divide(self) -> set[BMEdge]:
        """Divide all that the line crosses; the edges that then lie on it."""
        for edge, start, share in self._crossing():
            if share < AT_AN_END:
                self._on_line.add(start)
            elif share > 1.0 - AT_AN_END:
                self._on_line.add(edge.other_vert(start))
            else:
                self._on_line.add(bmesh.utils.edge_split(edge, start, share)[1])
        for face in {face for vert in self._on_line for face in vert.link_faces}:
            self._divide_face(face)
        return {
            edge
            for vert in self._on_line
            for edge in vert.link_edges
            if edge.other_vert(vert) in self._on_line
        }

    def _crossing(self) -> list[tuple[BMEdge, BMVert, float]]:
        """Edges of the lips' skin that cross the line: from which end, and where on them, 0..1."""
        verts, edges = self._mesh.verts, self._mesh.edges
        verts.index_update()
        edges.ensure_lookup_table()
        places = np.array([vert.co for vert in verts]) @ self._to_head[:3, :3].T
        places += self._to_head[:3, 3]
        height = places[:, 1] - self._plan.at(places[:, 0])[:, 1]
        ends = np.array([[vert.index for vert in edge.verts] for edge in edges])
        start, stop = height[ends].T
        crosses = (start * stop <= 0.0) & (start != stop)
        share = np.divide(start, start - stop, out=np.zeros_like(start), where=crosses)
        first, last = places[ends[:, 0]], places[ends[:, 1]]
        crosses &= self._is_lip(first + share[:, None] * (last - first))
        return [
            (edges[row], edges[row].verts[0], float(share[row]))
            for row in np.flatnonzero(crosses)
            if _faces_front(edges[row], self._to_head)
        ]

    def _divide_face(self, face: BMFace) -> None:
        on_line = sorted(
            (vert for vert in face.verts if vert in self._on_line),
            key=lambda vert: self._local(vert)[0],
        )
        for first, second in pairwise(on_line):
            joined = any(edge.other_vert(first) == second for edge in first.link_edges)
            common = [shared for shared in first.link_faces if second in shared.verts]
            if not joined and common:
                bmesh.utils.face_split(common[0], first, second)

    def _path(self, edges: set[BMEdge]) -> list[BMEdge]:
        """The shortest way over the edges from the line's right end to its left one."""
        verts = {vert for edge in edges for vert in edge.verts}
        start = min(verts, key=lambda vert: self._local(vert)[0])
        length = {start: 0.0}
        came: dict[BMVert, BMEdge] = {}
        open_ends = {start}
        while open_ends:
            vert = min(open_ends, key=lambda one: length[one])
            open_ends.remove(vert)
            for edge in vert.link_edges:
                other = edge.other_vert(vert)
                way = length[vert] + edge.calc_length()
                if edge in edges and way < length.get(other, np.inf):
                    length[other], came[other] = way, edge
                    open_ends.add(other)
        vert = max(length, key=lambda one: self._local(one)[0])
        path: list[BMEdge] = []
        while vert != start:
            path.append(came[vert])
            vert = came[vert].other_vert(vert)
        return path[::-1]

    def _refine(self, path: list[BMEdge]) -> list[BMEdge]:
        while len(path) < FEWEST_EDGES:
            longest = max(path, key=lambda edge: edge.calc_length())
            added, _ = bmesh.utils.edge_split(longest, longest.verts[0], 0.5)
            path.append(added)
        return path

    def _part(self, path: list[BMEdge]) -> dict[BMEdge, int]:
        """Part the skin along the path; the edges of both lips with their side, 1 or -1."""
        parted = bmesh.ops.split_edges(self._mesh, edges=path)["edges"]
        rim: dict[BMEdge, int] = {}
        for edge in {*parted, *path}:
            if edge.is_valid and edge.is_boundary:
                middle = edge.link_faces[0].calc_center_median()
                point = self._to_head[:3, :3] @ np.array(middle) + self._to_head[:3, 3]
                rim[edge] = 1 if self._height(point) > 0.0 else -1
                edge.smooth = False  # the face must look at rest as it did
        return rim

    def _bag(self, rim: dict[BMEdge, int]) -> list[BMFace]:
        """Extrude the lips' edges inwards, ring by ring, and close the last ring."""
        sides = _sides(rim)
        for vert, lip in sides.items():
            # Else whoever welds by place would sew the lips up where a texture's seam meets them.
            place = self._local(vert)
            place[1] += lip * APART * self._plan.width
            self._move(vert, self._to_mesh @ Vector(place))
        starts = {vert: self._local(vert) for vert in sides}
        edges, faces, bag = list(rim), [], []
        for ring in self._plan.rings:
            geometry = bmesh.ops.extrude_edge_only(self._mesh, edges=edges)["geom"]
            added = [item for item in geometry if isinstance(item, BMVert)]
            faces += [item for item in geometry if isinstance(item, BMFace)]
            bag += added
            sources = [
                next(o for edge in vert.link_edges if (o := edge.other_vert(vert)) in starts)
                for vert in added
            ]
            side = np.array([sides[source] for source in sources])
            start = np.array([starts[source] for source in sources])
            for vert, place in zip(added, self._plan.place(ring, start, side), strict=True):
                self._move(vert, self._to_mesh @ Vector(place))
            sides = dict(zip(added, side, strict=True))
            starts = dict(zip(added, start, strict=True))
            edges = [item for item in geometry if isinstance(item, BMEdge) and item.is_boundary]
        # Where a seam of the texture parts the skin, the bag has each vertex twice.
        bmesh.ops.remove_doubles(self._mesh, verts=bag, dist=self._smallest())
        faces = [face for face in faces if face.is_valid]
        edges = [edge for edge in edges if edge.is_valid and edge.is_boundary]
        faces += self._close(edges)
        for face in faces:
            face.smooth = True
        return faces

    def _smallest(self) -> float:
        """SAME_PLACE in the mesh's own units."""
        scale = float(np.cbrt(abs(np.linalg.det(self._to_head[:3, :3]))))
        return SAME_PLACE * self._plan.width / scale

    def _move(self, vert: BMVert, place: Vector) -> None:
        shift = place - vert.co
        for layer in self._mesh.verts.layers.shape.values():
            vert[layer] = vert[layer] + shift
        vert.co = place

    def _close(self, edges: list[BMEdge]) -> list[BMFace]:
        """The bag's back, facing the way that its sides face."""
        filled = bmesh.ops.edgeloop_fill(self._mesh, edges=edges)["faces"]
        for face in filled:
            loop = face.loops[0]
            beside = next(other for other in loop.edge.link_loops if other.face != face)
            if loop.vert == beside.vert:
                face.normal_flip()
        return list(bmesh.ops.triangulate(self._mesh, faces=filled)["faces"])


def _pieces(edges: set[BMEdge]) -> list[set[BMEdge]]:
    """The edges in groups that hang together."""
    pieces: list[set[BMEdge]] = []
    left = set(edges)
    while left:
        piece: set[BMEdge] = set()
        border = {left.pop()}
        while border:
            edge = border.pop()
            piece.add(edge)
            border |= {other for vert in edge.verts for other in vert.link_edges} & left
            left -= border
        pieces.append(piece)
    return pieces


def _sides(rim: dict[BMEdge, int]) -> dict[BMVert, int]:
    """Side of each vertex of both lips' edges; 0 at the corners, where they meet."""
    sides: dict[BMVert, int] = {}
    for edge, side in rim.items():
        for vert in edge.verts:
            sides[vert] = side if sides.get(vert, side) == side else 0
    return sides


def _faces_front(edge: BMEdge, to_head: Floats) -> bool:
    """Whether the skin at an edge faces the front, as lips do."""
    normals = [to_head[:3, :3] @ np.array(face.normal) for face in edge.link_faces]
    return bool(normals) and float(np.mean([normal[2] for normal in normals])) > 0.0
