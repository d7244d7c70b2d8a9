"""What a gateway needs to ask who asks, and what it says where that cannot be used."""

import asyncio
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from auth.signing import AUDIENCE, ISSUER, SECRET, ec_key, jwk, key_set, rsa_key, token
from guarded import SCHEMES, Guarded, write_guarded
from support import CHECKOUT, settings_for

from fullon_cache_api.auth.authenticator import Authenticator
from fullon_cache_api.auth.principal import AuthError
from fullon_cache_api.gateway import FullonCacheGateway
from fullon_cache_api.loading import load
from fullon_cache_api.settings import SettingsError

REDIS = "redis://127.0.0.1:1/0"
ES256 = f"""
securitySchemes:
  token:
    {{type: http, scheme: bearer, algorithm: ES256, issuer: '{ISSUER}', audience: {AUDIENCE}, jwks: JWKS}}
security: [token]
"""


@pytest.fixture
def desk(tmp_path: Path) -> Guarded:
    return write_guarded(tmp_path)


def error(desk: Guarded, **variables: str) -> str:
    with pytest.raises(SettingsError) as caught:
        FullonCacheGateway(settings=desk.settings(REDIS, **variables))
    return str(caught.value)


def opened(desk: Guarded) -> Authenticator:
    return Authenticator(load(desk.spec), desk.keys_file, SECRET, lambda *report: None)


def test_it_says_which_headers_say_who_asks(desk: Guarded) -> None:
    assert opened(desk).headers == {b"x-api-key", b"authorization"}
    nobody = Authenticator(load(CHECKOUT / "endpoints.yaml"), Path("/nowhere"), "", lambda *report: None)
    assert nobody.headers == frozenset()
    assert nobody.default_requirement() is None
    assert nobody.requirement(load(CHECKOUT / "endpoints.yaml").endpoints[0]) is None


def test_an_endpoint_that_is_open_has_no_requirement(desk: Guarded) -> None:
    endpoint = load(desk.spec).endpoints[0]
    assert opened(desk).requirement(endpoint) is not None
    assert opened(desk).requirement(replace(endpoint, security=())) is None
    assert opened(desk).default_requirement() is not None


def test_a_file_of_keys_that_is_not_there_ends_the_start(desk: Guarded) -> None:
    desk.keys_file.unlink()
    assert error(desk) == (
        "API_KEYS_FILE: cannot be read: No such file or directory; `fullon-cache-api keys new` makes one"
    )


def test_a_file_of_keys_that_cannot_be_used_ends_the_start(desk: Guarded) -> None:
    desk.keys_file.write_text("{}")
    assert error(desk) == "API_KEYS_FILE: is no file of keys"
    desk.keys_file.chmod(0o622)
    assert error(desk) == "API_KEYS_FILE: others than its owner may write it: chmod go-w"


@pytest.mark.parametrize("secret", ["", "x" * 31, "é" * 15])
def test_a_short_secret_ends_the_start_and_is_not_shown(desk: Guarded, secret: str) -> None:
    assert error(desk, JWT_SECRET=secret) == (
        "JWT_SECRET: HS256 needs a secret of at least 32 bytes, as `openssl rand -hex 32` makes"
    )


def test_a_secret_of_32_bytes_is_enough(desk: Guarded) -> None:
    assert FullonCacheGateway(settings=desk.settings(REDIS, JWT_SECRET="é" * 16)).spec.authenticates


