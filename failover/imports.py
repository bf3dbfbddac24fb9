"""One daemon's import from beginning to end, whatever comes between: no answer for hours, a restart, a full queue.

A key whose outputs were looked for in a part of the chain only is worse than none: the wallet says that it has it, and
does not know its coins. So an import whose rescan was broken off is followed by a rescan.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from enum import Enum

from failover.keys import NotaryKey
from failover.observers import FAILED
from failover.wallets import NO_WALLET, Ask, ImportFailedError, address_of, holds_key, import_key, rescan, scan_in
from failover.wire import GONE, NOT_EXECUTED, OVERLOADED, UNREACHABLE, CallError

POLL_SECONDS = 2.0
IMPORT_SECONDS = 7 * 24 * 3600.0  # for one call: as long as a gate waits for its daemon's answer
WARMING_UP = -28
# Passes by itself: nobody is there, the daemon is busy, its wallet is not made yet, another import is under way.
LATER = frozenset({GONE, NOT_EXECUTED, OVERLOADED, UNREACHABLE, WARMING_UP, NO_WALLET})

Pause = Callable[[float], Coroutine[None, None, None]]


class Brought(Enum):
    """What had to be done."""

    NOTHING = "there already"
    IMPORTED = "imported"
    RESCANNED = "rescanned"


@dataclass
class _State:
    """`begun`: a rescan of ours was sent; `again`: it, or one before, did not come to its end."""

    again: bool
    begun: bool = False


async def bring(ask: Ask, key: NotaryKey, *, again: bool = False, pause: Pause = asyncio.sleep) -> Brought:
    """Return when the key is in the wallet and its outputs are known. Raises ImportFailedError: the daemon refuses.

    `again`: look through the chain even if the key is there already. One call at a time is under way. Where an answer
    is lost, as komodod's is when its gate restarts, the daemon is asked until it answers: it does not before it is
    through.
    """
    state = _State(again=again)
    while (brought := await _step(ask, key, state)) is None:
        await pause(POLL_SECONDS)
    return brought


async def _step(ask: Ask, key: NotaryKey, state: _State) -> Brought | None:
    """What was done, once it is; None where it has to be tried again."""
    try:
        return await _further(ask, key, state)
    except CallError as error:
        if error.code in LATER:
            # Gone while it was at it: what it has looked through by then is a part.
            state.again |= state.begun and error.code == GONE
            return None
        if not _of_a_rescan(error):
            raise ImportFailedError(str(error)) from None
        state.again |= state.begun
    except ImportFailedError as error:
        if not _of_a_rescan(error):
            raise
        state.again = True
    except FAILED:
        pass
    return None


async def _further(ask: Ask, key: NotaryKey, state: _State) -> Brought | None:
    if scan_in(await ask("getwalletinfo")).under_way:
        return None
    address = await address_of(ask, key.pubkey)
    there = await holds_key(ask, address)
    if there and not state.again:
        return Brought.IMPORTED if state.begun else Brought.NOTHING
    state.begun = True
    try:
        await (rescan(ask) if there else import_key(ask, key, address))
    except CallError as error:
        state.again |= error.code == UNREACHABLE  # its gate waits for days: the daemon has hung up
        if error.code in LATER or there or not await holds_key(ask, address):
            raise
        # Refused and there all the same: with a full disk litecoind keeps the key in its memory, and scans nothing.
        state.again = True
        return None
    return Brought.RESCANNED if there else Brought.IMPORTED


def _of_a_rescan(error: Exception) -> bool:
    """The daemon is at one already, or has broken one off: it ends, or somebody called `abortrescan`."""
    return "rescan" in str(error).lower()
