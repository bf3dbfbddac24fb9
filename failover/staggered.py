"""Connection attempts begun one after another, each beside those before it that hang: the first to succeed is taken.

As in RFC 8305, 5; but an attempt here is as long as its caller makes it, with the TLS handshake, where the standard
library's staggered race ends at TCP: the kernel still accepts for a server that is frozen.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from socket import socket

Attempt = Callable[[], socket]


def first_of(attempts: Sequence[Attempt], delay_s: float) -> tuple[int, socket]:
    """The number and the socket of the attempt that succeeded first; sockets of the others are closed.

    The next attempt begins `delay_s` after the last one, or at once where any has failed. Each has a timeout of its
    own, in a thread that nobody waits for. Raises the error of the last to fail where all do.
    """
    race = _Race()
    begun = failed = 0
    while True:
        if begun < len(attempts):
            race.begin(begun, attempts[begun])
            begun += 1
        try:
            number, ended = race.ended.get(timeout=delay_s if begun < len(attempts) else None)
        except Empty:
            continue
        if isinstance(ended, socket):
            return number, ended
        failed += 1
        if failed == len(attempts):
            raise ended


class _Race:
    def __init__(self) -> None:
        self.ended: SimpleQueue[tuple[int, socket | Exception]] = SimpleQueue()
        self._lock = threading.Lock()
        self._won = False

    def begin(self, number: int, attempt: Attempt) -> None:
        threading.Thread(target=self._run, args=(number, attempt), name="staggered", daemon=True).start()

    def _run(self, number: int, attempt: Attempt) -> None:
        try:
            made = attempt()
        except Exception as error:
            self.ended.put((number, error))
            return
        with self._lock:
            late, self._won = self._won, True
        if late:
            made.close()
        else:
            self.ended.put((number, made))
