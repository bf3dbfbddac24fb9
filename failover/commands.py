"""What stands between the command line and the parts that do the work: connections made and ended."""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import Coroutine

from config.failover import AgentConfig, GateConfig
from failover import operate
from failover.clock import boottime
from failover.model import duty_name
from failover.operate import OrderError, Say
from failover.selector.base import Desk, SelectorError


async def order(given: argparse.Namespace, config: AgentConfig, say: Say, complain: Say) -> int:
    """One of an operator's commands; 0, or 1 with the reason given to `complain`. Raises OSError for its files."""
    from failover.selector.zookeeper import ZooKeeperDesk

    desk = ZooKeeperDesk(config.ensemble)
    try:
        await chosen(given, config, desk, say)
    except (OrderError, SelectorError) as error:
        complain(str(error))
        return 1
    finally:
        await desk.close()
    return 0


def chosen(given: argparse.Namespace, config: AgentConfig, desk: Desk, say: Say) -> Coroutine[None, None, None]:
    """The command that was typed, as work to be awaited."""
    if given.command == "all-stop":
        return operate.all_stop(desk, stop=not given.resume, say=say)
    duty = given.duty or duty_name(config.notary, config.shard)
    if given.command == "status":
        return operate.status(desk, None if given.all else duty, as_json=given.json, say=say)
    if given.command == "handover":
        return operate.handover(desk, duty, given.to, say)
    if given.command == "unpin":
        return operate.pin(desk, duty, None, say)
    orders = {"drain": operate.drain, "undrain": operate.undrain, "pin": operate.pin}
    return orders[given.command](desk, duty, given.candidate, say)


async def run_gate(config: GateConfig, complain: Say) -> int:
    """Serve until SIGTERM; 0, or 1 with the reason given to `complain`. Raises OSError for its files."""
    from failover.gate import GateError, serve
    from failover.selector.zookeeper import ZooKeeperVerifier

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    verifier = ZooKeeperVerifier(config.ensemble)
    try:
        await serve(config, verifier, stop, boottime)
    except GateError as error:
        complain(str(error))
        return 1
    finally:
        await verifier.close()
    return 0
