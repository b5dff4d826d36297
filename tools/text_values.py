# SPDX-License-Identifier: GPL-3.0-or-later
"""What texts an expression can come to, by the syntax tree alone.

A text is a template: literal text with ``{}`` where something is filled in. Conditions give all
their branches, names what is assigned to them, parameters what callers pass, calls of the package's
own functions what these return, joined and added texts all combinations. What is filled in and is a
text itself, such as "left", is found, too: as a fragment, a template of its own, and the place in
the template is ``{:text}`` then.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from tools.syntax import (
    Function,
    Module,
    Scope,
    appends,
    argument,
    assignments,
    is_asked_for,
    loop_source,
    name_of,
    parameters,
    place_of_parameter,
    targets_of,
    within,
)

SLOT: Final = "{}"
TEXT_SLOT: Final = "{:text}"
_DEEPEST: Final = 12
_TRANSLATES: Final = "translated"
# Attributes that hold texts which are templates of their own.
_TOLD: Final = {"problem", "remedy"}
_JOINERS: Final = {"listed", "join"}


@dataclass
class Texts:
    """``found``: templates; ``unknown``: sources of expressions that the tree doesn't show."""

    found: dict[str, None] = field(default_factory=dict)
    unknown: dict[str, None] = field(default_factory=dict)

    def add(self, other: Texts) -> None:
        """Take over what another has found."""
        self.found |= other.found
        self.unknown |= other.unknown

    @property
    def filled_in(self) -> list[str]:
        """The same as parts of a longer text: what isn't known is filled in."""
        return [*self.found, *([SLOT] if self.unknown else [])]


def _text(*found: str) -> Texts:
    return Texts(dict.fromkeys(found))


def _unknown(node: ast.AST | None) -> Texts:
    return Texts() if node is None else Texts(unknown={ast.unparse(node): None})


