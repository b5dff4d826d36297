# SPDX-License-Identifier: GPL-3.0-or-later
"""Match Image: the picture is an image of the .blend, wherever its pixels come from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import bpy
import cv2
import numpy as np
import pytest
from auto_rig_face.panels import image_menu
from auto_rig_face.scene.fcurves import curves_by_path, value_path
from auto_rig_face.scene.image_pictures import image_named, picture_of
from auto_rig_face.scene.poses import set_pose, shown_pose
from auto_rig_face.vocabulary import ARKIT_SHAPES
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
GASP = {"jawOpen": 0.7, "browInnerUp": 0.9, "browOuterUpLeft": 0.8, "browOuterUpRight": 0.8}
JAW = ARKIT_SHAPES.index("jawOpen")


def painted(picture: Picture, name: str = "Gasp") -> bpy.types.Image:
    """An image that has no file, with the picture's pixels."""
    height, width = picture.shape[:2]
    image = bpy.data.images.new(name, width, height)
    rows = np.ones((height, width, 4), np.float32)
    rows[..., :3] = picture[::-1] / 255.0
    image.pixels.foreach_set(rows.ravel())
    image.update()
    return image


def opened(picture: Picture, path: Path) -> bpy.types.Image:
    cv2.imwrite(str(path), picture[:, :, ::-1])
    return bpy.data.images.load(str(path))


def left_half_shown(depth: type[np.uint8 | np.uint16]) -> NDArray[np.uint8 | np.uint16]:
    """RGBA of one colour; its right half is transparent, and half of a column half so."""
    full = np.iinfo(depth).max
    picture = np.zeros((8, 8, 4), depth)
    picture[..., :3] = np.array([200, 100, 40]) * (full // 255)
    picture[:, :4, 3] = full
    picture[:, 4, 3] = full // 2
    return picture


def match(**given: object) -> set[str]:
    return set(bpy.ops.auto_rig_face.match_image(**given))


def test_an_image_without_a_file_becomes_a_pose(
    actor: bpy.types.Object, portrait: Callable[..., Picture]
) -> None:
    painted(portrait(GASP))
    assert match(image="Gasp") == {"FINISHED"}
    assert shown_pose(actor)[JAW] == pytest.approx(0.7, abs=0.2)
    assert curves_by_path(actor) == {}


def test_a_packed_image_needs_no_file(
    actor: bpy.types.Object, portrait: Callable[..., Picture], tmp_path: Path
) -> None:
    image = opened(portrait(GASP), tmp_path / "gasp.png")
    image.pack()
    image.use_fake_user = True
    (tmp_path / "gasp.png").unlink()
    blend = str(tmp_path / "packed.blend")
    bpy.ops.wm.save_as_mainfile(filepath=blend)
    bpy.ops.wm.open_mainfile(filepath=blend)
    assert match(image="gasp.png", result="KEYS", start=7) == {"FINISHED"}
    head = bpy.data.objects["Human"]
    points = curves_by_path(head)[value_path("jawOpen")].keyframe_points
    assert [point.co.x for point in points] == [7.0]
    assert points[0].co.y == pytest.approx(0.7, abs=0.2)


def test_with_a_neutral_image_the_face_at_rest_is_at_rest(
    actor: bpy.types.Object, portrait: Callable[..., Picture]
) -> None:
    painted(portrait({}), "Calm")
    assert match(image="Calm", neutral="Calm") == {"FINISHED"}
    assert shown_pose(actor).max() < 0.02
    with pytest.raises(RuntimeError, match='no image "Elsewhere"'):
        match(image="Calm", neutral="Elsewhere")


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_what_is_transparent_is_white(
    context: bpy.types.Context, tmp_path: Path, depth: type[np.uint8 | np.uint16]
) -> None:
    path = tmp_path / "cut_out.png"
    cv2.imwrite(str(path), left_half_shown(depth)[:, :, [2, 1, 0, 3]])
    image = bpy.data.images.load(str(path))
    assert image.is_float == (depth is np.uint16)
    seen = picture_of(image, context.scene).astype(int)
    np.testing.assert_allclose(seen[:, :4], np.broadcast_to([200, 100, 40], (8, 4, 3)), atol=1)
    np.testing.assert_allclose(seen[:, 4], np.broadcast_to([228, 178, 148], (8, 3)), atol=1)
    assert (seen[:, 5:] == 255).all()
    # Its alpha may hold something else altogether, such as a mask.
    image.alpha_mode = "CHANNEL_PACKED"
    masked = picture_of(image, context.scene).astype(int)
    np.testing.assert_allclose(masked, np.broadcast_to([200, 100, 40], (8, 8, 3)), atol=1)


def test_a_cut_out_face_is_matched(
    actor: bpy.types.Object, portrait: Callable[..., Picture], tmp_path: Path
) -> None:
    picture = portrait(GASP)
    background = (picture == picture[0, 0]).all(axis=2)
    rows = np.dstack([picture[:, :, ::-1], np.where(background, 0, 255).astype(np.uint8)])
    rows[background, :3] = 0
    cv2.imwrite(str(tmp_path / "cut_out.png"), rows)
    bpy.data.images.load(str(tmp_path / "cut_out.png"))
    assert match(image="cut_out.png") == {"FINISHED"}
    assert shown_pose(actor)[JAW] == pytest.approx(0.7, abs=0.2)


def missing(_picture: Picture, folder: Path) -> None:
    opened(_picture, folder / "gone.png").filepath = str(folder / "elsewhere.png")


def broken(_picture: Picture, folder: Path) -> None:
    (folder / "gone.png").write_bytes(b"no picture")
    bpy.data.images.load(str(folder / "gone.png"))


def sequence(picture: Picture, folder: Path) -> None:
    opened(picture, folder / "gone.png").source = "SEQUENCE"


def tiled(picture: Picture, folder: Path) -> None:
    opened(picture, folder / "gone.png").source = "TILED"


def faceless(_picture: Picture, _folder: Path) -> None:
    painted(np.full((200, 200, 3), 128, np.uint8), "gone.png")


def empty(_picture: Picture, _folder: Path) -> None:
    bpy.data.images.new("gone.png", 4, 4).source = "FILE"


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (missing, r"is missing: .*elsewhere\.png"),
        (broken, "can't be read as a picture"),
        (sequence, "film or a sequence"),
        (tiled, "consists of tiles"),
        (faceless, "No face was found"),
        (empty, "has no pixels"),
        (lambda *_: None, 'no image "gone.png" in this file'),
    ],
)
def test_what_is_no_picture_of_a_face_changes_nothing(
    actor: bpy.types.Object,
    portrait: Callable[..., Picture],
    tmp_path: Path,
    made: Callable[[Picture, Path], None],
    told: str,
) -> None:
    made(portrait({}), tmp_path)
    set_pose(actor, np.full(len(ARKIT_SHAPES), 0.25))
    with pytest.raises(RuntimeError, match=told):
        match(image="gone.png")
    np.testing.assert_allclose(shown_pose(actor), 0.25)
    assert curves_by_path(actor) == {}


