"""Where a model is served: its URL, and the key, which reaches no file and no screen."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import SplitResult, urlsplit

from hardneg.core.errors import ConfigError

DEFAULT_KEY = "OPENAI_API_KEY"
_HIDDEN = "[key]"
_LEAST, _LEAST_WITHOUT_DIGITS = 8, 20
"""Characters from which a key is no ordinary word."""
_LEAST_IN_MESSAGES = 4
_EXAMPLE = "expected one as http://localhost:8000/v1"
KEY_IS_RECORDED = (
    "the endpoint's key stands in its URL, the model's name or a field of the request, which are recorded; "
    "leave it in the environment alone"
)
_SECRETS = "must hold no user, password or query; put keys into the environment"


@dataclass(frozen=True)
class Endpoint:
    """Where a model is served."""

    url: str  # its base, as in `http://localhost:8000/v1`
    key: str = field(repr=False)  # the secret, empty for none

    @classmethod
    def of(cls, url: str, key_env: str | None) -> Endpoint:
        """Returns the endpoint, its key read from the environment.

        Raises:
            ConfigError: The URL is none, or holds a secret; or the key is missing, or none.
        """
        parts = _split(url.strip())
        name = key_env or DEFAULT_KEY
        key = os.environ.get(name, "").strip()
        if key_env and not key:
            raise ConfigError(
                f"the environment variable {name} is not set; it should hold the endpoint's key"
            )
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise ConfigError(f"the key in {name} holds characters that no key has")
        return cls(parts.geturl().rstrip("/").removesuffix("/chat/completions"), key)

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine, where no proxy may come between."""
        host = (urlsplit(self.url).hostname or "").rstrip(".")
        if host == "localhost" or host.endswith(".localhost"):
            return True
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            try:
                address = ipaddress.ip_address(socket.inet_aton(host))  # as 127.1
            except (OSError, ValueError):
                return False
        address = getattr(address, "ipv4_mapped", None) or address
        return address.is_loopback or address.is_unspecified

    @property
    def has_secret(self) -> bool:
        """Whether the key is no ordinary word: 8 characters with letters and digits, or any 20."""
        mixed = any(map(str.isdigit, self.key)) and any(map(str.isalpha, self.key))
        return len(self.key) >= (_LEAST if mixed else _LEAST_WITHOUT_DIGITS)

    def hide(self, text: str) -> str:
        """Returns a text of an answer without the key, if that is no ordinary word."""
        return self._pattern.sub(_HIDDEN, text) if self.has_secret else text

    def hide_in_message(self, text: str) -> str:
        """Returns a text of an error without the key, also where it is a word of four letters or more."""
        return self._pattern.sub(_HIDDEN, text) if len(self.key) >= _LEAST_IN_MESSAGES else text

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """The key as it is, or escaped in part or whole as in JSON, URLs, HTML or Python."""
        return re.compile("".join(map(_escaped, re.findall(r"\\+|.", self.key))), re.IGNORECASE)


def _escaped(part: str) -> str:
    """Returns a pattern of one character, or of backslashes in a row, in every form that hides it."""
    if part[0] == "\\":
        return r"(?:\\{1,9}[ux](?:00)?5c|\\|%(?:25){0,3}5c|&#(?:92|x5c);){1,64}"
    number = ord(part)
    forms = (
        rf"\\{{0,9}}(?:{re.escape(part)}|u00{number:02x}|x{number:02x})",
        rf"%(?:25){{0,3}}{number:02x}",
        rf"&#(?:0{{0,5}}{number}|x0{{0,5}}{number:x});",
    )
    return f"(?:{'|'.join(forms)})"


def _split(url: str) -> SplitResult:
    """Returns the parts of an endpoint's URL; errors show none that may hold a password."""
    if any(sign in url for sign in "@?#"):
        raise ConfigError(f"the endpoint's URL {_SECRETS}")
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_url = False
    if not is_url or not url.isprintable() or " " in url or "\\" in url:
        shown = url[:60] if url.isprintable() else "that was given"
        raise ConfigError(f'the endpoint "{shown}" is no URL; {_EXAMPLE}')
    try:
        valid = parts.port != 0
    except ValueError:
        valid = False
    if not valid:  # a password without its host looks like a port
        raise ConfigError(f"the port in the endpoint's URL is no number from 1 to 65535; {_EXAMPLE}")
    return parts
