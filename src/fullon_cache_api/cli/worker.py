"""`app`, for the processes of `serve`, which has looked at the address that they listen on."""

from fullon_cache_api.application import load_app
from fullon_cache_api.gateway import FullonCacheGateway

app = load_app(lambda settings: FullonCacheGateway(settings=settings).get_app())
