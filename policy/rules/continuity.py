"""What must go on while a plan is carried out: the ensemble's majority, and a signer for each duty."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from .resource import ROLE, Known, Resource, at, duty

_MEMBER = re.compile(r"server\.(\d+)=.*:participant(;.*)?")


def quorum_kept(resource: Resource, known: Known) -> Iterator[str]:
    """Of the voters that run, a majority stays: they alone can agree on any change of members."""
    if (
        resource.kind == "StatefulSet"
        and resource.label(ROLE) == "zookeeper"
        and at(resource.props, "spec", "replicas") == 0
    ):
        yield (
            f"{resource.name} would have no pod: its vote is gone while it counts as a member. Leave replicas at 1; to "
            "take a server away, take it out of the region's ensemble"
        )
    if resource.kind != "ConfigMap" or resource.label(ROLE) != "keeper" or known.before is None:
        return
    then = {number for item in known.before if item.kind == "ConfigMap" for number in voters(item)}
    now, needed = voters(resource), len(then) // 2 + 1
    stay = then & now
    if then and len(stay) < needed:
        yield (
            f"the ensemble would lose its quorum: of its {len(then)} voters ({_named(then)}) only "
            f"{_named(stay) or 'none'} would stay, and {needed} make a majority. Take away "
            f"{len(then) - needed} at most, wait until the members have changed, and go on from there"
        )


def voters(resource: Resource) -> set[int]:
    """The voters' ids in the keeper's file."""
    text = at(resource.props, "data", "keeper.json")
    members = json.loads(text).get("members", []) if isinstance(text, str) else []
    found = [_MEMBER.fullmatch(str(line)) for line in members]
    return {int(item[1]) for item in found if item}


def candidates_in_turn(resources: tuple[Resource, ...], known: Known) -> Iterator[str]:
    """Of a duty's candidates one stays as it is, or one has changed and is up before the others change.

    What goes does not count: the engine deletes when all else is done.
    """
    planned = {item.urn: item for item in resources}
    changed: dict[str, dict[str, set[str]]] = {}  # the sets that do not stay, by duty and region
    for old in known.before or ():
        if old.kind == "StatefulSet" and duty(old):
            sets = changed.setdefault(duty(old), {}).setdefault(old.provider, set())
            if _changes(old, planned.get(old.urn)):
                sets.add(old.urn)
    for name, regions in sorted(changed.items()):
        kept = not all(regions.values()) or any(_first(region, regions, planned) for region in regions)
        if not kept and any(duty(item) == name for item in resources):
            yield (
                f"all candidates of {name} ({', '.join(sorted(regions))}) would stop at once, and nobody signs until "
                "one is back. Let one region's sets be up before those of the others change, as components/notary.py "
                "does, or change one region's part first"
            )


def _first(region: str, regions: Mapping[str, set[str]], planned: Mapping[str, Resource]) -> bool:
    """Whether all that changes elsewhere waits until all that changes in this region is up."""
    others = {urn for name, urns in regions.items() if name != region for urn in urns}
    return all(regions[region] <= _behind(urn, planned) for urn in others)


def _behind(urn: str, planned: Mapping[str, Resource]) -> set[str]:
    """All that is up before a resource changes, however many others lie between."""
    found: set[str] = set()
    waiting = [urn]
    while waiting:
        item = planned.get(waiting.pop())
        new = (item.after if item else frozenset[str]()) - found
        found |= new
        waiting += new
    return found


def _changes(old: Resource, new: Resource | None) -> bool:
    return new is not None and at(old.props, "spec", "template") != at(new.props, "spec", "template")


def _named(numbers: set[int]) -> str:
    return ", ".join(str(number) for number in sorted(numbers))
