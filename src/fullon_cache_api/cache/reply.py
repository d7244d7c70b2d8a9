"""What Redis replies, in names that cost nothing to import: who only declares reads needs no Redis."""

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from redis.exceptions import ResponseError

Reply: TypeAlias = "bytes | int | list[Reply] | ResponseError | None"


def is_wrong_type(reply: Reply) -> bool:
    """Whether a reply says that the key holds another type than the command reads (WRONGTYPE)."""
    return isinstance(reply, Exception) and str(reply).startswith("WRONGTYPE")
