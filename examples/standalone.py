"""The gateway as an application of its own: every endpoint under /cache, its docs at /docs.

REDIS_URL=redis://127.0.0.1:6379/0 python examples/standalone.py
"""

import uvicorn

from fullon_cache_api import FullonCacheGateway, Settings

settings = Settings.load()
app = FullonCacheGateway(title="Master API - Cache Module", prefix="/cache", settings=settings).get_app()

if __name__ == "__main__":
    uvicorn.run(app, host=settings.host, port=settings.port)
