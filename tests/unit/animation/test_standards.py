# SPDX-License-Identifier: GPL-3.0-or-later
"""Names are those of the standards, recipes are of ARKit's shapes, left is the character's."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest
from auto_rig_face.animation.standards import ADDON_NAMES, STANDARDS, Standard
from auto_rig_face.vocabulary import (
    ARKIT_SHAPES,
    EMOTIONS,
    STICKY_LIPS,
    corrective_pair,
    mirror_shape,
)

# expressions.md of the specification, its tables from the top down.
VRM_PRESETS = "happy angry sad relaxed surprised neutral aa ih ou ee oh blink blinkLeft blinkRight"
VRM_GAZE = "lookUp lookDown lookLeft lookRight"
# The list of Ready Player Me's page on Oculus LipSync.
RPM_VISEMES = "sil PP FF TH DD kk CH SS nn RR aa E I O U"
# Fields of Unity's enums FaceBlendShape and ARKitBlendShapeLocation.
UNITY_NAMES = """
    BrowDownLeft BrowDownRight BrowInnerUp BrowOuterUpLeft BrowOuterUpRight CheekPuff
    CheekSquintLeft CheekSquintRight EyeBlinkLeft EyeBlinkRight EyeLookDownLeft EyeLookDownRight
    EyeLookInLeft EyeLookInRight EyeLookOutLeft EyeLookOutRight EyeLookUpLeft EyeLookUpRight
    EyeSquintLeft EyeSquintRight EyeWideLeft EyeWideRight JawForward JawLeft JawOpen JawRight
    MouthClose MouthDimpleLeft MouthDimpleRight MouthFrownLeft MouthFrownRight MouthFunnel MouthLeft
    MouthLowerDownLeft MouthLowerDownRight MouthPressLeft MouthPressRight MouthPucker MouthRight
    MouthRollLower MouthRollUpper MouthShrugLower MouthShrugUpper MouthSmileLeft MouthSmileRight
    MouthStretchLeft MouthStretchRight MouthUpperUpLeft MouthUpperUpRight NoseSneerLeft
    NoseSneerRight TongueOut
"""


def targets(identifier: str) -> dict[str, dict[str, float]]:
    return {name: dict(recipe) for name, recipe in STANDARDS[identifier].targets.items()}


def test_names_are_those_of_the_standards() -> None:
    assert list(targets("vrm")) == f"{VRM_PRESETS} {VRM_GAZE}".split()
    assert list(targets("unity")) == UNITY_NAMES.split()
    assert [f"viseme_{name}" for name in RPM_VISEMES.split()] == list(targets("rpm"))[:15]
    assert list(targets("rpm"))[15:] == (
        ["mouthOpen", "mouthSmile", "eyesClosed", "eyesLookUp", "eyesLookDown"]
    )
    assert len(targets("oculus")) == 15
    assert list(targets("emotions")) == list(EMOTIONS)


def test_names_of_the_vrm_add_on_are_presets() -> None:
    assert set(ADDON_NAMES) <= set(targets("vrm"))
    for preset, name in ADDON_NAMES.items():
        assert name.replace("_", "") == preset.lower()


def test_no_name_is_in_the_way_of_the_rigs_own() -> None:
    for standard in STANDARDS.values():
        for name in standard.targets:
            assert name not in ARKIT_SHAPES
            assert name != STICKY_LIPS
            assert corrective_pair(name) is None


def test_a_name_means_the_same_in_all_standards() -> None:
    """Otherwise the standard that is added last would change the other's key."""
    for one, other in combinations(STANDARDS, 2):
        shared = set(targets(one)) & set(targets(other))
        for name in shared:
            assert targets(one)[name] == targets(other)[name], (one, other, name)


def test_mmd_names_fit_into_a_motion_file() -> None:
    for name in targets("mmd"):
        assert len(name.encode("shift_jis")) <= 15


def test_metahuman_curves_together_are_the_whole_shape() -> None:
    total: Counter[str] = Counter()
    for recipe in targets("metahuman").values():
        total.update(recipe)
    assert all(amount == pytest.approx(1.0) for amount in total.values())
    assert set(ARKIT_SHAPES) - set(total) == {"mouthClose"}


def mirrored(recipe: dict[str, float]) -> dict[str, float]:
    return {mirror_shape(name): weight for name, weight in recipe.items()}


@pytest.mark.parametrize(
    ("standard", "left", "right"),
    [
        ("vrm", "blinkLeft", "blinkRight"),
        ("vrm", "lookLeft", "lookRight"),
        ("mmd", "ウィンク", "ウィンク右"),
        ("mmd", "ウィンク２", "ｳｨﾝｸ２右"),
        ("metahuman", "CTRL_expressions_eyeBlinkL", "CTRL_expressions_eyeBlinkR"),
        ("metahuman", "CTRL_expressions_eyeLookLeftL", "CTRL_expressions_eyeLookRightR"),
        ("metahuman", "CTRL_expressions_eyeLookLeftR", "CTRL_expressions_eyeLookRightL"),
        ("unity", "EyeBlinkLeft", "EyeBlinkRight"),
    ],
)
def test_left_and_right_are_mirror_images(standard: str, left: str, right: str) -> None:
    assert targets(standard)[left] == mirrored(targets(standard)[right])
    assert targets(standard)[left] != targets(standard)[right]


def test_left_is_the_characters_left() -> None:
    assert set(targets("vrm")["blinkLeft"]) == {"eyeBlinkLeft"}
    assert set(targets("vrm")["lookLeft"]) == {"eyeLookOutLeft", "eyeLookInRight"}
    assert "eyeBlinkLeft" in targets("mmd")["ウィンク"]
    assert set(targets("metahuman")["CTRL_expressions_eyeLookLeftR"]) == {"eyeLookInRight"}
    assert set(targets("metahuman")["CTRL_expressions_mouthPressUL"]) == {"mouthPressLeft"}


def test_what_has_no_side_in_its_name_is_alike_on_both() -> None:
    sided = ("Left", "Right", "ウィンク", "右", "\N{FULLWIDTH DIGIT TWO}")
    for identifier in STANDARDS:
        for name, recipe in targets(identifier).items():
            if not name.endswith(sided) and identifier != "metahuman":
                assert recipe == mirrored(recipe), (identifier, name)


def test_recipes_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        STANDARDS["vrm"].recipes["blink"]["eyeBlinkLeft"] = 0.0  # type: ignore[index]


@pytest.mark.parametrize("recipe", [{"eyeBlink": 1.0}, {"jawOpen": 1.5}, {"jawOpen": 0.0}])
def test_a_wrong_recipe_is_noticed(recipe: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="Test"):
        Standard("test", "Test", "", {"name": recipe})
