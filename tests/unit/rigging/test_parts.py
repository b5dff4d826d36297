# SPDX-License-Identifier: GPL-3.0-or-later
"""What each piece of a head is, whatever it is called and however it is put together."""

from __future__ import annotations

from dataclasses import replace

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


def large_eye(template, side: str) -> np.ndarray:
    """The middle of a ball that takes the place of an eye."""
    rim = template.head.rims[side]
    return np.concatenate([rim.upper, rim.lower]).mean(axis=0) + [0.0, 0.0, 0.05]


def with_large_eyes(closed_eyes, template, *others):
    """Balls for eyes, with ``others`` on them: name, place and radii as shares of the ball's."""
    result = closed_eyes
    for side in "LR":
        centre = large_eye(template, side)
        for name, place, radii in (("Ball", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)), *others):
            result = result.with_ball(name, centre + 0.38 * np.array(place), 0.38 * np.array(radii))
    return result


@pytest.mark.parametrize(
    ("name", "kinds"),
    [("Mesh", (Role.EYE_L, Role.EYE_R)), ("My brow", (Role.BROW, Role.BROW))],
)
def test_a_glint_belongs_to_its_eye_unless_it_is_called_otherwise(
    closed_eyes, template, name, kinds
) -> None:
    glint = (name, (0.0, 0.45, 0.8), (0.33, 0.15, 0.15))
    model = with_large_eyes(closed_eyes, template, glint)
    found = roles_of(model)
    for part, role in zip(model.parts[-3::2], kinds, strict=True):
        assert set(found[part.start : part.stop]) == {role}


def test_an_eye_that_is_wider_than_high_is_no_brow_above_its_glint(closed_eyes, template) -> None:
    model = closed_eyes
    for side in "LR":
        centre = large_eye(template, side)
        model = model.with_ball("Mesh", centre, [0.45, 0.36, 0.3])
        model = model.with_ball("Mesh", centre + [0.05, -0.16, 0.26], [0.05, 0.05, 0.02])
    found = roles_of(model)
    for part, role in zip(
        model.parts[-4:], (Role.EYE_L, Role.EYE_L, Role.EYE_R, Role.EYE_R), strict=True
    ):
        assert set(found[part.start : part.stop]) == {role}


def test_the_line_of_the_upper_lid_on_a_large_eye_is_a_lash(closed_eyes, template) -> None:
    model = with_large_eyes(closed_eyes, template)
    for side in "LR":
        centre = large_eye(template, side)
        angle = np.linspace(0.5, np.pi - 0.5, 24)
        arc = 0.37 * np.stack([0.7 * np.cos(angle), 0.35 * np.sin(angle), 0.95 + 0 * angle], 1)
        points = np.concatenate([centre + arc, centre + arc + [0.0, 0.02, 0.0]])
        first = np.arange(23)
        lower = np.stack([first, first + 1, first + 24], axis=1)
        upper = np.stack([first + 1, first + 25, first + 24], axis=1)
        model = model.with_part("Mesh", points, np.concatenate([lower, upper]))
    found = roles_of(model)
    for part in model.parts[-2:]:
        assert set(found[part.start : part.stop]) == {Role.LASH}


def test_a_puppet_s_lids_are_a_shell_around_the_eyeball(closed_eyes, template, ball) -> None:
    model = with_large_eyes(closed_eyes, template)
    for side in "LR":
        points, triangles = ball(np.zeros(3), np.full(3, 0.42), rings=24)
        middle = points[triangles].mean(axis=1)
        front = (middle[:, 2] > -0.05) & (np.hypot(middle[:, 0], middle[:, 1]) > 0.2)
        used, compact = np.unique(triangles[front], return_inverse=True)
        model = model.with_part(
            "Mesh", large_eye(template, side) + points[used], compact.reshape(-1, 3)
        )
    found = roles_of(model)
    for part, role in zip(
        model.parts[-4:], (Role.EYE_L, Role.EYE_R, Role.LASH, Role.LASH), strict=True
    ):
        assert set(found[part.start : part.stop]) == {role}


def test_a_socket_s_lining_is_no_eyeball_in_lids(closed_eyes, template, ball) -> None:
    """It is open in front and seen around the eyeball in it alone."""
    model = with_large_eyes(closed_eyes, template)
    for side in "LR":
        points, triangles = ball(np.zeros(3), np.full(3, 0.41), rings=24)
        behind = points[triangles][:, :, 2].max(axis=1) < 0.05
        used, compact = np.unique(triangles[behind], return_inverse=True)
        model = model.with_part(
            "Mesh", large_eye(template, side) + points[used], compact.reshape(-1, 3)
        )
    found = roles_of(model)
    for part, role in zip(model.parts[-4:], (Role.EYE_L, Role.EYE_R) * 2, strict=True):
        assert set(found[part.start : part.stop]) == {role}


