"""What Telegram checks in reply_markup."""

from sandbox.telegram.html import checked_url
from sandbox.telegram.wire import Json, bad_request

MAX_BUTTONS = 100
MAX_ROW = 8
_UNPARSED = "can't parse inline keyboard button"
_STYLES = ("success", "danger", "primary")
_ACTIONS = (
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
)
_OTHER_MARKUPS = ("keyboard", "remove_keyboard", "force_reply")
_FLAGS = ("remove_keyboard", "force_reply", "selective")


def parse_markup(value: object, *, private: bool, inline_only: bool = False) -> Json | None:
    """The inline keyboard as kept, None for none or for markups that show nothing under the message.

    Raises ApiError 400, with `inline_only` also for those others; nothing of the call is applied then.
    """
    if value is None or value == "":
        return None
    if not isinstance(value, dict):
        raise bad_request("object expected as reply markup")
    _check_fields(value)
    if "inline_keyboard" not in value:
        _check_other(value, inline_only)
        return None
    rows = value["inline_keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    if sum(map(len, rows)) > MAX_BUTTONS or any(len(row) > MAX_ROW for row in rows):
        raise bad_request("reply markup is too long")
    kept = [[_button(button, private) for button in row] for row in rows if row]
    return {"inline_keyboard": kept} if kept else None


def _check_fields(value: Json) -> None:
    for name in _FLAGS:
        if not isinstance(value.get(name, False), bool):
            raise bad_request(f'field "{name}" must be of type Boolean')
    if not isinstance(value.get("input_field_placeholder", ""), str):
        raise bad_request('field "input_field_placeholder" must be of type String')


def _check_other(value: Json, inline_only: bool) -> None:
    if not value:
        return
    if not any(name in value for name in _OTHER_MARKUPS):
        raise bad_request("can't parse reply keyboard markup JSON object")
    if inline_only and any(value.get(name) for name in _OTHER_MARKUPS):
        raise bad_request("inline keyboard expected")


def _button(value: object, private: bool) -> Json:
    if not isinstance(value, dict):
        raise bad_request(f"{_UNPARSED}: InlineKeyboardButton must be an Object")
    text = value.get("text")
    if not isinstance(text, str):
        raise bad_request(f'{_UNPARSED}: can\'t find field "text"')
    if not text.strip():
        raise bad_request("BUTTON_TEXT_INVALID")
    actions = [name for name in _ACTIONS if name in value]
    if len(actions) != 1:
        raise bad_request(f"{_UNPARSED}: Text buttons are unallowed in the inline keyboard")
    button: Json = {"text": text}
    if "style" in value:
        button["style"] = _style(value["style"])
    return button | {actions[0]: _action(actions[0], value[actions[0]], private)}


def _style(style: object) -> str:
    if style not in _STYLES:
        raise bad_request(f"{_UNPARSED}: invalid button style specified")
    return str(style)


def _action(name: str, value: object, private: bool) -> object:
    if name == "callback_data":
        if not isinstance(value, str) or not 1 <= len(value.encode()) <= 64:
            raise bad_request("BUTTON_DATA_INVALID")
        return value
    if name == "url":
        return _url(str(value))
    if name == "web_app":
        return _web_app(value, private)
    return value


def _url(value: str) -> str:
    address = checked_url(value)
    if address is None:
        raise bad_request(f"inline keyboard button URL '{value}' is invalid: Wrong HTTP URL")
    return address


def _web_app(value: object, private: bool) -> Json:
    url = str(value.get("url", "")) if isinstance(value, dict) else ""
    if not url.startswith("https://"):
        raise bad_request(
            f"inline keyboard button Web App URL '{url}' is invalid: Only HTTPS links are allowed"
        )
    if not private:
        raise bad_request("BUTTON_TYPE_INVALID")
    return {"url": url}
