"""Everything the hub says to people, in every language it speaks."""

from services.texts.catalogue import LANGUAGES, Texts

__all__ = ["LANGUAGES", "Texts"]
