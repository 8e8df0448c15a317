"""What a forwarded message keeps of the original."""

from sandbox.telegram.messages import Message
from sandbox.telegram.wire import Json, without


def origin_of(message: Message) -> Json:
    """forward_origin with its older twins, which the server still sends; a forward keeps its first origin."""
    if message.origin is not None:
        return message.origin
    if message.sender_chat is not None:
        return _from_chat(message.sender_chat.api(), message.author_signature, message.date)
    if message.sender.hides_forwards:
        return hidden_origin(message.sender.full_name, message.date)
    user = message.sender.user()
    origin = {"type": "user", "sender_user": user, "date": message.date}
    return {"forward_origin": origin, "forward_from": user, "forward_date": message.date}


def _from_chat(chat: Json, signature: str | None, date: int) -> Json:
    origin = without({"type": "chat", "sender_chat": chat, "author_signature": signature, "date": date})
    twins = without({"forward_from_chat": chat, "forward_signature": signature, "forward_date": date})
    return {"forward_origin": origin} | twins


def hidden_origin(name: str, date: int) -> Json:
    """The origin of a message by somebody whose account forwards do not lead to."""
    origin = {"type": "hidden_user", "sender_user_name": name, "date": date}
    return {"forward_origin": origin, "forward_sender_name": name, "forward_date": date}


def origin_name(origin: Json) -> str:
    """What clients show after "Forwarded from"."""
    told: Json = origin["forward_origin"]
    if told["type"] == "hidden_user":
        return str(told["sender_user_name"])
    if told["type"] == "chat":
        return str(told["sender_chat"]["title"])
    user: Json = told["sender_user"]
    return " ".join(filter(None, (user["first_name"], user.get("last_name"))))


def kept_markup(message: Message) -> Json | None:
    """The inline keyboard goes along when all its buttons are links; one callback button loses them all."""
    buttons = [button for row in message.buttons for button in row]
    links = all("url" in button or "login_url" in button for button in buttons)
    return message.markup if buttons and links else None
