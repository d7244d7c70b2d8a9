"""Which methods that this project does not know may be bound: those whose source says that they only read."""

import asyncio
import importlib.util
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.integrations.fullon_cache.inspection import why_refused
from fullon_cache_api.integrations.fullon_cache.unknown import NotCallable, signature_of
from fullon_cache_api.integrations.fullon_cache.vocabulary import DATA, DATA_FORMS, LOGS, MUTATORS, REDIS

HEAD = """
import asyncio
import json
import queue
import threading
from contextlib import asynccontextmanager
from functools import cached_property, lru_cache, partial, wraps
from operator import attrgetter, methodcaller

import redis.asyncio
from datetime import datetime
from decimal import Decimal
from loguru import logger as LOG

NAMES = {"a": "b"}
hidden = getattr
CLIENT = redis.asyncio.Redis()
OPTIONS = {"source": "a", "destination": "b"}
LIMIT = None
ANY = (BaseException,)
drain = methodcaller("lpop", "key")


def decorated(function):
    return function


async def tidy(cache):
    await cache.hdel("key", "field")


forget = lambda cache: cache.hdel("key", "field")  # noqa: E731


class OrdersCache:
    async def get_it(self, key):
        return await self._cache.lpop(key)


class Helper:
    def __init__(self, cache):
        self._cache = cache

    async def fetch(self, key):
        return await self._cache.lpop(key)


class Parent:
    async def get_it(self, key):
        return await self._cache.lpop(key)


async def each_of(keys):
    for key in keys:
        yield key


@asynccontextmanager
async def opened(cache):
    yield cache


class Quiet:
    def __init__(self, cache):
        cache.hdel("key", "field")


def with_len(len):
    async def get_it(self, key):
        return len(self)

    return get_it


def pretending(clean):
    async def inner(self, key):
        return await self._cache.lpop(key)

    inner.__name__ = clean.__name__
    inner.__wrapped__ = clean
    return inner


@lru_cache
def remembered(cache):
    return cache.lpop("key")


def around(clean):
    @wraps(clean)
    async def inner(self, key):
        await self._cache.lpop(key)
        return await clean(self, key)

    return inner


async def get_clean(self, key):
    return 1


part = partial(tidy, "cache")
TABLE = {"tidy": tidy}


class Base:
    async def get(self, key):
        return await self._client.execute_command("GET", key)

    async def tidy_up(self, key):
        return await self._client.hdel(key, "field")


class Cache(Parent):
    TABLE = {"tidy": tidy}
    partly = partial(tidy, "cache")

    @cached_property
    def kept(self):
        return self._cache.lpop("key")

    @staticmethod
    def _plain(key):
        return str(key)

    @staticmethod
    async def _wipe(cache):
        await cache.hdel("key", "field")

    async def _forget(self, key):
        await self._cache.delete(key)

    async def _quietly(self, key):
        return await self._forget(key)

    @asynccontextmanager
    async def _open(self):
        yield self._cache

    @asynccontextmanager
    async def _open_and_wipe(self):
        await self._cache.hdel("key", "field")
        yield self._cache

    async def _look(self, key):
        return json.loads(await self._cache.get(key) or "{}")

    @property
    def _tidied(self):
        return self._cache.expire("key", 1)

"""


