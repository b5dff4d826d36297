# SPDX-License-Identifier: GPL-3.0-or-later
"""The template's shapes carried over to the template itself, turned, moved and scaled."""

from __future__ import annotations

import numpy as np
from auto_rig_face.rigging.head import Role


def test_the_template_fits_itself(transferred):
    assert transferred.registration.fit < 0.004


def test_own_shapes_come_back(transferred, template):
    """METRICS: same basis, error at most 1 % of the IOD and cosine at least 0.98."""
    order = np.argsort(template.head.role, kind="stable")
    role = template.head.role[order]
    seen = (role == Role.SKIN) & template.head.visible[order]
    errors, cosines = [], []
    for name, shape in template.shapes.items():
        truth = shape[order].astype(np.float64)
        length = np.linalg.norm(truth, axis=1)
        if name in ("mouthClose", "tongueOut") or length[seen].max() < 0.01:
            continue
        moved = seen & (length > 0.1 * length[seen].max())
        mine = transferred.raw[name][transferred.head.weld][moved]
        errors.append(np.linalg.norm(mine - truth[moved], axis=1).mean())
        cosines.append(
            (mine * truth[moved]).sum() / np.linalg.norm(mine) / np.linalg.norm(truth[moved])
        )
    assert len(errors) > 45
    assert np.mean(errors) < 0.01
    assert np.median(cosines) > 0.98


def test_every_shape_moves_something_or_belongs_to_the_tongue(transferred):
    still = {name for name, shape in transferred.raw.items() if np.abs(shape).max() < 1e-3}
    assert still <= {"tongueOut"}
