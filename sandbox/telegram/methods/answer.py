"""What a method answers."""

from dataclasses import dataclass
from typing import Any

from sandbox.telegram.wire import Json


@dataclass(frozen=True, slots=True)
class Answer:
    """`description` is the remark some methods add to a success."""

    result: Any
    description: str | None = None

    def body(self) -> Json:
        """The JSON body."""
        body: Json = {"ok": True, "result": self.result}
        if self.description:
            body["description"] = self.description
        return body
