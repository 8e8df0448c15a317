"""Where a portal's methods are, and what a call has to carry to be let in.

An incoming webhook carries its secret in the path. An application's token would be another Address: it adds
`auth` to each call, and renews it when the portal says `expired_token`.
"""

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

_PATH = re.compile(r"((?:/[^/]+)*?/rest/[0-9]+/)([^/]+)/?")  # a proxy may put a path in front


@dataclass(frozen=True, slots=True)
class Target:
    """Where to POST; `headers` and `params` are what lets the call in, beside the method's own."""

    url: str = field(repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    params: dict[str, str] = field(default_factory=dict, repr=False)


class Address(Protocol):
    """Answers where a method goes. Its texts never show the secret."""

    @property
    def domain(self) -> str:
        """The host that the portal was configured with, with its port when it is an unusual one."""
        ...

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not appear in any text."""
        ...

    def target(self, method: str, host: str) -> Target:
        """Where the method is, at the host where the portal lives now."""
        ...

    def moved_to(self, method: str, location: str) -> str | None:
        """The new host when a redirect leads to the same method of the same portal, else None."""
        ...

    async def renewed(self, code: str) -> bool:
        """Whether what lets calls in could be renewed after the portal said this code; then ask again."""
        ...


class Webhook:
    """The address of an incoming webhook: https://{portal}/rest/{user}/{secret}/."""

    def __init__(self, url: str) -> None:
        """Raises ValueError, without the address in it, for what is no such address."""
        parts = urlsplit(url)
        path = _PATH.fullmatch(parts.path)
        if not parts.hostname or not path:
            raise ValueError("no incoming webhook's address: https://{portal}/rest/{user}/{secret}/")
        self._is_loopback = parts.scheme == "http" and _is_loopback(parts.hostname)
        if parts.scheme != "https" and not self._is_loopback:
            raise ValueError("a portal answers over https only")
        self._scheme = parts.scheme
        self._before, self._secret = path.groups()
        self._domain = parts.netloc.rpartition("@")[2].lower()

    def __repr__(self) -> str:
        return f"Webhook({self._domain})"

    @property
    def domain(self) -> str:
        """See Address."""
        return self._domain

    @property
    def secrets(self) -> tuple[str, ...]:
        """See Address. With what stands before it a short secret is long enough to be told from a word."""
        return (self._secret, self._before + self._secret)

    def target(self, method: str, host: str) -> Target:
        """See Address."""
        return Target(f"{self._scheme}://{host}{self._path(method)}")

    def moved_to(self, method: str, location: str) -> str | None:
        """See Address. Only the host may differ: the path with the secret in it proves whose answer it is."""
        try:
            parts = urlsplit(location)
            is_fit = self._is_fit(parts, parts.port)
        except ValueError:
            return None
        path = parts.path.rstrip("/").removesuffix(".json")
        known = (self._path(method), self._path(method.lower()))  # the portal itself writes them small
        return parts.netloc.lower() if is_fit and path in known else None

    async def renewed(self, code: str) -> bool:
        """See Address. A webhook's secret is made by hand."""
        return False

    def _path(self, method: str) -> str:
        return f"{self._before}{self._secret}/{method}"

    def _is_fit(self, parts: SplitResult, port: int | None) -> bool:
        if not parts.hostname or "@" in parts.netloc or parts.scheme != self._scheme:
            return False
        if self._is_loopback:
            return _is_loopback(parts.hostname)
        return port in (None, 443) and not _is_loopback(parts.hostname)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
