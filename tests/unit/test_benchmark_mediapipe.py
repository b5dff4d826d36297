# SPDX-License-Identifier: GPL-3.0-or-later
"""What the comparison with Google's package counts, on landmarks whose distances are known."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.benchmarks import mediapipe_check as check
from auto_rig_face.benchmarks import mediapipe_crops as crops
from auto_rig_face.models.crops import Pyramid

EYES = {33: (10.0, 50.0), 133: (30.0, 50.0), 362: (70.0, 50.0), 263: (90.0, 50.0)}


@pytest.fixture
def points() -> np.ndarray:
    """A face of 60 pixels between the eyes, level, 10..90 across and 20..120 down."""
    rng = np.random.default_rng(1)
    result = rng.uniform((15, 25, -20), (85, 115, 20), (478, 3))
    result[0, :2], result[1, :2] = (50, 20), (50, 120)
    for index, place in EYES.items():
        result[index, :2] = place
    return result


def test_eye_distance_is_between_the_middles_of_the_eyes(points):
    assert check.eye_distance(points) == pytest.approx(60)


def test_distance_is_in_percent_of_the_references_eye_distance(points):
    moved = points.copy()
    moved[200, :2] += (3.0, 4.0)
    found = check.distance(moved, points)
    assert found.worst == pytest.approx(100 * 5 / 60)
    assert found.mean == pytest.approx(found.worst / 478)


def test_depth_does_not_count(points):
    assert check.distance(points + [0, 0, 9], points) == check.Distance(0.0, 0.0)


def test_distance_does_not_depend_on_the_pictures_size(points):
    small = check.distance(points + [1, 0, 0], points)
    large = check.distance(3 * points + [3, 0, 0], 3 * points)
    assert large.mean == pytest.approx(small.mean)


def test_what_cannot_be_compared_is_refused(points):
    with pytest.raises(ValueError, match="468"):
        check.distance(points[:468], points)
    with pytest.raises(ValueError, match="coincide"):
        check.distance(points, np.zeros((478, 3)))
    with pytest.raises(ValueError, match="jawOpen"):
        check.largest_difference({"jawOpen": 0.1}, {})


def test_coefficients_differ_by_the_worst_of_them():
    ours, theirs = {"jawOpen": 0.5, "mouthClose": 0.1}, {"mouthClose": 0.4, "jawOpen": 0.4}
    assert check.largest_difference(ours, theirs) == pytest.approx(0.3)


def test_the_packages_borders_are_half_a_pixel_from_our_first_centres():
    found = check.to_pixels([[0.0, 0.0, 0.0], [1.0, 1.0, 0.5]], 200, 100)
    assert found == pytest.approx(np.array([[-0.5, -0.5, 0.0], [199.5, 99.5, 100.0]]))


def test_an_answer_without_a_face_in_every_frame_is_none(points):
    face = {"points": points.tolist(), "blendshapes": {}}
    assert check.read_peer({"image": face, "frames": [face, None]}, 100, 100) is None
    before = {"points": (points + 1).tolist(), "blendshapes": {}}
    peer = check.read_peer({"image": face, "frames": [face, before, face]}, 1, 1)
    assert peer is not None
    assert peer.before == pytest.approx(peer.film + 1)


def test_the_packages_box_is_upright_and_turned_afterwards(points):
    level = crops.package_crop(points)
    assert level.centre == pytest.approx([50, 70])
    assert level.size == pytest.approx(150)
    assert level.roll == 0
    turned = points.copy()
    turned[:, :2] = points[:, :2] @ np.array([[0.0, 1.0], [-1.0, 0.0]])
    assert crops.package_crop(turned).roll == pytest.approx(np.pi / 2)


@pytest.mark.parametrize(("resolution", "read"), [(64, 0.0), (32, -0.5), (128, 0.25)])
def test_the_package_reads_half_a_pixel_off(resolution, read):
    """On a ramp whose grey values are 4 x: what one pixel reads, from where it belongs."""
    ramp = np.repeat((4 * np.arange(64))[None, :, None], 64, axis=0).repeat(3, axis=2)
    ramp = ramp.astype(np.uint8)
    whole = Pyramid(ramp).whole
    middle = resolution // 2
    belongs = whole.to_picture(resolution)[0] @ [middle, middle, 1]
    off = crops.package_pixels(ramp, whole, resolution)[middle, middle, 0] - 4 * belongs
    assert off / 4 == pytest.approx(read, abs=0.13)
    centred = crops.package_pixels(ramp, whole, resolution, centred=True)[middle, middle, 0]
    assert centred == pytest.approx(4 * belongs, abs=0.51)


def _row(film: float, same: float) -> check.Row:
    sitting = check.Sitting("human", 1, "joy", 10.0, 0.0, 0.0, 128, 5.5, 0)
    steps = dict.fromkeys(crops.STEPS, check.Distance(same, 2 * same))
    steps[check.DELIVERED] = check.Distance(film, 2 * film)
    apart = check.Distance(same, same), check.Distance(2.0, 4.0), check.Distance(2.0, 5.0)
    known = {"ours": 5.0, "photograph": 5.0, "film": 5.0}
    return check.Row(sitting, *apart, steps, 0.0, 0.1, known)


@pytest.mark.parametrize(
    ("film", "same", "count", "kept"),
    [(1.5, 0.01, 20, True), (1.5, 0.01, 19, False), (1.5, 0.3, 20, False), (2.1, 0.01, 20, False)],
)
def test_limits(film, same, count, kept):
    rows = [_row(film, same)] * count
    assert all(passed for _, passed in check.verdicts(rows)) == kept
    text = check.report(rows, [(rows[0].sitting, "the package")], "1.2")
    assert ("MISSED" in text) != kept
    table = [line for line in text.splitlines() if line.startswith("| human 1, joy")]
    assert len(table) == count + 1
    assert {line.count("|") for line in table} == {9}
    assert "no face: the package" in table[-1]
