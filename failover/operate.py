"""An operator's commands: they read what is, and write orders that outlive every process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace

from failover.model import Candidacy, Orders, View
from failover.selector.base import Desk

Say = Callable[[str], None]


class OrderError(Exception):
    """One sentence: why an order can't be given, and what could."""


async def status(desk: Desk, duty: str | None, *, as_json: bool, say: Say) -> None:
    """One duty or all: who holds it, who could, what was ordered."""
    duties = (duty,) if duty else await desk.duties()
    views = {name: await desk.look(name) for name in duties}
    if as_json:
        say(json.dumps({name: asdict(view) for name, view in views.items()}, indent=2, sort_keys=True))
        return
    if any(view.all_stop for view in views.values()):
        say("ALL-STOP: every signer of the fleet is to stand still; `all-stop --resume` ends that")
    rows = [("DUTY", "CANDIDATE", "HOLDS", "PRIORITY", "STANDBY", "STATE")]
    for name, view in views.items():
        rows += _rows(name, view)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for row in rows:
        say("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]))


async def handover(desk: Desk, duty: str, to: str | None, say: Say) -> None:
    """Let this candidate take over, or take the order back. Raises OrderError for one that does not campaign."""
    if to is not None:
        await _known(desk, duty, to)
    await _give(desk, duty, lambda orders: replace(orders, handover_to=to))
    once = "takes over once, as soon as it is fit and settled and can sign for no fewer chains"
    say(f"{duty}: {to} {once}" if to else f"{duty}: no handover is ordered any more")


async def drain(desk: Desk, duty: str, candidate: str, say: Say) -> None:
    """This candidate must not hold the duty, whether it campaigns now or not."""
    await _give(desk, duty, lambda orders: replace(orders, drained=tuple(sorted({*orders.drained, candidate}))))
    view = await desk.look(duty)
    others = [one.candidate for one in view.candidates if one.healthy and one.candidate not in view.orders.drained]
    say(f"{duty}: {candidate} is drained" + ("" if others else "; NOBODY ELSE IS FIT: nobody is to hold the duty"))


async def undrain(desk: Desk, duty: str, candidate: str, say: Say) -> None:
    """This candidate may hold the duty again."""
    await _give(desk, duty, lambda orders: replace(orders, drained=tuple(x for x in orders.drained if x != candidate)))
    say(f"{duty}: {candidate} may hold it again")


async def pin(desk: Desk, duty: str, candidate: str | None, say: Say) -> None:
    """Only this candidate may hold the duty, or any. Raises OrderError for one that does not campaign."""
    if candidate is not None:
        await _known(desk, duty, candidate)
    await _give(desk, duty, lambda orders: replace(orders, pinned=candidate))
    say(f"{duty}: only {candidate} may hold it" if candidate else f"{duty}: any candidate may hold it")


async def all_stop(desk: Desk, *, stop: bool, say: Say) -> None:
    """Stop every signer of the fleet, or let them go on."""
    await desk.all_stop(stop)
    say("all signers of the fleet are to stop; this survives restarts" if stop else "signers may start again")


async def _give(desk: Desk, duty: str, change: Callable[[Orders], Orders]) -> None:
    await desk.give(duty, change(await desk.orders(duty)))


async def _known(desk: Desk, duty: str, candidate: str) -> None:
    view = await desk.look(duty)
    names = sorted(one.candidate for one in view.candidates)
    if candidate not in names:
        raise OrderError(
            f"{duty}: found {candidate!r}, expected a candidate that campaigns: {', '.join(names) or 'none'}"
        )


def _rows(duty: str, view: View) -> list[tuple[str, ...]]:
    if not view.candidates:
        return [(duty, "-", view.holder.candidate if view.holder else "-", "-", "-", "no candidate campaigns")]
    return [
        (
            duty,
            one.candidate,
            f"epoch {view.holder.epoch}" if view.holder and view.holder.candidate == one.candidate else "-",
            str(one.priority),
            one.standby,
            "; ".join(
                [one.reason, *_signs(one), *_ordered(view.orders, one.candidate), *_doubted(view, one.candidate)]
            ),
        )
        for one in sorted(view.candidates, key=lambda one: (one.priority, one.candidate))
    ]


def _signs(one: Candidacy) -> list[str]:
    return [] if one.signs is None else [f"could sign for {len(one.signs)} chains"]


def _doubted(view: View, candidate: str) -> list[str]:
    holds = view.holder is not None and view.holder.candidate == candidate
    return ["in doubt, for it has been silent"] if holds and view.doubt is not None else []


def _ordered(orders: Orders, candidate: str) -> list[str]:
    words = {
        "drained": candidate in orders.drained,
        "pinned": orders.pinned == candidate,
        "to take over": orders.handover_to == candidate,
    }
    return [word for word, holds in words.items() if holds]
