"""Who asks, and whether he may: API keys and tokens, and what an endpoint of the spec demands of them."""
