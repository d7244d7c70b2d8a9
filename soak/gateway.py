"""The gateway that is soaked: a process of its own, with the least rights in Redis."""

import json
import shutil
from contextlib import AbstractContextManager
from pathlib import Path

import yaml
from asks import COHERENT
from faults import PASSWORD, USER
from served import Served, served

from fullon_cache_api.acl import acl_rules
from fullon_cache_api.loading import load

CHECKOUT = Path(__file__).parent.parent


def write_spec(folder: Path) -> Path:
    """Write the shipped spec with some endpoints coherent into a folder, and return its file."""
    spec = yaml.safe_load((CHECKOUT / "endpoints.yaml").read_text())
    shutil.copytree(CHECKOUT / "schemas", folder / "schemas")
    for path in COHERENT:
        spec["endpoints"][path]["coherent"] = True
    file = folder / "endpoints.yaml"
    file.write_text(json.dumps(spec))
    return file


def user_options(spec: Path) -> tuple[str, ...]:
    """Return the options that give a Redis the user of the gateway, who can read what the spec needs."""
    return ("--user", USER, "on", f">{PASSWORD}", *acl_rules(load(spec)))


def running(redis_port: int, spec: Path, log: Path) -> AbstractContextManager[Served]:
    """Run `fullon-cache-api serve` over the Redis at a port of 127.0.0.1."""
    url = f"redis://{USER}:{PASSWORD}@127.0.0.1:{redis_port}/0"
    return served(log, {"REDIS_URL": url, "ENDPOINTS_FILE": str(spec)})