def method(folder: Path, source: str, name: str = "get_it") -> tuple[object, type]:
    path = folder / "made_up.py"
    body = "\n".join(f"    {line}" for line in source.splitlines())
    path.write_text(HEAD + body + "\n", encoding="utf-8")
    spec = importlib.util.spec_from_file_location("made_up", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["made_up"] = module
    spec.loader.exec_module(module)
    return vars(module.Cache)[name], module.Cache


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    sys.modules.pop("made_up", None)


def refusal(folder: Path, source: str, name: str = "get_it") -> str | None:
    function, cache = method(folder, source, name)
    assert inspect.isfunction(function)
    return why_refused(function, cache, sys.modules["made_up"].Base)


def reading(expression: str) -> str:
    return f"async def get_it(self, key):\n    return {expression}"


@pytest.mark.parametrize(
    "expression",
    [
        "await self._cache.hget(key, 'field')",
        "[json.loads(raw) for raw in await self._cache.lrange(key, 0, -1)]",
        "(await self._cache.hgetall(key)).copy()",
        "[].append(await self._look(key))",
        "await asyncio.wait_for(self._cache.get(key), 1)",
        "await asyncio.wait_for(self._cache.get(key), timeout=1)",
        "sorted(dict(await self._cache.hgetall(key)).items())",
        "await self._cache.zrange(key, 0, -1, withscores=True)",
        "await self._cache.xread({key: '$'}, count=1)",
        "await asyncio.gather(*[self._look(each) for each in key], self._look(key))",
        "sorted(key, key=lambda each: each, reverse=True)",
        "sorted(key, key=len)",
        "[each async for each in self._cache.scan_iter(match=key)]",
        "{**dict(a=1), 'b': ':'.join(key)}",
    ],
)
def test_what_only_reads_may_be_bound(tmp_path: Path, expression: str) -> None:
    assert refusal(tmp_path, reading(expression)) is None


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("await self._cache.lpop(key)", "lpop"),
        ("await self._cache.blpop(key, timeout=0)", "blpop"),
        ("await self._cache.rpush(key, 1)", "rpush"),
        ("await self._cache.set(key, 1)", "set"),
        ("await self._cache.set_json(key, {})", "set_json"),
        ("await self._cache.hset(key, 'field', 1)", "hset"),
        ("await self._cache.setex(key, 1, 1)", "setex"),
        ("await self._cache.getset(key, 1)", "getset"),
        ("await self._cache.getex(key, ex=1)", "getex"),
        ("await self._cache.hdel(key, 'field')", "hdel"),
        ("await self._cache.delete(key)", "delete"),
        ("await self._cache.unlink(key)", "unlink"),
        ("await self._cache.expire(key, 1)", "expire"),
        ("await self._cache.publish('channel', 1)", "publish"),
        ("await self._cache.flushdb()", "flushdb"),
        ("await self._cache.hincrby(key, 'field', 1)", "hincrby"),
        ("await self._cache.decr(key)", "decr"),
        ("await self._cache.rename(key, 'other')", "rename"),
        ("await self._cache.eval('script', 0)", "eval"),
        ("await self._cache.xadd(key, {})", "xadd"),
        ("await self._cache.sadd(key, 1)", "sadd"),
        ("await self._cache.zrem(key, 1)", "zrem"),
        ("await self._cache.ltrim(key, 0, 1)", "ltrim"),
        ("await self._cache.lmove(key, 'other')", "lmove"),
        ("await self._cache.persist(key)", "persist"),
        ("await self._cache.execute_command('DEL', key)", "execute_command"),
        ("await getattr(self._cache, key)(key)", "getattr"),
        ("self._cache.__class__", "__class__"),
        ("[message async for message in self._cache.subscribe(key)]", "subscribe"),
        ("[message async for message in self._pubsub.listen()]", "listen"),
        ("await self._cache.xread({key: '$'}, block=0)", "block"),
        ("await asyncio.sleep(1)", "sleep"),
        ("self._delete", "_delete"),
    ],
)
def test_what_names_something_that_writes_waits_or_hides_is_refused(
    tmp_path: Path, expression: str, name: str
) -> None:
    assert refusal(tmp_path, reading(expression)) == f"its source names {name}"


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("await self._quietly(key)", "its source names delete (in _forget)"),
        ("await tidy(self._cache)", "its source names hdel (in tidy)"),
        ("await self._wipe(self._cache)", "its source names hdel (in _wipe)"),
        ("await forget(self._cache)", "its source cannot be read (in <lambda>)"),
        ("await self._cache.tidy_up(key)", "its source names hdel (in tidy_up)"),
        ("self._tidied", "its source names expire (in _tidied)"),
        ("await self._tidied", "its source waits for what it does not call"),
        ("await self._cache.append(key, 'more')", "its source calls append otherwise than to read"),
        ("await self._cache.copy(key, 'other')", "its source calls copy otherwise than to read"),
        ("await asyncio.wait({self._cache.get(key)})", "its source waits in wait without a timeout"),
        ("await self.event.wait()", "its source waits in wait without a timeout"),
        (
            "await asyncio.wait_for(self._cache.get(key), None)",
            "its source waits in wait_for without a timeout",
        ),
    ],
)
def test_what_writes_or_waits_in_another_way_is_refused(tmp_path: Path, expression: str, reason: str) -> None:
    assert refusal(tmp_path, reading(expression)) == reason


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("await self._cache.blmove(key, 'other', 0)", "blmove"),
        ("await self._cache.xdel(key, '1')", "xdel"),
        ("await self._cache.hgetdel(key, 'field')", "hgetdel"),
        ("await self._cache.hgetex(key, 'field', ex=1)", "hgetex"),
        ("await self._cache.xreadgroup('group', 'name', {key: '>'})", "xreadgroup"),
        ("await self._cache.client_pause(1)", "client_pause"),
        ("await self._cache.slaveof()", "slaveof"),
        ("await self._cache.json().get(key)", "json"),
        ("await self._cache.touch(key)", "touch"),
        ("await self._cache.cluster('forget')", "cluster"),
        ("await self._cache.connection.send_packed_command(b'')", "send_packed_command"),
        ("await self._cache.pipeline().immediate_execute_command('DEL', key)", "immediate_execute_command"),
        ("await Helper(self._cache).fetch(key)", "fetch"),
        ("await OrdersCache().get_it(key)", "OrdersCache"),
        ("await remembered(self._cache)", "remembered"),
        ("await part()", "part"),
        ("await drain(self._cache)", "drain"),
        ("hidden(self._cache, key)", "hidden"),
        ("self.partly()", "partly"),
        ("queue.Queue().qsize()", "qsize"),
        ("threading.Thread(target=print)", "Thread"),
        ("await asyncio.Event()", "Event"),
        ("await asyncio.get_running_loop().create_future()", "create_future"),
        ("[1 for _ in iter(int, 1)]", "iter"),
        ("map(self._cache.get, key)", "map"),
        ("input()", "input"),
        ("key(1)", "key"),
    ],
)
def test_what_is_not_known_to_read_cannot_be_called(tmp_path: Path, expression: str, name: str) -> None:
    refused = refusal(tmp_path, reading(expression))
    assert refused is not None
    assert re.fullmatch(r"its source (calls|names) \w+(, which is not known to read)?", refused)
    assert name in refused


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (reading("await super().get_it(key)"), "its source names super"),
        (reading("await OrdersCache.get_trades(key)"), "its source names get_trades"),
        (reading("attrgetter(key)(self._cache)"), "its source calls what it has computed"),
        (reading("await TABLE['tidy'](key)"), "its source calls what it has computed"),
        (reading("await self.TABLE['tidy'](key)"), "its source calls what it has computed"),
        (reading("self.kept"), "its source uses kept, which cannot be looked into"),
        (reading("(self.partly, 1)"), "its source uses partly, which cannot be looked into"),
        (
            reading("await self._cache.xread({key: '$'}, 1, 0)"),
            "its source calls xread otherwise than to read",
        ),
        (reading("self._queue.get()"), "its source calls get otherwise than to read"),
        ("get_it = around(get_clean)", "it is decorated, so that its source does not say what it does"),
        (
            "async def get_it(self, key):\n    while True:\n        pass",
            "its source has a while loop, which may not end",
        ),
        (
            "async def get_it(self, key):\n    try:\n        pass\n    except BaseException:\n        pass",
            "its source catches what would end it",
        ),
        (
            "async def get_it(self, key):\n    try:\n        pass\n    except:\n        pass",
            "its source catches what would end it",
        ),
        (
            "async def get_it(self):\n    match self:\n        case Helper(lpop=read):\n            read(1)",
            "its source names lpop",
        ),
        (
            "async def get_it(self, key):\n    async def read():\n        return 1\n    return await read()",
            "its source defines read within",
        ),
        (
            "async def get_it(self, key, read=tidy):\n    return await read(self._cache)",
            "its source calls read, which is not known to read",
        ),
        (
            "async def get_and_reset_it(self, key):\n    return 1",
            "its name does not say that it reads",
        ),
    ],
)
def test_what_hides_what_it_does_is_refused(tmp_path: Path, source: str, reason: str) -> None:
    name = "get_and_reset_it" if "reset" in source else "get_it"
    assert refusal(tmp_path, source, name) == reason


