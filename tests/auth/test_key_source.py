"""Where the keys of tokens come from, and what happens when nothing comes."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from auth.clocks import Clock
from auth.signing import ec_key, jwk, key_set, rsa_key

from fullon_cache_api.auth import key_source as module
from fullon_cache_api.auth.key_source import KeySetAddress, KeySetFile, Secret, fetch_bytes
from fullon_cache_api.auth.principal import AuthenticationUnavailable, AuthError

ONE = key_set(jwk(rsa_key(), kid="a"))
TWO = key_set(jwk(rsa_key(), kid="a"), jwk(rsa_key("b"), kid="b"))
ADDRESS = "https://id.example.org/keys"
Reports = list[tuple[str, str | None]]


class Issuer:
    """What an address answers, as a test wants it: `answer` is a body, or an error; `asked` counts."""

    def __init__(self, answer: bytes | Exception = ONE) -> None:
        self.answer = answer
        self.asked = 0
        self.open = threading.Event()
        self.open.set()

    def __call__(self, address: str) -> bytes:
        assert address == ADDRESS
        self.asked += 1
        assert self.open.wait(10)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def address(issuer: Issuer) -> tuple[KeySetAddress, Clock, Reports]:
    clock, reports = Clock(), Reports()
    return KeySetAddress(ADDRESS, "RS256", lambda *one: reports.append(one), issuer, clock), clock, reports


def run(test: Callable[[], object]) -> None:
    asyncio.run(test())  # type: ignore[arg-type]


def test_a_secret_is_the_one_key_and_never_another() -> None:
    async def test() -> None:
        secret = Secret(b"s")
        assert secret.find(None) == secret.find("x") == b"s"
        assert secret.version is secret.version
        await secret.renew()

    run(test)


def test_a_file_gives_its_keys_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "keys.json"
    with pytest.raises(AuthError, match="cannot be read"):
        KeySetFile(file, "RS256", lambda *one: None)
    file.write_bytes(key_set(jwk(ec_key(), kid="e")))
    with pytest.raises(AuthError, match="has no key that verifies RS256"):
        KeySetFile(file, "RS256", lambda *one: None)
    assert KeySetFile(file, "ES256", lambda *one: None).find("e") is not None
    file.write_bytes(ONE)
    reports = Reports()
    source = KeySetFile(file, "RS256", lambda *one: reports.append(one))
    before = source.version
    assert source.find("a") is not None
    assert source.find("b") is None
    assert source.version is before
    monkeypatch.setattr("fullon_cache_api.auth.watched_file.LOOK_EVERY", 0.0)
    time.sleep(0)
    file.write_bytes(TWO)
    deadline = time.monotonic() + 10
    while source.find("b") is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert source.find("b") is not None
    assert source.version is not before
    assert reports == []
    asyncio.run(source.renew())


@pytest.mark.parametrize("written", [key_set(jwk(ec_key(), kid="e")), b'{"keys": []}'])
def test_a_file_whose_usable_keys_are_taken_out_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: bytes
) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(ONE)
    source = KeySetFile(file, "RS256", lambda *one: None)
    before = source.version
    assert source.find("a") is not None
    monkeypatch.setattr("fullon_cache_api.auth.watched_file.LOOK_EVERY", 0.0)
    file.write_bytes(written)
    deadline = time.monotonic() + 10
    while source.find("a") is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert source.find("a") is None
    assert source.version is not before


def test_nothing_is_fetched_before_it_is_needed() -> None:
    async def test() -> None:
        issuer = Issuer()
        source, _, reports = address(issuer)
        assert source.version is None
        assert source.find("a") is None
        assert issuer.asked == 0
        await source.renew()
        assert issuer.asked == 1
        assert source.find("a") is not None
        assert reports == []

    run(test)


def test_an_unknown_id_leads_to_one_fetch_in_half_a_minute() -> None:
    async def test() -> None:
        issuer = Issuer()
        source, clock, _ = address(issuer)
        for _ in range(3):
            await source.renew()
        assert issuer.asked == 1
        clock.passes(29.9)
        await source.renew()
        assert issuer.asked == 1
        issuer.answer = TWO
        clock.passes(0.1)
        await source.renew()
        assert issuer.asked == 2
        assert source.find("b") is not None

    run(test)


def test_all_who_wait_wait_for_the_same_fetch() -> None:
    async def test() -> None:
        issuer = Issuer()
        source, clock, _ = address(issuer)
        issuer.open.clear()
        waiting = [asyncio.ensure_future(source.renew()) for _ in range(20)]
        while not issuer.asked:
            await asyncio.sleep(0.001)
        clock.passes(1_000)
        waiting.append(asyncio.ensure_future(source.renew()))
        waiting[0].cancel()
        issuer.open.set()
        await asyncio.gather(*waiting[1:])
        assert issuer.asked == 1
        assert source.find("a") is not None

    run(test)


def test_nobody_waits_longer_than_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert module.WAIT == 2.0
    monkeypatch.setattr(module, "WAIT", 0.05)

    async def test() -> None:
        issuer = Issuer()
        source, _, _ = address(issuer)
        issuer.open.clear()
        with pytest.raises(AuthenticationUnavailable) as caught:
            await source.renew()
        assert caught.value.reason == "no keys have come yet"
        issuer.open.set()
        while source.find("a") is None:
            await asyncio.sleep(0.001)

    run(test)


def test_keys_are_fetched_again_after_ten_minutes_and_nobody_waits_for_that() -> None:
    async def test() -> None:
        issuer = Issuer(TWO)
        source, clock, _ = address(issuer)
        await source.renew()
        before = source.version
        clock.passes(599.9)
        assert source.version is before
        await asyncio.sleep(0.02)
        assert issuer.asked == 1
        issuer.answer = ONE
        clock.passes(0.1)
        assert source.version is before
        assert source.find("b") is not None
        while source.find("b") is not None:
            await asyncio.sleep(0.001)
        assert issuer.asked == 2
        assert source.version is not before

    run(test)


def test_the_same_keys_are_the_same_version() -> None:
    async def test() -> None:
        issuer = Issuer(key_set(jwk(rsa_key(), kid="a"), {"kty": "x"}))
        source, clock, _ = address(issuer)
        await source.renew()
        before = source.version
        clock.passes(30)
        issuer.answer = ONE
        await source.renew()
        assert issuer.asked == 2
        assert source.version is before
        clock.passes(30)
        issuer.answer = key_set(jwk(rsa_key("b"), kid="a"))
        await source.renew()
        assert source.version is not before

    run(test)


FAILURES: list[tuple[bytes | Exception, str]] = [
    (b"<html>", "is not JSON"),
    (b'{"keys": [1]}', "has no key that verifies RS256"),
    (ConnectionRefusedError(111, "Connection refused"), "cannot be fetched: Connection refused"),
    (TimeoutError(), "cannot be fetched: TimeoutError"),
    (ValueError("secret"), "cannot be fetched: ValueError"),
    (RuntimeError("secret"), "cannot be fetched: RuntimeError"),
]


@pytest.mark.parametrize(("failure", "reason"), FAILURES)
def test_where_no_keys_come_at_first_nothing_can_be_verified(failure: bytes | Exception, reason: str) -> None:
    async def test() -> None:
        issuer = Issuer(failure)
        source, clock, reports = address(issuer)
        for _ in range(3):
            with pytest.raises(AuthenticationUnavailable) as caught:
                await source.renew()
            assert caught.value.reason == reason
        assert issuer.asked == 1
        assert reports == [(ADDRESS, reason)]
        clock.passes(1.9)
        with pytest.raises(AuthenticationUnavailable):
            await source.renew()
        assert issuer.asked == 1
        issuer.answer = ONE
        clock.passes(0.1)
        await source.renew()
        assert source.find("a") is not None
        assert reports == [(ADDRESS, reason), (ADDRESS, None)]

    run(test)


@pytest.mark.parametrize("reason", [None, "cannot be fetched: TimeoutError"])
def test_where_nobody_has_asked_for_longer_the_next_set_is_waited_for(reason: str | None) -> None:
    """A key that was taken back meanwhile lets nobody in; where no new set comes the last one stays."""

    async def test() -> None:
        issuer = Issuer(TWO)
        source, clock, reports = address(issuer)
        await source.renew()
        before = source.version
        issuer.answer = ONE if reason is None else TimeoutError()
        issuer.open.clear()
        clock.passes(605)
        assert (source.version, source.find("a"), source.find("b")) == (None, None, None)
        issuer.open.set()
        await source.renew()
        assert issuer.asked == 2
        assert source.find("a") is not None
        assert (source.find("b") is None) == (reason is None)
        assert (source.version is before) == (reason is not None)
        assert reports == ([] if reason is None else [(ADDRESS, reason)])

    run(test)


def test_a_set_that_is_late_is_not_waited_for_longer_than_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has waited enough gets the last one, by whichever clock that was."""
    monkeypatch.setattr(module, "WAIT", 0.05)

    async def test() -> None:
        issuer = Issuer()
        source, clock, _ = address(issuer)
        await source.renew()
        before = source.version
        issuer.open.clear()
        clock.passes(604.9)
        assert (source.version, source.find("a") is None) == (before, False)
        issuer.open.set()
        await finished(source)
        issuer.open.clear()
        clock.passes(605)
        assert (source.version, source.find("a")) == (None, None)
        await asyncio.gather(*(source.renew() for _ in range(20)))
        assert (source.version, source.find("a") is None) == (before, False)
        assert issuer.asked == 3
        issuer.open.set()

    run(test)


