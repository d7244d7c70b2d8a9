"""Every kind of failure of Redis that docs/failure-modes.md has a row for."""

from failures import row_errors, row_network, row_replies, row_servers
from failures.stage import Failure

FAILURES: tuple[Failure, ...] = (
    *row_network.FAILURES,
    *row_servers.FAILURES,
    *row_errors.FAILURES,
    *row_replies.FAILURES,
)
