# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs of shapes whose sum breaks what each alone keeps, and what mends them."""

from __future__ import annotations

import numpy as np
import pytest
from auto_rig_face.rigging.analyse import analyse
from auto_rig_face.rigging.certificate.folds import FoldFinder
from auto_rig_face.rigging.certificate.lids import measure_lids
from auto_rig_face.rigging.certificate.skin import exposed_skin
from auto_rig_face.rigging.correctives import MOVE_ONE_LID, carry_parts, find_correctives
from auto_rig_face.rigging.head import Role
from auto_rig_face.rigging.lips import lips_of
from auto_rig_face.rigging.mirror import mirrored_skin
from auto_rig_face.rigging.parts_motion import follow_skin
from auto_rig_face.rigging.shape_keys import build_shapes
from auto_rig_face.rigging.skeleton import build_bones
from auto_rig_face.rigging.skin_weights import skin_weights
from auto_rig_face.vocabulary import mirror_shape


@pytest.fixture(scope="module")
def shapes(transferred, template):
    return build_shapes(transferred.head, template, transferred.raw)[0]


@pytest.fixture(scope="module")
def found(transferred, shapes):
    return find_correctives(transferred.head, shapes)


def lid_figures(head, displacement) -> tuple[float, float]:
    """(share of the left eye that is still seen, deepest cut into it in % of the IOD)."""
    measured = measure_lids(
        head, exposed_skin(head), {"eyeBlinkLeft": displacement}, frozenset({"eyeBlinkRight"})
    )
    figures = {metric.name: metric.value for metric in measured}
    return figures["lid aperture left"], figures["lid penetration left"]


def intersections(head, displacement) -> int:
    skin = exposed_skin(head)
    finder = FoldFinder(head, skin)
    return len(finder.new([finder.examine("pose", displacement[skin.index])])[0].pairs)


def test_a_blink_shuts_wide_eyes(transferred, shapes, found) -> None:
    pair = ("eyeBlinkLeft", "eyeWideLeft")
    total = shapes[pair[0]] + shapes[pair[1]]
    assert lid_figures(transferred.head, total)[0] > 0.1
    assert lid_figures(transferred.head, total + found[pair])[0] <= 0.02


@pytest.mark.parametrize("other", ["eyeSquintLeft", "cheekSquintLeft", "eyeLookDownLeft"])
def test_lids_do_not_pass_through_each_other(transferred, shapes, found, other: str) -> None:
    head, pair = transferred.head, ("eyeBlinkLeft", other)
    total = shapes[pair[0]] + shapes[pair[1]]
    alone = intersections(head, shapes["eyeBlinkLeft"])
    assert intersections(head, total) > 1.2 * alone
    assert intersections(head, total + found[pair]) <= 1.2 * alone
    open_share, depth = lid_figures(head, total + found[pair])
    assert open_share <= 0.02
    assert depth <= 0.5


def test_a_blink_may_have_any_number_of_others_on_top(transferred, shapes, found) -> None:
    names = ["eyeWideLeft", "eyeLookUpLeft", "cheekSquintLeft", "browDownLeft"]
    assert set(names) <= {name + "Left" for name in MOVE_ONE_LID}
    pose = shapes["eyeBlinkLeft"] + sum(shapes[name] for name in names)
    mended = pose + sum(found.get(("eyeBlinkLeft", name), 0.0) for name in names)
    assert lid_figures(transferred.head, mended)[0] <= 0.02


def test_a_corrective_is_local_and_else_exactly_nothing(transferred, found) -> None:
    head = transferred.head
    for (_, second), corrective in found.items():
        moved = corrective.any(axis=1)
        assert 0 < moved.sum() < 0.4 * len(moved)
        assert (np.linalg.norm(corrective[moved], axis=1) >= 2e-5).all()
        if second.startswith("eye") and second.endswith("Left"):
            assert not corrective[head.vertices[:, 0] < 0].any()


def test_both_sides_are_corrected_alike(transferred, found) -> None:
    mirrored = mirrored_skin(transferred.head)
    assert mirrored is not None
    for (first, second), corrective in found.items():
        other = found[mirror_shape(first), mirror_shape(second)]
        image = mirrored.plane.reflect_vectors(mirrored.take @ other)
        difference = np.linalg.norm(image - corrective[mirrored.ids], axis=1)
        assert difference.mean() < 1e-3
        assert difference.max() < 0.01


