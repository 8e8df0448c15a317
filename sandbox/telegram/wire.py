"""What every part of the stand-in shares about the wire: JSON, UTF-16 and error answers."""

from typing import Any

Json = dict[str, Any]


class ApiError(Exception):
    """An answer with ok=false. `description` is the whole text, its HTTP phrase included."""

    def __init__(self, code: int, description: str, parameters: Json | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def body(self) -> Json:
        """The JSON body; HTTP status and error_code are always the same number."""
        body: Json = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        return body


class WorldError(ValueError):
    """A person tried what Telegram's clients do not allow (unknown chat, message or button)."""


def bad_request(text: str, **parameters: int) -> ApiError:
    """400 with Telegram's prefix."""
    return ApiError(400, f"Bad Request: {text}", dict(parameters) or None)


def forbidden(text: str) -> ApiError:
    """403 with Telegram's prefix."""
    return ApiError(403, f"Forbidden: {text}")


def conflict(text: str) -> ApiError:
    """409 with Telegram's prefix."""
    return ApiError(409, f"Conflict: {text}")


def too_many(retry_after: int) -> ApiError:
    """429; the HTTP layer adds the Retry-After header from the parameters."""
    return ApiError(429, f"Too Many Requests: retry after {retry_after}", {"retry_after": retry_after})


def utf16_length(text: str) -> int:
    """Telegram counts entity offsets in UTF-16 code units."""
    return len(text) + sum(character > "\uffff" for character in text)


def utf16_slice(text: str, offset: int, length: int) -> str:
    """The part of the text that an entity covers."""
    raw = text.encode("utf-16-le")
    return raw[offset * 2 : (offset + length) * 2].decode("utf-16-le", "replace")


def without(values: Json) -> Json:
    """The same mapping without its None values: Telegram omits what is not there."""
    return {key: value for key, value in values.items() if value is not None}
