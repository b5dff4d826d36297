# SPDX-License-Identifier: GPL-3.0-or-later
"""Which triangle each pixel shows, by CUDA kernels: the renderer for machines with a GPU.

A z-buffer of 64-bit words, depth above and triangle below, filled by atomic minima; after the
rasteriser of Laine and Karras, "High-Performance Software Rasterization on GPUs" (2011), without
its bins: heads have small triangles, one thread draws one.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from .batch import HeadBatch, LookBatch, to_camera

SOURCE: Final = Path(__file__).with_name("raster.cu")
THREADS: Final = 128
EMPTY: Final = -1  # all bits set: farther than everything, as unsigned


@lru_cache(maxsize=1)
def _kernel() -> Any:
    import cupy

    return cupy.RawKernel(SOURCE.read_text(encoding="utf-8"), "rasterise")


def visible_triangles(heads: HeadBatch, look: LookBatch, width: int) -> Tensor:
    """(B, width, width) int32: the nearest triangle of each pixel, -1 where there is none."""
    import cupy

    points = to_screen(heads.vertices, look, width)
    batch, vertices = points.shape[:2]
    triangles = heads.triangles.contiguous()
    count = heads.count.contiguous()
    buffer = torch.full((batch, width, width), EMPTY, dtype=torch.int64, device=points.device)
    most = triangles.shape[1]
    stream = cupy.cuda.ExternalStream(torch.cuda.current_stream().cuda_stream)
    with cupy.cuda.Device(points.device.index or 0), stream:
        _kernel()(
            ((most + THREADS - 1) // THREADS, batch),
            (THREADS,),
            (
                *(cupy.uint64(tensor.data_ptr()) for tensor in (points, triangles, count, buffer)),
                *(cupy.int32(number) for number in (vertices, most, width)),
            ),
        )
    return torch.where(buffer == EMPTY, -1, buffer & 0xFFFFFFFF).int()


def to_screen(vertices: Tensor, look: LookBatch, width: int) -> Tensor:
    """``vertices`` (B, V, 3) as pixel column, pixel row and depth; pixel centres lie at .5."""
    local = to_camera(vertices, look)
    depth = local[..., 2].clamp(min=1e-3)
    x = local[..., 0] / depth * look.focal[:, None] + look.shift[:, :1]
    y = -local[..., 1] / depth * look.focal[:, None] + look.shift[:, 1:]
    half = width / 2
    return torch.stack([(x + 1) * half, (y + 1) * half, local[..., 2]], dim=-1).contiguous()
