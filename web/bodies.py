"""JSON bodies of closed routes: read only when it is known who calls."""

from typing import Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

M = TypeVar("M", bound=BaseModel)


async def body_of(request: Request, model: type[M]) -> M:
    """The body as `model`. Raises RequestValidationError, which never holds the input itself."""
    try:
        return model.model_validate_json(await request.body())
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in found]) from None


def described(model: type[BaseModel]) -> dict[str, Any]:
    """For a route's `openapi_extra`: FastAPI does not see a body that the route reads itself."""
    schema = model.model_json_schema()
    whole = _inlined(schema, schema.get("$defs", {}))
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": whole}}}}


def _inlined(node: Any, parts: dict[str, Any]) -> Any:
    """A schema with its parts where they are used: a description has no place for a model's own."""
    match node:
        case {"$ref": str(reference)}:
            return _inlined(parts[reference.rpartition("/")[2]], parts)
        case dict():
            return {key: _inlined(value, parts) for key, value in node.items() if key != "$defs"}
        case list():
            return [_inlined(each, parts) for each in node]
    return node
