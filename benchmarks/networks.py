# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks that find faces, as the product asks them."""

from __future__ import annotations

from auto_rig_face.models.dense_landmarks import DenseLandmarker
from auto_rig_face.models.face_landmarker import FaceLandmarker
from auto_rig_face.rigging import dense_detector
from auto_rig_face.rigging.orientation import Detector
from auto_rig_face.rigging.template import Template


def detectors(template: Template) -> tuple[Detector, ...]:
    """Face Landmarker, then ours: the order in which the product asks."""
    return dense_detector.detectors(template, FaceLandmarker().predict, DenseLandmarker())
