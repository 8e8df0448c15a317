"""Webhooks, with the rules of a self-hosted server in local mode (http and any port allowed)."""

import json
import re
from typing import Any

from sandbox.telegram.methods.answer import Answer
from sandbox.telegram.params import Params
from sandbox.telegram.state import State
from sandbox.telegram.updates import DEFAULT_KINDS, Webhook
from sandbox.telegram.wire import Json, bad_request

_LOCAL_MAX_CONNECTIONS = 100000


def set_webhook(state: State, params: Params) -> Answer:
    """https://core.telegram.org/bots/api#setwebhook — an empty url deletes."""
    url = params.text("url").strip()
    if not url:
        return delete_webhook(state, params)
    secret = _secret(params.text("secret_token"))
    wanted = Webhook(_checked(url), secret, params.clamped("max_connections", 40, 1, _LOCAL_MAX_CONNECTIONS))
    if params.flag("drop_pending_updates"):
        state.updates.clear()
    state.updates.allow(allowed_updates(params))
    if not _install(state, wanted, params.text("ip_address") or None):
        return Answer(True, "Webhook is already set")
    return Answer(True, "Webhook was set")


def _install(state: State, wanted: Webhook, ip_address: str | None) -> bool:
    """False when nothing but perhaps the allowed kinds changed."""
    current = state.updates.webhook
    same = (current.url, current.secret_token, current.max_connections, current.ip_address) == (
        wanted.url,
        wanted.secret_token,
        wanted.max_connections,
        ip_address,
    )
    if same:
        return False
    wanted.version, wanted.ip_address = current.version + 1, ip_address
    state.updates.webhook = wanted
    state.updates.end_poll("setWebhook")
    state.updates.tell_mode()
    state.updates.bell.ring()
    return True


def delete_webhook(state: State, params: Params) -> Answer:
    """https://core.telegram.org/bots/api#deletewebhook"""
    if params.flag("drop_pending_updates"):
        state.updates.clear()
    current = state.updates.webhook
    if not current.url:
        return Answer(True, "Webhook is already deleted")
    state.updates.webhook = Webhook(version=current.version + 1)
    state.updates.last_poll = None
    state.updates.tell_mode()
    state.updates.bell.ring()
    return Answer(True, "Webhook was deleted")


def get_webhook_info(state: State, params: Params) -> Answer:
    """https://core.telegram.org/bots/api#getwebhookinfo"""
    hook = state.updates.webhook
    info: Json = {
        "url": hook.url,
        "has_custom_certificate": False,
        "pending_update_count": state.updates.pending_count,
    }
    if hook.url:
        if hook.last_error_date is not None:
            info |= {"last_error_date": hook.last_error_date, "last_error_message": hook.last_error_message}
        info["max_connections"] = hook.max_connections
        if hook.ip_address:
            info["ip_address"] = hook.ip_address
    if state.updates.allowed != DEFAULT_KINDS:
        info["allowed_updates"] = sorted(state.updates.allowed)
    return Answer(info)


def allowed_updates(params: Params) -> list[str] | None:
    """The wanted kinds; None (keep what is) when absent or unreadable, which the server ignores silently."""
    value: Any = params.values.get("allowed_updates")
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    if not isinstance(value, list):
        return None
    return [str(kind) for kind in value]


def _secret(secret: str) -> str:
    if len(secret) > 256:
        raise bad_request("secret token is too long")
    if secret and not re.fullmatch(r"[A-Za-z0-9_-]+", secret):
        raise bad_request("secret token contains unallowed characters")
    return secret


def _checked(url: str) -> str:
    match = re.fullmatch(
        r"(https?)://([^\s/?#:@]+|\[[0-9a-fA-F:]+\])(?::(\d{1,5}))?([/?#]\S*)?", url, re.IGNORECASE
    )
    if match is None:
        raise bad_request("bad webhook: invalid webhook URL specified")
    if match.group(3) and not 0 < int(match.group(3)) < 65536:
        raise bad_request("bad webhook: invalid port specified")
    return url
