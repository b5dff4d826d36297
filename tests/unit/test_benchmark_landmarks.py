# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of the landmark benchmark, on answers whose errors are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from auto_rig_face.benchmarks import landmark_scores as scores
from auto_rig_face.benchmarks.landmark_figures import GOOGLE, figures
from auto_rig_face.benchmarks.landmark_peers import of_68
from auto_rig_face.benchmarks.landmark_report import markdown
from auto_rig_face.benchmarks.landmark_scores import NAMED, Answers, Truth
from auto_rig_face.training.landmarks import points as scheme
from auto_rig_face.training.landmarks import source
from hypothesis import given
from hypothesis import strategies as st

FAMILIES = ("human", "toon", "anime", "robot")
OURS = "Ours"


@pytest.fixture
def truth() -> Truth:
    """Four pictures: a human near the front, one toon, one anime, one robot, all from the side."""
    return Truth(
        np.array(FAMILIES),
        np.array(["plain", "clay", "toon", "line"]),
        np.array([10.0, 50.0, -50.0, 40.0]),
        np.ones((4, scheme.COUNT), bool),
    )


def answers(errors: list[float], name: str = OURS, expected: float = 1.0, score: float = 0.9):
    """A network that is off by ``errors`` percent at every point of the pictures."""
    off = np.repeat(np.array(errors)[:, None], scheme.COUNT, axis=1)
    return Answers(
        name,
        np.full(len(errors), score),
        off,
        np.full_like(off, expected),
        np.full(len(errors), np.nan),
        np.array([0.1, 0.9, 0.2, 0.3]),
    )


def boxes(overlaps: list[float]) -> Answers:
    """A network that gives boxes only."""
    given_ = answers([np.nan] * len(overlaps), "Boxes")
    return replace(given_, overlap=np.array(overlaps))


def test_a_picture_counts_the_points_that_are_valid_and_given():
    error = np.array([[1.0, 3.0, 100.0], [np.nan, 7.0, 5.0], [1.0, 1.0, np.nan]])
    valid = np.array([[True, True, False], [True, False, True], [False, False, True]])
    assert scores.picture_means(error, valid) == pytest.approx([2.0, 5.0, np.nan], nan_ok=True)


def test_auc_and_failures_are_of_the_cumulative_curve():
    means = np.array([0.0, 5.0, 10.0, 20.0, np.inf, np.nan])
    assert scores.area(means) == pytest.approx((1 + 0.5) / 5)
    assert scores.failures(means) == pytest.approx(2 / 5)
    assert scores.cumulative(means, np.array([0.0, 5.0, 20.0])) == pytest.approx([0.2, 0.4, 0.8])


@given(st.lists(st.floats(0, 30), min_size=1, max_size=30))
def test_auc_is_the_integral_of_the_cumulative_curve(errors: list[float]):
    middles = (np.arange(20000) + 0.5) / 20000 * scores.FAILURE
    means = np.array(errors)
    assert scores.area(means) == pytest.approx(scores.cumulative(means, middles).mean(), abs=1e-3)


def test_nothing_measured_is_no_figure():
    nothing = np.full(3, np.nan)
    assert scores.mean(nothing) is None
    assert scores.area(nothing) is None
    assert scores.failures(nothing) is None
    assert scores.within(np.ones((1, 1)), np.zeros((1, 1), bool), 5.0) is None


def test_shares_within_are_of_points():
    error = np.array([[1.0, 5.0, 6.0], [11.0, 2.0, np.nan]])
    valid = np.array([[True, True, True], [True, False, True]])
    assert scores.within(error, valid, 5.0) == pytest.approx(2 / 4)


def test_honest_expectations_have_factor_one():
    expected = np.linspace(1, 40, 400)[:, None]
    tenths = scores.deciles(expected, expected.copy(), np.ones((400, 1), bool))
    assert len(tenths) == 10
    assert [tenth.factor for tenth in tenths] == pytest.approx([1.0] * 10)
    assert [tenth.expected for tenth in tenths] == sorted(tenth.expected for tenth in tenths)


@pytest.mark.parametrize("wrong", [2.0, 0.5])
def test_a_tenth_that_is_off_shows_its_factor_either_way(wrong: float):
    expected = np.linspace(1, 40, 400)[:, None]
    observed = expected.copy()
    observed[:40] *= wrong
    tenths = scores.deciles(expected, observed, np.ones((400, 1), bool))
    assert [tenth.factor for tenth in tenths] == pytest.approx([2.0] + [1.0] * 9)


def test_points_that_are_hidden_from_the_count_do_not_calibrate():
    expected, observed = np.ones((20, 2)), np.ones((20, 2))
    observed[:, 1] = 50.0
    valid = np.repeat([[True, False]], 20, axis=0)
    assert max(tenth.factor for tenth in scores.deciles(expected, observed, valid)) == 1
    assert scores.deciles(expected[:9], observed[:9], valid[:9]) == []


def test_found_takes_a_sure_score_and_a_near_face(truth: Truth):
    given_ = answers([1.0, 29.0, 31.0, 1.0])
    given_.score[3] = 0.4
    assert scores.found(given_, truth).tolist() == [True, True, False, False]
    assert scores.answered_means(given_, truth) == pytest.approx([1.0, 29.0, 31.0, np.inf])


def test_a_box_is_found_by_its_overlap(truth: Truth):
    assert scores.found(boxes([0.31, 0.29, 1.0, 0.0]), truth).tolist() == [True, False, True, False]


