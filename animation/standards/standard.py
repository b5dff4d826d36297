# SPDX-License-Identifier: GPL-3.0-or-later
"""What a standard of face shapes is: names, and each name's recipe over the 52 ARKit shapes.

Left and right in recipes are always the character's own, as in ARKit. Each standard's module says
whose left its names mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ...vocabulary import ARKIT_SHAPES
from ..recipes import on_both_sides

Recipe = Mapping[str, float]


@dataclass(frozen=True)
class Standard:
    """Names that a pipeline expects of a face.

    ``identifier``: for commands and files; ``label``: for people; ``source``: where the names are
    written down. ``recipes``: name -> weights 0..1 of ARKit shapes. ``renames``: name -> the ARKit
    shape which it is under another name. ``takes_arkit``: the ARKit names belong to the standard
    as they are.
    """

    identifier: str
    label: str
    source: str
    recipes: Mapping[str, Recipe]
    renames: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    takes_arkit: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError where a recipe names what isn't an ARKit shape, or a weight is off."""
        names = [shape for recipe in self.targets.values() for shape in recipe]
        unknown = {*names, *self.renames.values()} - set(ARKIT_SHAPES)
        weights = [weight for recipe in self.targets.values() for weight in recipe.values()]
        if unknown or not all(0.0 < weight <= 1.0 for weight in weights):
            raise ValueError(f"{self.label}: {sorted(unknown)} or a weight isn't ARKit's")
        if not set(self.recipes).isdisjoint(self.renames):
            raise ValueError(f"{self.label}: a name is both a recipe and another name")

    @property
    def targets(self) -> Mapping[str, Recipe]:
        """All names and their recipes; what is only renamed is its shape at full weight."""
        renamed = {name: {shape: 1.0} for name, shape in self.renames.items()}
        return MappingProxyType({**renamed, **self.recipes})


def recipes(table: Mapping[str, Mapping[str, float]]) -> Mapping[str, Recipe]:
    """An immutable table of recipes in which a shape without its side stands for both."""
    return MappingProxyType(
        {name: MappingProxyType(on_both_sides(weights)) for name, weights in table.items()}
    )
