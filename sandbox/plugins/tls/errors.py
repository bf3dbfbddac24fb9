"""What the stand-in says of an input that it can't use."""

from __future__ import annotations

_QUOTED_LENGTH = 60


class InputError(ValueError):
    """One sentence about one property. It never quotes a key or a certificate."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(f"{name}: {sentence}")


def quoted(value: str) -> str:
    """A word as it was given. Anything long, or of several lines, may be a key that was put in the wrong place."""
    return repr(value) if len(value) <= _QUOTED_LENGTH and value.isprintable() else "what was given"
