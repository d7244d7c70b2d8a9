"""`python -m fullon_cache_api.cli`."""

from fullon_cache_api.cli import main

if __name__ == "__main__":
    main(prog_name="fullon-cache-api")
