# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure geometry: a face mesh and its landmarks in, a face rig out. Knows nothing of Blender."""
