"""Walking through values that nobody has validated yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

Path = tuple[str, ...]


def each(value: object, *pattern: str) -> Iterator[tuple[Path, object]]:
    """The places that a pattern of keys reaches, `*` standing for any key, with what is there.

    What is missing or of another kind is passed over: telling of it is the models' business.
    """
    if not pattern:
        yield (), value
    elif isinstance(value, dict):
        mapping = cast("dict[object, object]", value)
        keys = list(mapping) if pattern[0] == "*" else [pattern[0]] if pattern[0] in mapping else []
        for key in keys:
            for path, found in each(mapping[key], *pattern[1:]):
                yield (str(key), *path), found


def at(value: object, *path: str) -> object:
    """What is at a path, or None."""
    return next((found for _, found in each(value, *path)), None)


def texts(value: object) -> tuple[str, ...]:
    """The texts of a list; nothing for anything else."""
    return (
        tuple(item for item in cast("list[object]", value) if isinstance(item, str)) if isinstance(value, list) else ()
    )