async def finished(source: KeySetAddress) -> None:
    while source._under_way is not None and not source._under_way.done():
        await asyncio.sleep(0.001)


def test_while_an_address_fails_silence_is_shorter() -> None:
    async def test() -> None:
        issuer = Issuer(TWO)
        source, clock, _ = address(issuer)
        await source.renew()
        issuer.answer = TimeoutError()
        clock.passes(600)
        assert source.version is not None
        await finished(source)
        issuer.answer = ONE
        clock.passes(30)
        assert source.find("b") is not None
        clock.passes(5)
        assert (source.version, source.find("b")) == (None, None)
        await source.renew()
        assert (source.find("a") is None, source.find("b")) == (False, None)

    run(test)


def test_a_fetch_that_is_lost_with_its_loop_is_begun_again_after_half_a_minute() -> None:
    issuer = Issuer(TWO)
    source, clock, _ = address(issuer)
    asyncio.run(source.renew())
    issuer.answer = ONE
    clock.passes(600)

    async def look() -> object:
        return source.version

    async def look_and_wait() -> None:
        assert source.version is None
        await source.renew()

    assert asyncio.run(look()) is not None
    clock.passes(29.9)
    assert asyncio.run(look()) is not None
    assert issuer.asked == 2
    clock.passes(5.1)
    asyncio.run(look_and_wait())
    assert (source.find("a") is None, source.find("b")) == (False, None)