OTHERWISE = "otherwise than to read"


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("await self._cache.copy(source='a', destination='b')", f"calls copy {OTHERWISE}"),
        ("await self._cache.copy(**OPTIONS)", f"calls copy {OTHERWISE}"),
        ("await self._cache.append(key, value='x')", f"calls append {OTHERWISE}"),
        ("await self._cache.append(*key)", f"calls append {OTHERWISE}"),
        ("self._cache.copy(key, 'b')", f"calls copy {OTHERWISE}"),
        ("self._cache.copy(**OPTIONS)", f"calls copy {OTHERWISE}"),
        ("self._cache.sort(**OPTIONS)", "calls sort, which is not known to read"),
        ("[].append(*key)", f"calls append {OTHERWISE}"),
        ("[].append(key, value='x')", f"calls append {OTHERWISE}"),
        ("self._cache.append(key)", "calls append, which is not known to read"),
        ("await self._cache.sort(**OPTIONS)", f"calls sort {OTHERWISE}"),
        ("await self._cache.sort('ids', key=1)", f"calls sort {OTHERWISE}"),
        ("await self._cache.xread({key: '$'}, **{'block': 0})", f"calls xread {OTHERWISE}"),
        ("await self._cache.xread(*key)", f"calls xread {OTHERWISE}"),
        ("await self._cache.mget(*key)", f"calls mget {OTHERWISE}"),
        ("await self._cache.hget(*key)", f"calls hget {OTHERWISE}"),
        ("await self._cache.zscan(key, score_cast_func=hidden)", f"calls zscan {OTHERWISE}"),
        ("self._queue.get(True)", f"calls get {OTHERWISE}"),
        ("await self._look(*key)", f"calls _look {OTHERWISE}"),
        ("await asyncio.wait_for(self._cache.get(key), LIMIT)", "waits in wait_for without a timeout"),
        ("await asyncio.wait_for(self._cache.get(key), key)", "waits in wait_for without a timeout"),
        ("await asyncio.wait_for(self._cache.get(key), timeout=0)", "waits in wait_for without a timeout"),
        ("await asyncio.wait_for(self._cache.get(key), 1e9)", "waits in wait_for without a timeout"),
        ("await asyncio.wait_for(self._cache.get(key), **key)", "waits in wait_for without a timeout"),
        ("await asyncio.gather(*key)", f"calls gather {OTHERWISE}"),
        ("await asyncio.gather(self._later)", f"calls gather {OTHERWISE}"),
        ("await key", "waits for what it does not call"),
        ("await key.items()", f"calls items {OTHERWISE}"),
        ("[each async for each in self._messages]", "waits for what may never come"),
        ("[each async for each in self._cache.values()]", "waits for what may never come"),
        ("await CLIENT.get(key)", "calls get, which is not known to read"),
        ("await CLIENT.connection.get(key)", "calls get, which is not known to read"),
        ("NAMES.setdefault(key, 1)", "calls setdefault, which is not known to read"),
        ("NAMES.append(key)", "calls append, which is not known to read"),
        ("LOG.get(key)", "calls get, which is not known to read"),
        ("[each async for each in key]", "waits for what may never come"),
        ("asyncio.items(key)", "calls items, which is not known to read"),
        ("queue.copy(key)", "calls copy, which is not known to read"),
        ("Helper.get(key)", "calls get, which is not known to read"),
        ("sorted(key, key=hidden)", f"calls sorted {OTHERWISE}"),
        ("sorted(key, key=Quiet)", f"calls sorted {OTHERWISE}"),
        ("max(key, key=self._cache.touch)", f"calls max {OTHERWISE}"),
        ("[key].sort(key=self._cache.touch)", f"calls sort {OTHERWISE}"),
        ("[tidy, hidden]", "uses hidden, which cannot be looked into"),
        ("[print]", "uses print, which cannot be looked into"),
        ("hasattr(self, 'kept')", "calls hasattr, which is not known to read"),
        ("'{0.kept}'.format(self)", "calls format, which is not known to read"),
        ("[key.append(each) for each in key]", "adds to what it goes through"),
        ("await (found := self._cache).copy(key, 'b')", f"calls copy {OTHERWISE}"),
        ("json.loads(key, object_hook=tidy)", f"calls loads {OTHERWISE}"),
    ],
)
def test_what_could_write_or_wait_by_the_way_it_is_called_is_refused(
    tmp_path: Path, expression: str, reason: str
) -> None:
    refused = refusal(tmp_path, reading(expression))
    assert refused == f"its source {reason}"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("while key:\n    await self._cache.get(key)", "has a while loop, which may not end"),
        ("found = [1]\nfor each in found:\n    found.append(each)", "adds to what it goes through"),
        ("found = [1]\nfor each in found:\n    found += [each]", "adds to what it goes through"),
        ("found = self._cache\nfound.append(key)", "calls append, which is not known to read"),
        ("found = []\nfound = self._cache\nfound.append(key)", "calls append, which is not known to read"),
        ("for found in [self._cache]:\n    found.add(key)", "calls add, which is not known to read"),
        ("found, _ = self._cache, 1\nfound.append(key)", "calls append, which is not known to read"),
        ("self._cache[key] = 1", "changes what it has not made"),
        ("del self._cache[key]", "changes what it has not made"),
        ("found = self._cache\nfound[key] = 1", "changes what it has not made"),
        ("self._cache.x = 1", "changes x"),
        ("async with self._lock:\n    pass", "holds on to something"),
        ("async with self._cache as found:\n    pass", "holds on to something"),
        ("with self._lock:\n    pass", "holds on to something"),
        ("async with self._open_and_wipe() as found:\n    pass", "names hdel (in _open_and_wipe)"),
        ("async for each in self._messages:\n    pass", "waits for what may never come"),
        ("global OPTIONS\nOPTIONS = {}", "changes variables of others"),
        ("import queue", "imports something where nobody sees it"),
        ("class Within:\n    pass", "defines Within within"),
        ("@drain\ndef within():\n    pass", "defines within within"),
        ("match self:\n    case Helper(kept=found):\n        pass", "reads attributes by matching them"),
        ("try:\n    pass\nexcept ANY:\n    pass", "catches what would end it"),
        ("try:\n    pass\nexcept key:\n    pass", "catches what would end it"),
        ("try:\n    pass\nfinally:\n    return 1", "catches what would end it"),
        ("pipe = self._cache.pipeline()", "calls pipeline, which is not known to read"),
        ("call = self._cache.copy\nawait call(key, 'b')", "calls call, which is not known to read"),
    ],
)
def test_statements_that_could_write_or_wait_are_refused(tmp_path: Path, body: str, reason: str) -> None:
    lines = "\n    ".join(body.splitlines())
    assert refusal(tmp_path, f"async def get_it(self, key):\n    {lines}") == f"its source {reason}"


