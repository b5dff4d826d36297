# SPDX-License-Identifier: GPL-3.0-or-later
"""The baked assets, a head to look at, and the landmark models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from auto_rig_face.models.assets import ASSETS
from auto_rig_face.models.face_landmarker import FaceLandmarker
from auto_rig_face.rigging.data import FaceMesh, MeshPart
from auto_rig_face.rigging.template import load_template

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def assets() -> Path:
    """The folder of baked assets."""
    if not (ASSETS / "manifest.json").exists():
        pytest.fail(f"{ASSETS} has no baked assets: run 'make assets' first.", pytrace=False)
    return ASSETS


@pytest.fixture(scope="session")
def landmarker(assets: Path) -> FaceLandmarker:
    """The networks, loaded once for all tests."""
    assert assets.is_dir()
    return FaceLandmarker()


@pytest.fixture(scope="session")
def human_head(assets: Path) -> FaceMesh:
    """The template's own head, upright, in Blender's convention: up +Z, front -Y."""
    head = load_template(assets / "template.npz").head
    vertices = head.vertices @ np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
    return FaceMesh(vertices, head.triangles, (MeshPart("template", 0, len(vertices)),))
