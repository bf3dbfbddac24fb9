"""What a rule found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One finding: the rule that made it, where, what was found there, and what would be right."""

    rule: str
    path: str
    found: str
    expected: str
