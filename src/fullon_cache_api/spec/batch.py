"""The endpoint that asks several others at once: what its handler and its document must agree on."""

from .model import Spec

BATCH_PATH = "/batch"
"""Below the prefix, as the paths of the spec are."""

MAX_GETS = 50
"""How many endpoints one batch may ask."""


def offers_batch(spec: Spec) -> bool:
    """Whether a gateway of this spec answers batches: a `/batch` of the spec's own wins."""
    return all(endpoint.path != BATCH_PATH for endpoint in spec.endpoints)
