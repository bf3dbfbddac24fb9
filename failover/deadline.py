"""The deadline file: what the agent tells the watchdog, until when its signer may live and who to end otherwise."""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from failover.processes import Family, ProcessId

FILE = "deadline.json"
WATCH = "watchdog.lock"
ATTEMPTS = 10


@dataclass(frozen=True, kw_only=True)
class Session:
    """The agent's session with the ensemble; who knows the password can end it."""

    number: int
    password: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """`ends_at`: seconds of CLOCK_BOOTTIME; None while the signer signs nothing, then only the agent's death counts."""

    agent: ProcessId
    signer: Family | None = None
    ends_at: float | None = None
    session: Session | None = None


def boot_id() -> str:
    """Which start of the machine this is: process numbers and times of another mean nothing."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def write(directory: Path, deadline: Deadline) -> None:
    """Replace the file at once, readable by its owner alone. Raises OSError."""
    session = deadline.session
    values = {
        **asdict(deadline),
        "boot": boot_id(),
        "session": {"number": session.number, "password": session.password.hex()} if session else None,
    }
    made = directory / f".{FILE}.{os.getpid()}"
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(values, file)
    made.replace(directory / FILE)


def read(directory: Path) -> Deadline | None:
    """The last one written since the machine's start; None if there is none. Raises ValueError for a damaged file."""
    try:
        values: dict[str, Any] = json.loads((directory / FILE).read_text())
    except FileNotFoundError:
        return None
    try:
        if values["boot"] != boot_id():
            return None
        signer, session = values["signer"], values["session"]
        return Deadline(
            agent=ProcessId(**values["agent"]),
            signer=Family(leader=ProcessId(**signer["leader"]), mark=signer["mark"]) if signer else None,
            ends_at=values["ends_at"],
            session=Session(number=session["number"], password=bytes.fromhex(session["password"])) if session else None,
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"{directory / FILE}: {error}") from None


def clear(directory: Path) -> None:
    """There is no agent any more, and nothing of it."""
    (directory / FILE).unlink(missing_ok=True)


class Watch:
    """The watchdog's lock, held as long as it lives: so the agent knows that somebody watches."""

    def __init__(self, directory: Path) -> None:
        """Raises BlockingIOError where another watchdog has it."""
        self._file = os.open(directory / WATCH, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        for attempt in range(1, ATTEMPTS + 1):  # whoever asks `watched` holds it for an instant too
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if attempt == ATTEMPTS:
                    os.close(self._file)
                    raise
                time.sleep(0.02)

    def close(self) -> None:
        """Nobody watches any more."""
        os.close(self._file)


def watched(directory: Path | str) -> bool:
    """Whether a watchdog runs."""
    try:
        opened = os.open(Path(directory) / WATCH, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(opened)
    return False
