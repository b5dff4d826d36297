# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyes that aren't balls look around without sinking into the face or coming out of it."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.rigging.eye_motion import LOOKS, eye_motions
from auto_rig_face.rigging.front_depth import front_depths
from auto_rig_face.rigging.head import EYE_ROLES, Head, Role
from auto_rig_face.vocabulary import SIDE_NAMES
from scipy.spatial.transform import Rotation

PLATE, IRIS = (0.34, 0.22, 0.03), (0.2, 0.19, 0.02)  # half sizes
EGG = np.array([0.3, 0.36, 0.2])


def place(template, side: str) -> np.ndarray:
    rim = template.head.rims[side]
    return np.concatenate([rim.upper, rim.lower]).mean(axis=0)


def slanted(template, side: str, degrees: float) -> tuple[np.ndarray, np.ndarray]:
    """Where an eye on the side of a round face lies, and how it is turned."""
    outwards = degrees if side == "L" else -degrees
    turn = Rotation.from_euler("y", outwards, degrees=True).as_matrix()
    return place(template, side) + turn @ [0.0, 0.0, 0.12], turn


def with_plates(model, template, ball, degrees: float):
    """Flat eyes of an outline, a plate and an iris, each before the other."""
    for side in SIDE_NAMES:
        centre, turn = slanted(template, side, degrees)
        for name, radii, forward in (("White", PLATE, 0.0), ("Iris", IRIS, 0.03)):
            points, triangles = ball(np.zeros(3), radii)
            model = model.with_part(
                f"{name}.{side}", centre + (points + [0.0, 0.0, forward]) @ turn.T, triangles
            )
        angle = np.linspace(np.pi, 2 * np.pi, 24)
        arc = np.stack([np.cos(angle), np.sin(angle), np.zeros(24)], axis=1) * (*PLATE[:2], 0.0)
        ribbon = np.concatenate([1.02 * arc, 1.1 * arc]) @ turn.T + centre
        first = np.arange(23)
        model = model.with_part(
            f"Outline.{side}",
            ribbon,
            np.concatenate(
                [
                    np.stack([first, first + 24, first + 1], axis=1),
                    np.stack([first + 1, first + 24, first + 25], axis=1),
                ]
            ),
        )
    return model.in_one_part()


@pytest.fixture(scope="module")
def plates(closed_eyes, template, ball) -> Head:
    return with_plates(closed_eyes, template, ball, 30.0).analysed()


def pieces_by_area(head: Head, side: str) -> list[np.ndarray]:
    """An eye's pieces, the widest first."""
    eye = np.flatnonzero(head.role == EYE_ROLES[side])
    pieces = [eye[head.component[eye] == piece] for piece in np.unique(head.component[eye])]
    return sorted(pieces, key=lambda rows: -len(rows) * np.ptp(head.vertices[rows], axis=0)[1])


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("side", ["L", "R"])
def test_an_iris_slides_over_a_plate_on_the_side_of_the_face(plates, side, look) -> None:
    motion = eye_motions(plates)[look + SIDE_NAMES[side]]
    white, iris = pieces_by_area(plates, side)[:2]
    assert not motion[white].any()
    outwards, upwards = LOOKS[look]
    axis = 0 if outwards else 1
    wanted = (outwards if side == "L" else -outwards) if outwards else upwards
    assert np.sign(wanted) * motion[iris, axis].mean() > 0.02
    surface = plates.triangles[np.isin(plates.triangles[:, 0], white)]
    before = plates.vertices[iris]
    # What was seen of it stays seen.
    front = before[:, 2] > front_depths(plates.vertices, surface, before)
    after = before[front] + motion[iris][front]
    over = after[:, 2] - front_depths(plates.vertices, surface, after)
    assert np.isfinite(over).mean() > 0.8
    assert over[np.isfinite(over)].min() > -0.02


@pytest.mark.parametrize("look", LOOKS)
def test_a_dot_with_a_glint_slides_over_the_face_as_a_whole(
    closed_eyes, template, ball, look
) -> None:
    model = closed_eyes
    for side in SIDE_NAMES:
        centre = place(template, side) + [0.0, 0.0, 0.06]
        for name, offset, radii in (
            ("Dot", (0.0, 0.0, 0.0), (0.14, 0.19, 0.02)),
            ("Glint", (0.03, 0.08, 0.03), (0.03, 0.03, 0.01)),
        ):
            points, triangles = ball(centre + offset, radii)
            model = model.with_part(f"{name}.{side}", points, triangles)
    head = model.in_one_part().analysed()
    skin = head.triangles_of(Role.SKIN)
    for side, word in SIDE_NAMES.items():
        eye = np.unique(head.triangles_of(EYE_ROLES[side]))
        motion = eye_motions(head)[look + word][eye]
        assert np.ptp(motion[:, :2], axis=0).max() < 1e-12
        assert np.linalg.norm(motion[0, :2]) > 0.04
        before = head.vertices[eye]
        height = before[:, 2] - front_depths(head.vertices, skin, before)
        after = before + motion
        assert after[:, 2] - front_depths(head.vertices, skin, after) == pytest.approx(
            height, abs=0.03
        )


@pytest.mark.parametrize("degrees", [0.0, 20.0, 35.0])
def test_an_egg_turns_within_its_own_surface(closed_eyes, template, ball, degrees) -> None:
    model = closed_eyes
    for side in SIDE_NAMES:
        centre, turn = slanted(template, side, degrees)
        points, triangles = ball(np.zeros(3), EGG, rings=24, sectors=40)
        model = model.with_part(f"Egg.{side}", centre + points @ turn.T, triangles)
    head = model.in_one_part().analysed()
    for name, motion in eye_motions(head).items():
        side = "L" if name.endswith("Left") else "R"
        centre, turn = slanted(template, side, degrees)
        eye = np.unique(head.triangles_of(EYE_ROLES[side]))
        assert np.linalg.norm(motion[eye], axis=1).max() > 0.05
        moved = head.vertices[eye] + motion[eye]
        reach = np.linalg.norm((moved - centre) @ turn / EGG, axis=1)
        assert np.abs(reach - 1.0).max() < 0.025, name