@pytest.mark.parametrize(
    "body",
    [
        "found = []\nfor each in await self._cache.lrange(key, 0, -1):\n    found.append(json.loads(each))",
        "found = {}\nfound.setdefault(key, []).append(1)\nfound[key] = 2\nreturn sorted(found)",
        "found = await self._look(key)\nfound['at'] = 1\nreturn found",
        "async with self._open() as found:\n    return await found.hget(key, 'a')",
        "async with asyncio.timeout(1):\n    return await self._look(key)",
        "try:\n    return float(key)\nexcept (ValueError, json.JSONDecodeError):\n    return None",
        "count: object = 0\nfor each in key:\n    count += 1\nreturn count",
        "try:\n    return datetime.fromisoformat(key)\nexcept Exception:\n    LOG.error(f'{key}')",
        "return [datetime.now(), Decimal(key), NAMES.get(key), NAMES[key].upper(), Cache._plain(key)]",
        "return [each async for each in each_of(key)], Helper.from_dict(key)",
        "async with opened(self._cache) as found:\n    return await found.hget(key, 'a')",
        "match key:\n    case {'a': found, **rest}:\n        return found, rest",
    ],
)
def test_what_works_on_its_own_data_may_be_bound(tmp_path: Path, body: str) -> None:
    lines = "\n    ".join(body.splitlines())
    assert refusal(tmp_path, f"async def get_it(self, key):\n    {lines}") is None


