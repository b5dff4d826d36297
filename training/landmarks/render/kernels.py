# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernels of ``kernels.cu``: by CuPy on a GPU, elsewhere compiled as C++, one thread after
another. One source for both, so that both give the same pictures.

The rasteriser has a z-buffer of 64-bit words, depth above and triangle below, filled by atomic
minima; after Laine and Karras, "High-Performance Software Rasterization on GPUs" (2011), without
its bins: heads have small triangles, one thread draws one.
"""

from __future__ import annotations

import ctypes
import hashlib
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from torch import Tensor

from ... import ROOT

SOURCE: Final = Path(__file__).with_name("kernels.cu")
THREADS: Final = 128
COMPILER: Final = "g++"
CACHE: Final = ROOT / ".cache" / "training"
# What CUDA offers to a kernel, for one thread at a time.
_HOST: Final = """
#include <cmath>
#include <cstring>
#include <algorithm>
using std::max; using std::min;
#define __global__
#define __device__
struct Index { int x, y; };
static thread_local Index blockIdx, blockDim, threadIdx;
static inline unsigned __float_as_uint(float f) { unsigned u; std::memcpy(&u, &f, 4); return u; }
static inline void atomicMin(unsigned long long *a, unsigned long long v) { if (v < *a) *a = v; }
#include "kernels.cu"
#define EACH(columns, rows, call)                                 \\
  blockDim = {1, 1}; threadIdx = {0, 0};                          \\
  for (blockIdx.y = 0; blockIdx.y < rows; blockIdx.y++)           \\
    for (blockIdx.x = 0; blockIdx.x < columns; blockIdx.x++) call;
extern "C" void host_rasterise(int columns, int rows, const float *points, const int *triangles,
                               const int *count, unsigned long long *buffer, int vertices,
                               int most, int width) {
  EACH(count[blockIdx.y], rows,
       rasterise(points, triangles, count, buffer, vertices, most, width))
}
extern "C" void host_colour_pixels(
    int columns, int rows, const int *shown, const float *vertices, const float *normals,
    const float *tint, const int *triangles, const unsigned char *role, const float *look,
    const float *palette, const float *second, const float *waves, float *colour, float *depth,
    float *normal, int count, int most, int width, int roles, int skin, unsigned unlit) {
  EACH(columns, rows,
       colour_pixels(shown, vertices, normals, tint, triangles, role, look, palette, second, waves,
                     colour, depth, normal, count, most, width, roles, skin, unlit))
}
"""


def run(name: str, columns: int, rows: int, tensors: tuple[Tensor, ...], *numbers: int) -> None:
    """Run a kernel for ``columns`` x ``rows`` threads on contiguous tensors of one device."""
    if any(not tensor.is_contiguous() for tensor in tensors):
        raise ValueError(f"{name}: tensors must be contiguous")
    if tensors[0].is_cuda:
        _run_on_gpu(name, columns, rows, tensors, numbers)
        return
    getattr(_compiled(), f"host_{name}")(
        columns, rows, *(ctypes.c_void_p(tensor.data_ptr()) for tensor in tensors), *numbers
    )


def _run_on_gpu(
    name: str, columns: int, rows: int, tensors: tuple[Tensor, ...], numbers: tuple[int, ...]
) -> None:
    import cupy
    import torch

    device = tensors[0].device
    stream = cupy.cuda.ExternalStream(torch.cuda.current_stream().cuda_stream)
    with cupy.cuda.Device(device.index or 0), stream:
        _for_gpu(name)(
            ((columns + THREADS - 1) // THREADS, rows),
            (THREADS,),
            (
                *(cupy.uint64(tensor.data_ptr()) for tensor in tensors),
                *(cupy.int32(number) for number in numbers),
            ),
        )


@lru_cache
def _for_gpu(name: str) -> Any:
    import cupy

    return cupy.RawKernel(SOURCE.read_text(encoding="utf-8"), name)


@lru_cache(maxsize=1)
def _compiled() -> ctypes.CDLL:
    """The kernels as a library, named by a hash of its source so that an old one is never used."""
    source = _HOST + SOURCE.read_text(encoding="utf-8")
    path = CACHE / f"kernels-{hashlib.sha256(source.encode()).hexdigest()[:16]}.so"
    if not path.is_file():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            host, built = Path(folder) / "host.cpp", Path(folder) / path.name
            host.write_text(_HOST, encoding="utf-8")
            flags = ["-O3", "-march=native", "-shared", "-fPIC", f"-I{SOURCE.parent}"]
            subprocess.run([COMPILER, *flags, "-o", str(built), str(host)], check=True)
            built.replace(path)
    return ctypes.CDLL(str(path))
