"""Orphans come to the agent, be it PID 1 or not, and are waited for: no zombie is left, no process escapes upwards."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
from collections.abc import Callable

from failover import processes

PR_SET_CHILD_SUBREAPER = 36


def adopt(signer: Callable[[], int | None]) -> None:
    """From now on reap every orphan; the signer itself, whose code is asked for elsewhere, is left alone."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, _reap, signer)


def _reap(signer: Callable[[], int | None]) -> None:
    for pid in processes.zombies(os.getpid()):
        if pid != signer():
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
