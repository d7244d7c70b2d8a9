"""README's generated tables; `python tests/readme_tables.py` writes them, a test compares them."""

import re
import sys
from pathlib import Path

from fullon_cache_api.loading import load
from fullon_cache_api.settings import SETTINGS

CHECKOUT = Path(__file__).parent.parent
README = CHECKOUT / "README.md"


def endpoint_table() -> str:
    """Return the endpoints of the shipped spec as a Markdown table."""
    rows = ["| path | read | what it answers |", "| --- | --- | --- |"]
    for endpoint in load(CHECKOUT / "endpoints.yaml").endpoints:
        names = [f"{p.name}=" for p in endpoint.parameters if p.location == "query" and p.select != "fields"]
        query = f"?{'&'.join(names)}" if names else ""
        rows.append(f"| `{endpoint.path}{query}` | `{endpoint.read.name}` | {endpoint.summary} |")
    return "\n".join(rows)


def settings_table() -> str:
    """Return the settings as a Markdown table."""
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for variable in SETTINGS:
        names = ", ".join(f"`{name}`" for name in (variable.name, *variable.others))
        default = f"`{variable.default}`" if variable.default else ""
        rows.append(f"| {names} | {default} | {variable.meaning} |")
    return "\n".join(rows)


TABLES = {"endpoints": endpoint_table, "settings": settings_table}


def with_tables(text: str) -> str:
    """Return README's text with every table as it should be."""
    for name, table in TABLES.items():
        pattern = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)", re.DOTALL)
        text = pattern.sub(lambda _, made=table: f"{made()}\n", text)
    return text


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
    sys.exit(0)
