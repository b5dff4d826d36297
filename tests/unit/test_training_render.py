# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures from the scene description: the same from both renderers, with exact labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from auto_rig_face.rigging.raycast import RayScene
from auto_rig_face.training.landmarks import expressions as ex
from auto_rig_face.training.landmarks import looks, scene
from auto_rig_face.training.landmarks import points as scheme
from auto_rig_face.training.landmarks.heads import families

torch = pytest.importorskip("torch", reason="torch, for training only, isn't installed")
from auto_rig_face.training.landmarks.render import (  # noqa: E402
    batch,
    camera_faults,
    pictures,
    surface,
)

BUILT = ("toon", "anime", "blocky", "animal", "creature", "robot")


def heads_and_look(families_: tuple[str, ...] = BUILT, seed: int = 3):
    heads = [
        families.build_head(family, seed, ex.sample(np.random.default_rng(index)))
        for index, family in enumerate(families_)
    ]
    points = np.stack([head.points for head in heads])
    look, _ = looks.sample_looks(np.random.default_rng(seed), points)
    return heads, look, points


def rendered(heads, look, points, size=96, device="cpu"):
    packed = batch.pack_heads(heads, device)
    on_device = batch.pack_look(look, device)
    return pictures.render(packed, on_device, torch.from_numpy(points).to(device), size)


def plain(look: scene.Look) -> scene.Look:
    """The look without camera faults and occluders."""
    zero = np.zeros_like(look.blur)
    return replace(
        look, blur=zero, coarse=zero, noise=zero, jpeg=zero, occluder=np.zeros_like(look.occluder)
    )


def test_pictures_are_pictures_and_labels_are_projections() -> None:
    heads, look, points = heads_and_look()
    result = rendered(heads, look, points)
    assert result.rgb.shape == (len(heads), 3, 96, 96)
    assert 0 <= float(result.rgb.min()) <= float(result.rgb.max()) <= 1
    assert np.abs(result.points.numpy() - scene.project(look, points)).max() < 1e-4


def test_a_seed_gives_the_same_picture() -> None:
    first, second = (rendered(*heads_and_look()).rgb for _ in range(2))
    assert torch.equal(first, second)


def test_a_picture_does_not_depend_on_its_batch() -> None:
    heads, look, points = heads_and_look()
    whole = rendered(heads, look, points).rgb
    alone = rendered(heads[2:3], look.rows(slice(2, 3)), points[2:3]).rgb
    assert float((whole[2:3] - alone).abs().max()) < 1e-4


def test_the_face_box_sits_as_the_framing_says() -> None:
    _, look, points = heads_and_look()
    box = scene.face_frame(scene.project(look, points[:, scheme.indices(scheme.FACE_BOX)]))
    side = np.maximum(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]) / 2
    assert (side >= looks.CROP.fill[0] - 1e-4).all()
    assert (side <= looks.CROP.fill[1] + 1e-4).all()
    assert np.abs(box).max() <= 1 + 1e-4


def test_the_far_half_of_a_turned_face_is_hidden() -> None:
    heads, look, points = heads_and_look(("toon",))
    shares = []
    for yaw in (65.0, -65.0):
        rotation = looks.angles_to_rotation(np.array([yaw]), np.zeros(1), np.zeros(1))
        turned = plain(replace(look, rotation=rotation, focal=look.focal * 0.8))
        visible = rendered(heads, turned, points).visible[0].numpy()
        shares.append(
            [visible[[scheme.INDEX[f"cheek_{s}_{k:02d}"] for k in range(9)]].mean() for s in "LR"]
        )
    # Positive yaw turns the face to its own left: its right cheek faces the camera.
    assert shares[0][1] > shares[0][0]
    assert shares[1][0] > shares[1][1]


def test_points_behind_an_occluder_are_hidden() -> None:
    heads, look, points = heads_and_look()
    bar = np.tile(np.array([0, 0, 3, 3], np.float32), (len(heads), 1))
    assert not rendered(heads, replace(look, occluder=bar), points).visible.any()
    assert rendered(heads, plain(look), points).visible.any()


def test_jpeg_of_high_quality_hardly_changes_a_picture_and_of_low_quality_does() -> None:
    generator = torch.Generator().manual_seed(0)
    smooth = torch.rand(1, 3, 4, 4, generator=generator)
    smooth = torch.nn.functional.interpolate(smooth, size=64, mode="bicubic").clamp(0, 1)
    best, worst = (
        float((camera_faults._jpeg(smooth, torch.tensor([q])) - smooth).abs().mean())
        for q in (100.0, 5.0)
    )
    assert best < 0.01 < worst


def test_the_kernel_shows_the_triangles_that_rays_hit() -> None:
    heads, look, _ = heads_and_look()
    packed, on_device, width = batch.pack_heads(heads, "cpu"), batch.pack_look(look, "cpu"), 96
    drawn = surface.visible_triangles(packed, on_device, width).numpy()
    places = batch.to_camera(packed.vertices, on_device).numpy()
    right, up = (slopes.numpy() for slopes in batch.pixel_slopes(on_device, width))
    for picture, head in enumerate(heads):
        x, y = np.meshgrid(right[picture], up[picture])
        rays = np.stack([x.ravel(), y.ravel(), np.ones(width * width)], axis=1)
        scene_ = RayScene(places[picture], head.triangles)
        hit = scene_.cast(np.zeros_like(rays), rays).triangle.reshape(width, width)
        # Only pixels on edges, and layers that touch, may differ.
        assert float((drawn[picture] == hit).mean()) > 0.99
        assert float(((drawn[picture] >= 0) == (hit >= 0)).mean()) > 0.999


def test_a_flat_light_shows_the_palette() -> None:
    heads, look, _ = heads_and_look(("toon",))
    nothing = np.zeros_like(look.rim)
    flat = replace(
        look,
        ambient=np.ones_like(look.ambient),
        strength=np.zeros_like(look.strength),
        specular=np.zeros_like(look.specular),
        mottle=np.zeros_like(look.mottle),
        tint_palette=look.palette,
        rim=nothing,
    )
    packed, on_device = batch.pack_heads(heads, "cpu"), batch.pack_look(flat, "cpu")
    shown = surface.visible_triangles(packed, on_device, 64)
    colours = surface.coloured(packed, on_device, shown)
    there = shown[0] >= 0
    role = packed.role[0][shown[0][there].long()].long()
    wanted = on_device.palette[0][role]
    assert torch.allclose(colours.colour[0].permute(1, 2, 0)[there], wanted, atol=1e-5)
    lengths = colours.normal[0].norm(dim=0)
    assert torch.allclose(lengths[there], torch.ones_like(lengths[there]), atol=1e-4)
    assert not bool(torch.isfinite(colours.depth[0][~there]).any())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU: only the processor renders here")
def test_the_kernels_give_the_same_pictures_on_a_gpu() -> None:
    heads, look, points = heads_and_look()
    look = plain(look)
    host = rendered(heads, look, points)
    device = rendered(heads, look, points, device="cuda")
    difference = (host.rgb - device.rgb.cpu()).abs().mean(dim=1)
    assert float(difference.mean()) < 0.004
    assert float((difference > 0.1).float().mean()) < 0.01
    assert float((host.visible == device.visible.cpu()).float().mean()) > 0.98
    assert torch.allclose(host.points, device.points.cpu(), atol=1e-4)
