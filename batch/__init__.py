# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigging whole folders of heads without a window, one process per head."""