def test_shapes_that_keep_everything_need_no_corrective(transferred, shapes) -> None:
    calm = {
        name: shape if name.startswith("eyeBlink") else 0.05 * shape
        for name, shape in shapes.items()
    }
    assert find_correctives(transferred.head, calm) == {}


def test_a_shape_that_was_not_asked_for_has_no_pair(transferred, shapes) -> None:
    few = {name: shapes[name] for name in ("eyeBlinkLeft", "eyeSquintLeft", "eyeBlinkRight")}
    assert set(find_correctives(transferred.head, few)) == {("eyeBlinkLeft", "eyeSquintLeft")}


def test_lips_that_cross_together_just_touch(transferred, shapes) -> None:
    """Each of two halves of a push is tolerated, both together are not."""
    head, lips = transferred.head, lips_of(transferred.head)
    rest = np.minimum(lips.gap(np.zeros_like(head.vertices)), 0.0)
    lower = np.zeros_like(head.vertices)
    lower[lips.region] += lips.spread_margins(np.tile(-0.008 * lips.up, (81, 1)), 0.18)
    crossing = {"jawForward": lower, "mouthFunnel": lower.copy()}
    found = find_correctives(head, crossing)
    assert set(found) == {("jawForward", "mouthFunnel")}
    total = 2.0 * lower
    assert (rest - lips.gap(total)).max() > 0.01
    mended = total + found["jawForward", "mouthFunnel"]
    assert (rest - lips.gap(mended)).max() < 0.008


@pytest.fixture(scope="module")
def with_lash(model):
    """The head with a strip of lashes before the left upper lid."""
    rim = model.analysed().rims["L"]
    root = rim.upper[3:-3]
    points = np.concatenate([root + [0.0, 0.0, 0.01], root + [0.0, 0.03, 0.06]])
    count = len(root)
    a = np.arange(count - 1)
    strips = np.concatenate([np.c_[a, a + 1, a + count], np.c_[a + 1, a + count + 1, a + count]])
    longer = model.with_part("Eyelashes.L", points, strips)
    return analyse(longer.face_mesh(), longer.landmarks())


def test_lashes_ride_on_the_corrected_lid(with_lash, template) -> None:
    head = with_lash
    lash = np.flatnonzero(head.role == Role.LASH)
    assert len(lash)
    bones = build_bones(head)
    weights = skin_weights(head, np.full(len(head.vertices), np.nan), bones)
    blink = build_shapes(head, template, {})[0]["eyeBlinkLeft"]
    near = np.linalg.norm(head.vertices - head.rims["L"].upper.mean(axis=0), axis=1) < 0.2
    wide = np.where(near[:, None] & (head.role == Role.SKIN)[:, None], [0.0, 0.06, 0.0], 0.0)
    shapes = {"eyeBlinkLeft": blink, "eyeWideLeft": wide}
    found = find_correctives(head, shapes)
    pair = ("eyeBlinkLeft", "eyeWideLeft")
    assert not found[pair][lash].any()
    followed = follow_skin(head, shapes, bones, weights)
    carried = carry_parts(head, followed, found, bones, weights)
    mended = followed["eyeBlinkLeft"] + followed["eyeWideLeft"] + carried[pair]
    off = np.linalg.norm(mended[lash] - followed["eyeBlinkLeft"][lash], axis=1)
    before = np.linalg.norm(followed["eyeWideLeft"][lash], axis=1)
    assert off.max() < 0.3 * before.max()


def test_what_one_side_needs_the_other_gets_too(transferred, shapes) -> None:
    head = transferred.head

    def wide(left: float, right: float) -> dict[str, np.ndarray]:
        return {
            "eyeBlinkLeft": shapes["eyeBlinkLeft"],
            "eyeBlinkRight": shapes["eyeBlinkRight"],
            "eyeWideLeft": left * shapes["eyeWideLeft"],
            "eyeWideRight": right * shapes["eyeWideRight"],
        }

    enough, too_little = 1.0, 0.0
    while enough - too_little > 0.01:
        middle = (enough + too_little) / 2
        if find_correctives(head, wide(middle, 0.0)):
            enough = middle
        else:
            too_little = middle
    assert too_little > 0.05
    assert not find_correctives(head, wide(0.0, 0.9 * too_little))
    found = find_correctives(head, wide(enough, 0.9 * too_little))
    left, right = (found[f"eyeBlink{word}", f"eyeWide{word}"] for word in ("Left", "Right"))
    lengths = [np.linalg.norm(corrective, axis=1).max() for corrective in (left, right)]
    assert lengths[1] == pytest.approx(lengths[0], rel=0.1)
