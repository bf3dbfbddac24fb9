"""The highest epoch that this gate has let through, on disk: an ensemble that was restored from a backup goes back.

The file is one line: the epoch, and its CRC-32. It is replaced as a whole; a file that is there but damaged is never
taken for a first start.
"""

from __future__ import annotations

import asyncio
import os
import re
import zlib
from pathlib import Path

from failover.model import Epoch

NAME = "highest-epoch"
_LINE = re.compile(r"([0-9]{1,19}) ([0-9a-f]{8})\n")


class HighWaterError(Exception):
    """One sentence: why the file can't be trusted."""


def _line(epoch: Epoch) -> str:
    return f"{epoch} {zlib.crc32(str(epoch).encode()):08x}\n"


def load(path: Path) -> Epoch:
    """The stored epoch; 0 where there is no file. Raises HighWaterError."""
    try:
        text = path.read_bytes().decode("ascii", errors="replace")
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise HighWaterError(f"{path} can't be read: {error.strerror}") from None
    found = _LINE.fullmatch(text)
    if not found or _line(int(found[1])) != text:
        raise HighWaterError(
            f"{path} is damaged: stop the fleet's signers, make sure that the ensemble was not restored, then delete it"
        )
    return int(found[1])


def store(path: Path, epoch: Epoch) -> None:
    """Replace the file; once this returns, it outlives a power cut. Raises OSError: the old file is still there."""
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        file.write(_line(epoch).encode())
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class HighWater:
    """`highest` is on disk, always; it only grows."""

    def __init__(self, folder: Path) -> None:
        """Raises HighWaterError."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise HighWaterError(f"{folder} can't be made: {error.strerror}") from None
        self._path = folder / NAME
        self.highest = load(self._path)
        self._lock = asyncio.Lock()

    async def raise_to(self, epoch: Epoch) -> None:
        """Store an epoch that a quorum has confirmed, unless it or a higher one is stored. Raises OSError."""
        if epoch <= self.highest:
            return
        async with self._lock:
            if epoch > self.highest:
                await asyncio.to_thread(store, self._path, epoch)
                self.highest = epoch
