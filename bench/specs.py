"""Specs of any size: the shipped one's ticker endpoint under many paths."""

import json
import shutil
from pathlib import Path

import yaml
from servers import HERE

from fullon_cache_api.auth.api_key import make_key
from fullon_cache_api.auth.key_file import write_keys

KEYS = 1_000
"""API keys that were given out."""

_TICKER = "/tickers/{exchange}/{symbol}"


def prefix_of(number: int) -> str:
    """Return the path that the endpoint of that number has in front of exchange and symbol."""
    return f"/tickers{number}"


def write_coherent(folder: Path) -> Path:
    """Write the shipped spec with its single tickers coherent into a folder, and return its file."""
    shipped = yaml.safe_load((HERE.parent / "endpoints.yaml").read_text())
    shutil.copytree(HERE.parent / "schemas", folder / "schemas")
    shipped["endpoints"][_TICKER]["coherent"] = True
    file = folder / "endpoints.yaml"
    file.write_text(json.dumps(shipped))
    return file


def write_keyed(folder: Path) -> tuple[Path, Path, str]:
    """Write the shipped spec with API keys asked for; returns its file, that of the keys, and one of them."""
    shipped = yaml.safe_load((HERE.parent / "endpoints.yaml").read_text())
    shutil.copytree(HERE.parent / "schemas", folder / "schemas")
    shipped["securitySchemes"] = {"apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"}}
    shipped["security"] = ["apiKey"]
    file = folder / "endpoints.yaml"
    file.write_text(json.dumps(shipped))
    made = [make_key(f"user {number}", ["market:read"], {}, 0.0) for number in range(KEYS)]
    write_keys(folder / "keys.json", [one.key for one in made])
    return file, folder / "keys.json", made[-1].text


def write_spec(folder: Path, endpoints: int) -> Path:
    """Write a spec of so many endpoints, numbered from 1, into a folder of its own, and return its file."""
    shipped = yaml.safe_load((HERE.parent / "endpoints.yaml").read_text())
    shutil.copytree(HERE.parent / "schemas", folder / "schemas")
    ticker = shipped["endpoints"][_TICKER]
    kept = {name: ticker[name] for name in ("tags", "parameters", "read", "response")}
    shipped["endpoints"] = {
        f"{prefix_of(number)}/{{exchange}}/{{symbol}}": {
            "operationId": f"getTicker{number}",
            "summary": "A ticker",
            **kept,
        }
        for number in range(1, endpoints + 1)
    }
    shipped["parameters"] = {name: shipped["parameters"][name] for name in kept["parameters"]}
    shipped["tags"] = [tag for tag in shipped["tags"] if tag["name"] in kept["tags"]]
    file = folder / "endpoints.yaml"
    # JSON is YAML, and the shortest: a spec file has at most a megabyte.
    file.write_text(json.dumps(shipped, separators=(",", ":")))
    return file
