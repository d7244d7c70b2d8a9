"""uvicorn's side of a connection, for clients that send what is no request, or are gone."""

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle


class Connection(HttpToolsProtocol):
    """Refuses what is no request after it has answered the requests before it (RFC 9112, section 9.3.2).

    uvicorn itself would refuse at once, so that the refusal looks like the answer to the first request, and
    fail with an error in the log at each answer that it can no longer send.
    """

    _answering: RequestResponseCycle | None = None
    _refusal: str | None = None

    def send_400_response(self, msg: str) -> None:
        """Refuse what has come: now, or once what came before it is answered."""
        if self._refusal is not None:
            return
        last, answering = self.cycle, self._answering
        if answering is None or answering.response_complete:
            # What follows the answer to a request that has not ended would be taken for the next one's.
            if last is not None and last.more_body:
                self.transport.close()
            else:
                super().send_400_response(msg)
        elif not answering.more_body:
            self._refusal = msg
            if last.more_body:
                # The last of several requests is the one that is refused.
                self.pipeline.popleft()
        else:
            answering.disconnected = True
            if answering.response_started:
                self.transport.close()
            else:
                super().send_400_response(msg)

    def on_response_complete(self) -> None:
        """Go on with the next request, or with the refusal of what came after the last."""
        was_last = not self.pipeline
        super().on_response_complete()
        if was_last and self._refusal is not None and not self.transport.is_closing():
            super().send_400_response(self._refusal)

    def connection_lost(self, exc: Exception | None) -> None:
        """Send nothing more, of none of several requests."""
        super().connection_lost(exc)
        if self._answering is not None and not self._answering.response_complete:
            self._answering.disconnected = True
            self._answering.message_event.set()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: whoever offers another protocol goes on with this one (RFC 9110, section 7.8)."""
