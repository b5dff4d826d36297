# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of the quality benchmark, on shapes whose scores are known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from auto_rig_face.benchmarks.artists import head_folders, load_head
from auto_rig_face.benchmarks.scores import Truth, score_shapes, summarise


@pytest.fixture
def truth() -> Truth:
    """Ten vertices: two move by 0.2 and 0.1 upwards, one hidden one by 5, the others stay."""
    shape = np.zeros((10, 3))
    shape[0, 2], shape[1, 2], shape[2, 2], shape[9, 2] = 0.2, 0.1, 0.01, 5.0
    visible = np.arange(10) < 9
    shapes = {"jawOpen": shape, "mouthClose": shape, "cheekPuff": np.zeros((10, 3))}
    return Truth(shapes, visible, np.ones(10, bool), iod=2.0, radius=4.0)


def test_only_shapes_with_a_meaning_are_judged(truth):
    assert truth.judged() == ["jawOpen"]


def test_the_artists_own_shapes_score_best(truth):
    (score,) = score_shapes(truth, truth.shapes)
    assert score.error == 0
    assert score.cosine == pytest.approx(1)
    assert score.amplitude == pytest.approx(1)
    assert score.mae == 0


def test_doing_nothing_has_ratio_one(truth):
    (score,) = score_shapes(truth, {})
    assert score.nothing == pytest.approx(100 * 0.15 / 2)  # the 0.01 is below a tenth of 0.2
    assert score.ratio == pytest.approx(1)
    assert score.cosine == 0


def test_half_the_motion_keeps_its_direction(truth):
    (score,) = score_shapes(truth, {"jawOpen": 0.5 * truth.shapes["jawOpen"]})
    assert score.ratio == pytest.approx(0.5)
    assert score.cosine == pytest.approx(1)
    assert score.amplitude == pytest.approx(0.5)


def test_distances_are_in_the_unit_sphere(truth):
    shifted = truth.shapes["jawOpen"] + [0.004, 0.0, 0.0]
    (score,) = score_shapes(truth, {"jawOpen": shifted})
    assert score.mae == pytest.approx(1.0)
    assert score.q95 == pytest.approx(1.0)


def test_a_head_without_judged_shapes_has_no_summary():
    assert summarise([]) is None


def test_reading_a_head_folder(tmp_path):
    folder = tmp_path / "square"
    folder.mkdir()
    (folder / "neutral.obj").write_text("v 1 2 3\nv 2 2 3\nv 2 3 3\nv 1 3 3\nf 1/1 2/2 3/3 4/4\n")
    (folder / "meta.json").write_text(json.dumps({"parts": {"face": [0, 4]}}))
    deltas = np.zeros((2, 4, 3), np.float32)
    deltas[0, 0, 1], deltas[1, 0, 2] = 1.0, 2.0
    np.savez(folder / "shapes.npz", names=np.array(["up", "out"]), deltas=deltas)
    names = {"jawOpen": "up", "mouthPucker": ["up", "out"], "jawLeft": None}
    (folder / "arkit_map.json").write_text(json.dumps(names))
    assert head_folders(tmp_path) == [folder]
    head = load_head(folder)
    assert head.face_mesh.triangles.tolist() == [[0, 1, 2], [0, 2, 3]]
    assert head.face_mesh.vertices[0] == pytest.approx([1, -3, 2])
    assert head.face_mesh.parts[0].stop == 4
    assert set(head.shapes) == {"jawOpen", "mouthPucker"}
    assert head.shapes["jawOpen"][0] == pytest.approx([0, 0, 1])
    assert head.shapes["mouthPucker"][0] == pytest.approx([0, -2, 1])
    assert not head.own_prior
