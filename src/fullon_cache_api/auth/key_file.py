"""The file with the API keys: read whole and checked, written whole or not at all."""

import base64
import fcntl
import json
import os
import re
import stat
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from fullon_cache_api.spec.json import PlainJson, PlainObject

from .api_key import ApiKey, KeyRing
from .principal import AuthError, Principal
from .regular_file import read_regular_file

MAX_BYTES = 4 * 1024 * 1024
_VERSION = 1
_ID = re.compile(r"[0-9a-f]{12}")
_SCOPE = re.compile(r"[!#-\[\]-~]+")
_SALT_BYTES, _HASH_BYTES = 16, 32
_MEMBERS = {"id", "name", "salt", "hash", "scopes", "claims", "created", "expires"}


def read_keys(path: Path) -> tuple[ApiKey, ...]:
    """Read the keys of a file; raises AuthError where it cannot be used, or others may write it."""
    raw, mode = read_regular_file(path, MAX_BYTES)
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise AuthError(str(path), "others than its owner may write it: chmod go-w")
    try:
        return _keys(json.loads(raw))
    except (ValueError, TypeError, KeyError, RecursionError):
        # The text of the error would show what is in the file.
        raise AuthError(str(path), "is no file of keys") from None


def ring_of(path: Path) -> KeyRing:
    """Read the keys of a file, to be found by their ids; raises AuthError."""
    return KeyRing({key.id.encode(): key for key in read_keys(path)})


def write_keys(path: Path, keys: Sequence[ApiKey]) -> None:
    """Write the keys: a reader sees all or nothing of it, and only its owner can read a new one (0600).

    One that is there keeps its owner and who else may read it: a gateway of another user must go on seeing
    what is taken back. Raises AuthError.
    """
    body: PlainObject = {"version": _VERSION, "keys": [_members(key) for key in keys]}
    text = json.dumps(body, indent=2, ensure_ascii=False) + "\n"
    # A link stays one, and what it leads to is replaced.
    target = path.resolve()
    name = ""
    try:
        # mkstemp makes the file with 0600 from the start.
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            _keep_owner(file.fileno(), target)
            os.fsync(file.fileno())
        Path(name).replace(target)
    except OSError as error:
        if name:
            with suppress(OSError):
                Path(name).unlink()
        raise AuthError(str(path), f"cannot be written: {error.strerror or type(error).__name__}") from None


def _keep_owner(descriptor: int, target: Path) -> None:
    try:
        before = target.stat()
    except FileNotFoundError:
        return
    os.fchmod(descriptor, stat.S_IMODE(before.st_mode) & ~(stat.S_IWGRP | stat.S_IWOTH))
    # Who may not give files away has one of his own, which its readers can still be allowed to read.
    with suppress(PermissionError):
        os.fchown(descriptor, before.st_uid, before.st_gid)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep other commands from changing the file meanwhile; raises AuthError where it has no folder."""
    try:
        folder = os.open(path.resolve().parent, os.O_RDONLY)
    except OSError as error:
        raise AuthError(str(path), f"cannot be written: {error.strerror}") from None
    try:
        # The folder is locked, not the file, which is another one after each change.
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _keys(body: PlainJson) -> tuple[ApiKey, ...]:
    if not isinstance(body, dict) or body.keys() != {"version", "keys"} or body["version"] != _VERSION:
        raise ValueError
    if not isinstance(body["keys"], list):
        raise TypeError
    keys = tuple(map(_key, body["keys"]))
    if len({key.id for key in keys}) < len(keys):
        raise ValueError
    return keys


def _key(members: PlainJson) -> ApiKey:
    if not isinstance(members, dict) or members.keys() != _MEMBERS:
        raise ValueError
    identity, scopes, claims = _text(members["id"]), members["scopes"], members["claims"]
    salt, hashed = _bytes(members["salt"]), _bytes(members["hash"])
    if not _ID.fullmatch(identity) or len(salt) != _SALT_BYTES or len(hashed) != _HASH_BYTES:
        raise ValueError
    if not isinstance(scopes, list) or not isinstance(claims, dict):
        raise TypeError
    held = {name: frozenset(map(_text, _list(values))) for name, values in claims.items()}
    granted = frozenset(map(_text, scopes))
    if not all(map(_SCOPE.fullmatch, granted)):
        raise ValueError
    expires = members["expires"]
    return ApiKey(
        identity,
        _text(members["name"]),
        salt,
        hashed,
        Principal(identity, granted, held),
        _time(_text(members["created"])),
        None if expires is None else _time(_text(expires)),
    )


def _members(key: ApiKey) -> PlainObject:
    claims: PlainObject = {name: _sorted(values) for name, values in key.principal.claims.items()}
    return {
        "id": key.id,
        "name": key.name,
        "salt": base64.b64encode(key.salt).decode(),
        "hash": base64.b64encode(key.hash).decode(),
        "scopes": _sorted(key.principal.scopes),
        "claims": claims,
        "created": time_text(key.created),
        "expires": None if key.expires is None else time_text(key.expires),
    }


def _sorted(texts: Iterable[str]) -> list[PlainJson]:
    return [*sorted(texts)]


def time_text(seconds: float) -> str:
    """Return a time as RFC 3339 has it, in UTC and to the second."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _time(text: str) -> float:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    return moment.timestamp()


def _text(value: PlainJson) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _list(value: PlainJson) -> list[PlainJson]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _bytes(value: PlainJson) -> bytes:
    return base64.b64decode(_text(value), validate=True)
