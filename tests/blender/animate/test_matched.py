# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures and films that a script matches, on a head whose expressions are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import cv2
import numpy as np
import pytest
from auto_rig_face.errors import RigError
from auto_rig_face.scene.actions import pose_at
from auto_rig_face.vocabulary import ARKIT_SHAPES
from numpy.typing import NDArray

GASP = {"jawOpen": 0.7, "browInnerUp": 0.9, "browOuterUpLeft": 0.8, "browOuterUpRight": 0.8}
JAW, SMILE = ARKIT_SHAPES.index("jawOpen"), ARKIT_SHAPES.index("mouthSmileLeft")
JOY = {"type": "emotion", "emotion": "joy", "start": 1, "length": 12, "hold": 8}

Picture = NDArray[np.uint8]
Portrait = Callable[..., Picture]
Play = Callable[..., dict[str, Any]]

pytestmark = pytest.mark.timeout(400)


def save(picture: Picture, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    cv2.imwrite(str(path), picture[:, :, ::-1])


def poses(first: int, last: int) -> NDArray[np.float64]:
    """(F, 52) of the head in the open file: objects from before are gone with their file."""
    head = bpy.data.objects["Human"]
    return np.array([pose_at(head, frame) for frame in range(first, last + 1)])


def test_the_face_turns_to_a_picture_and_keeps_it(
    actor: bpy.types.Object, portrait: Portrait, play: Play, tmp_path: Path
) -> None:
    save(portrait(GASP), tmp_path / "board" / "gasp.png")
    gasp = {"type": "match", "file": "board/gasp.png", "start": 31, "length": 10, "hold": 9}
    report = play(JOY, gasp)
    (_, event) = report["events"]
    assert (event["type"], event["start"], event["end"]) == ("match", 31, 50)
    assert event["keys"] > 10
    assert report["status"] == "animated"
    shown = poses(1, 60)
    assert shown[29, SMILE] > 0.5
    assert shown[30, SMILE] == pytest.approx(shown[29, SMILE], abs=1e-4)  # it goes on from there
    assert shown[40, JAW] == pytest.approx(0.7, abs=0.2)
    assert shown[40, SMILE] < 0.2
    np.testing.assert_allclose(shown[41:], np.tile(shown[40], (19, 1)), atol=1e-4)
    assert np.abs(np.diff(shown[:, JAW])).max() < 0.3  # nowhere a jump


def test_strength_and_a_neutral_picture_count(
    actor: bpy.types.Object, portrait: Portrait, play: Play, tmp_path: Path
) -> None:
    save(portrait({"jawOpen": 0.4}), tmp_path / "open.png")
    save(portrait({}), tmp_path / "calm.png")
    match = {"type": "match", "start": 1, "length": 4, "neutral": "calm.png"}
    play({**match, "file": "open.png"})
    once = poses(5, 5)[0, JAW]
    assert once == pytest.approx(0.4, abs=0.15)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "rig.blend"))
    play({**match, "file": "open.png", "strength": 1.5})
    assert poses(5, 5)[0, JAW] == pytest.approx(1.5 * once, abs=0.01)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "rig.blend"))
    report = play({**match, "file": "calm.png"})
    assert poses(1, 30).max() < 0.02
    assert report["events"][0]["end"] == 29


def test_a_film_and_a_folder_are_performances_in_both_files(
    actor: bpy.types.Object, portrait: Portrait, play: Play, tmp_path: Path
) -> None:
    jaws = [0.0, 0.0, 0.4, 0.8, 0.4, 0.0]
    film = cv2.VideoWriter(
        str(tmp_path / "film.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 48.0, (400, 400)
    )
    for number, jaw in enumerate(jaws):
        picture = portrait({"jawOpen": jaw})
        save(picture, tmp_path / "take" / f"{number + 7}.png")
        for _ in range(2):
            film.write(picture[:, :, ::-1])
    film.release()
    exact = {"type": "match", "smoothing": 0, "tolerance": 0, "first_is_neutral": True}
    report = play(
        {**exact, "file": "take", "start": 5},
        {**exact, "file": "film.avi", "start": 40, "smoothing": 0.5},
        formats=("blend", "glb"),
    )
    assert [(event["start"], event["end"]) for event in report["events"]] == [(5, 10), (40, 45)]
    shown = poses(5, 45)
    np.testing.assert_allclose(shown[:6, JAW], jaws, atol=0.15)
    np.testing.assert_allclose(shown[35:41, JAW], jaws, atol=0.25)

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.import_scene.gltf(filepath=str(tmp_path / "out" / "rig.glb"))
    scene = bpy.context.scene
    blocks = bpy.data.meshes["Human"].shape_keys.key_blocks
    found = []
    for frame in range(5, 46):
        scene.frame_set(frame)
        found.append([blocks[shape].value for shape in ("jawOpen", "browInnerUp")])
    wanted = shown[:, [JAW, ARKIT_SHAPES.index("browInnerUp")]]
    np.testing.assert_allclose(found, wanted, atol=0.02)


@pytest.mark.parametrize("content", ["grey", "broken"])
def test_a_picture_without_a_face_is_told_and_nothing_is_written(
    actor: bpy.types.Object, play: Play, tmp_path: Path, content: str
) -> None:
    if content == "grey":
        save(np.full((200, 200, 3), 128, np.uint8), tmp_path / "picture.png")
    else:
        (tmp_path / "picture.png").write_bytes(b"no picture")
    match = {"type": "match", "file": "picture.png", "start": 30}
    with pytest.raises(RigError, match=r"Event 2 \(match\): .*(No face was found|isn't a picture)"):
        play(JOY, match)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_picture_is_no_place_for_results(
    actor: bpy.types.Object, portrait: Portrait, play: Play, tmp_path: Path
) -> None:
    save(portrait({}), tmp_path / "gasp.png")
    (tmp_path / "out").symlink_to(tmp_path)
    match = {"type": "match", "file": "gasp.png", "start": 1}
    with pytest.raises(RigError, match="would overwrite an input"):
        play(match, formats=("blend",))
