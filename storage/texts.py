"""Texts from anywhere, as every database takes them."""


def storable(text: str) -> str:
    """The text without what cannot be stored: half a character, and NUL on PostgreSQL."""
    return text.encode(errors="replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
