"""Names of Kubernetes objects, from the configuration's keys alone."""

from __future__ import annotations

import hashlib

# A StatefulSet's pods carry the label controller-revision-hash, `<name>-<10 characters>`, of at most 63.
SET_NAME_LIMIT = 52


def object_name(*keys: str, limit: int = SET_NAME_LIMIT) -> str:
    """The keys joined by hyphens, in lower case; past `limit`, cut and ended by eight digits of a hash.

    Different keys can give one name (`a-b` + `c`, `a` + `b-c`): the plan refuses that (`config.checks.names`).
    """
    name = "-".join(keys).lower().replace("_", "-")
    if len(name) <= limit:
        return name
    digest = hashlib.sha256("\x00".join(keys).encode()).hexdigest()[:8]
    return f"{name[: limit - 9].rstrip('-')}-{digest}"


def content_name(name: str, content: str) -> str:
    """A name that changes with the content: immutable configuration, whose change rolls the pods that mount it."""
    return f"{name}-{hashlib.sha256(content.encode()).hexdigest()[:10]}"
