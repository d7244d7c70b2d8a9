"""Which spec a gateway has, and what its reads are done by; nothing here serves."""

from collections.abc import Mapping
from pathlib import Path

from fullon_cache_api.reads import CATALOGUE, READS
from fullon_cache_api.reads.read import Read
from fullon_cache_api.resources import resource
from fullon_cache_api.settings import Settings
from fullon_cache_api.spec import Catalogue, Spec, load_spec

_SPEC_FILE = "endpoints.yaml"


def find_spec(settings: Settings) -> Path:
    """Return ENDPOINTS_FILE, else `./endpoints.yaml`, else the file that comes with the package."""
    if settings.endpoints_file is not None:
        return settings.endpoints_file
    here = Path(_SPEC_FILE)
    return here if here.is_file() else resource(_SPEC_FILE)


def load(path: Path | str, catalogue: Catalogue = CATALOGUE) -> Spec:
    """Read a spec file against the reads of a catalogue; raises SpecError with every mistake."""
    return load_spec(Path(path), catalogue, resource("schemas"))


def backend(settings: Settings) -> tuple[Catalogue, Mapping[str, Read]]:
    """Return the reads that the settings' CACHE_BACKEND offers, and what does them; raises SettingsError."""
    if settings.cache_backend == "native":
        return CATALOGUE, READS
    # Its modules are for those who have fullon_cache: nobody else waits for them.
    from fullon_cache_api.integrations.fullon_cache import open_backend

    return open_backend(settings)
