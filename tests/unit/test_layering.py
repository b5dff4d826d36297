# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers of docs/architecture.md, enforced over the syntax tree of every module."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "auto_rig_face"

# Layer -> the other layers that it may import. Everything may import the vocabulary and errors.
LAYERS: dict[str, set[str]] = {
    "vocabulary": set(),
    "errors": set(),
    "wording": set(),
    "models": set(),
    "rigging": set(),
    "animation": set(),
    "scene": {
        *("rigging.data", "animation.data", "animation.keys", "properties"),
        *("animation.control_map", "animation.control_curves", "animation.bezier"),
    },
    "carrying": {"scene", "rigging", "properties"},
    "pipeline": {"carrying", "scene", "models", "rigging", "properties"},
    "acting": {"scene", "models", "animation", "properties"},
    "liveliness": {"acting", "scene", "animation", "properties"},
    "standards": {"scene", "animation", "properties"},
    "previews": {"acting", "animation", "scene", "rigging", "properties"},
    "matching": {"scene", "models", "rigging", "animation", "pipeline", "properties"},
    "bone_animation": {"scene", "rigging", "animation", "properties"},
    "properties": set(),
    "preferences": {"properties"},
    "operators": {
        *(
            "acting",
            "liveliness",
            "animation",
            "bone_animation",
            "matching",
            "pipeline",
            "previews",
            "standards",
            "properties",
            "preferences",
            "scene",
            "models",
            "translations",
        ),
        "rigging",
    },
    "panels": {
        *("properties", "preferences", "translations"),
        *("scene.thumbnails", "scene.control_armature", "scene.edits", "animation.control_map"),
    },
    "batch": {
        *("acting", "animation", "matching", "pipeline", "scene", "models", "rigging"),
        *("bone_animation", "liveliness", "properties"),
        *("liveliness", "standards", "properties"),
    },
    "translations": {"wording"},
    "__init__": {"operators", "panels", "properties", "preferences", "translations"},
}
COMMON = {"vocabulary", "errors"}
BLENDER = {"bpy", "bmesh", "mathutils", "gpu", "bpy_extras", "gpu_extras", "blf"}
INFERENCE = {"cv2", "onnxruntime"}
GEOMETRY = {"scipy", "igl", "embreex", "robust_laplacian"}
LEARNING = {"torch", "tensorflow"}

# Layer -> third-party packages that it never imports.
FORBIDDEN: dict[str, set[str]] = {
    "vocabulary": BLENDER | INFERENCE | GEOMETRY | LEARNING | {"numpy"},
    "errors": BLENDER | INFERENCE | GEOMETRY | LEARNING | {"numpy"},
    "wording": BLENDER | INFERENCE | GEOMETRY | LEARNING | {"numpy"},
    "models": BLENDER | GEOMETRY | LEARNING,
    "rigging": BLENDER | INFERENCE | LEARNING,
    "animation": BLENDER | INFERENCE | LEARNING,
    "scene": INFERENCE | GEOMETRY | LEARNING,
    "carrying": INFERENCE | GEOMETRY | LEARNING,
    "pipeline": INFERENCE | GEOMETRY | LEARNING,
    "acting": INFERENCE | GEOMETRY | LEARNING,
    "liveliness": INFERENCE | GEOMETRY | LEARNING,
    "standards": INFERENCE | GEOMETRY | LEARNING,
    "previews": INFERENCE | GEOMETRY | LEARNING,
    "matching": INFERENCE | GEOMETRY | LEARNING,
    "bone_animation": INFERENCE | GEOMETRY | LEARNING,
    "properties": INFERENCE | GEOMETRY | LEARNING,
    "preferences": INFERENCE | GEOMETRY | LEARNING,
    "operators": INFERENCE | GEOMETRY | LEARNING,
    "panels": INFERENCE | GEOMETRY | LEARNING | {"numpy"},
    "batch": LEARNING,
    "translations": INFERENCE | GEOMETRY | LEARNING,
    "__init__": INFERENCE | GEOMETRY | LEARNING,
}
# Imported by Blender's start or by every reader: only inside functions.
ONLY_INSIDE_FUNCTIONS: dict[str, set[str]] = {
    "models": INFERENCE,
    "__init__": BLENDER,
}
NOT_SHIPPED = {"tools", "tests", "benchmarks", "training"}


@dataclass(frozen=True)
class Import:
    """One import: ``name`` is dotted, without the package itself where it is ``inner``."""

    name: str
    inner: bool
    in_function: bool
    line: int


def imports_of(tree: ast.AST, folder: tuple[str, ...]) -> Iterator[Import]:
    """Every import below ``tree``; ``folder`` is where the module lies within the package."""
    yield from _walk(tree, folder, in_function=False)


