"""What holds for each of the 38 endpoints, over the demo's data at rest."""

import httpx
import jsonschema_rs
import pytest
from endpoints.records import DemoGateway
from support import CHECKOUT

from fullon_cache_api.loading import load
from fullon_cache_api.spec.members import field_members
from fullon_cache_api.spec.model import Endpoint
from fullon_cache_api.spec.schemas import bundle

SPEC = load(CHECKOUT / "endpoints.yaml")
MAX_AGES = {
    **dict.fromkeys(
        [
            "/tickers",
            "/tickers/{exchange}",
            "/tickers/{exchange}/{symbol}",
            "/tickers/{exchange}/{symbol}/price",
            "/symbols/{symbol}/ticker",
            "/symbols/{symbol}/tickers",
        ],
        "no-cache",
    ),
    **dict.fromkeys(
        [
            "/tickers/health",
            "/orders/queue/size",
            "/trades/queue/status",
            "/trades/performance/metrics",
            "/trades/{exchange}/{symbol}",
            "/trades/status",
            "/trades/status/{exchange}",
        ],
        "max-age=1",
    ),
    **dict.fromkeys(
        [
            "/accounts",
            "/accounts/summary",
            "/accounts/{user_id}/balances",
            "/accounts/{user_id}/balances/{currency}",
            "/accounts/{user_id}/positions",
            "/accounts/{user_id}/positions/{symbol}",
            "/positions",
            "/orders/{order_id}/status",
            "/orders/{user_id}/orders",
            "/exchanges/{exchange}/orders",
            "/exchanges/{exchange}/orders/{order_id}",
            "/bots",
            "/bots/{bot_id}/status",
            "/bots/{exchange}/{symbol}/blocked",
            "/bots/{exchange}/{symbol}/opening",
            "/bots/blocks",
            "/bots/coordination/status",
            "/trades/users/{user_id}/{exchange}",
        ],
        "no-store",
    ),
    **dict.fromkeys(["/ohlcv/{symbol}/{timeframe}", "/processes/metrics"], "max-age=5"),
    **dict.fromkeys(
        [
            "/processes",
            "/processes/status",
            "/processes/top",
            "/processes/{process_id}",
            "/processes/components/{component}",
        ],
        "max-age=2",
    ),
}

every = pytest.mark.parametrize("endpoint", SPEC.endpoints, ids=lambda endpoint: endpoint.path)


def test_the_endpoints_are_these() -> None:
    assert {endpoint.path for endpoint in SPEC.endpoints} == set(MAX_AGES)
    assert len(SPEC.endpoints) == 38


@every
@pytest.mark.parametrize("query", [False, True], ids=["", "with every query parameter"])
def test_the_examples_of_its_parameters_give_an_answer_that_its_schema_allows(
    demo: DemoGateway, endpoint: Endpoint, query: bool
) -> None:
    response = demo.client.get(demo.path(endpoint, query=query))
    assert response.status_code == 200, response.text
    body = response.json()
    schema = bundle(SPEC.schemas[endpoint.response], endpoint.response, SPEC.schemas)
    jsonschema_rs.Draft202012Validator(schema, validate_formats=True).validate(body)
    assert "skipped" not in body
    for name in ("count", "size", "tickers", "accounts"):
        assert body.get(name) not in (0, []), f"the demo has nothing to show for {endpoint.path}"


@every
def test_its_headers_say_what_it_is_and_how_long_it_keeps(demo: DemoGateway, endpoint: Endpoint) -> None:
    headers = demo.client.get(demo.path(endpoint)).headers
    assert headers["content-type"] == "application/json"
    assert headers["cache-control"] == MAX_AGES[endpoint.path]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["etag"].startswith('"') and headers["etag"].endswith('"')


@every
def test_head_is_get_without_the_body(demo: DemoGateway, endpoint: Endpoint) -> None:
    path = demo.path(endpoint)
    plain = {"Accept-Encoding": "identity"}
    got, headed = demo.client.get(path, headers=plain), demo.client.head(path, headers=plain)
    assert (headed.status_code, headed.content) == (200, b"")
    assert headed.headers["content-length"] == str(len(got.content))
    assert _comparable(headed) == _comparable(got)


@every
def test_a_client_that_has_the_body_gets_304(demo: DemoGateway, endpoint: Endpoint) -> None:
    path = demo.path(endpoint)
    tag = demo.client.get(path).headers["etag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        for method in ("GET", "HEAD"):
            response = demo.client.request(method, path, headers={"If-None-Match": known})
            assert (response.status_code, response.content) == (304, b"")
            assert response.headers["etag"] == tag
            assert response.headers["cache-control"] == MAX_AGES[endpoint.path]
            assert "content-length" not in response.headers
    assert demo.client.get(path, headers={"If-None-Match": '"x"'}).status_code == 200


@every
def test_options_names_the_methods(demo: DemoGateway, endpoint: Endpoint) -> None:
    response = demo.client.options(demo.path(endpoint))
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"


@every
def test_other_methods_are_refused(demo: DemoGateway, endpoint: Endpoint) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        response = demo.client.request(method, demo.path(endpoint), content=b"{}")
        assert (response.status_code, response.json()["type"]) == (405, "/problems/method-not-allowed")
        assert response.headers["allow"] == "GET, HEAD, OPTIONS"


@every
def test_a_parameter_that_is_none_of_its_own_is_refused_once(demo: DemoGateway, endpoint: Endpoint) -> None:
    response = demo.client.get(demo.path(endpoint), params={"nope": "1"})
    assert response.status_code == 400
    assert [(error["in"], error["name"]) for error in response.json()["errors"]] == [("query", "nope")]


@every
def test_a_parameter_that_is_given_twice_is_refused(demo: DemoGateway, endpoint: Endpoint) -> None:
    for parameter in endpoint.parameters:
        if parameter.location == "query":
            fields = next(field_members(endpoint, SPEC.schemas).paths(), None)
            pair = f"{parameter.name}={fields if parameter.select == 'fields' else parameter.example}"
            response = demo.client.get(f"{demo.path(endpoint)}?{pair}&{pair}")
            assert response.status_code == 400
            assert response.json()["errors"] == [
                {"in": "query", "name": parameter.name, "message": "is given twice"}
            ]


@pytest.mark.parametrize(
    "endpoint", [e for e in SPEC.endpoints if e.parameters], ids=lambda endpoint: endpoint.path
)
def test_every_mistake_in_its_parameters_is_named_and_none_twice(
    demo: DemoGateway, endpoint: Endpoint
) -> None:
    """%00 is no text that any parameter takes, nor a comma the name of a field, and -1 no number."""
    path = demo.gateway.prefix + endpoint.path
    texts = {"integer": "-1", "fields": ","}
    wrong = {p.name: texts.get(p.select or "", texts.get(p.type, "%00")) for p in endpoint.parameters}
    for name, value in wrong.items():
        path = path.replace(f"{{{name}}}", value)
    query = "&".join(f"{p.name}={wrong[p.name]}" for p in endpoint.parameters if p.location == "query")
    response = demo.client.get(f"{path}?{query}")
    assert response.status_code == 400
    errors = response.json()["errors"]
    expected = {(parameter.location, parameter.name) for parameter in endpoint.parameters}
    assert {(error["in"], error["name"]) for error in errors} == expected
    said = [tuple(error.values()) for error in errors]
    assert len(said) == len(set(said)), errors


def _comparable(response: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name != "date"}
