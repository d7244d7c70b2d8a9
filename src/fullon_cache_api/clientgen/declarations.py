"""Types that have a name, and the lines that define them."""

from dataclasses import dataclass

from .names import is_attribute
from .source import docstring, laid_out, literal


@dataclass(frozen=True, slots=True)
class Field:
    """A member of an object."""

    name: str
    type: str
    required: bool
    description: str

    @property
    def annotation(self) -> str:
        """The type as a TypedDict declares it."""
        return self.type if self.required else f"NotRequired[{self.type}]"


@dataclass(frozen=True, slots=True)
class TypedObject:
    """An object whose members are known; `further` is the type of those that are not, where that is told."""

    name: str
    description: str
    fields: tuple[Field, ...]
    further: str = ""

    def lines(self) -> list[str]:
        """Return the definition: a class, or a call where a class body could not name the members."""
        if all(is_attribute(field.name) for field in self.fields):
            return self._class()
        members = [f"        {literal(field.name)}: {field.annotation}," for field in self.fields]
        return [f"{self.name} = TypedDict(", f"    {literal(self.name)},", "    {", *members, "    },", ")"]

    def _class(self) -> list[str]:
        further = f"Further members are `{self.further}`." if self.further else ""
        lines = [f"class {self.name}(TypedDict):", *docstring(4, f"{self.description} {further}")]
        for field in self.fields:
            lines += ["", f"    {field.name}: {field.annotation}", *docstring(4, field.description)]
        return lines


@dataclass(frozen=True, slots=True)
class Alias:
    """A name for another type; one for literals has them as `values`."""

    name: str
    description: str
    type: str
    values: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return the definition."""
        head = f"{self.name}: TypeAlias = "
        lines = laid_out(0, f"{head}Literal[", self.values, "]") if self.values else [head + self.type]
        return [*lines, *docstring(0, self.description)]
