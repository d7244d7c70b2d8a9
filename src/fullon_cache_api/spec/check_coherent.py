"""Checks whether what an endpoint reads can be held coherent."""

from collections.abc import Sequence

from .check_parameter import Declared
from .document import Part
from .model import Binding
from .signature import ReadSignature
from .wording import quote


def check_coherent(
    endpoint: Part,
    read: ReadSignature | None,
    bindings: Sequence[Binding] | None,
    declared: Sequence[Declared] | None,
) -> bool:
    """Return whether an endpoint is to be coherent, after reporting a read that looks for keys (SCAN).

    What SCAN finds is never kept, for no notice about a key that has been read tells of one that is new.
    """
    coherent = endpoint.flag("coherent")
    if not coherent or read is None or bindings is None or declared is None or "SCAN" not in read.commands:
        return coherent
    if read.no_scan_with is None:
        endpoint.complain(f"{read.name} looks for keys (SCAN): it cannot be coherent", "coherent")
    elif read.no_scan_with not in _always_fed(bindings, declared):
        message = f"{read.name} looks for keys (SCAN) where it is not given {quote(read.no_scan_with)}"
        endpoint.complain(f"{message}: only with that can it be coherent", "coherent")
    return coherent


def _always_fed(bindings: Sequence[Binding], declared: Sequence[Declared]) -> set[str]:
    parameters = (entry.parameter for entry in declared)
    given = {each.name for each in parameters if each.required or "default" in each.schema}
    return {each.argument for each in bindings if each.parameter is None or each.parameter in given}
