# SPDX-License-Identifier: GPL-3.0-or-later
"""The dense landmark network: heads and pictures made here, exact labels, training, export."""

from __future__ import annotations
