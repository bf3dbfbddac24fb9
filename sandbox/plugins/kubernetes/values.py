"""Values as they travel between engine and plugin, and which of an object's are secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.plugins import values
from sandbox.plugins.values import (
    SECRET,
    SIGNATURE,
    UNKNOWN,
    concealed,
    from_struct,
    holds,
    is_secret,
    revealed,
    to_struct,
)

__all__ = [
    "SECRET",
    "SIGNATURE",
    "UNKNOWN",
    "concealed",
    "from_struct",
    "guarded",
    "holds",
    "is_secret",
    "revealed",
    "to_struct",
]

# kubectl keeps everything that it was given in this annotation, a Secret's values too.
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def guarded(outputs: dict[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Outputs whose secrets are wrapped: a Secret's values, and every field that was given as a secret."""
    always: list[str] = []
    if outputs.get("kind") == "Secret":
        always += ["data", "stringData"]
        if _LAST_APPLIED in ((outputs.get("metadata") or {}).get("annotations") or {}):
            always.append("metadata")
    return values.guarded(outputs, inputs, *always)
