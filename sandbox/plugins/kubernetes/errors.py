"""What can go wrong, as sentences for the person at the other end."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from typing import Any

from sandbox.plugins.kubernetes.values import Json


class ProviderError(Exception):
    """A message for the user; nothing of it is a secret."""


class Unreachable(ProviderError):
    """The cluster can't be used at all: it is down, hangs, refuses the credentials, or its kubeconfig is unreadable."""


class UnknownKind(ProviderError):
    """The API server does not have this kind (yet): a custom resource before its definition."""


class ApiError(ProviderError):
    """The API server answered, and said no."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason

    @classmethod
    def of(cls, code: int, body: Any, cluster: str) -> ApiError:
        status = body if isinstance(body, dict) else {}
        reason = str(status.get("reason") or "")
        message = str(status.get("message") or f"the API server answered HTTP {code}")
        return cls(code, reason, f"{message} ({cluster})")

    @property
    def missing(self) -> bool:
        return self.code == 404

    @property
    def exists(self) -> bool:
        return self.code == 409 and self.reason == "AlreadyExists"

    @property
    def conflict(self) -> bool:
        return self.code == 409 and self.reason == "Conflict"


class InitFailed(ProviderError):
    """The object is there, but did not become ready: the engine keeps it in the state, with the reasons."""

    def __init__(self, message: str, live: Json, reasons: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.live = live
        self.reasons = [message, *reasons]
        self.identity = ""
        self.properties: Json = {}
        self.inputs: Json = {}


def redacted(text: str, secrets: Iterable[str]) -> str:
    """`text` without any of `secrets`, in the clear or in base64. Shorter ones than 3 would only garble it."""
    hidden: set[str] = set()
    for value in secrets:
        hidden.update((value, base64.b64encode(value.encode()).decode()))
        hidden.update(line for line in value.splitlines() if len(line) > 7)
        try:
            hidden.add(base64.b64decode(value, validate=True).decode())
        except (binascii.Error, ValueError):
            continue
    for value in sorted(hidden, key=len, reverse=True):
        if len(value) >= 3:
            text = text.replace(value, "[secret]")
    return text
