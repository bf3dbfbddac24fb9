"""What stands in ZooKeeper, as JSON, and what it means where it can't be read.

Keys that are not known are left aside, so that two releases live side by side, but for orders: whoever does not
understand all of an order must not act on the rest of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, cast

from failover.model import Candidacy, Epoch, Orders
from failover.selector.base import SelectorError

_CANDIDACY = {"candidate": str, "priority": int, "standby": str, "healthy": bool, "settled": bool, "reason": str}


@dataclass(frozen=True, kw_only=True)
class Term:
    """Who took the duty, or let it go last; `clean`: let go with every call answered and the signer stopped."""

    candidate: str
    clean: bool


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """Who said last whether the holder is to be doubted, and whether it is."""

    candidate: str
    stands: bool


@dataclass(frozen=True, kw_only=True)
class Lock:
    """Who spends a resource, under which epoch of which duty, and for how many milliseconds without a renewal."""

    duty: str
    epoch: Epoch
    ttl_ms: int


def to_bytes(value: Term | Doubt | Lock | Candidacy | Orders) -> bytes:
    """JSON with its keys in order: equal values are equal bytes."""
    return json.dumps(asdict(value), sort_keys=True).encode()


def holder_to_bytes(candidate: str) -> bytes:
    """Of the holder's znode."""
    return json.dumps({"candidate": candidate}).encode()


def read_term(data: bytes) -> Term:
    """Unreadable: an unclean end of nobody known. The grace is then waited for, and the duty is not lost for ever."""
    found = _typed(data, {"candidate": str, "clean": bool})
    return Term(**found) if found else Term(candidate="", clean=False)


def read_doubt(data: bytes) -> bool:
    """Whether it stands. Unreadable, it does: calls wait, and the next holder's acquisition writes it anew."""
    found = _typed(data, {"candidate": str, "stands": bool})
    return found["stands"] if found else True


def read_holder(data: bytes) -> str:
    """The candidate's name; "" where it is unreadable, for the znode's being there is what holds the duty."""
    found = _typed(data, {"candidate": str})
    return found["candidate"] if found else ""


def read_candidacy(data: bytes) -> Candidacy | None:
    """None where it is unreadable: nobody waits for a candidate that can't be understood.

    What an older release does not say is left at its default; so is what is there and of another kind.
    """
    found, given = _typed(data, _CANDIDACY), _object(data)
    if found is None or given is None:
        return None
    return Candidacy(
        **found,
        signs=_names(given.get("signs")),
        weak=_names(given.get("weak")) or (),
        still=_heights(given.get("still")),
        penalised=given.get("penalised") is True,
    )


def read_lock(data: bytes) -> Lock | None:
    """None where it is unreadable: whoever wants the resource can only wait, for how long is not known either."""
    found = _typed(data, {"duty": str, "epoch": int, "ttl_ms": int})
    return Lock(**found) if found else None


def read_orders(data: bytes) -> Orders:
    """SelectorError where it is unreadable: to take a drained candidate for a free one would start it."""
    given = _object(data)
    if given is None or set(given) - {"drained", "pinned", "handover_to"}:
        raise SelectorError(f"The orders {data[:200]!r} are not understood; give them again, by this release.")
    drained = given.get("drained", [])
    names = [given.get(key) for key in ("pinned", "handover_to")]
    if not _is_names(drained) or not all(name is None or isinstance(name, str) for name in names):
        raise SelectorError(f"The orders {data[:200]!r} have a value of a wrong kind; give them again.")
    return Orders(drained=tuple(drained), pinned=names[0], handover_to=names[1])


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in cast("list[Any]", value))


def _names(value: Any) -> tuple[str, ...] | None:
    """None where it is no list of names."""
    return tuple(cast("list[str]", value)) if _is_names(value) else None


def _heights(value: Any) -> tuple[tuple[str, int], ...]:
    """Pairs of a chain and a height; none where it is no list of such."""
    pairs = cast("list[Any]", value) if isinstance(value, list) else []
    found = [cast("list[Any]", pair) for pair in pairs if isinstance(pair, list)]
    return tuple((pair[0], pair[1]) for pair in found if [type(item) for item in pair] == [str, int])


def _object(data: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):  # bytes that are no text are a ValueError too
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def _typed(data: bytes, wanted: Mapping[str, type]) -> dict[str, Any] | None:
    """The wanted keys, all there and of just that kind: a bool is no number."""
    found = _object(data)
    if found is None or any(type(found.get(key)) is not kind for key, kind in wanted.items()):
        return None
    return {key: found[key] for key in wanted}