def test_no_name_for_data_is_a_command_of_redis() -> None:
    """Nor one for logs but INFO, which reads whatever it is given."""
    import redis.asyncio

    commands = {name for name in dir(redis.asyncio.Redis) if not name.startswith("_")}
    assert not commands & DATA
    assert commands & LOGS == {"info"}
    assert commands & (set(MUTATORS) | set(DATA_FORMS)) == {"append", "copy", "keys", "sort"}


def test_every_command_that_may_be_called_is_one_that_redis_calls_read_only(
    tcp_server: EmbeddedServer,
) -> None:
    with redis.Redis.from_url(tcp_server.url) as client:
        writes = {str(name).partition("|")[0] for name in client.acl_cat("write")}
    assert not writes & {name.removesuffix("_iter").replace("_", "") for name in REDIS}


@pytest.mark.parametrize("source", ["get_it = with_len(print)", "get_it = pretending(get_clean)"])
def test_a_function_made_by_another_is_judged_by_the_code_that_it_runs(tmp_path: Path, source: str) -> None:
    assert refusal(tmp_path, source) in (
        "its source calls len, which is not known to read",
        "its source names lpop",
    )


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("from os import remove as read", "remove"),
        ("import shutil.rmtree.delete", "delete"),
    ],
)
def test_what_is_imported_inside_is_judged_too(tmp_path: Path, statement: str, name: str) -> None:
    source = f"async def get_it(self):\n    {statement}"
    assert refusal(tmp_path, source) == f"its source names {name}"


