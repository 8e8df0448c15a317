"""Whose certificates are trusted outside: read once, for every client there is."""

import functools
import ssl

import httpx


@functools.cache
def trusted() -> ssl.SSLContext:
    """What httpx trusts by itself; a client that makes its own reads the whole list of authorities anew."""
    return httpx.create_ssl_context()