def test_after_a_fetch_that_failed_the_next_one_comes_in_half_a_minute() -> None:
    async def test() -> None:
        issuer = Issuer()
        source, clock, reports = address(issuer)
        await source.renew()
        issuer.answer = TimeoutError()
        for asked, seconds in ((2, 600), (3, 30), (4, 30)):
            clock.passes(seconds - 0.1)
            assert source.find("a") is not None
            assert source.version is not None
            assert issuer.asked == asked - 1
            clock.passes(0.1)
            assert source.version is not None
            while issuer.asked < asked or reports != [(ADDRESS, "cannot be fetched: TimeoutError")]:
                await asyncio.sleep(0.001)
            while source._under_way is not None and not source._under_way.done():
                await asyncio.sleep(0.001)

    run(test)


@pytest.mark.parametrize("use", ["enc", "sig"])
def test_a_set_that_has_no_usable_key_any_more_ends_all_tokens_and_is_told(use: str) -> None:
    async def test() -> None:
        issuer = Issuer()
        source, clock, reports = address(issuer)
        await source.renew()
        key = jwk(rsa_key("b"), kid="a", use="enc") if use == "enc" else jwk(ec_key(), kid="a")
        issuer.answer = key_set(key)
        clock.passes(30)
        await source.renew()
        assert source.find("a") is None
        assert reports == [(ADDRESS, "has no key that verifies RS256")]
        issuer.answer = ONE
        clock.passes(30)
        await source.renew()
        assert source.find("a") is not None
        assert reports[1:] == [(ADDRESS, None)]

    run(test)


