"""What servers say, as RESP2: for tests that say it in their place."""


def array(*elements: bytes) -> bytes:
    """An array, of elements that are RESP2 already."""
    return b"*%d\r\n%s" % (len(elements), b"".join(elements))


def texts(*words: bytes) -> bytes:
    """An array of texts."""
    return array(*(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
