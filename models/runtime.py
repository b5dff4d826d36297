# SPDX-License-Identifier: GPL-3.0-or-later
"""ONNX Runtime: sessions that give the same numbers in every run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import RigError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


def session(path: Path, threads: int) -> InferenceSession:
    """A network on the CPU. Raises RigError where ONNX Runtime can't be loaded."""
    try:
        import onnxruntime
    except ImportError as error:
        raise RigError(
            f"The extension's neural network library, ONNX Runtime, can't be loaded ({error}).",
            "Install the extension's zip that was made for this version of Blender and this system;"
            " on Windows also install Microsoft's Visual C++ redistributable.",
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    # Idle threads sleep instead of spinning: ray casting needs the cores between two pictures.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run(network: InferenceSession, values: NDArray[Any]) -> list[NDArray[np.float32]]:
    """Outputs of a network for one example, in float32."""
    batch = np.ascontiguousarray(values[None], np.float32)
    return network.run(None, {network.get_inputs()[0].name: batch})


def run_batch(network: InferenceSession, **values: NDArray[Any]) -> NDArray[np.float32]:
    """The only output of a network for a batch of its inputs, in float32."""
    feeds = {name: np.ascontiguousarray(batch, np.float32) for name, batch in values.items()}
    return network.run(None, feeds)[0]