def test_a_set_that_is_emptied_ends_all_tokens() -> None:
    async def test() -> None:
        issuer = Issuer()
        source, clock, reports = address(issuer)
        await source.renew()
        issuer.answer = b'{"keys": []}'
        clock.passes(30)
        await source.renew()
        assert source.find("a") is None
        assert reports == []

    run(test)


@pytest.mark.parametrize(("failure", "reason"), FAILURES)
def test_where_no_new_keys_come_the_last_good_ones_stay(failure: bytes | Exception, reason: str) -> None:
    async def test() -> None:
        issuer = Issuer()
        source, clock, reports = address(issuer)
        await source.renew()
        before = source.version
        issuer.answer = failure
        clock.passes(30)
        await source.renew()
        assert source.version is before
        assert source.find("a") is not None
        assert reports == [(ADDRESS, reason)]

    run(test)


def test_another_event_loop_does_not_wait_for_a_fetch_of_one_that_is_gone() -> None:
    issuer = Issuer()
    source, clock, _ = address(issuer)

    async def leave() -> None:
        issuer.open.clear()
        task = asyncio.ensure_future(source.renew())
        while not issuer.asked:
            await asyncio.sleep(0.001)
        task.cancel()
        issuer.open.set()

    asyncio.run(leave())
    clock.passes(30)
    asyncio.run(source.renew())
    assert source.find("a") is not None


class Server(BaseHTTPRequestHandler):
    """An issuer's server: what it answers is in the path."""

    def do_GET(self) -> None:
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "/keys")
            self.end_headers()
            return
        if self.path == "/slow":
            self.send_response(200)
            self.end_headers()
            for _ in range(100):
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(0.02)
            return
        is_known = self.path in ("/keys", "/large") and self.headers["Accept"] == "application/json"
        self.send_response(200 if is_known else 500)
        self.end_headers()
        self.wfile.write(ONE if self.path == "/keys" else b"x" * 1_000_000)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def issuer_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an issuer on this machine, which no proxy is asked for."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_an_address_is_asked_by_http(issuer_url: str) -> None:
    assert fetch_bytes(f"{issuer_url}/keys") == ONE


def test_no_more_of_an_answer_is_taken_than_shows_that_it_is_too_large(issuer_url: str) -> None:
    assert 256 * 1024 < len(fetch_bytes(f"{issuer_url}/large")) <= 256 * 1024 + 64 * 1024


def test_an_address_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FETCH_TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(TimeoutError):
        fetch_bytes(f"http://127.0.0.1:{listener.getsockname()[1]}/keys")


def test_an_answer_that_drips_is_given_up(issuer_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert module.FETCH_TIMEOUT == 5.0
    monkeypatch.setattr(module, "FETCH_TIMEOUT", 0.2)
    with pytest.raises(TimeoutError):
        fetch_bytes(f"{issuer_url}/slow")


@pytest.mark.parametrize(("path", "status"), [("/redirect", 302), ("/broken", 500)])
def test_what_is_no_answer_is_said_with_its_status(issuer_url: str, path: str, status: int) -> None:
    async def test() -> None:
        reports = Reports()
        source = KeySetAddress(issuer_url + path, "RS256", lambda *one: reports.append(one))
        with pytest.raises(AuthenticationUnavailable) as caught:
            await source.renew()
        assert caught.value.reason == f"cannot be fetched: the answer is {status}"
        assert reports == [(issuer_url + path, caught.value.reason)]

    run(test)


def test_a_port_on_which_nobody_listens_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    async def test() -> None:
        source = KeySetAddress(f"http://127.0.0.1:{port}/", "RS256", lambda *one: None)
        with pytest.raises(AuthenticationUnavailable, match="cannot be fetched: Connection refused"):
            await source.renew()

    run(test)
