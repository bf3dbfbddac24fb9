"""`import-keys`: has the daemons of a duty import the notary's key, and look through their chains for its coins."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass
from typing import Any

from config.failover import AgentConfig, GateRoute
from failover.gates import Gates
from failover.imports import IMPORT_SECONDS, bring
from failover.keys import NotaryKey, notary_key
from failover.log import Log
from failover.observers import FAILED, PATIENT_SECONDS
from failover.operate import Say
from failover.question import Question
from failover.settings import SettingsError
from failover.tls import Identity
from failover.wallets import Ask, ImportFailedError, Scan, scan_in

PROGRESS_SECONDS = 15.0
ASKED_SECONDS = 3.0  # for how far a rescan is: komodod answers nothing meanwhile


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one chain: `outcome` is what was done, or "refused" with the daemon's reason."""

    chain: str
    outcome: str
    seconds: float
    reason: str | None = None


async def import_keys(
    config: AgentConfig, chain: str | None, *, again: bool, as_json: bool, say: Say, complain: Say
) -> int:
    """All chains of the duty side by side, or one; 0, or 1 where a daemon refused. `again`: --rescan.

    Waits for daemons that don't answer yet. Raises SettingsError for a key that is not the duty's, OSError.
    """
    key, routes = notary_key(config), _chosen(config, chain)
    if config.gates is None:
        raise SettingsError("gates: found none, expected the PEM files for the gates that `routes` lead to")
    gates = Gates(config, Identity(config.gates, server=False, log=Log(complain)))
    gates.start()
    try:
        found = await asyncio.gather(*(_one(gates, route, key, again, complain) for route in routes))
    finally:
        await gates.close()
    if as_json:
        say(json.dumps([asdict(item) for item in found]))
    else:
        for item in found:
            say(_line(item, again))
    return 1 if any(item.reason for item in found) else 0


def _chosen(config: AgentConfig, chain: str | None) -> tuple[GateRoute, ...]:
    routes = tuple(route for route in config.routes if chain in (None, route.chain))
    if not routes:
        known = ", ".join(route.chain for route in config.routes)
        raise SettingsError(f"--chain: found {chain}, expected one of the duty's: {known}")
    return routes


async def _one(gates: Gates, route: GateRoute, key: NotaryKey, again: bool, complain: Say) -> Outcome:
    loop = asyncio.get_running_loop()
    begun, how_far = loop.time(), Question(lambda: _scan(_ask(gates, route, PATIENT_SECONDS)))
    bringing = asyncio.create_task(bring(_ask(gates, route, IMPORT_SECONDS), key, again=again))
    try:
        while not (await asyncio.wait({bringing}, timeout=PROGRESS_SECONDS))[0]:
            complain(f"{route.chain}: under way since {loop.time() - begun:.0f} s{await _share(how_far)}")
        done = bringing.result()
    except ImportFailedError as error:
        reason = key.blotted(str(error))
        return Outcome(chain=route.chain, outcome="refused", seconds=round(loop.time() - begun, 1), reason=reason)
    finally:
        bringing.cancel()
        await how_far.close()
    return Outcome(chain=route.chain, outcome=done.value, seconds=round(loop.time() - begun, 1))


def _ask(gates: Gates, route: GateRoute, seconds: float) -> Ask:
    async def ask(method: str, *params: object) -> Any:
        return await gates.call(route, method, *params, seconds=seconds)

    return ask


async def _scan(ask: Ask) -> Scan:
    return scan_in(await ask("getwalletinfo"))


async def _share(how_far: Question[Scan]) -> str:
    """How much of its chain a wallet has looked through, where the daemon tells it; and why it waits, if it does."""
    try:
        scan = await how_far.answer(ASKED_SECONDS)
    except TimeoutError:
        return ""
    except FAILED as error:
        return f": {error}"
    return f", {scan.progress:.0%}" if scan.progress is not None else ""


def _line(item: Outcome, again: bool) -> str:
    if item.reason:
        return f"{item.chain}: {item.reason}"
    hint = "" if again or item.outcome != "there already" else "; --rescan looks for coins that it owned before"
    return f"{item.chain}: {item.outcome}, {item.seconds:.0f} s{hint}"
