"""What an agent needs of a kind of signer, and nothing more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Protocol

from failover.settings import SettingsError

ANSWER_SECONDS = 1.5  # for `answers`; Iguana takes about 1 ms where it is idle, and up to 1 s while it adds a coin

# Chains that the signer was not told of, or does not sign for, each with the reason: one sentence, without secrets.
Refused = Mapping[str, str]


class RoleError(Exception):
    """One sentence, without secrets: why the signer did not do what it was to do."""


class Role(Protocol):
    """One kind of signer. There is no call that undoes an activation: the process's end does."""

    busy_seconds: float
    """How long it may leave calls unanswered while its process works."""
    idle_seconds: float
    """How long none of its threads may have had a processor meanwhile: after that it hangs."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must stand in no log."""
        ...

    def command(self) -> tuple[str, ...]:
        """What to start, after clearing what an earlier one has left. Raises RoleError."""
        ...

    async def prepare(self) -> None:
        """Wait until it answers and tell it what needs no daemon. Raises RoleError."""
        ...

    async def add(self, chains: Collection[str]) -> Refused:
        """Tell it of these chains' daemons, which answer now; twice is once. It does not sign by that.

        Only of daemons that answer: Iguana's API waits for a daemon without a limit.
        """
        ...

    async def activate(self, chains: Collection[str]) -> Refused:
        """Let it sign for these chains, whose daemons answer and have the key; includes `add` for them.

        One chain that is refused leaves the others to be signed for. Raises RoleError when it can sign for none, or
        when nobody can tell: then it may sign or not.
        """
        ...

    async def join(self, chains: Collection[str]) -> Refused:
        """Once activated: let it sign for these chains as well, beside those before; twice is once."""
        ...

    async def answers(self) -> bool:
        """Whether it answered a call within ANSWER_SECONDS. A signer that is busy for longer does not: its CPU time and
        its calls to daemons tell the two apart, see `failover.processes.activity`."""
        ...

    async def in_round(self) -> bool:
        """Whether it takes part in something that its end would spoil."""
        ...

    async def close(self) -> None: ...


def read_key(directory: str, name: str) -> str:
    """A secret from its file. Raises SettingsError without telling any of it."""
    path = Path(directory) / name
    try:
        key = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise SettingsError(f"{path}: {reason}; mount the notary's keys there") from None
    if not key:
        raise SettingsError(f"{path}: empty, expected the notary's {name}")
    return key
