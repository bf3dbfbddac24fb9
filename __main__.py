"""The whole program: read the stack, plan the fleet, register it."""

from __future__ import annotations

import gc
from pathlib import Path

import pulumi

from components.fleet import Fleet, FleetArgs
from components.settings import stack_values
from config.load import parse_stack
from config.mistakes import ConfigError
from config.plan import plan_fleet

ROOT = Path(__file__).resolve().parent


# A program lives for seconds and makes nothing but what it keeps: looking for cycles took a quarter of its time.
COLLECT_AFTER = 200_000


def program(root: Path = ROOT) -> None:
    """Register the fleet of the current stack, whose paths are relative to `root`."""
    gc.set_threshold(COLLECT_AFTER)
    values, secrets = stack_values()
    try:
        loaded = parse_stack(pulumi.get_stack(), values, secrets, root)
    except ConfigError as error:
        raise pulumi.RunError(str(error)) from None
    fleet = Fleet(loaded.name, FleetArgs(plan=plan_fleet(loaded), secret=pulumi.Config().require_secret, root=root))
    pulumi.export("release", loaded.release.version)
    pulumi.export("ensemble", list(fleet.ensemble.hosts))
    if fleet.images:
        pulumi.export("images", fleet.images)
    pulumi.export("candidates", {name: list(notary.candidates) for name, notary in fleet.notaries.items()})


if __name__ == "__main__":
    program()
