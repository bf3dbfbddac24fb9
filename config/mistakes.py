"""Mistakes in what an operator wrote: collected, never raised one by one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

FOUND_LIMIT = 80
LINE_LIMIT = 500


@dataclass(frozen=True, kw_only=True, order=True)
class Mistake:
    """One mistake: where it is, what was found there, and what would be right.

    `path` is a configuration path such as `notary:regions.eu.podCidr`, or a file with a position.
    """

    path: str
    found: str
    expected: str

    def __post_init__(self) -> None:
        """Keys and paths come from files: whatever is in them, a mistake is one line that ends."""
        for name in ("path", "found", "expected"):
            object.__setattr__(self, name, _one_line(getattr(self, name)))

    def __str__(self) -> str:
        return f"{self.path}: found {self.found}, expected {self.expected}"


class ConfigError(Exception):
    """Every mistake of one input, in order of path."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes: tuple[Mistake, ...] = tuple(sorted(set(mistakes)))
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


def _one_line(text: str) -> str:
    plain = text if text.isprintable() else "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
    return plain if len(plain) <= LINE_LIMIT else plain[: LINE_LIMIT - 1] + "…"


def shown(value: object) -> str:
    """A value as a message shows it: on one line, short, quoted as in JSON where it is text."""
    text = repr(value) if not isinstance(value, str) else '"' + value.encode("unicode_escape").decode() + '"'
    return text if len(text) <= FOUND_LIMIT else text[: FOUND_LIMIT - 1] + "…"
