# SPDX-License-Identifier: GPL-3.0-or-later
"""ONNX inference: array in, dataclass out."""
