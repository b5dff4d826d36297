# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of heads. Which triangle a pixel shows comes from ray casting on a CPU or from CUDA
kernels; colours, outlines and camera faults are the same torch code on both.
"""

from __future__ import annotations