def _walk(node: ast.AST, folder: tuple[str, ...], in_function: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                inner = alias.name.split(".")[0] == PACKAGE
                yield Import(alias.name, inner, in_function, child.lineno)
        elif isinstance(child, ast.ImportFrom):
            yield from _from_import(child, folder, in_function)
        inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if not _type_checking(child):
            yield from _walk(child, folder, in_function or inside)


def _from_import(
    node: ast.ImportFrom, folder: tuple[str, ...], in_function: bool
) -> Iterator[Import]:
    if node.level == 0:
        module = node.module or ""
        yield Import(module, module.split(".")[0] == PACKAGE, in_function, node.lineno)
        return
    base = folder[: len(folder) - (node.level - 1)]
    prefix = (*base, *(node.module.split(".") if node.module else ()))
    for alias in node.names:
        yield Import(".".join((*prefix, alias.name)), True, in_function, node.lineno)


def _type_checking(node: ast.AST) -> bool:
    """``if TYPE_CHECKING:`` is never run."""
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and (node.test.id == "TYPE_CHECKING")
    )


def layer_of(path: Path) -> str:
    """The layer that a module of the package belongs to."""
    relative = path.relative_to(ROOT)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def violations(source: str, path: Path) -> list[str]:
    """What a module's imports break, each with its place."""
    relative = path.relative_to(ROOT)
    layer = layer_of(path)
    found = []
    for item in imports_of(ast.parse(source), relative.parent.parts):
        reason = _inner_violation(item, layer) if item.inner else _outer_violation(item, layer)
        if reason:
            found.append(f"{relative}:{item.line}: {reason}")
    return found


def _inner_violation(item: Import, layer: str) -> str:
    if item.name.split(".")[0] == PACKAGE:
        return f"{item.name} is imported absolutely; import it relatively"
    target = item.name.split(".")[0]
    if target in COMMON or target == layer:
        return ""
    allowed = LAYERS[layer]
    if target in allowed or ".".join(item.name.split(".")[:2]) in allowed:
        return ""
    return f"{layer} may not import {item.name}"


def _outer_violation(item: Import, layer: str) -> str:
    package = item.name.split(".")[0]
    if package in FORBIDDEN[layer]:
        return f"{layer} may not import {package}"
    if package in NOT_SHIPPED:
        return f"{package} does not ship with the extension"
    if package in ONLY_INSIDE_FUNCTIONS.get(layer, set()) and not item.in_function:
        return f"{layer} may import {package} only inside functions"
    return ""


def shipped_modules() -> list[Path]:
    """Every module of the package."""
    folders = [ROOT / layer for layer in LAYERS if (ROOT / layer).is_dir()]
    inner = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    return sorted(ROOT.glob("*.py")) + inner


def test_every_module_of_the_root_has_its_place_in_the_table() -> None:
    assert {path.stem for path in ROOT.glob("*.py")} <= set(LAYERS)


@pytest.mark.parametrize("path", shipped_modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_its_layer_may(path: Path) -> None:
    assert violations(path.read_text(encoding="utf-8"), path) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("models/network.py", "import bpy"),
        ("models/network.py", "import onnxruntime"),
        ("models/network.py", "from ..rigging import data"),
        ("rigging/solve.py", "from ..scene.read import read"),
        ("rigging/solve.py", "def f():\n    import cv2"),
        ("scene/read.py", "from ..rigging.build import build"),
        ("scene/read.py", "from .. import operators"),
        ("panels/main.py", "from ..pipeline import rig_head"),
        ("batch/run.py", "from ..panels import main"),
        ("operators/rig.py", "from auto_rig_face.pipeline import rig_head"),
        ("rigging/solve.py", "from benchmarks import speed"),
        ("__init__.py", "import bpy"),
    ],
)
def test_a_broken_layer_is_found(module: str, source: str) -> None:
    assert violations(source, ROOT / module) != []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("models/network.py", "def f():\n    import onnxruntime"),
        ("scene/read.py", "from ..rigging.data import FaceMesh\nimport bpy, numpy"),
        ("batch/run.py", "from ..pipeline import rig_head\nimport cv2"),
        ("rigging/certificate/lids.py", "from ..raycast import RayScene\nfrom ...errors import E"),
        ("__init__.py", "def register():\n    from . import operators"),
    ],
)
def test_a_sound_import_is_left_alone(module: str, source: str) -> None:
    assert violations(source, ROOT / module) == []


@pytest.mark.parametrize("path", shipped_modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_edits_the_search_path(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    touched = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr == "path"
        and isinstance(node.value, ast.Name)
        and node.value.id == "sys"
    ]
    assert touched == []
