"""What the pods of one candidate share, and everything of a candidate in order."""

from __future__ import annotations

from collections.abc import Iterator

from components.manifests.pods import NOTARY, SHARD, Named
from components.manifests.region import SecretValue, disruption_budget, opaque_secret
from config.plan import Duty, FleetPlan, RegionPlan


def objects(plan: FleetPlan, region: RegionPlan, duty: Duty, secret: SecretValue) -> Iterator[Named]:
    """The duty's disruption budget and, where the stack holds its keys, their Secret."""
    name = f"{region.name}-{duty.name}"
    group = {NOTARY: duty.notary, SHARD: duty.shard}
    yield f"{name}-budget", disruption_budget(plan.loaded.stack.namespace, duty.name, group)
    if duty.keys.config:
        yield (
            f"{name}-keys",
            opaque_secret(plan.loaded.stack.namespace, plan.keys_secret(duty), {"keys": secret(duty.keys.config)}),
        )
