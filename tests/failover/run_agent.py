"""`run_agent.py agent|watchdog|gate CONFIG LEDGER`: one of them, over the ledger in place of an ensemble."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from config.failover import AgentConfig, EnsembleAccess, GateConfig
from failover.deadline import Session
from failover.log import Log
from failover.model import duty_name
from failover.settings import load
from failover.watchdog import Watchdog
from tests.failover.ledger import Ledger, LedgerSelector, LedgerVerifier

what, ledger = sys.argv[1], Ledger(Path(sys.argv[3]))

if what == "gate":
    from failover.gate import serve

    asyncio.run(serve(load(Path(sys.argv[2]), GateConfig), LedgerVerifier(ledger), asyncio.Event()))

config = load(Path(sys.argv[2]), AgentConfig)

if what == "watchdog":

    def end(_: EnsembleAccess, session: Session) -> None:
        ledger.end_session(session.number)

    watchdog = Watchdog(config, Log(who="watchdog"), end=end)
    signal.signal(signal.SIGTERM, lambda *_: watchdog.stop())
    sys.exit(watchdog.run())

from failover.agent.main import main  # noqa: E402


def connect(config: AgentConfig) -> tuple[LedgerSelector, Callable[[], tuple[int, bytes]]]:
    selector = LedgerSelector(ledger, duty_name(config.notary, config.shard), config.region)
    return selector, selector.session


sys.exit(main(config, connect=connect))
