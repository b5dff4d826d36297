# SPDX-License-Identifier: GPL-3.0-or-later
"""Families of heads: each builds a Head with all named points from a seed and an expression."""

from __future__ import annotations
