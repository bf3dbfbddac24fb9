"""What a fleet is made of, by region, notary and chain: for the end of a command."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.table import Table

from config.plan import FleetPlan, RegionPlan
from fleet.output import table
from fleet.update import Result

STEPS_SHOWN = 40


def summary(plan: FleetPlan, result: Result) -> dict[str, Any]:
    """The result as JSON."""
    return {
        "stack": plan.loaded.name,
        "operation": result.operation,
        "ok": not result.errors,
        "errors": list(result.errors),
        "changes": result.changes,
        "steps": [asdict(step) for step in result.steps],
        "seconds": round(result.seconds, 1),
        "release": plan.loaded.release.version,
        "regions": {name: _region(region) for name, region in plan.regions.items()},
        "notaries": {name: _notary(plan, name) for name in sorted(plan.loaded.stack.notaries)},
        "chains": _chains(plan),
    }


def _region(region: RegionPlan) -> dict[str, Any]:
    return {
        "servers": [server.host for server in region.servers],
        "signers": len(region.duties),
        "daemons": len(region.daemons),
    }


def _notary(plan: FleetPlan, name: str) -> dict[str, Any]:
    duties = [duty for region in plan.regions.values() for duty in region.duties if duty.notary == name]
    shards = sorted({duty.shard for duty in duties})
    ordered = {shard: sorted((d for d in duties if d.shard == shard), key=lambda d: d.priority) for shard in shards}
    return {
        "kind": plan.loaded.stack.notaries[name].kind,
        "duties": {shard: [duty.region for duty in found] for shard, found in ordered.items()},
    }


def _chains(plan: FleetPlan) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for region in plan.regions.values():
        for daemon in region.daemons:
            empty = {"version": daemon.build.version, "daemons": 0, "p2p": daemon.chain.p2p, "rpc": daemon.chain.rpc}
            found.setdefault(daemon.chain.key, empty)["daemons"] += 1
    return dict(sorted(found.items()))


def tables(data: dict[str, Any]) -> list[Table | str]:
    """The summary as a person reads it."""
    regions = table("region", "servers", "signers", "daemons")
    for name, region in data["regions"].items():
        regions.add_row(name, ", ".join(region["servers"]) or "none", str(region["signers"]), str(region["daemons"]))
    notaries = table("notary", "kind", "duty", "candidates, best first")
    for name, notary in data["notaries"].items():
        for shard, candidates in notary["duties"].items():
            notaries.add_row(name, notary["kind"], shard, ", ".join(candidates))
    chains = table("chain", "version", "daemons", "p2p", "rpc")
    for key, chain in data["chains"].items():
        chains.add_row(key, chain["version"], str(chain["daemons"]), str(chain["p2p"]), str(chain["rpc"]))
    kinds = {"same": "unchanged", "create": "created", "update": "updated", "delete": "deleted", "replace": "replaced"}
    verb = "would be " if data["operation"] == "preview" else ""
    counts = [
        f"{count} {verb if kind != 'same' else ''}{kinds.get(kind, kind)}" for kind, count in data["changes"].items()
    ]
    last = (
        f"\n{data['stack']}, release {data['release']}: {', '.join(counts) or 'nothing to do'}, in {data['seconds']} s"
    )
    return [regions, "", notaries, "", chains, *_steps(data["steps"]), last]


def _steps(steps: list[dict[str, str]]) -> list[Table | str]:
    """What changes on what is there already; what is only added is in the tables above."""
    told = [step for step in steps if step["operation"] != "create"]
    if not told:
        return []
    shown = table("region", "change", "kind", "name")
    for step in told[:STEPS_SHOWN]:
        shown.add_row(step["region"], step["operation"], step["kind"], step["name"])
    more = [f"and {len(told) - STEPS_SHOWN} more; --json lists all"] if len(told) > STEPS_SHOWN else []
    return ["", shown, *more]
