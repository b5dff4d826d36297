# SPDX-License-Identifier: GPL-3.0-or-later
"""The network that reads an expression from a picture: coefficients, emotion, intensity."""