def test_an_image_must_be_chosen(actor: bpy.types.Object) -> None:
    with pytest.raises(RuntimeError, match="No image is chosen"):
        match()


def test_a_linked_image_is_another_than_one_of_its_name(
    context: bpy.types.Context, tmp_path: Path
) -> None:
    dark = painted(np.full((4, 4, 3), 10, np.uint8), "Same")
    dark.pack()
    bpy.data.libraries.write(str(tmp_path / "library.blend"), {dark})
    bpy.data.images.remove(dark)
    painted(np.full((4, 4, 3), 200, np.uint8), "Same")
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_, wanted):
        wanted.images = ["Same"]
    linked = next(image for image in bpy.data.images if image.library is not None)
    shown = [
        int(picture_of(image_named(name), context.scene).mean())
        for name in ("Same", linked.name_full)
    ]
    assert shown == pytest.approx([200, 10], abs=1)


def test_the_image_editor_s_menu_takes_the_image_that_it_shows(
    context: bpy.types.Context, actor: bpy.types.Object
) -> None:
    assert image_menu.draw in bpy.types.IMAGE_MT_image.draw._draw_funcs
    asked: list[SimpleNamespace] = []

    def operator(name: str, **_: object) -> SimpleNamespace:
        asked.append(SimpleNamespace(name=name))
        return asked[-1]

    menu = SimpleNamespace(layout=SimpleNamespace(separator=lambda: None, operator=operator))
    for image in (None, painted(np.zeros((4, 4, 3), np.uint8), "Shown")):
        image_menu.draw(menu, SimpleNamespace(space_data=SimpleNamespace(image=image)))
    assert asked == [SimpleNamespace(name="auto_rig_face.match_image", image="Shown")]
