"""What the YAML says, as frozen objects: the one description that everything else is derived from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from .json import Json, JsonObject
from .security import Owner, SecurityScheme
from .signature import ArgumentType, ReadSignature

Location: TypeAlias = Literal["path", "query"]

Select: TypeAlias = Literal["fields", "limit", "offset"]
"""What a parameter can select from an answer: members by their names, how many elements, from which on."""

SELECTS: tuple[Select, ...] = ("fields", "limit", "offset")


@dataclass(frozen=True, slots=True)
class Info:
    """OpenAPI's Info Object."""

    title: str
    version: str
    description: str
    members: JsonObject


@dataclass(frozen=True, slots=True)
class Tag:
    """OpenAPI's Tag Object."""

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Cors:
    """Which web pages of other origins may read the answers; `("*",)` are all. `max_age` is in seconds."""

    origins: tuple[str, ...]
    credentials: bool = False
    headers: tuple[str, ...] = ()
    max_age: int = 600


@dataclass(frozen=True, slots=True)
class Parameter:
    """OpenAPI's Parameter Object for a path segment or a query parameter.

    `decode="symbol"` reads the text as a market symbol: `BTC-USDT` stands for `BTC/USDT`. One with a
    `select` feeds no read: it says what of the answer is sent.
    """

    name: str
    location: Location
    description: str
    required: bool
    schema: JsonObject
    example: Json = None
    decode: Literal["symbol"] | None = None
    deprecated: bool = False
    select: Select | None = None

    @property
    def type(self) -> ArgumentType:
        """The type of the value that the parameter feeds to a read."""
        if self.decode == "symbol":
            return "symbol"
        match self.schema["type"]:
            case "integer":
                return "integer"
            case "number":
                return "number"
            case "boolean":
                return "boolean"
            case _:
                return "string"


@dataclass(frozen=True, slots=True)
class Binding:
    """What feeds one argument of a read: a parameter by name, or a constant."""

    argument: str
    parameter: str | None = None
    const: Json = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path: which read answers it, from which parameters, in which response schema.

    `empty` is the status for what the cache does not hold; `max_age` (seconds) is None where an answer must
    not be stored. A `coherent` one may be answered from copies that end when Redis tells of a change.
    `security` names the schemes one of which lets a request in: none is everybody, None that nobody has said.
    Who is let in needs all `scopes`, and to be the `owner`.
    While Redis cannot be read, the last good answer may be given up to an age of `stale_if_error` (seconds).
    """

    path: str
    operation_id: str
    tags: tuple[str, ...]
    summary: str
    description: str
    parameters: tuple[Parameter, ...]
    read: ReadSignature
    bindings: tuple[Binding, ...]
    response: str
    empty: Literal[200, 404]
    max_age: float | None
    deprecated: bool = False
    coherent: bool = False
    security: tuple[str, ...] | None = None
    scopes: tuple[str, ...] = ()
    owner: Owner | None = None
    stale_if_error: float | None = None

    @property
    def is_collection(self) -> bool:
        """Whether the answer lists elements."""
        return self.read.elements is not None

    def selecting(self, select: Select) -> Parameter | None:
        """Return the parameter that selects in this way, or None."""
        return next((parameter for parameter in self.parameters if parameter.select == select), None)


@dataclass(frozen=True, slots=True)
class Spec:
    """A checked spec: paths in the order of the file, `schemas` by file name (JSON Schema 2020-12).

    `security` is that of the endpoints which do not say their own.
    """

    info: Info
    tags: tuple[Tag, ...]
    endpoints: tuple[Endpoint, ...]
    schemas: Mapping[str, JsonObject]
    cors: Cors | None = None
    security_schemes: tuple[SecurityScheme, ...] = ()
    security: tuple[str, ...] | None = None

    @property
    def authenticates(self) -> bool:
        """Whether somebody has to say who asks, and nothing is open to everybody but what is said to be."""
        return any(each.security for each in self.endpoints) and not self.unsaid

    @property
    def unsaid(self) -> tuple[Endpoint, ...]:
        """The endpoints that everybody may read because nobody has said anything of it."""
        return tuple(each for each in self.endpoints if each.security is None)
