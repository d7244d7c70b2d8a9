"""What programs import: the names, what they say of themselves, and what importing them costs."""

import inspect
import subprocess
import sys
from importlib.resources import files

import pytest

import fullon_cache_api

NAMES = {
    "FullonCacheGateway": ("title", "prefix", "spec", "settings"),
    "GatewayApp": ("tree", "names", "report", "closed"),
    "Settings": (
        "host",
        "port",
        "prefix",
        "workers",
        "deadline",
        "access_log",
        "endpoints_file",
        "redis",
        "redis_configured",
        "log",
    ),
    "SettingsError": ("variable", "reason"),
    "Spec": ("info", "tags", "endpoints", "schemas"),
    "SpecError": ("problems",),
    "create_app": ("settings",),
    "get_all_routers": ("spec", "settings", "dependencies"),
    "load_spec": ("path", "catalogue"),
    "mount_cache": ("app", "path", "public", "dependencies", "spec", "settings"),
}
METHODS = ("get_app", "openapi", "routes", "close", "__aenter__", "__aexit__")


def test_the_public_names_are_these() -> None:
    assert sorted(NAMES) == fullon_cache_api.__all__
    assert set(NAMES) <= set(dir(fullon_cache_api))


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_takes_what_it_took_documented_and_annotated(name: str) -> None:
    thing = getattr(fullon_cache_api, name)
    signature = inspect.signature(thing)
    assert inspect.getdoc(thing)
    assert set(NAMES[name]) <= set(signature.parameters)
    assert all(one.annotation is not inspect.Parameter.empty for one in signature.parameters.values())
    if not inspect.isclass(thing):
        assert signature.return_annotation is not inspect.Signature.empty


@pytest.mark.parametrize("name", METHODS)
def test_a_method_of_the_gateway_is_documented_and_annotated(name: str) -> None:
    method = getattr(fullon_cache_api.FullonCacheGateway, name)
    signature = inspect.signature(method)
    assert inspect.getdoc(method)
    assert signature.return_annotation is not inspect.Signature.empty


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        fullon_cache_api.nothing  # noqa: B018


def test_the_package_says_that_it_is_typed() -> None:
    assert files("fullon_cache_api").joinpath("py.typed").is_file()


def run(code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_importing_the_package_imports_nothing_of_what_it_needs_later() -> None:
    code = "import sys, fullon_cache_api; print({'fastapi', 'starlette', 'redis', 'yaml'} & {*sys.modules})"
    assert run(code).stdout == "set()\n"


def test_the_gateway_needs_no_fastapi() -> None:
    code = "import sys; from fullon_cache_api import create_app; print('fastapi' in sys.modules)"
    assert run(code).stdout == "False\n"


def test_what_needs_fastapi_says_where_it_comes_from() -> None:
    code = "import sys; sys.modules['fastapi'] = None; from fullon_cache_api import mount_cache"
    message = 'ImportError: this needs FastAPI: pip install "fullon-cache-api[fastapi]"'
    assert run(code).stderr.splitlines()[-1] == message


def test_the_client_says_where_httpx_comes_from() -> None:
    code = "import sys; sys.modules['httpx'] = None; import fullon_cache_api.client"
    message = 'ImportError: the client needs httpx: pip install "fullon-cache-api[client]"'
    assert run(code).stderr.splitlines()[-1] == message
