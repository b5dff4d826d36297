# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender's operators report, in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from auto_rig_face.batch.blender_calls import OperatorFailedError, call, reason

TRACEBACK = """Error: Python: Traceback (most recent call last):
  File "/blender/scripts/io.py", line 9, in execute
    write()
OSError: [Errno 28] No space left on device
Location: /blender/scripts/modules/bpy/ops.py:109
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TRACEBACK, "OSError: [Errno 28] No space left on device"),
        ("Error: Cannot read file 'a.blend': broken.\n", "Cannot read file 'a.blend': broken"),
        ("", "no reason given"),
    ],
)
def test_the_telling_line_is_found(text: str, expected: str) -> None:
    assert reason(text) == expected


def test_a_failed_operator_raises_its_reason(tmp_path: Path) -> None:
    def refuses(filepath: str) -> set[str]:
        raise RuntimeError(f"Error: {Path(filepath).name} is odd.")

    with pytest.raises(OperatorFailedError, match=r"a\.glb is odd"):
        call(refuses, tmp_path / "a.glb")
    with pytest.raises(OperatorFailedError, match="gave up"):
        call(lambda filepath: {"CANCELLED"}, tmp_path / "a.glb")
    call(lambda filepath: {"FINISHED"}, tmp_path / "a.glb")
