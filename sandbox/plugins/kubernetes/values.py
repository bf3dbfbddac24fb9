"""Values as they travel between engine and plugin, and which of an object's are secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
    fields = {key for key, value in inputs.items() if holds(value, "secret")}
    if outputs.get("kind") == "Secret":
        fields |= {"data", "stringData"}
        if _LAST_APPLIED in ((outputs.get("metadata") or {}).get("annotations") or {}):
            fields.add("metadata")
    return {
        key: {SIGNATURE: SECRET, "value": value} if key in fields and not is_secret(value) else value
        for key, value in outputs.items()
    }
