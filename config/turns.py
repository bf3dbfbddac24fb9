"""The order in which an update changes daemons and signers. Pure."""

from __future__ import annotations

from config.plan import Daemon, Duty, FleetPlan, RegionPlan


def turns(plan: FleetPlan, notary: str) -> list[tuple[RegionPlan, Duty]]:
    """A notary's candidates as they take their turns: each duty's best one last, and the one with the canary first."""
    found = [(region, duty) for region in plan.regions.values() for duty in region.duties if duty.notary == notary]
    first = canary(plan)
    return sorted(found, key=lambda turn: (not first or turn[1] is not first.duty, -turn[1].priority))


def notaries(plan: FleetPlan) -> list[str]:
    """Their names; the one with the canary comes first."""
    first = canary(plan)
    return sorted(plan.loaded.stack.notaries, key=lambda name: (not first or name != first.duty.notary, name))


def canary(plan: FleetPlan) -> Daemon | None:
    """The daemon that changes before all others: of the canary chain, at the worst candidate of the first with it."""
    found = [
        daemon
        for region in plan.regions.values()
        for daemon in region.daemons
        if daemon.chain.key == plan.loaded.stack.canary
    ]
    return min(found, key=lambda item: (item.duty.notary, -item.duty.priority, item.duty.shard), default=None)
