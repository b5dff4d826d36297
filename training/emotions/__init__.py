# SPDX-License-Identifier: GPL-3.0-or-later
"""The generative models of expressions: a VAE for the way between poses, a GAN for the poses."""
