# SPDX-License-Identifier: GPL-3.0-or-later
"""What each piece of a head is, whatever it is called and however it is put together."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.rigging.head import Role
from auto_rig_face.rigging.parts import name_hint


def roles_of(model) -> np.ndarray:
    head = model.analysed()
    return head.role[head.weld]


@pytest.fixture(scope="module")
def dressed(model):
    """The head with a loose bar over each eye and a hat, under names that say nothing."""
    result = model
    for side in "LR":
        brow = model.point(f"brow_mid_{side}") + [0.0, 0.05, 0.03]
        result = result.with_ball(f"Mesh.{side}", brow, [0.32, 0.06, 0.05])
    return result.with_ball("Mesh", [0.0, 0.75, -1.1], [1.6, 1.2, 1.7], bottom=0.0)


def test_a_head_of_named_objects_is_understood(analysed, roles) -> None:
    np.testing.assert_array_equal(analysed.role[analysed.weld], roles)


def test_a_head_in_one_object_is_understood(model, roles) -> None:
    np.testing.assert_array_equal(roles_of(model.in_one_part()), roles)


def test_brows_and_a_hat_are_known_by_their_shape(dressed, model, roles) -> None:
    found = roles_of(dressed.in_one_part())
    count = len(model.vertices)
    np.testing.assert_array_equal(found[:count], roles)
    _, _, *brows, hat = dressed.parts[-5:]
    for part in brows:
        assert set(found[part.start : part.stop]) == {Role.BROW}
    assert set(found[hat.start : hat.stop]) == {Role.HAIR}


@pytest.mark.parametrize(("height", "role"), [(0.45, Role.LASH), (0.85, Role.BROW)])
def test_a_thin_strip_is_a_lash_at_the_lid_and_a_brow_close_below_the_brow(
    model, height, role
) -> None:
    """``height``: of the strip's middle, from the middle of the eye to the brow."""
    result = model
    for side in "LR":
        ends = (model.point(f"eye_outer_{side}"), model.point(f"eye_inner_{side}"))
        eye, brow = (ends[0] + ends[1]) / 2, model.point(f"brow_mid_{side}")
        place = [eye[0], eye[1] + height * (brow[1] - eye[1]), brow[2] + 0.04]
        result = result.with_ball(f"Mesh.{side}", place, [0.3, 0.02, 0.03])
    found = roles_of(result.in_one_part())
    for part in result.parts[-2:]:
        assert set(found[part.start : part.stop]) == {role}


def test_roles_do_not_depend_on_the_order_of_vertices(dressed) -> None:
    shuffled, place = dressed.shuffled(5)
    np.testing.assert_array_equal(roles_of(shuffled)[place], roles_of(dressed.in_one_part()))


def test_roles_do_not_depend_on_where_the_head_stands(model, roles) -> None:
    turned = model.in_frame([900.0, -4.0, 30.0], np.roll(np.eye(3), 1, axis=0), 250.0)
    np.testing.assert_array_equal(roles_of(turned.in_one_part()), roles)


def test_a_beard_goes_by_its_name(model) -> None:
    chin = model.point("chin") + [0.0, 0.05, 0.06]
    bearded = model.with_ball("Beard", chin, [0.4, 0.25, 0.15])
    beard = bearded.parts[-1]
    assert set(roles_of(bearded)[beard.start : beard.stop]) == {Role.ATTACHED}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("eyelash_L", "lash"),
        ("Eyebrows", "brow"),
        ("Eye.L", "eye"),
        ("Iris", "eye"),
        ("Tongue", "tongue"),
        ("teeth_lower.001", "teeth"),
        ("Gums", "teeth"),
        ("Teeth and Tongue", "mouth"),
        ("Hair Front", "hair"),
        ("Moustache", "attached"),
        ("Head", ""),
        ("Cube.003", ""),
        ("Eyes and Teeth", ""),
    ],
)
def test_names_are_understood_only_where_they_are_clear(name: str, kind: str) -> None:
    assert name_hint(name) == kind
