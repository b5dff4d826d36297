# SPDX-License-Identifier: GPL-3.0-or-later
"""Expressions from points in a picture: exact points give them back, noisy ones nearly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from auto_rig_face.models.assets import asset_path
from auto_rig_face.rigging.box_minimum import box_minimum
from auto_rig_face.rigging.expression_fit import (
    FitOptions,
    Prior,
    fit_expression,
    neutral_from,
)
from auto_rig_face.rigging.expression_model import (
    ExpressionModel,
    as_networks_see,
    rig_model,
    template_model,
)
from auto_rig_face.rigging.picture_camera import FaceCamera, first_camera
from auto_rig_face.rigging.picture_points import PicturePoints
from auto_rig_face.rigging.template import IDENTITY_FRAME, load_template
from auto_rig_face.vocabulary import ARKIT_SHAPES
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

Floats = NDArray[np.float64]

IOD_PIXELS = 90.0
TEMPLATE = load_template(asset_path("template.npz"))
MODEL = template_model(TEMPLATE)
KNOWN_FACE = MODEL.moved_to(MODEL.neutral)
# Without a prior to speak of: what the points alone say.
FREE = FitOptions(noise=0.001, sharing=1.0, spread=3.0, evenness=1.0, sparsity=0.01, steps=30)
SHAPES_THAT_SHOW = [name for name in ARKIT_SHAPES if name != "tongueOut"]


def coefficients_of(**values: float) -> Floats:
    """(52,) with some set."""
    return np.array([values.get(name, 0.0) for name in ARKIT_SHAPES])


def camera_at(yaw_degrees: float, pitch_degrees: float = 0.0) -> FaceCamera:
    """A camera beside and above the face."""
    yaw, pitch = np.radians([yaw_degrees, pitch_degrees])
    towards = np.array([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)])
    right = np.array([np.cos(yaw), 0.0, -np.sin(yaw)])
    return FaceCamera(
        IOD_PIXELS, np.stack([right, np.cross(towards, right), towards]), np.array([240.0, 230.0])
    )


def picture(
    model: ExpressionModel,
    coefficients: Floats,
    camera: FaceCamera,
    noise: float = 0.0,
    seed: int = 0,
) -> PicturePoints:
    """What a network without bias would see; ``noise`` in IOD."""
    points = camera.project(model.neutral + np.tensordot(coefficients, model.motion, 1))
    points += np.random.default_rng(seed).normal(size=points.shape) * noise * IOD_PIXELS
    return PicturePoints(points, np.full(len(points), max(noise, 0.002) * IOD_PIXELS))


expressions = st.dictionaries(
    st.sampled_from(SHAPES_THAT_SHOW), st.floats(0.0, 1.0), min_size=1, max_size=8
).map(lambda values: coefficients_of(**values))


@settings(max_examples=12)
@given(expressions, st.floats(-25.0, 25.0), st.floats(-15.0, 15.0))
def test_exact_points_give_the_expression_back(
    coefficients: Floats, yaw: float, pitch: float
) -> None:
    face = picture(KNOWN_FACE, coefficients, camera_at(yaw, pitch))
    fit = fit_expression(KNOWN_FACE, face, FREE)
    assert np.abs(fit.coefficients - coefficients).max() < 0.02
    assert fit.residual < 1e-3


@settings(max_examples=8)
@given(expressions, st.floats(-25.0, 25.0), st.integers(0, 10**6))
def test_noise_on_the_points_moves_the_expression_little(
    coefficients: Floats, yaw: float, seed: int
) -> None:
    noise = 0.005
    face = picture(KNOWN_FACE, coefficients, camera_at(yaw), noise, seed)
    options = FitOptions(noise=noise, sharing=1.0)
    fit = fit_expression(KNOWN_FACE, face, options)
    assert np.abs(fit.coefficients - coefficients).mean() < 0.04
    assert fit.residual < 3 * noise


@settings(max_examples=8)
@given(expressions, st.floats(0.3, 3.0), st.floats(-500.0, 500.0))
def test_size_and_place_in_the_picture_make_no_difference(
    coefficients: Floats, size: float, shift: float
) -> None:
    face = picture(KNOWN_FACE, coefficients, camera_at(10.0), 0.01)
    moved = PicturePoints(size * face.points + shift, size * face.expected_error)
    first, second = (fit_expression(KNOWN_FACE, seen) for seen in (face, moved))
    np.testing.assert_allclose(second.coefficients, first.coefficients, atol=1e-3)
    assert second.residual == pytest.approx(first.residual, rel=1e-2)


def test_a_face_of_other_proportions_is_not_taken_for_an_expression() -> None:
    shares = np.random.default_rng(3).normal(size=len(MODEL.proportions))
    other = MODEL.moved_to(MODEL.neutral + np.tensordot(shares, MODEL.proportions, 1))
    rest = coefficients_of()
    face = picture(other, rest, camera_at(0.0))
    rigid = fit_expression(KNOWN_FACE, face).coefficients
    open_ = fit_expression(MODEL, face).coefficients
    assert open_.mean() < 0.5 * rigid.mean()
    assert open_.mean() < 0.03


def test_a_neutral_picture_takes_the_other_face_out() -> None:
    shares = np.random.default_rng(4).normal(size=len(MODEL.proportions))
    other = MODEL.moved_to(MODEL.neutral + np.tensordot(shares, MODEL.proportions, 1))
    shown = coefficients_of(
        jawOpen=0.6, browOuterUpLeft=0.7, browOuterUpRight=0.7, mouthStretchLeft=0.5
    )
    at_rest = picture(other, coefficients_of(), camera_at(5.0))
    rest_fit = fit_expression(MODEL, at_rest, at_rest=True)
    assert rest_fit.coefficients.max() < 1e-6
    known = neutral_from(MODEL, rest_fit, at_rest)
    assert len(known.proportions) == 0
    face = picture(other, shown, camera_at(-5.0))
    with_rest, without = (fit_expression(model, face).coefficients for model in (known, MODEL))
    assert np.abs(with_rest - shown).mean() < 0.04
    assert np.abs(with_rest - shown).mean() < 0.7 * np.abs(without - shown).mean()


def test_points_far_off_are_left_aside() -> None:
    shown = coefficients_of(jawOpen=0.5, mouthSmileLeft=0.8, mouthSmileRight=0.8)
    face = picture(KNOWN_FACE, shown, camera_at(0.0))
    face.points[::9] += 0.5 * IOD_PIXELS
    fit = fit_expression(KNOWN_FACE, face, replace(FREE, steps=60))
    assert np.abs(fit.coefficients - shown).mean() < 0.05


def test_the_prior_counts_where_the_points_say_little() -> None:
    mean = coefficients_of(tongueOut=0.8, jawOpen=0.1)
    shown = coefficients_of(jawOpen=0.7)
    face = picture(KNOWN_FACE, shown, camera_at(0.0), 0.005)
    fit = fit_expression(KNOWN_FACE, face, prior=Prior(mean, np.full(52, 0.1)))
    found = dict(zip(ARKIT_SHAPES, fit.coefficients, strict=True))
    assert found["tongueOut"] > 0.5
    assert found["jawOpen"] > 0.5


def test_both_sides_share_what_noise_would_tell_apart() -> None:
    shown = coefficients_of(mouthSmileLeft=0.6, mouthSmileRight=0.6, eyeBlinkLeft=1.0)
    face = picture(KNOWN_FACE, shown, camera_at(0.0), 0.02, seed=8)
    fit = fit_expression(KNOWN_FACE, face)
    found = dict(zip(ARKIT_SHAPES, fit.coefficients, strict=True))
    assert abs(found["mouthSmileLeft"] - found["mouthSmileRight"]) < 0.15
    assert found["eyeBlinkLeft"] > found["eyeBlinkRight"] + 0.3


def test_a_start_near_the_answer_needs_few_steps() -> None:
    shown = coefficients_of(jawOpen=0.5, browInnerUp=0.5)
    before = fit_expression(KNOWN_FACE, picture(KNOWN_FACE, shown, camera_at(0.0), 0.005))
    face = picture(KNOWN_FACE, 1.1 * shown, camera_at(2.0), 0.005, seed=1)
    quick = fit_expression(KNOWN_FACE, face, FitOptions(steps=3), start=before)
    slow = fit_expression(KNOWN_FACE, face, FitOptions(steps=30))
    np.testing.assert_allclose(quick.coefficients, slow.coefficients, atol=0.03)


def test_the_model_of_a_rigged_template_is_the_template_s() -> None:
    shapes = {name: values.astype(np.float64) for name, values in TEMPLATE.shapes.items()}
    landmarks = replace(TEMPLATE.head.landmarks, frame=IDENTITY_FRAME, dense=MODEL.neutral.copy())
    rig = rig_model(landmarks, TEMPLATE.head.vertices, shapes.get, MODEL)
    for name in ("jawOpen", "mouthSmileLeft", "eyeBlinkLeft", "browInnerUp", "eyeLookUpRight"):
        row = ARKIT_SHAPES.index(name)
        mine, theirs = rig.motion[row].ravel(), MODEL.motion[row].ravel()
        cosine = mine @ theirs / (np.linalg.norm(mine) * np.linalg.norm(theirs))
        assert cosine > 0.95, name
        assert 0.8 < np.linalg.norm(mine) / np.linalg.norm(theirs) < 1.2, name


def test_the_lids_blink_and_the_lips_part_in_the_model() -> None:
    blink = MODEL.motion[ARKIT_SHAPES.index("eyeBlinkLeft")]
    jaw = MODEL.motion[ARKIT_SHAPES.index("jawOpen")]
    assert blink[386, 1] < -0.05  # the middle of the left upper lid
    assert abs(blink[159, 1]) < 1e-3  # of the right one
    assert jaw[14, 1] < jaw[13, 1] - 0.3  # lower lip, upper lip


def test_landmarks_by_hand_alone_are_enough() -> None:
    landmarks = replace(TEMPLATE.head.landmarks, frame=IDENTITY_FRAME, dense=None)
    shapes = {name: values.astype(np.float64) for name, values in TEMPLATE.shapes.items()}
    rig = rig_model(landmarks, TEMPLATE.head.vertices, shapes.get, MODEL)
    assert np.linalg.norm(rig.neutral - MODEL.neutral, axis=1).mean() < 0.1


def test_keys_that_a_rig_lacks_move_nothing() -> None:
    landmarks = replace(TEMPLATE.head.landmarks, frame=IDENTITY_FRAME, dense=MODEL.neutral)
    rig = rig_model(landmarks, TEMPLATE.head.vertices, lambda _: None, MODEL)
    assert not rig.motion.any()


def test_networks_report_a_part_of_the_motion() -> None:
    seen = as_networks_see(MODEL)
    share = np.linalg.norm(seen.motion) / np.linalg.norm(MODEL.motion)
    assert 0.6 < share < 1.0
    np.testing.assert_array_equal(seen.neutral, MODEL.neutral)


@given(st.floats(-60.0, 60.0), st.floats(-40.0, 40.0))
def test_the_first_camera_is_the_camera_of_a_picture_from_far_away(
    yaw: float, pitch: float
) -> None:
    camera = replace(camera_at(yaw, pitch), nearness=0.0)
    found = first_camera(MODEL.neutral, camera.project(MODEL.neutral))
    np.testing.assert_allclose(found.rotation, camera.rotation, atol=1e-6)
    assert found.scale == pytest.approx(camera.scale)


def test_the_camera_s_slopes_are_those_of_its_pixels() -> None:
    camera, points = camera_at(20.0, 10.0), MODEL.neutral[:40]
    by_camera, by_points = camera.slopes(points, IOD_PIXELS)
    step = 1e-6
    for place in range(7):
        moved = camera.moved(step * np.eye(7)[place], IOD_PIXELS)
        measured = (moved.project(points) - camera.project(points)) / step
        np.testing.assert_allclose(by_camera[:, :, place], measured, rtol=1e-3, atol=1e-2)
    for axis in range(3):
        measured = (camera.project(points + step * np.eye(3)[axis]) - camera.project(points)) / step
        np.testing.assert_allclose(by_points[:, :, axis], measured, rtol=1e-3, atol=1e-2)


@given(st.integers(1, 12), st.integers(0, 10**6))
def test_the_minimum_in_a_box_has_no_slope_that_leads_on(count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    factor = random.normal(size=(count + 2, count))
    hessian = factor.T @ factor + 0.1 * np.eye(count)
    gradient = 3.0 * random.normal(size=count)
    low, high = -random.uniform(0.0, 1.0, count), random.uniform(0.0, 1.0, count)
    x = box_minimum(hessian, gradient, low, high)
    slope = hessian @ x + gradient
    assert ((x >= low) & (x <= high)).all()
    assert (slope[x < high] > -1e-5).all()
    assert (slope[x > low] < 1e-5).all()
