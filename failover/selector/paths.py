"""Where things are in ZooKeeper, below the fleet's chroot."""

from __future__ import annotations

DUTIES = "/duties"
LOCKS = "/locks"
ALL_STOP = "/all-stop"


def term(duty: str) -> str:
    """Persistent. Its version grows at every acquisition and at every release with a word."""
    return f"{DUTIES}/{duty}/term"


def holder(duty: str) -> str:
    """Ephemeral, of the holder's session; its czxid is the epoch."""
    return f"{DUTIES}/{duty}/holder"


def beat(duty: str) -> str:
    """Persistent. Its version grows with each of the holder's confirmations."""
    return f"{DUTIES}/{duty}/beat"


def doubt(duty: str) -> str:
    """Persistent: whether somebody doubts that the holder lives. Then no gate confirms it."""
    return f"{DUTIES}/{duty}/doubt"


def candidates(duty: str) -> str:
    """The folder of the candidates' own znodes."""
    return f"{DUTIES}/{duty}/candidates"


def candidate(duty: str, name: str) -> str:
    """Ephemeral, of the candidate's session."""
    return f"{candidates(duty)}/{name}"


def orders(duty: str) -> str:
    """Persistent: what people want."""
    return f"{DUTIES}/{duty}/orders"


def lock(resource: str) -> str:
    """Persistent: who spends a resource. Slashes would make folders of it."""
    return f"{LOCKS}/{resource.replace('/', '_')}"


def parents(path: str) -> tuple[str, ...]:
    """The folders above, from the top."""
    parts = path.strip("/").split("/")[:-1]
    return tuple("/" + "/".join(parts[: count + 1]) for count in range(len(parts)))
