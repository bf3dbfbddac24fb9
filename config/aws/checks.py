"""Mistakes between the regions on AWS, their account and the stack: from values as they were read, all at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from config.aws.nodes import LARGEST
from config.each import at, each
from config.mistakes import Mistake, shown
from config.networks import allot
from config.quantities import cores, gibibytes

Values = Mapping[str, object]


def mistakes(values: Values) -> Iterator[Mistake]:
    """Everything that regions with `provider: eks` get wrong together."""
    regions = eks_regions(values)
    if regions and values.get("aws") is None:
        expected = "account, prefix, home and admins: regions with provider eks stand in an account"
        yield Mistake(path="aws", found="nothing", expected=expected)
    home = at(values, "aws", "home")
    if isinstance(home, str) and home not in regions:
        expected = f"a region with provider eks: {', '.join(sorted(regions)) or 'there is none'}"
        yield Mistake(path="aws.home", found=shown(home), expected=expected)
    yield from _shared(regions, "slot")
    yield from _shared(regions, "awsRegion")
    yield from _mixed(values, regions)
    if regions:
        yield from _too_large(values)


def eks_regions(values: Values) -> dict[str, object]:
    """The regions with `provider: eks`, valid or not."""
    return {path[1]: found for path, found in each(values, "regions", "*") if at(found, "provider") == "eks"}


def networks(values: Values) -> Iterator[tuple[str, str]]:
    """Paths and CIDRs of what the program gives its regions on AWS; nothing where prefix or slot make no sense."""
    prefix = at(values, "aws", "prefix")
    taken = set[int]()  # a slot that two regions have is told of as such
    for name, region in eks_regions(values).items():
        slot = at(region, "slot")
        if not isinstance(prefix, str) or not isinstance(slot, int) or slot in taken:
            continue
        taken.add(slot)
        try:
            network = allot(prefix, slot)
        except ValueError:
            continue
        yield f"regions.{name}.slot", network.vpc
        yield f"regions.{name}.slot", network.services


def _shared(regions: Mapping[str, object], key: str) -> Iterator[Mistake]:
    """Two regions with one slot have one network; two in one place of AWS are lost together."""
    holders: dict[object, str] = {}
    for name, region in regions.items():
        found = at(region, key)
        if not isinstance(found, (int, str)):
            continue
        if found in holders:
            expected = f"another one: {holders[found]} has it"
            yield Mistake(path=f"regions.{name}.{key}", found=shown(found), expected=expected)
        holders.setdefault(found, name)


def _mixed(values: Values, regions: Mapping[str, object]) -> Iterator[Mistake]:
    """Regions on AWS beside others."""
    for (_, name), region in each(values, "regions", "*"):
        if regions and name not in regions and at(region, "provider") == "existing":
            expected = "eks as the others are: the mesh, and the servers' names, reach regions on AWS alone"
            yield Mistake(path=f"regions.{name}.provider", found='"existing"', expected=expected)


def _too_large(values: Values) -> Iterator[Mistake]:
    """A daemon that no node holds."""
    for path, size in each(values, "sizes", "*"):
        for key, read, most, unit in (("memory", gibibytes, LARGEST.memory, "Gi"), ("cpu", cores, LARGEST.cpu, "")):
            found = at(size, key)
            try:
                wanted = read(str(found)) if found is not None else 0.0
            except ValueError:
                continue
            if wanted > most:
                expected = f"{int(most)}{unit} at most, what a {LARGEST.type} has left for pods"
                yield Mistake(path=f"{'.'.join(path)}.{key}", found=shown(found), expected=expected)
