"""Iguana's double as chaos runs it: signing calls at a rate, and an activation that fails where a file tells it to.

`--faults` is a file that holds a word, or is not there: `refuse` (dpow is answered with an error), `die` (it ends the
process), `hang` (whatever it is asked next is the last thing; its other threads sign on). Run by its file, without
site-packages, so that it starts fast.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

if not __package__:  # run by its file, as `python -I -S` has to
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from doubles.iguana import run, steady
from doubles.iguana_api import NOT_MINE, Iguana, tagged
from doubles.iguana_daemons import Daemons
from doubles.iguana_http import Answer, DeathError, HangError

REFUSE, DIE, HANG = "refuse", "die", "hang"


def failing(answer: Answer, faults: Path) -> Answer:
    """The same answers, but for what the file says when it is asked."""

    def answered(call: Any) -> str:
        word, begins = fault_in(faults), isinstance(call, dict) and call.get("method") == "dpow"
        if word == HANG:
            raise HangError(word)
        if begins and word == DIE:
            raise DeathError(word)
        return tagged(error=NOT_MINE) if begins and word == REFUSE else answer(call)

    return answered


def fault_in(file: Path) -> str:
    """What the file holds; empty without one."""
    try:
        return file.read_text().strip()
    except OSError:
        return ""


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(prog="python -m chaos.iguana", description=__doc__)
    parser.add_argument("--api-port", type=int, required=True)
    parser.add_argument("--name", required=True, help="in its signing calls, before its number and its start")
    parser.add_argument("--rate", type=float, required=True, help="signing calls a second and coin")
    parser.add_argument("--attempts", required=True, help="the file of all calls, let through or not")
    parser.add_argument("--faults", type=Path, required=True, help="the file of what is to go wrong")
    asked = parser.parse_args(arguments)
    iguana = Iguana(daemons=Daemons(retries=()), addcoin_seconds=0.05)
    iguana.began = steady(iguana, asked.name, asked.rate, asked.attempts)
    run(asked.api_port, failing(iguana.answer, asked.faults))


if __name__ == "__main__":
    main()
