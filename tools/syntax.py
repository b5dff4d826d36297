# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules of a package as syntax trees: what their names stand for, and who calls whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Scope:
    """A module, and the functions that an expression lies in, the innermost last."""

    module: Module
    functions: tuple[Function, ...] = ()


@dataclass
class Module:
    """A parsed file: its dotted name in the package, and what its names stand for."""

    name: str
    path: Path
    tree: ast.Module
    values: dict[str, ast.expr] = field(default_factory=dict)
    functions: dict[str, list[tuple[Function, Scope]]] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    classes: dict[ast.AST, ast.ClassDef] = field(default_factory=dict)
    calls: list[tuple[ast.Call, Scope]] = field(default_factory=list)
    yields: list[tuple[ast.Yield, Scope]] = field(default_factory=list)

    def read(self) -> None:
        """Fill in what the tree says."""
        self._read(self.tree, Scope(self), None)

    def _read(self, node: ast.AST, scope: Scope, within: ast.ClassDef | None) -> None:
        for child in ast.iter_child_nodes(node):
            inner, kind = scope, within
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                self.functions.setdefault(child.name, []).append((child, scope))
                if within is not None:
                    self.classes[child] = within
                inner = Scope(self, (*scope.functions, child))
            elif isinstance(child, ast.ClassDef):
                kind = child
            elif isinstance(child, ast.ImportFrom):
                self._read_import(child)
            elif isinstance(child, ast.Call):
                self.calls.append((child, scope))
                if within is not None:
                    self.classes[child] = within
            elif isinstance(child, ast.Yield):
                self.yields.append((child, scope))
            elif not scope.functions and within is None:
                self._read_value(child)
            self._read(child, inner, kind)

    def _read_import(self, node: ast.ImportFrom) -> None:
        base = self.name.split(".")
        if self.path.name != "__init__.py":
            base = base[:-1]
        base = base[: len(base) - (node.level - 1)] if node.level else []
        source = ".".join([*base, *([node.module] if node.module else [])])
        for alias in node.names:
            self.imports[alias.asname or alias.name] = (source, alias.name)

    def _read_value(self, node: ast.AST) -> None:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            self.values[node.targets[0].id] = node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            self.values[node.target.id] = node.value


def name_of(call: ast.Call) -> str:
    """The last part of what is called."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def argument(call: ast.Call, name: str, place: int) -> ast.expr | None:
    """What a call passes by name or place."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[place] if 0 <= place < len(call.args) else None


def parameters(function: Function) -> list[str]:
    given = function.args
    return [item.arg for item in (*given.posonlyargs, *given.args, *given.kwonlyargs)]


def place_of_parameter(function: Function, name: str, *, is_method: bool) -> int:
    """Where calls have an argument, counted from 0; -1 where it goes by its name alone."""
    places = [item.arg for item in (*function.args.posonlyargs, *function.args.args)]
    if is_method:
        places = places[1:]
    return places.index(name) if name in places else -1


def within(function: Function) -> Iterator[ast.AST]:
    """What is in a function, in the order of the text, without what functions inside it hold."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        yield node
        waiting[:0] = ast.iter_child_nodes(node)


def assignments(function: Function, name: str) -> Iterator[ast.stmt]:
    for node in within(function):
        if isinstance(node, ast.Assign):
            targets = [item for target in node.targets for item in ast.walk(target)]
        elif isinstance(node, ast.AnnAssign | ast.AugAssign):
            targets = [node.target]
        else:
            continue
        if any(isinstance(item, ast.Name) and item.id == name for item in targets):
            yield node


def targets_of(function: Function) -> set[str]:
    """Names that loops and comprehensions set."""
    return {
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def loop_source(function: Function, name: str) -> ast.expr | None:
    """What gives a name its values in a loop or comprehension over a table or a written-out row."""
    for node in ast.walk(function):
        if not isinstance(node, ast.For | ast.comprehension):
            continue
        if isinstance(node.target, ast.Name) and node.target.id == name:
            return node.iter if isinstance(node.iter, ast.Name | ast.Tuple | ast.List) else None
        if isinstance(node.target, ast.Tuple) and isinstance(node.iter, ast.Tuple | ast.List):
            places = [getattr(item, "id", "") for item in node.target.elts]
            rows = [row for row in node.iter.elts if isinstance(row, ast.Tuple)]
            if name in places and len(rows) == len(node.iter.elts):
                return ast.Tuple([row.elts[places.index(name)] for row in rows], ast.Load())
    return None


def is_asked_for(name: ast.Name, scope: Scope) -> bool:
    """Whether it lies where ``if name:`` keeps an empty text away."""
    return any(
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == name.id
        and any(inner is name for statement in node.body for inner in ast.walk(statement))
        for node in (within(scope.functions[-1]) if scope.functions else ())
    )


def appends(function: Function, name: str) -> Iterator[ast.Call]:
    for node in within(function):
        if isinstance(node, ast.Call) and name_of(node) == "append" and node.args:
            owner = node.func.value if isinstance(node.func, ast.Attribute) else None
            if isinstance(owner, ast.Name) and owner.id == name:
                yield node
