# SPDX-License-Identifier: GPL-3.0-or-later
"""Every message that the extension can show an artist, as templates, by the syntax tree.

What only the batch says is left out: it speaks to consoles and logs, in English.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from tools.syntax import Module, Scope, argument, name_of
from tools.text_values import Texts, TextValues

ROOT: Final = Path(__file__).resolve().parent.parent
# The batch is read in consoles and logs; translations only pass on what others say.
_NOT_SHOWN: Final = {"batch", "translations"}
_NOT_SHIPPED: Final = {"tests", "tools", "training", "benchmarks", "requirements", "docs"}

# One text, several, or the place in a tuple where the text is.
Kind = Literal["one", "several"] | int

# What is called -> its arguments that an artist reads: names and places.
_TEXTS: Final = {
    "RigError": (("problem", 0), ("remedy", 1)),
    "Message": (("text", 1),),
    "Advice": (("text", 0),),
    "tell": (("text", 2),),
    "report": (("message", 1),),
    "translated": (("text", 0),),
    "Progress": (("stage", 0),),
    "judged": (("name", 0), ("unit", 3), ("place", 4), ("note", 5)),
    "not_measurable": (("name", 0), ("unit", 2), ("reason", 3)),
    "Metric": (("name", 0), ("unit", 4), ("place", 5), ("note", 6)),
}
# The same for arguments that hold several texts.
_LISTS: Final = {
    "Capture": (("notes", 6),),
    "Match": (("notes", 2),),
    "Speech": (("notes", 2),),
    "Added": (("remarks", 3),),
    "replace": (("notes", 2),),
}
# Raised as their kind of error, so what they pass on to it is read.
_SLOT: Final = re.compile(r"\{[^}]*\}")
_ERRORS: Final = {"RigError"}


@dataclass
class Collected:
    """``templates``: text -> which of its places hold texts that are templates, too; ``unknown``:
    "file: expression" of what is shown without the tree telling what it is.
    """

    templates: dict[str, frozenset[int]] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)

    def add(self, texts: Texts, place: str) -> None:
        """Take over what was found in a file."""
        for text in texts.found:
            slots = _SLOT.findall(text)
            plain = _SLOT.sub("{}", text)
            if any(letter.isalpha() for letter in plain):
                told = {number for number, slot in enumerate(slots) if slot != "{}"}
                self.templates[plain] = self.templates.get(plain, frozenset()) | told
        self.unknown |= {f"{place}: {source}" for source in texts.unknown}


def collect(
    known: dict[str, list[str]], names: frozenset[str] = frozenset(), root: Path = ROOT
) -> Collected:
    """All templates of the package in ``root``. ``known``: a function, or an expression as it is
    written -> all its texts, where tables or Blender make them. ``names``: identifiers, which are
    the same in every language.
    """
    modules = list(_modules(root))
    values = TextValues(modules, known, names)
    collected = Collected()
    for module in modules:
        if module.name.split(".")[0] in _NOT_SHOWN:
            continue
        place = module.path.relative_to(root).as_posix()
        for node, scope, kind in _shown(module):
            collected.add(_texts(values, node, scope, kind), place)
            collected.add(Texts(values.fragments, values.overlooked), place)
            values.fragments, values.overlooked = {}, {}
    for name in names:
        collected.templates.pop(name, None)
    return collected


def _texts(values: TextValues, node: ast.expr, scope: Scope, kind: Kind) -> Texts:
    if kind == "several":
        return values.of_items(node, scope)
    return values.of(node, scope) if kind == "one" else values.of_starred(node, kind, scope)


def _modules(root: Path) -> Iterator[Module]:
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).parts
        if parts[0] in _NOT_SHIPPED or any(part.startswith(".") for part in parts):
            continue
        names = [*parts[:-1], *([] if path.stem == "__init__" else [path.stem])]
        tree = ast.parse(path.read_text(encoding="utf-8"))
        module = Module(".".join(names), path, tree)
        module.read()
        yield module


def _shown(module: Module) -> Iterator[tuple[ast.expr, Scope, Kind]]:
    """Expressions that an artist reads."""
    for call, scope in module.calls:
        name = name_of(call)
        if name == "__init__" and call in module.classes and _is_error(module.classes[call]):
            name = "RigError"
        for parameter, place in _TEXTS.get(name, ()):
            yield from _argument(call, parameter, place, scope)
        for parameter, place in _LISTS.get(name, ()):
            value = argument(call, parameter, place)
            if value is not None:
                yield value, scope, "several"
        if name == "poll_message_set":
            yield call.args[-1], scope, "one"
    for node, scope in module.yields:
        is_stage = scope.functions and "Stage" in ast.unparse(
            scope.functions[-1].returns or ast.Constant("")
        )
        if is_stage and isinstance(node.value, ast.Tuple):
            yield node.value.elts[0], scope, "one"


def _argument(
    call: ast.Call, parameter: str, place: int, scope: Scope
) -> Iterator[tuple[ast.expr, Scope, Kind]]:
    for number, value in enumerate(call.args[: place + 1]):
        if isinstance(value, ast.Starred):
            yield value.value, scope, place - number
            return
    found = argument(call, parameter, place)
    if found is not None:
        yield found, scope, "one"


def _is_error(kind: ast.ClassDef) -> bool:
    return any(isinstance(base, ast.Name) and base.id in _ERRORS for base in kind.bases)
