"""Another process's session ended now, so that what hangs on it is free before its timeout."""

# pyright: basic
# kazoo comes without types.
from __future__ import annotations

import random
import threading

from config.failover import EnsembleAccess
from failover.access import Access, access_of
from failover.connection import Client
from failover.selector.base import NoQuorumError


def end_session(access: Access | EnsembleAccess, session_id: int, password: bytes, *, seconds: float = 5.0) -> None:
    """Take the session over, and close it; one that has ended already is no error.

    Blocks for `seconds` at most. Only for the session of a process that can do no harm any more. NoQuorumError where
    the ensemble did not say that the session has ended; OSError for TLS files of no use.
    """
    client = Client(access_of(access), random.Random(), resume=(session_id, password))
    changed, ended = threading.Event(), threading.Event()
    client.heard = changed.set
    client.start_async()

    def work() -> None:
        while not client.connected and not client.over and changed.wait(seconds):
            changed.clear()
        if client.end():
            ended.set()
        changed.set()

    thread = threading.Thread(target=work, name="session end", daemon=True)
    thread.start()
    thread.join(seconds)
    if not ended.is_set():
        raise NoQuorumError(f"The ensemble did not end the session within {seconds:g} s; its timeout will.")
