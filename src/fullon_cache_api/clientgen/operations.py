"""Endpoints as methods: one constant for the request, one method for each of the two clients."""

from collections.abc import Iterable
from dataclasses import dataclass

from fullon_cache_api.spec.model import Endpoint, Parameter

from .names import free_name, snake_case
from .source import docstring, laid_out, literal, mapping, sentence
from .type_book import TypeBook

# Names that methods must not hide: those of the clients, and the types of parameters.
_TAKEN = frozenset({"close", "aclose", "batch", "bool", "float", "int", "str"})

_SYMBOL = (
    "Market symbol. With a `/` in it (`BTC/USDT`) it is meant as it stands; without one each `-` stands for "
    "a `/` and, where no such symbol is cached, for itself."
)


@dataclass(frozen=True, slots=True)
class Argument:
    """A parameter as methods take it."""

    name: str
    type: str
    parameter: Parameter


@dataclass(frozen=True, slots=True)
class Method:
    """An endpoint as a method; `path` arguments are in the order of the path."""

    name: str
    endpoint: Endpoint
    answer: str
    path: tuple[Argument, ...]
    query: tuple[Argument, ...]

    @property
    def constant(self) -> str:
        """The name of the constant that holds its request."""
        return f"_{self.name.upper()}"


def methods_of(endpoints: Iterable[Endpoint], book: TypeBook) -> list[Method]:
    """Return a method for each endpoint; their types are declared in the book."""
    methods: list[Method] = []
    taken = set(_TAKEN)
    for endpoint in endpoints:
        name = free_name(snake_case(endpoint.operation_id), taken)
        taken.add(name)
        methods.append(_method(name, endpoint, book))
    return methods


def constant(method: Method) -> list[str]:
    """Return the lines of a method's constant."""
    head = f"{method.constant}: Operation[{method.answer}] = Operation("
    return laid_out(0, head, [literal(method.endpoint.path)], ")")


def sync_method(method: Method) -> list[str]:
    """Return the lines of a method that blocks."""
    return _lines(method, "def", "return")


def async_method(method: Method) -> list[str]:
    """Return the lines of a method that is awaited."""
    return _lines(method, "async def", "return await")


def _method(name: str, endpoint: Endpoint, book: TypeBook) -> Method:
    taken = {"self", f"_{name.upper()}"}
    query = [parameter for parameter in endpoint.parameters if parameter.location == "query"]
    return Method(
        name,
        endpoint,
        book.of_file(endpoint.response),
        tuple(_argument(parameter, endpoint, book, taken) for parameter in _in_path(endpoint)),
        tuple(_argument(parameter, endpoint, book, taken) for parameter in query),
    )


def _in_path(endpoint: Endpoint) -> list[Parameter]:
    template = endpoint.path.split("/")
    parameters = [parameter for parameter in endpoint.parameters if parameter.location == "path"]
    return sorted(parameters, key=lambda parameter: template.index(f"{{{parameter.name}}}"))


def _argument(parameter: Parameter, endpoint: Endpoint, book: TypeBook, taken: set[str]) -> Argument:
    name = free_name(parameter.name, taken)
    taken.add(name)
    type_name = book.of_parameter(parameter.schema, f"{endpoint.operation_id}_{parameter.name}")
    return Argument(name, type_name, parameter)


def _lines(method: Method, define: str, give: str) -> list[str]:
    written = [f"{argument.name}: {argument.type}" for argument in method.path]
    if method.query:
        written += ["*", *map(_optional, method.query)]
    values = [method.constant]
    if method.path or method.query:
        values.append(_tuple([argument.name for argument in method.path]))
    if method.query:
        pairs = [f"{literal(argument.parameter.name)}: {argument.name}" for argument in method.query]
        values.append(mapping(12, pairs))
    return [
        *laid_out(4, f"{define} {method.name}(", ["self", *written], f") -> {method.answer}:"),
        *_docstring(method),
        *laid_out(8, f"{give} self._call(", values, ")"),
    ]


def _optional(argument: Argument) -> str:
    if argument.parameter.required:
        return f"{argument.name}: {argument.type}"
    return f"{argument.name}: {argument.type} | None = None"


def _tuple(names: list[str]) -> str:
    return f"({names[0]},)" if len(names) == 1 else f"({', '.join(names)})"


def _docstring(method: Method) -> list[str]:
    endpoint = method.endpoint
    deprecated = "Deprecated: move away from this endpoint." if endpoint.deprecated else ""
    entries = [_entry(argument) for argument in (*method.path, *method.query)]
    texts = (sentence(endpoint.summary), deprecated, endpoint.description, f"GET {endpoint.path}")
    return docstring(8, *texts, entries=entries)


def _entry(argument: Argument) -> str:
    parameter = argument.parameter
    text = _SYMBOL if parameter.decode == "symbol" else sentence(parameter.description)
    default = parameter.schema.get("default")
    notes = [] if default is None else [f"Left out: {default}."]
    notes += ["Deprecated."] if parameter.deprecated else []
    # A type for each selection there is would be one nobody can name.
    notes += ["The type is that of the whole answer."] if parameter.select == "fields" else []
    return " ".join([f"`{argument.name}`:", text, *notes]).strip()
