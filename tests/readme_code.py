"""What README shows as code, for the tests to run."""

import re
import shutil
from pathlib import Path

from support import CHECKOUT

TEXT = (CHECKOUT / "README.md").read_text()


def block(language: str, holding: str) -> str:
    """Return the only code block of a language that holds a text, without its indentation."""
    blocks = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", TEXT, re.DOTALL | re.MULTILINE)
    (found,) = [(indent, code) for indent, code in blocks if holding in code]
    return re.sub(rf"^{found[0]}", "", found[1], flags=re.MULTILINE)


def with_added_endpoint(folder: Path) -> Path:
    """Copy the spec into a folder with what README adds, an endpoint and its schema; return the spec file."""
    shutil.copytree(CHECKOUT / "schemas", folder / "schemas")
    (folder / "schemas" / "spot.json").write_text(block("json", '"title": "Spot"'))
    entry = block("yaml", "operationId: getSpot")
    (folder / "endpoints.yaml").write_text((CHECKOUT / "endpoints.yaml").read_text() + "\n" + entry)
    return folder / "endpoints.yaml"