def test_box_overlap():
    box = np.array([0.0, 0.0, 2.0, 2.0])
    assert scores.box_overlap(box, box) == pytest.approx(1)
    assert scores.box_overlap(box, box + 1) == pytest.approx(1 / 7)
    assert scores.box_overlap(box, box + 3) == 0


def test_networks_meet_on_the_points_that_both_give(truth: Truth):
    ours, theirs = answers([4.0] * 4), answers([8.0] * 4)
    lacking = NAMED[:20]
    theirs.error[:, lacking] = np.nan
    ours.error[:, lacking] = 1000.0
    own, other = scores.shared_means(ours, theirs, truth, np.array([True, False, True, False]))
    assert own == pytest.approx([4.0, 4.0])
    assert other == pytest.approx([8.0, 8.0])


def test_every_family_with_a_face_is_in_one_half_and_one_group():
    faces = sorted(source.FACES)
    for parts in (scores.HALVES, scores.GROUPS):
        assert sorted(name for names in parts.values() for name in names) == faces


def test_named_points_of_the_regions_are_all_of_them():
    rows = np.concatenate([scores.region_rows(region, named=True) for region in scores.REGIONS])
    assert sorted(rows) == sorted(NAMED)


def test_68_points_take_their_places():
    places = np.stack([np.arange(68.0), -np.arange(68.0)], axis=1)
    guess = of_68(0.7, places)
    assert guess.points[scheme.INDEX["lid_upper_R_10"]].tolist() == [36, -36]
    assert guess.points[scheme.INDEX["lid_upper_L_05"]].tolist() == [43.5, -43.5]
    assert guess.points[scheme.INDEX["lid_lower_R_05"]].tolist() == [40.5, -40.5]
    assert np.isnan(guess.points[scheme.INDEX["pupil_L"]]).all()
    assert np.isfinite(guess.points).all(axis=1).sum() == 68 + 4


def checks_of(truth: Truth, ours: Answers, google: Answers, ms: float) -> dict:
    result = figures(truth, [ours, google], {OURS: {128: 1.0, 512: ms}})
    return {check["name"]: check for check in result["checks"]}


def test_a_good_network_meets_every_goal(truth: Truth):
    ours = replace(answers([1.8, 2.9, 2.9, 2.9], expected=2.3), false=np.zeros(100))
    made = checks_of(truth, ours, answers([1.9, 9.1, 9.1, 9.1], GOOGLE), 14.9)
    assert len(made) == 10
    assert all(check["met"] for check in made.values())


def test_each_goal_is_missed_by_its_own_figure(truth: Truth):
    ours = replace(answers([2.5, 3.0, 40.0, 3.0], expected=1.0), false=np.array([0.9] + [0.0] * 9))
    made = checks_of(truth, ours, answers([2.4, 6.0, 6.0, 6.0], GOOGLE), 15.1)
    assert made["NME, all families, styles and poses"]["value"] == pytest.approx(48.5 / 4)
    assert made["NME, human, within 30 degrees of yaw"]["value"] == pytest.approx(2.5)
    assert made[f"error / {GOOGLE}'s, stylised half"]["value"] == pytest.approx(0.5)
    assert made[f"error / {GOOGLE}'s, realistic half"]["value"] == pytest.approx(2.5 / 2.4)
    assert made["found, stylised humanoid"]["value"] == pytest.approx(0.5)
    assert made["false finds"]["value"] == pytest.approx(0.1)
    assert made["time a picture, slowest size"]["value"] == pytest.approx(15.1)
    assert {name for name, check in made.items() if check["met"]} == {
        "found, human",
        "found, creature",
    }


def test_human_near_the_front_leaves_the_sides_and_the_toons_out(truth: Truth):
    heads = replace(truth, family=np.array(["human", "human", "toon", "human"]))
    turned = replace(heads, yaw=np.array([-29.0, 31.0, 0.0, -40.0]))
    result = figures(turned, [answers([2.0, 9.0, 9.0, 9.0])], {})
    assert result["human, near front"]["nme"] == pytest.approx(2.0)


def test_faces_that_were_not_seen_do_not_calibrate(truth: Truth):
    ours = answers([1.0, 1.0, 1.0, 50.0])
    ours.score[3] = 0.4
    tenths = figures(truth, [ours], {})["calibration"]
    assert [tenth["factor"] for tenth in tenths] == pytest.approx([1.0] * 10)


def test_the_page_says_what_is_missed_and_what_was_not_measured(truth: Truth):
    no_human = replace(truth, family=np.array(["toon", "toon", "anime", "robot"]))
    networks = [answers([6.0] * 4), answers([9.0] * 4, GOOGLE), boxes([0.9] * 4)]
    result = {
        **figures(no_human, networks, {OURS: {128: 4.0}}),
        "machine": {"processor": "A processor", "cores": 2, "load": 0.5},
        "networks": "0123456789ab",
        "not installed": {"dlib 68": "dlib"},
    }
    page = markdown(result, {"Cumulative error": "../images/curve.png"})
    assert "| NME, all families, styles and poses | 6.00 % | ≤ 5.00 % | **no** |" in page
    assert "| NME, human, within 30 degrees of yaw | - | ≤ 2.00 % | - |" in page
    assert "| found, creature | 100.0 % | ≥ 80.0 % | yes |" in page
    assert "![Cumulative error](../images/curve.png)" in page
    assert "dlib 68 took no part: dlib isn't installed." in page
    (row,) = [line for line in page.splitlines() if line.startswith("| Boxes | stylised")]
    assert row.startswith("| Boxes | stylised | 4 | 100.0 % | 100.0 % | 4 | - | - | - |")
