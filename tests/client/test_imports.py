"""The client can be installed without anything that serves."""

import subprocess
import sys

SERVING = (
    "starlette", "uvicorn", "redis", "hiredis", "click", "yaml", "jsonschema_rs", "loguru", "msgspec",
    "dotenv", "xxhash", "fastapi",
)  # fmt: skip

SCRIPT = f"""
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {SERVING!r}:
            raise ImportError(f"{{name}} is blocked")

sys.meta_path.insert(0, Blocker())
import fullon_cache_api.client as client
with client.CacheClient("http://127.0.0.1:1/api") as made:
    pass
print(*sorted(name for name in sys.modules if name.startswith("fullon_cache_api")))
"""


def test_importing_the_client_needs_nothing_of_the_gateway() -> None:
    result = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    first, *others = result.stdout.split()
    assert first == "fullon_cache_api"
    assert {name.split(".")[1] for name in others} == {"client"}
