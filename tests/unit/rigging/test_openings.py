# SPDX-License-Identifier: GPL-3.0-or-later
"""Lid margins and lip seam are found where the mesh opens, and what is missing is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from auto_rig_face.rigging import analyse as analysis
from auto_rig_face.rigging.head import LipSide, Role
from auto_rig_face.rigging.lips import Lips
from auto_rig_face.rigging.sealed import SealedSkin
from scipy.spatial import cKDTree


def text_of(head) -> str:
    return " ".join(message.text for message in head.messages)


def test_both_lids_and_the_lip_seam_are_found(analysed, template) -> None:
    assert set(analysed.rims) == {"L", "R"}
    assert not analysed.messages
    for side, rim in analysed.rims.items():
        own = template.head.rims[side]
        for margin, truth in ((rim.upper, own.upper), (rim.lower, own.lower)):
            assert cKDTree(truth).query(margin)[0].max() < 0.03
        # From the inner to the outer corner.
        assert abs(rim.upper[0, 0]) < abs(rim.upper[-1, 0])
        middle = len(rim.upper) // 2
        assert rim.upper[middle, 1] > rim.lower[middle, 1]
    for margin, truth in (
        (analysed.seam.upper, template.head.seam.upper),
        (analysed.seam.lower, template.head.seam.lower),
    ):
        assert cKDTree(truth).query(margin)[0].max() < 0.02
    assert analysed.seam.upper[0, 0] < 0 < analysed.seam.upper[-1, 0]


def test_each_lip_is_told_from_the_other(analysed, template, model) -> None:
    order = np.argsort(template.head.role, kind="stable")
    wanted, found = template.head.lip_side[order], analysed.lip_side[analysed.weld]
    near = cKDTree(template.head.seam.upper).query(model.vertices)[0] < 0.15
    sure = near & (wanted > 0) & (found > 0)
    assert sure.sum() > 50
    assert (wanted[sure] == found[sure]).mean() > 0.98


def test_eyes_that_lie_on_the_skin_are_buttons(closed_eyes, template) -> None:
    beads = closed_eyes
    for side, rim in template.head.rims.items():
        centre = np.concatenate([rim.upper, rim.lower]).mean(axis=0) + [0.0, 0.0, 0.02]
        beads = beads.with_ball(f"Bead.{side}", centre, np.full(3, 0.6 * rim.opening))
    head = beads.analysed()
    assert not head.rims
    assert head.buttons == {"L", "R"}
    assert text_of(head).count("like a button") == 2
    assert "left eye" in text_of(head)
    assert "right eye" in text_of(head)
    assert head.seam is not None


def test_a_flat_eye_is_a_button_where_coarse_skin_shows_no_outline(
    model, closed_eyes, template, monkeypatch
) -> None:
    """On few triangles, the skin around an eye may count as hidden."""
    monkeypatch.setattr(analysis, "find_lid_rim", lambda *_: (None, "shut"))
    flat, skin = closed_eyes, closed_eyes.analysed().scene
    index = np.arange(49).reshape(7, 7)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    triangles = np.concatenate([np.stack([a, b, c], -1), np.stack([a, c, d], -1)]).reshape(-1, 3)
    for side, rim in template.head.rims.items():
        middle = np.concatenate([rim.upper, rim.lower]).mean(axis=0)
        across, up = np.meshgrid(np.linspace(-0.12, 0.12, 7), np.linspace(0.12, -0.12, 7))
        ahead = np.c_[middle[0] + across.ravel(), middle[1] + up.ravel(), np.full(49, 6.0)]
        hits = skin.cast(ahead, [0.0, 0.0, -1.0])
        flat = flat.with_part(
            f"Eye.{side}", ahead - [0, 0, 1] * (hits.distance - 0.01)[:, None], triangles
        )
    assert flat.analysed().buttons == {"L", "R"}
    # An eyeball in a socket lies deep in it.
    assert not model.analysed().buttons


@pytest.mark.parametrize("larger", [1.0, 1.6])
def test_of_two_eyes_that_are_alike_both_have_lids_or_neither(
    model, roles, closed_eyes, template, larger
) -> None:
    """One eye lies in its socket; that of the other side is a bead on the skin."""
    left = model.vertices[model.triangles].mean(axis=1)[:, 0] > 0.0
    kept = closed_eyes.triangles
    middle = closed_eyes.vertices[kept].mean(axis=1)[:, 0]
    offset = len(closed_eyes.vertices)
    # Halves of two heads: the right one with its socket, the left one without.
    head = replace(
        closed_eyes,
        vertices=np.concatenate([closed_eyes.vertices, model.vertices]),
        triangles=np.concatenate([kept[middle > 0.0], model.triangles[~left] + offset]),
    )
    eye = model.vertices[roles == Role.EYE_R]
    size = larger * np.ptp(eye, axis=0) / 2
    centre = np.concatenate([template.head.rims["L"].upper, template.head.rims["L"].lower])
    head = head.with_ball("Bead", centre.mean(axis=0), size)
    found = head.analysed()
    assert found.buttons == ({"L", "R"} if larger == 1.0 else {"L"})
    assert set(found.rims) == {"L", "R"} - found.buttons
    assert text_of(found).count("like a button") == len(found.buttons)


def test_eyes_without_an_opening_are_told(closed_eyes) -> None:
    head = closed_eyes.analysed()
    assert not head.rims
    assert not head.buttons
    assert text_of(head).count("No opening was found") == 2
    assert head.seam is not None


def test_a_mouth_without_a_slit_is_sealed(closed_mouth) -> None:
    head = closed_mouth.analysed()
    assert head.seam is None
    assert "mouth is sealed" in text_of(head)
    assert not head.lip_side.any()
    assert set(head.rims) == {"L", "R"}


# Middles above the lip line and half heights of pieces that lie over the mouth.
@pytest.mark.parametrize(
    ("name", "pieces", "drawn"),
    [
        ("Mesh", ((0.0, 0.1),), True),
        ("Mesh", ((0.06, 0.05), (-0.06, 0.05)), False),  # two lips
        ("Mesh", ((0.16, 0.2),), False),  # a moustache
        ("Beard", ((0.0, 0.1),), False),
    ],
)
def test_lips_in_one_piece_over_the_mouth_cant_part(model, name, pieces, drawn) -> None:
    worn = model
    mouth = (model.point("lip_upper_inner") + model.point("lip_lower_inner")) / 2
    for above, half in pieces:
        worn = worn.with_ball(name, mouth + [0.0, above, 0.08], [0.4, half, 0.05])
    head = worn.in_one_part().analysed() if name == "Mesh" else worn.analysed()
    assert ("lies over the mouth" in text_of(head)) == drawn
    assert head.covered == drawn
    if drawn:
        assert head.seam is None
        assert not head.lip_side.any()


def test_a_slit_below_lips_in_one_piece_stays_shut(model, analysed) -> None:
    mouth = (model.point("lip_upper_inner") + model.point("lip_lower_inner")) / 2
    head = model.with_ball("Mesh", mouth + [0.0, 0.0, 0.08], [0.4, 0.1, 0.05]).analysed()
    # The slit as it would be without them, on the same vertices.
    order = head.weld[: len(analysed.weld)]
    back = np.empty(len(analysed.vertices), np.int64)
    back[analysed.weld] = order
    lips = Lips(analysed)
    opening = np.where(analysed.lip_side[:, None] == LipSide.LOWER, [[0.0, -0.3, 0.0]], 0.0)
    shape = np.zeros_like(head.vertices)
    shape[back] = opening
    assert np.abs(lips.parted(shape[back])[:, 1]).max() > 0.2
    filled = SealedSkin(head).fill_mouth(shape)
    assert np.abs(lips.parted(filled[back])).max() < 0.05


@pytest.mark.parametrize("factor", [0.6, 1.6])
def test_wider_and_narrower_eyes_have_wider_and_narrower_openings(model, analysed, factor) -> None:
    head = model.stretched([1.0, factor, 1.0]).analysed()
    assert not head.messages
    for side in "LR":
        height, before = (
            np.abs(rims[side].upper[:, 1] - rims[side].lower[:, 1]).max()
            for rims in (head.rims, analysed.rims)
        )
        np.testing.assert_allclose(height / before, factor, rtol=0.12)


@pytest.mark.parametrize("scale", [1e-3, 400.0])
def test_the_size_of_the_scene_does_not_matter(model, analysed, scale: float) -> None:
    head = model.in_frame([5.0, 2.0, -1.0], model.frame.axes, scale).analysed()
    assert not head.messages
    for side in "LR":
        np.testing.assert_allclose(head.rims[side].opening, analysed.rims[side].opening, rtol=0.03)
