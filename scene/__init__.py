# SPDX-License-Identifier: GPL-3.0-or-later
"""The Blender side: what is read from the scene and what is written to it."""
