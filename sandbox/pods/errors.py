"""Why a container can't start now: what Kubernetes shows as its waiting state."""

from __future__ import annotations


class NotYetError(Exception):
    """A reason in one word and a message; the start is tried again."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
