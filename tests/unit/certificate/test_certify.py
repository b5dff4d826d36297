# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole certificate on a face built in code, good and broken on purpose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from auto_rig_face.rigging.certificate import certify
from auto_rig_face.rigging.head import Role


def metrics_of(face, head=None, shapes=None, weights=None, bones=("head",), disabled=()):
    """Certificate of the face as a dictionary by name."""
    certificate = certify(
        head or face.head,
        face.shapes if shapes is None else shapes,
        face.weights if weights is None else weights,
        bones,
        disabled,
    )
    return {metric.name: metric for metric in certificate.metrics}


def failed(metrics) -> set[str]:
    return {name for name, metric in metrics.items() if not metric.passed}


def test_a_good_rig_passes_everything(face):
    metrics = metrics_of(face)
    assert failed(metrics) == set(), {name: metrics[name] for name in failed(metrics)}
    assert all(metric.value is not None for metric in metrics.values())


def test_shapes_that_were_not_asked_for_are_not_held_against_the_rig(face):
    metrics = metrics_of(face, shapes={"browOuterUpLeft": face.shapes["browOuterUpLeft"]})
    assert failed(metrics) == set()
    assert metrics["lid aperture left"].value is None
    assert "eyeBlinkLeft" in metrics["lid aperture left"].note
    assert metrics["lip seal"].value is None


def test_no_shapes_at_all(face):
    assert failed(metrics_of(face, shapes={})) == set()


def test_a_head_without_lids_or_lips_says_so(face):
    head = replace(face.head, rims={}, seam=None)
    metrics = metrics_of(face, head=head)
    assert metrics["lid aperture left"].passed
    assert "no lids" in metrics["lid aperture left"].note
    assert "part" in metrics["lip crossing"].note


def test_disabled_shapes_are_not_measured(face):
    broken = dict(face.shapes, eyeBlinkLeft=np.zeros_like(face.shapes["eyeBlinkLeft"]))
    assert failed(metrics_of(face, shapes=broken)) == {"lid aperture left", "symmetry"}
    metrics = metrics_of(face, shapes=broken, disabled=("eyeBlinkLeft", "eyeBlinkRight"))
    assert failed(metrics) == set()
    assert "disabled" in metrics["lid aperture left"].note


def test_undefined_coordinates_fail_and_name_the_shape(face):
    broken = face.shapes["mouthSmileLeft"].copy()
    broken[7, 1] = np.nan
    metrics = metrics_of(face, shapes=dict(face.shapes, mouthSmileLeft=broken))
    assert failed(metrics) == {"reconstruction"}
    assert metrics["reconstruction"].value == 1
    assert metrics["reconstruction"].place == "mouthSmileLeft"


def test_no_bones_means_no_weight_metrics(face):
    certificate = certify(face.head, face.shapes, None, (), ())
    assert not any("weight" in metric.name for metric in certificate.metrics)


def test_the_same_input_gives_the_same_figures(face):
    assert metrics_of(face) == metrics_of(face)


@pytest.mark.parametrize("role", [Role.LASH, Role.BROW, Role.HAIR])
def test_loose_parts_in_front_of_the_eye_are_no_lids(face, role):
    """A lash card that hangs over the opening neither shuts it nor keeps it open."""
    head = face.head
    card = np.array([[0.3, -0.2, 0.6], [0.7, -0.2, 0.6], [0.7, 0.2, 0.6], [0.3, 0.2, 0.6]])
    count = len(head.vertices)
    extended = replace(
        head,
        vertices=np.concatenate([head.vertices, card]),
        triangles=np.concatenate([head.triangles, [[count, count + 1, count + 2]]]),
        normals=np.concatenate([head.normals, np.tile([0, 0, 1.0], (4, 1))]),
        role=np.concatenate([head.role, np.full(4, role, np.int8)]),
        visible=np.concatenate([head.visible, np.ones(4, bool)]),
        lip_side=np.concatenate([head.lip_side, np.zeros(4, np.int8)]),
    )
    shapes = {name: np.concatenate([d, np.zeros((4, 3))]) for name, d in face.shapes.items()}
    open_blink = dict(shapes, eyeBlinkLeft=0 * shapes["eyeBlinkLeft"])
    certificate = certify(extended, open_blink, None, ())
    values = {metric.name: metric.value for metric in certificate.metrics}
    assert values["lid aperture left"] == pytest.approx(1.0)
    assert values["lid aperture right"] <= 0.02