@pytest.mark.parametrize(
    "secret", ["-----BEGIN PUBLIC KEY-----\nMIIBIjAN", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ"]
)
def test_a_key_that_others_have_is_no_secret(desk: Guarded, secret: str) -> None:
    assert error(desk, JWT_SECRET=secret) == (
        "JWT_SECRET: is a key of another kind: HS256 needs a secret that nobody else has"
    )


def test_who_says_that_nobody_is_asked_does_not_switch_the_specs_security_off(desk: Guarded) -> None:
    assert error(desk, AUTH="none") == (
        "AUTH: the spec asks who asks, and none says that nobody has to say it: leave out one of both"
    )


def test_a_key_set_is_a_file_beside_the_spec(tmp_path: Path) -> None:
    desk = write_guarded(tmp_path, ES256.replace("JWKS", "jwks.json"))
    desk.keys_file.unlink()
    assert error(desk) == f"{tmp_path}/jwks.json: cannot be read: No such file or directory"
    (tmp_path / "jwks.json").write_bytes(key_set(jwk(rsa_key(), kid="a")))
    assert error(desk) == f"{tmp_path}/jwks.json: has no key that verifies ES256"
    (tmp_path / "jwks.json").write_bytes(key_set(jwk(ec_key(), kid="a")))
    requirement = opened(desk).requirement(load(desk.spec).endpoints[0])
    assert requirement is not None
    text = token(ec_key(), "ES256")
    assert requirement.look([(b"authorization", b"Bearer " + text)]) == text
    assert asyncio.run(requirement.verify(text)).id == "7"
    assert opened(desk).headers == {b"authorization"}


def test_only_claims_that_ownership_is_about_are_kept_of_a_token(desk: Guarded) -> None:
    requirement = opened(desk).requirement(load(desk.spec).endpoints[0])
    assert requirement is not None
    who = asyncio.run(requirement.verify(token(SECRET, "HS256", ex_id=1, email="x@example.org")))
    assert who.claims == {"sub": frozenset({"7"}), "ex_id": frozenset({"1"})}


def test_nothing_is_fetched_at_the_start(tmp_path: Path) -> None:
    desk = write_guarded(tmp_path, ES256.replace("JWKS", "'https://127.0.0.1:1/jwks'"))
    assert FullonCacheGateway(settings=desk.settings(REDIS)).spec.authenticates


def test_keys_need_nothing_that_verifies_tokens(tmp_path: Path) -> None:
    code = f"""
import sys
sys.modules["jwt"] = None
from pathlib import Path
from fullon_cache_api.auth.authenticator import Authenticator
from fullon_cache_api.loading import load
from fullon_cache_api.auth.principal import AuthError
for name in ("keys", "tokens"):
    folder = Path({str(tmp_path)!r}) / name
    try:
        Authenticator(load(folder / "endpoints.yaml"), folder / "keys.json", {SECRET!r}, print)
        print("fine")
    except AuthError as error:
        print(error)
"""
    keys = "\nsecuritySchemes: {apiKey: {type: apiKey, in: header, name: X-API-Key}}\nsecurity: [apiKey]\n"
    for name, schemes in (("keys", keys), ("tokens", SCHEMES)):
        (tmp_path / name).mkdir()
        write_guarded(tmp_path / name, schemes)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "fine",
        'securitySchemes.token: tokens need PyJWT: pip install "fullon-cache-api[jwt]"',
    ]


@pytest.mark.parametrize(
    ("security", "authenticates"),
    [
        ("security: [apiKey]\n", True),
        ("", False),
        ("security: []\n", True),
    ],
)
def test_a_spec_authenticates_where_nothing_is_open_that_does_not_say_so(
    tmp_path: Path, security: str, authenticates: bool
) -> None:
    def spec(more: str) -> bool:
        schemes = "securitySchemes: {apiKey: {type: apiKey, in: header, name: X-API-Key}}\n"
        bots = "  /{0}:\n    operationId: {0}\n    summary: x\n    read: BotCache.get_bots\n"
        bots += "    response: bots.json\n"
        text = f"info: {{title: x, version: '1'}}\n{schemes}{security}endpoints:\n"
        text += bots.format("a") + "    security: [apiKey]\n" + bots.format("b") + more
        (tmp_path / "endpoints.yaml").write_text(text)
        return load(tmp_path / "endpoints.yaml").authenticates

    assert spec("") is authenticates
    assert spec("    security: []\n")
    assert spec("    security: [apiKey]\n")


def test_errors_say_their_place() -> None:
    error = AuthError("there", "is gone")
    assert (error.place, error.reason, str(error)) == ("there", "is gone", "there: is gone")


def test_the_shipped_spec_asks_nobody() -> None:
    assert not load(CHECKOUT / "endpoints.yaml").authenticates
    assert not FullonCacheGateway(settings=settings_for(REDIS)).spec.authenticates
