"""What can be read: one module per fullon_cache class, each read declared with its commands and keys."""

from .catalogue import CATALOGUE, READS, REFUSED

__all__ = ["CATALOGUE", "READS", "REFUSED"]
