"""Fullon's Redis cache over HTTP, read-only, declared in one YAML file."""
