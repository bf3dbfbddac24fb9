"""What a fleet asks of its clusters, and what that costs a month where prices are known. An estimate."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from config.each import at
from config.prices import Prices, RegionPrices
from config.quantities import GIB
from fleet.impact.change import Change
from fleet.impact.workload import claimed, is_set, requested

HOURS = 730  # of a month, as AWS counts
ZONES = 3  # a NAT gateway in each


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """What a region's sets ask for: cores, GiB of memory, GiB of volumes; and its load balancers."""

    cores: float = 0.0
    memory_gib: float = 0.0
    storage_gib: float = 0.0
    load_balancers: int = 0


@dataclass(frozen=True, kw_only=True)
class RegionCost:
    """One region. `monthly` are US dollars before and after, None where no price is known; 0 where nothing stands."""

    region: str
    before: Sizes
    after: Sizes
    monthly: tuple[float, float] | None


def region_costs(changes: Iterable[Change], places: Mapping[str, str], prices: Prices) -> tuple[RegionCost, ...]:
    """The sizes of each region before and after. `places` are the regions of the cloud that our regions stand in."""
    listed = [*changes]
    return tuple(
        _cost(
            region,
            _sizes([change for change in listed if change.region == region], "before"),
            _sizes([change for change in listed if change.region == region], "after"),
            prices.regions.get(places.get(region, "")),
        )
        for region in sorted({change.region for change in listed} - {""})
    )


def _cost(region: str, before: Sizes, after: Sizes, price: RegionPrices | None) -> RegionCost:
    known = (monthly(before, price), monthly(after, price)) if price else None
    return RegionCost(region=region, before=before, after=after, monthly=known)


def monthly(sizes: Sizes, price: RegionPrices) -> float:
    """US dollars a month: control plane, nodes, volumes, NAT gateways and load balancers, at list prices on demand.

    Nodes are counted as if pods filled them: at least one a zone. Traffic, snapshots, logs and taxes are not in it.
    """
    if sizes == Sizes():
        return 0.0
    nodes = max(ZONES, math.ceil(max(sizes.cores / price.node.cores, sizes.memory_gib / price.node.memory_gib)))
    hourly = price.control_plane_hour + nodes * price.node.hour
    hourly += ZONES * price.nat_gateway_hour + sizes.load_balancers * price.load_balancer_hour
    return round(hourly * HOURS + sizes.storage_gib * price.gp3_gib_month, 2)


def _sizes(changes: Iterable[Change], side: Literal["before", "after"]) -> Sizes:
    cores, memory, storage, balancers = 0.0, 0.0, 0.0, 0
    for change in changes:
        manifest = change.before if side == "before" else change.after
        if manifest is None:
            continue
        storage += float(claimed(manifest))
        balancers += manifest.get("kind") == "Service" and at(manifest, "spec", "type") == "LoadBalancer"
        if is_set(change):
            asked = requested(manifest)
            cores, memory = cores + float(asked[0]), memory + float(asked[1])
    return Sizes(
        cores=round(cores, 3),
        memory_gib=round(memory / GIB, 2),
        storage_gib=round(storage / GIB, 2),
        load_balancers=balancers,
    )