class TextValues:
    """Reads expressions of a package.

    ``known``: functions, or whole expressions, whose texts are known otherwise. ``names``: texts
    that are identifiers, the same in every language. ``overlooked``: sources of what is filled in
    and has words in it that could not be read.
    """

    def __init__(
        self, modules: Iterable[Module], known: dict[str, list[str]], names: frozenset[str]
    ) -> None:
        self.modules = {module.name: module for module in modules}
        self.fragments: dict[str, None] = {}
        self.overlooked: dict[str, None] = {}
        self._known = known
        self._readers: dict[type, Callable[[Any, Scope], Texts]] = {
            ast.Constant: self._of_constant,
            ast.JoinedStr: self._of_f_string,
            ast.BinOp: self._of_sum,
            ast.IfExp: self._of_choice,
            ast.BoolOp: self._of_either,
            ast.Name: self._of_name,
            ast.Subscript: self._of_subscript,
            ast.Call: self._of_call,
        }
        self._item_readers: dict[type, Callable[[Any, Scope], Texts]] = {
            **dict.fromkeys((ast.List, ast.Tuple, ast.Set), self._items_of_row),
            **dict.fromkeys((ast.ListComp, ast.GeneratorExp), self._items_of_each),
            ast.IfExp: self._items_of_choice,
            ast.BinOp: self._items_of_sum,
            ast.Dict: self._items_of_table,
            ast.Name: self._items_of_name,
            ast.Call: self._items_of_call,
        }
        self._names = names
        self._busy: list[tuple[int, str]] = []
        self._callers: dict[str, list[tuple[ast.Call, Scope]]] = {}
        for module in self.modules.values():
            for call, scope in module.calls:
                self._callers.setdefault(name_of(call), []).append((call, scope))

    def of(self, node: ast.expr, scope: Scope) -> Texts:
        """The texts that an expression can come to."""
        source = ast.unparse(node)
        if source in self._known:
            return _text(*self._known[source])
        read = self._readers.get(type(node))
        return _unknown(node) if read is None else read(node, scope)

    def of_items(self, node: ast.expr, scope: Scope) -> Texts:
        """The texts of a list, tuple or set of texts, or of the names in a table."""
        read = self._item_readers.get(type(node))
        return _unknown(node) if read is None else read(node, scope)

    def _of_constant(self, node: ast.Constant, _scope: Scope) -> Texts:
        if isinstance(node.value, str):
            return _text(node.value)
        return Texts() if node.value is None else _unknown(node)

    def _of_f_string(self, node: ast.JoinedStr, scope: Scope) -> Texts:
        pairs = zip([None, *node.values], node.values, strict=False)
        return self._product([self._part(part, scope, before) for before, part in pairs])

    def _of_sum(self, node: ast.BinOp, scope: Scope) -> Texts:
        sides = [self.of(side, scope) for side in (node.left, node.right)]
        if not isinstance(node.op, ast.Add) or not any(side.found for side in sides):
            return _unknown(node)
        return self._product([side.filled_in for side in sides])

    def _of_choice(self, node: ast.IfExp, scope: Scope) -> Texts:
        return self._union([(node.body, scope), (node.orelse, scope)])

    def _of_either(self, node: ast.BoolOp, scope: Scope) -> Texts:
        return self._union([(value, scope) for value in node.values])

    def _items_of_row(self, node: ast.List | ast.Tuple | ast.Set, scope: Scope) -> Texts:
        found = Texts()
        for item in node.elts:
            if isinstance(item, ast.Starred):
                found.add(self.of_items(item.value, scope))
            else:
                found.add(self.of(item, scope))
        return found

    def _items_of_table(self, node: ast.Dict, scope: Scope) -> Texts:
        return self._union([(key, scope) for key in node.keys if key is not None])

    def _items_of_each(self, node: ast.ListComp | ast.GeneratorExp, scope: Scope) -> Texts:
        return self.of(node.elt, scope)

    def _items_of_choice(self, node: ast.IfExp, scope: Scope) -> Texts:
        found = self.of_items(node.body, scope)
        found.add(self.of_items(node.orelse, scope))
        return found

    def _items_of_sum(self, node: ast.BinOp, scope: Scope) -> Texts:
        found = self.of_items(node.left, scope)
        found.add(self.of_items(node.right, scope))
        return found

    def _items_of_call(self, node: ast.Call, scope: Scope) -> Texts:
        if name_of(node) in {"tuple", "list", "sorted", "set"} and node.args:
            return self.of_items(node.args[0], scope)
        found = Texts()
        for value, inner in self._returns(node, scope):
            found.add(self._once(value, inner, "items"))
        return found if found.found or found.unknown else _unknown(node)

    def _union(self, nodes: Iterable[tuple[ast.expr, Scope]]) -> Texts:
        found = Texts()
        for node, scope in nodes:
            found.add(self._once(node, scope, "text"))
        return found

    def _once(self, node: ast.expr, scope: Scope, what: str) -> Texts:
        """Guarded against functions that call each other."""
        key = (id(node), what)
        if key in self._busy:
            return Texts()
        if len(self._busy) > _DEEPEST:
            return _unknown(node)
        self._busy.append(key)
        try:
            return self.of(node, scope) if what == "text" else self.of_items(node, scope)
        finally:
            self._busy.pop()

    def _product(self, parts: list[list[str]]) -> Texts:
        return _text(*("".join(choice) for choice in itertools.product(*parts)))

    def _part(self, node: ast.expr, scope: Scope, last: ast.expr | None = None) -> list[str]:
        """A part of an f-string: literal text, or what is filled in. In quotation marks stand names
        that artists give, which are nobody's to translate.
        """
        if not isinstance(node, ast.FormattedValue):
            return self.of(node, scope).filled_in
        named = isinstance(last, ast.Constant) and str(last.value).endswith(('"', "'"))
        if named or node.format_spec is not None or node.conversion != -1:
            return [SLOT]
        value = node.value
        if isinstance(value, ast.Attribute) and value.attr in _TOLD:
            return [TEXT_SLOT]
        if isinstance(value, ast.Call) and name_of(value) in _JOINERS and value.args:
            is_told = any(map(_has_letters, self._joined(value, scope)))
            return [TEXT_SLOT if is_told or name_of(value) == "listed" else SLOT]
        found = self._once(value, scope, "text")
        texts = [text for text in found.found if text not in self._names]
        if len(texts) < len(found.found):
            found = Texts(dict.fromkeys(texts), found.unknown | {"names": None})
        if isinstance(value, ast.IfExp) or self._is_local(value, scope):
            guarded = isinstance(value, ast.Name) and is_asked_for(value, scope)
            return [text for text in found.filled_in if text or not guarded] or [SLOT]
        return [self._fragment(value, texts)]

    def _fragment(self, node: ast.expr, texts: list[str]) -> str:
        """A place for texts that are looked up by themselves."""
        self.fragments |= dict.fromkeys(texts)
        if not texts and _has_words(node):
            self.overlooked[ast.unparse(node)] = None
        return TEXT_SLOT if any(map(_has_letters, texts)) else SLOT

    def _is_local(self, node: ast.expr, scope: Scope) -> bool:
        """Whether it is a name that a function or the module gives itself."""
        if not isinstance(node, ast.Name):
            return False
        for function in reversed(scope.functions):
            if node.id in parameters(function):
                return False
            if any(True for _ in assignments(function, node.id)):
                return True
        return True

    def _of_name(self, node: ast.Name, scope: Scope) -> Texts:
        for depth in range(len(scope.functions), 0, -1):
            function = scope.functions[depth - 1]
            inner = Scope(scope.module, scope.functions[:depth])
            assigned = list(assignments(function, node.id))
            if assigned:
                return self._of_assignments(node, assigned, inner)
            if node.id in parameters(function):
                return self._of_parameter(node, function)
            source = loop_source(function, node.id)
            if source is not None:
                return self._once(source, inner, "items")
            if node.id in targets_of(function):
                return _unknown(node)
        value = self._global(node.id, scope.module)
        return _unknown(node) if value is None else self._once(*value, "text")

    def _of_assignments(self, name: ast.Name, assigned: list[ast.stmt], scope: Scope) -> Texts:
        found = Texts()
        for statement in assigned:
            if isinstance(statement, ast.AugAssign):
                more = self._once(statement.value, scope, "text").filled_in
                found.add(_text(*(a + b for a in list(found.found) for b in more)))
                continue
            target = statement.targets[0] if isinstance(statement, ast.Assign) else None
            value = getattr(statement, "value", None)
            if isinstance(target, ast.Tuple):
                place = [getattr(item, "id", "") for item in target.elts].index(name.id)
                found.add(self._of_element(value, place, scope))
            elif value is not None:
                found.add(self._once(value, scope, "text"))
        return found

    def of_starred(self, node: ast.expr, place: int, scope: Scope) -> Texts:
        """The texts at one place of a tuple that a call spreads."""
        return self._of_element(node, place, scope)

    def _of_element(self, node: ast.expr | None, place: int, scope: Scope) -> Texts:
        """The texts at one place of a tuple."""
        if isinstance(node, ast.Tuple):
            return self._once(node.elts[place], scope, "text")
        choices: list[tuple[ast.expr, Scope]] = []
        if isinstance(node, ast.Subscript):
            choices = list(self._values(node, scope))
        elif isinstance(node, ast.Call):
            choices = list(self._returns(node, scope))
        found = Texts()
        for value, inner in choices:
            found.add(self._of_element(value, place, inner))
        return found if choices else _unknown(node)

    def _of_parameter(self, node: ast.Name, function: Function) -> Texts:
        found = Texts()
        for call, scope in self._callers_of(function):
            value = self._passed(call, node.id, function)
            if value is not None:
                found.add(self._once(value, scope, "text"))
        return found if found.found or found.unknown else _unknown(node)

    def _passed(self, call: ast.Call, name: str, function: Function) -> ast.expr | None:
        is_method = any(function in module.classes for module in self.modules.values())
        return argument(call, name, place_of_parameter(function, name, is_method=is_method))

    def _callers_of(self, function: Function) -> Iterator[tuple[ast.Call, Scope]]:
        home = next(
            module
            for module in self.modules.values()
            if any(function is item for item, _ in module.functions.get(function.name, []))
        )
        kind = home.classes.get(function)
        is_maker = function.name == "__init__" and kind is not None
        name = kind.name if is_maker and kind is not None else function.name
        for call, scope in self._callers.get(name, []):
            by_name = isinstance(call.func, ast.Name)
            imported = name in scope.module.imports
            if scope.module is home or (not name.startswith("_") and (imported or not by_name)):
                yield call, scope

    def _items_of_name(self, node: ast.Name, scope: Scope) -> Texts:
        found, any_here = Texts(), False
        for depth in range(len(scope.functions), 0, -1):
            function = scope.functions[depth - 1]
            inner = Scope(scope.module, scope.functions[:depth])
            for statement in assignments(function, node.id):
                any_here = True
                value = getattr(statement, "value", None)
                target = statement.targets[0] if isinstance(statement, ast.Assign) else None
                if isinstance(target, ast.Tuple):
                    place = [getattr(item, "id", "") for item in target.elts].index(node.id)
                    found.add(self._items_of_element(value, place, inner))
                elif value is not None:
                    found.add(self._once(value, inner, "items"))
            for call in appends(function, node.id):
                any_here = True
                found.add(self._once(call.args[0], inner, "text"))
            if not any_here and node.id in parameters(function):
                any_here = True
                for call, caller in self._callers_of(function):
                    value = self._passed(call, node.id, function)
                    if value is not None:
                        found.add(self._once(value, caller, "items"))
            if any_here:
                return found
        value = self._global(node.id, scope.module)
        return _unknown(node) if value is None else self._once(*value, "items")

    def _items_of_element(self, node: ast.expr | None, place: int, scope: Scope) -> Texts:
        if isinstance(node, ast.Tuple):
            return self._once(node.elts[place], scope, "items")
        found = Texts()
        for value, inner in self._returns(node, scope) if isinstance(node, ast.Call) else ():
            found.add(self._items_of_element(value, place, inner))
        return found if found.found else _unknown(node)

    def _of_subscript(self, node: ast.Subscript, scope: Scope) -> Texts:
        choices = list(self._values(node, scope))
        if choices:
            return self._union(choices)
        if isinstance(node.slice, ast.Constant) and isinstance(node.value, ast.Name):
            return self._once(node.value, scope, "items")
        return _unknown(node)

    def _values(self, node: ast.Subscript, scope: Scope) -> Iterator[tuple[ast.expr, Scope]]:
        """The values of a table that is written out."""
        table: tuple[ast.expr, Scope] | None = (node.value, scope)
        if isinstance(node.value, ast.Name):
            table = self._global(node.value.id, scope.module)
        if table is not None and isinstance(table[0], ast.Dict):
            for value in table[0].values:
                yield value, table[1]

    def _of_call(self, node: ast.Call, scope: Scope) -> Texts:
        name = name_of(node)
        if name in self._known:
            return _text(*self._known[name])
        if name == _TRANSLATES:
            return self.of(node.args[0], scope)
        if name in _JOINERS and node.args:
            self._joined(node, scope)
            return _unknown(node)
        if name == "format" and isinstance(node.func, ast.Attribute):
            [filled] = self._part(ast.FormattedValue(node.args[0], -1, None), scope)
            found = self._once(node.func.value, scope, "text")
            return Texts({text.replace(SLOT, filled): None for text in found.found}, found.unknown)
        returns = list(self._returns(node, scope))
        return self._union(returns) if returns else _unknown(node)

    def _joined(self, node: ast.Call, scope: Scope) -> list[str]:
        """The texts in what is joined: fragments."""
        found = self._once(node.args[0], scope, "items").found
        texts = [text for text in found if text not in self._names]
        self.fragments |= dict.fromkeys(texts)
        return texts

    def _returns(self, node: ast.Call, scope: Scope) -> Iterator[tuple[ast.expr, Scope]]:
        """What a function of the package returns."""
        name, module = name_of(node), scope.module
        if isinstance(node.func, ast.Attribute):
            is_own = isinstance(node.func.value, ast.Name) and node.func.value.id == "self"
            if not is_own:
                return
        elif name in module.imports:
            source, name = module.imports[name]
            if source not in self.modules:
                return
            module = self.modules[source]
            if name not in module.functions and name in module.imports:
                source, name = module.imports[name]
                module = self.modules.get(source, module)
        for function, outer in module.functions.get(name, []):
            inner = Scope(module, (*outer.functions, function))
            for child in within(function):
                if isinstance(child, ast.Return) and child.value is not None:
                    yield child.value, inner

    def _global(self, name: str, module: Module) -> tuple[ast.expr, Scope] | None:
        for _ in range(_DEEPEST):
            if name in module.values:
                return module.values[name], Scope(module)
            source, name = module.imports.get(name, ("", name))
            if source not in self.modules:
                return None
            module = self.modules[source]
        return None


def _has_letters(text: str) -> bool:
    return any(letter.isalpha() for letter in re.sub(r"\{[^}]*\}", "", text))


def _has_words(node: ast.AST) -> bool:
    return any(
        isinstance(item, ast.Constant)
        and isinstance(item.value, str)
        and any(len(word) > 1 for word in re.findall(r"[A-Za-z]+", item.value))
        for item in ast.walk(node)
    )
