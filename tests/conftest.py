# SPDX-License-Identifier: GPL-3.0-or-later
"""What every test shares: the extension under its own name, and a clean Blender around it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

# Before numpy is imported. The matrices here are small: with a thread for every core, and the cores
# busy with another Blender's tests, OpenBLAS waits in loops, a minute in place of half a second.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from tools.extension import load_package

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "auto_rig_face"

# Geometry is slow beside hypothesis' usual 200 ms, and a shared machine is slower still: the time
# limit of a test is pytest's. Derandomised, so that a run tells about the code and not about luck.
settings.register_profile("geometry", deadline=None, derandomize=True, max_examples=25)
settings.load_profile("geometry")


_user_resources = Path(tempfile.mkdtemp(prefix="auto_rig_face_blender_"))
os.environ["BLENDER_USER_RESOURCES"] = str(_user_resources)
# bpy stays out: the root module imports it inside functions, so pure tests run without Blender.
load_package()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Remember how the run ended for pytest_unconfigure."""
    session.config.stash[_EXIT_STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave without Blender 4.5's clean-up, which can hang for ever after an add-on raised."""
    shutil.rmtree(_user_resources, ignore_errors=True)
    if "bpy" not in sys.modules or _EXIT_STATUS not in config.stash:
        return
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(config.stash[_EXIT_STATUS])


_EXIT_STATUS = pytest.StashKey[int]()
