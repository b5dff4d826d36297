# SPDX-License-Identifier: GPL-3.0-or-later
"""The template's shapes are corrected by figures, and by nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from auto_rig_face.rigging.head import Role
from auto_rig_face.rigging.template import load_template
from auto_rig_face.vocabulary import ARKIT_SHAPES

from tools import shape_prior

TEMPLATE = Path(__file__).resolve().parents[2] / "assets" / "template.npz"


@pytest.fixture(scope="module")
def template():
    return load_template(TEMPLATE)


@pytest.fixture(scope="module")
def figures():
    return shape_prior.read_figures()


def test_the_figures_are_those_of_points_and_shapes(figures) -> None:
    assert len(np.unique(figures.points)) == len(figures.points)
    assert figures.points.max() < 468
    assert len(figures.artists) >= 2
    for artist in figures.artists.values():
        assert set(artist.shapes) <= set(ARKIT_SHAPES)
        for motion in artist.shapes.values():
            assert motion.shape == (len(figures.points), 3)
            assert np.isfinite(motion).any()
            assert np.nanmax(np.abs(motion)) < 1.0  # IOD


def test_an_artist_can_be_left_out(figures) -> None:
    name = next(iter(figures.artists))
    assert name not in figures.without(name).artists
    assert len(figures.without(name).artists) == len(figures.artists) - 1


def test_motion_spreads_smoothly_and_goes_through_the_points(template, figures) -> None:
    skin = shape_prior._Skin(template, figures.points)
    places = np.asarray(skin.samples @ template.head.vertices[skin.ids])
    wanted = 0.05 * np.sin(2.0 * places)
    field = skin.spread(wanted)
    assert np.abs(skin.at_points(field) - wanted).max() < 0.01
    behind = (template.head.vertices[:, 2] < -1.5) & (template.head.role == Role.SKIN)
    assert np.linalg.norm(field[behind], axis=1).max() < 5e-3
    assert not field[template.head.role == Role.EYE_L].any()


def test_an_artist_who_disagrees_is_not_heard(template, figures) -> None:
    skin = shape_prior._Skin(template, figures.points)
    own = template.shapes["jawOpen"].astype(float)
    assert np.array_equal(shape_prior._meet(skin, own, [-skin.at_points(own)]), own)
    stronger = shape_prior._meet(skin, own, [2.0 * skin.at_points(own)])
    ratio = np.linalg.norm(stronger) / np.linalg.norm(own)
    assert 1.2 < ratio < 1.7


def test_smoothing_keeps_lids_and_lips(template, figures) -> None:
    skin = shape_prior._Skin(template, figures.points)
    noise = np.random.default_rng(0).normal(size=template.head.vertices.shape)
    smooth = skin.smooth(noise, lips=False)
    lips = np.linalg.norm(
        template.head.vertices[:, None] - template.head.seam.upper[::4], axis=2
    ).min(axis=1)
    on_lips = (lips < 0.05) & (template.head.role == Role.SKIN)
    assert np.abs(smooth[on_lips] - noise[on_lips]).max() < 1e-6
    opened = skin.smooth(noise, lips=True)
    assert opened[on_lips].std() < 0.8 * noise[on_lips].std()
    cheek = np.linalg.norm(template.head.vertices - [0.55, -0.6, -0.1], axis=1) < 0.3
    assert smooth[cheek].std() < 0.6 * noise[cheek].std()
