"""What must go on while a plan is carried out: the ensemble's majority, and a signer for each duty."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

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
    """A duty keeps a candidate that stays as it is, so that somebody signs while the others change."""
    planned = {item.urn: item for item in resources}
    before: dict[str, dict[str, bool]] = {}
    for old in known.before or ():
        if old.kind == "StatefulSet" and duty(old):
            regions = before.setdefault(duty(old), {})
            regions[old.provider] = regions.get(old.provider, True) and _stays(old, planned.get(old.urn))
    for name, regions in sorted(before.items()):
        if not any(regions.values()) and any(duty(item) == name for item in resources):
            yield (
                f"all candidates of {name} ({', '.join(sorted(regions))}) would stop at once, and nobody signs until "
                "one is back. Change one region's part first where that can be, or choose an hour at which missed "
                "rounds hurt least"
            )


def _stays(old: Resource, new: Resource | None) -> bool:
    return new is not None and at(old.props, "spec", "template") == at(new.props, "spec", "template")


def _named(numbers: set[int]) -> str:
    return ", ".join(str(number) for number in sorted(numbers))
