# SPDX-License-Identifier: GPL-3.0-or-later
"""The network that reads the expressions of a film's frames together."""