@pytest.mark.parametrize(
    ("source", "name", "reason"),
    [
        ("async def pop_it(self):\n    pass", "pop_it", "it deletes what it returns"),
        ("async def close(self):\n    pass", "close", "its name does not say that it reads"),
        ("async def _get_it(self):\n    pass", "_get_it", "its name does not say that it reads"),
        ("async def __aenter__(self):\n    pass", "__aenter__", "its name does not say that it reads"),
        (
            "def get_it(self):\n    pass",
            "get_it",
            "it is not async, so that it would hold up every other request",
        ),
        (
            "async def get_it(self):\n    yield 1",
            "get_it",
            "it is not async, so that it would hold up every other request",
        ),
        (
            "@decorated\nasync def get_it(self):\n    pass",
            "get_it",
            "it is decorated, so that its source does not say what it does",
        ),
        ("get_it = eval('lambda self: 1')", "get_it", "its name does not say that it reads"),
    ],
)
def test_what_is_no_plain_read_is_refused(tmp_path: Path, source: str, name: str, reason: str) -> None:
    assert refusal(tmp_path, source, name) == reason


def test_a_method_without_source_is_refused() -> None:
    names: dict[str, object] = {}
    exec("async def get_it(self):\n    return 1", names)
    function = names["get_it"]
    assert inspect.isfunction(function)
    assert why_refused(function, object) == "its source cannot be read"


def test_the_arguments_come_from_the_signature(tmp_path: Path) -> None:
    source = (
        "async def get_it(self, exchange: str, symbol, count: int = 5, depth: float | None = None,"
        " deep: bool = False, prefix: str = 'all', *rest, kind: str = 'a',"
        " cat: list[str] | None = None, **more):\n"
        '    """What it is.\n\n    And more."""'
    )
    function, _ = method(tmp_path, source)
    assert inspect.isfunction(function)
    signature = signature_of("Cache.get_it", function)
    assert signature.summary == "What it is."
    assert [(each.name, each.type, each.required, each.default) for each in signature.arguments] == [
        ("exchange", "string", True, None),
        ("symbol", "symbol", True, None),
        ("count", "integer", False, 5),
        ("depth", "number", False, None),
        ("deep", "boolean", False, False),
        ("kind", "string", False, "a"),
    ]


def test_a_request_cannot_choose_the_keys(tmp_path: Path) -> None:
    function, _ = method(tmp_path, "async def get_it(self, pattern: str):\n    pass")
    assert inspect.isfunction(function)
    with pytest.raises(NotCallable, match=r"^a request cannot give its argument pattern$"):
        signature_of("Cache.get_it", function)


@pytest.mark.parametrize("kind", ["dict", "list[str]", "asyncio.Event", "'Missing'"])
def test_an_argument_that_a_request_cannot_give_makes_a_method_uncallable(tmp_path: Path, kind: str) -> None:
    function, _ = method(tmp_path, f"async def get_it(self, given: {kind}):\n    pass")
    assert inspect.isfunction(function)
    with pytest.raises(NotCallable, match=r"^a request cannot give its argument given$"):
        signature_of("Cache.get_it", function)


def test_the_gate_starts_anew_in_another_event_loop() -> None:
    from fullon_cache_api.integrations.fullon_cache.call import Gate

    gate = Gate(1)

    async def pass_through() -> asyncio.Semaphore:
        async with gate.here():
            return gate.here()

    first = asyncio.run(pass_through())
    assert asyncio.run(pass_through()) is not first
