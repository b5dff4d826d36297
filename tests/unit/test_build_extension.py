# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifest of the zips, and that what is built is what the manifest of the repository says."""

from __future__ import annotations

import importlib.util
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    path = ROOT / "tools" / "build_extension.py"
    spec = importlib.util.spec_from_file_location("build_extension", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_manifest_gets_what_only_the_build_knows(tool: ModuleType) -> None:
    text = (ROOT / "blender_manifest.toml").read_text(encoding="utf-8")
    before = tomllib.loads(text)
    wheels = ["./wheels/a-1-py3-none-any.whl", "./wheels/b-2-py3-none-any.whl"]
    after = tomllib.loads(tool.complete_manifest(text, tool.SERIES[0], "linux-x64", wheels))
    assert after["wheels"] == wheels
    assert after["platforms"] == ["linux-x64"]
    assert after["blender_version_min"] == "4.5.0"
    assert after["blender_version_max"] == "5.1.0"
    changed = {"wheels", "platforms", "blender_version_min", "blender_version_max"}
    kept = {key: value for key, value in before.items() if key not in changed}
    assert {key: after[key] for key in kept} == kept


def test_fields_that_are_there_already_are_replaced(tool: ModuleType) -> None:
    text = 'id = "x"\nwheels = [\n  "old",\n]\nplatforms = ["old"]\nblender_version_min = "1.0.0"\n'
    after = tomllib.loads(tool.complete_manifest(text, tool.SERIES[1], "macos-arm64", []))
    expected = {"id": "x", "wheels": [], "platforms": ["macos-arm64"]}
    assert after == {**expected, "blender_version_min": "5.1.0"}


def test_the_series_leave_no_blender_out_and_do_not_overlap(tool: ModuleType) -> None:
    older, newer = tool.SERIES
    assert older.version_max == newer.version_min
    assert newer.version_max is None


def test_every_layer_ships(tool: ModuleType) -> None:
    layers = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    not_shipped = {"benchmarks", "tests", "tools", "training"}
    assert layers - not_shipped <= set(tool.SHIPPED_FOLDERS)


def test_every_series_has_its_pinned_wheels(tool: ModuleType) -> None:
    for series in (*tool.SERIES, tool.DISTRIBUTION_SERIES):
        text = (ROOT / "requirements" / f"runtime-{series.python}.txt").read_text(encoding="utf-8")
        assert "onnxruntime==" in text
        assert "\nnumpy==" not in text, "numpy is Blender's own"
