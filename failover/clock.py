"""Time as this package counts it: seconds of a clock that nobody sets, and that goes on while the machine sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable

# Seconds since the machine's start. Comparable between processes of one machine, never between machines.
Clock = Callable[[], float]


def boottime() -> float:
    """CLOCK_BOOTTIME: unlike CLOCK_MONOTONIC it counts a suspended machine's time, in which a session expires too."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
