"""Lists that are turned a page at a time."""

from msgspec import structs

from services.flow.items import Action


def moves(name: str, earlier: int | None, later: int | None) -> tuple[Action, ...]:
    """The same for pages of unequal length; the buttons carry how many entries come before theirs."""
    before = [Action("button-earlier", f"{name}:{earlier}")] if earlier is not None else []
    after = [Action("button-later", f"{name}:{later}", beside=bool(before))] if later is not None else []
    return (*before, *after)


def turns(name: str, number: int, last: int) -> tuple[Action, ...]:
    """Buttons to the pages before and after, side by side; what they carry is `<name>:<page>`."""
    before = Action("button-page-before", f"{name}:{number - 1}", params={"page": number - 1})
    after = Action("button-page-after", f"{name}:{number + 1}", params={"page": number + 1})
    if number <= 1:
        return (after,) if number < last else ()
    return (before, structs.replace(after, beside=True)) if number < last else (before,)
