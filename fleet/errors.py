"""What can end a command early, and the exit code that tells it."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The command's exit codes, as `fleet --help` lists them."""

    OK = 0
    FAILED = 1  # the update, or a check, did not succeed
    BAD_INPUT = 2  # mistakes in what was given; nothing was planned or changed
    MISSING = 3  # this machine lacks something; `fleet doctor` tells what
    UNREACHABLE = 4  # a region's API server does not answer; nothing was changed
    LOCKED = 5  # another update of the stack is running
    INTERRUPTED = 130


class FleetError(Exception):
    """One sentence for the person at the terminal, and what to do."""

    def __init__(self, message: str, code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.code = code
