# SPDX-License-Identifier: GPL-3.0-or-later
"""Expression over time: emotions, transitions and captures as curves of the 52 ARKit shapes."""
