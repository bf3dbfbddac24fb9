"""Rules for compose files, beside those for the ports that they publish."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from config.each import at, each
from config.lint.finding import Finding
from config.lint.script import Script

RULES = {"short-stop": "A litecoind or bitcoind is killed 10 s after it was told to stop, or sooner."}
DEFAULT_GRACE_SECONDS = 10  # docker's, when `stop_grace_period` is left out
_SLOW = re.compile(r"\b(?:lite|bit)coind?\b|\b(?:ltc|btc)\b", re.IGNORECASE)
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 0.000_001}


def short_stop(script: Script) -> Iterator[Finding]:
    """A kill after 10 s corrupts litecoind's database (litecoin-project/litecoin#600); bitcoind is its parent."""
    for (_, name), service in each(script.compose, "services", "*"):
        parts = [name, *(at(service, key) for key in ("image", "container_name", "command", "entrypoint", "build"))]
        if not _SLOW.search(json.dumps(parts, default=str).replace("_", " ")):
            continue
        grace = at(service, "stop_grace_period")
        seconds = DEFAULT_GRACE_SECONDS if grace is None else _seconds(str(grace))
        if seconds is not None and seconds <= DEFAULT_GRACE_SECONDS:
            yield Finding(
                rule="short-stop",
                path=f"{script.source} services.{name}.stop_grace_period",
                found=str(grace) if grace is not None else "nothing, which is 10s",
                expected="minutes, such as 10m: a kill after 10 s corrupts its database",
            )


def _seconds(text: str) -> float | None:
    """The seconds of docker's notation, such as 1m30s; None for variables."""
    if not re.fullmatch(r"(?:\d+(?:\.\d+)?(?:ms|us|h|m|s))+", text):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+(?:\.\d+)?)(ms|us|h|m|s)", text))