def test_lips_that_are_drawn_on_lie_on_the_skin(model) -> None:
    mouth = (model.point("lip_upper_inner") + model.point("lip_lower_inner")) / 2
    across, up = np.meshgrid(np.linspace(-0.5, 0.5, 41), np.linspace(-0.13, 0.2, 15))
    drawing = np.stack([mouth[0] + across, mouth[1] + up], axis=-1).reshape(-1, 2)
    hits = model.analysed().scene.cast(np.c_[drawing, np.full(len(drawing), 6.0)], [0.0, 0.0, -1.0])
    points = np.c_[drawing, 6.02 - hits.distance]
    index = np.arange(41 * 15).reshape(15, 41)
    a, b, c, d = (
        n.ravel() for n in (index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1])
    )
    lips = np.concatenate([np.stack([a, b, c], -1), np.stack([a, c, d], -1)])
    painted = model.with_part("Mesh", points, lips).in_one_part()
    assert set(roles_of(painted)[-len(points) :]) == {Role.ATTACHED}


def test_a_line_too_thin_for_the_raster_is_drawn_on_the_face(closed_mouth) -> None:
    corners = [closed_mouth.point(f"mouth_corner_{side}") for side in "RL"]
    x = np.linspace(corners[0][0], corners[1][0], 24)
    y = (corners[0][1] + corners[1][1]) / 2 + np.array([0.0, 0.001])
    drawing = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    above = np.c_[drawing, np.full(len(drawing), 6.0)]
    hits = closed_mouth.analysed().scene.cast(above, [0.0, 0.0, -1.0])
    points = np.c_[drawing, 6.02 - hits.distance]
    first = np.arange(23)
    lower = np.stack([first, first + 1, first + 25], axis=1)
    line = np.concatenate([lower, np.stack([first, first + 25, first + 24], axis=1)])
    found = roles_of(closed_mouth.with_part("Mesh", points, line))
    assert set(found[-len(points) :]) == {Role.ATTACHED}


def torus(centre, radius: float, thickness: float) -> tuple[np.ndarray, np.ndarray]:
    around, across = np.meshgrid(np.arange(32), np.arange(8), indexing="ij")
    turn, roll = around * np.pi / 16, across * np.pi / 4
    away = radius + thickness * np.cos(roll)
    points = np.stack([away * np.cos(turn), away * np.sin(turn), thickness * np.sin(roll)], -1)
    here, on = 8 * around + across, 8 * ((around + 1) % 32) + across
    side, both = 8 * around + (across + 1) % 8, 8 * ((around + 1) % 32) + (across + 1) % 8
    triangles = np.stack([np.stack([here, on, both], -1), np.stack([here, both, side], -1)])
    return points.reshape(-1, 3) + centre, triangles.reshape(-1, 3)


@pytest.mark.parametrize("bridge", [True, False])
def test_eyes_are_what_lies_behind_spectacles(model, roles, ball, bridge) -> None:
    """Of glass that can't be seen through; without a bridge the rings are no spectacles."""
    worn = model
    for side in "LR":
        ends = (model.point(f"eye_outer_{side}"), model.point(f"eye_inner_{side}"))
        centre = (ends[0] + ends[1]) / 2
        centre[2] = model.point("nose_bridge")[2] + 0.25
        worn = worn.with_part("Mesh", *torus(centre, 0.4, 0.03))
        worn = worn.with_part("Mesh", *ball(centre, [0.38, 0.38, 0.02]))
    height = [0.0, centre[1], centre[2]]
    if bridge:
        worn = worn.with_part("Mesh", *ball(height, [0.12, 0.02, 0.02]))
    found = roles_of(worn.in_one_part())
    count = len(model.vertices)
    eyes = np.isin(roles, (Role.EYE_L, Role.EYE_R))
    assert (found[:count][eyes] == roles[eyes]).all() or not bridge
    glass = {Role(role) for role in found[count : worn.parts[len(model.parts) + 4 - 1].stop]}
    assert (glass == {Role.ATTACHED}) == bridge


def test_lids_around_an_eyeball_are_no_rims_of_the_spectacles_before_it(
    closed_eyes, template, ball
) -> None:
    eyed = worn = with_large_eyes(closed_eyes, template)
    for side in "LR":
        centre = large_eye(template, side)
        worn = worn.with_part("Mesh", *torus(centre, 0.4, 0.06))
        rim = centre + [0.0, 0.0, 0.45]
        worn = worn.with_part("Mesh", *torus(rim, 0.4, 0.03))
    worn = worn.with_part("Mesh", *ball([0.0, rim[1], rim[2]], [0.12, 0.02, 0.02]))
    found = roles_of(worn.in_one_part())
    for part, eye in zip(eyed.parts[-2:], (Role.EYE_L, Role.EYE_R), strict=True):
        assert set(found[part.start : part.stop]) == {eye}


def test_a_wide_tongue_between_wide_teeth_is_a_tongue(model, roles) -> None:
    inside = np.isin(roles, (Role.TEETH_UPPER, Role.TEETH_LOWER, Role.TONGUE))
    vertices = model.vertices.copy()
    vertices[inside, 0] *= 1.0 / np.ptp(vertices[roles == Role.TONGUE, 0])
    found = roles_of(replace(model, vertices=vertices).in_one_part())
    assert set(found[roles == Role.TONGUE]) == {Role.TONGUE}
    assert set(found[roles == Role.TEETH_UPPER]) == {Role.TEETH_UPPER}


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
