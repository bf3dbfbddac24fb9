"""What one value alone can't show: mistakes between regions, notaries, chains and release.

Each check takes values as they were read, so that all mistakes come out at once, and returns mistakes; paths begin at
the stack's keys.
"""

from __future__ import annotations

import ipaddress
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from config.aws.checks import networks
from config.chains import Chain
from config.each import at, each, texts
from config.ensemble import Ensemble
from config.fencing import Failover, least_staleness_ms
from config.mistakes import Mistake, shown
from config.names import object_name
from config.release import Release

Values = Mapping[str, object]


def ranges(values: Values) -> Iterator[Mistake]:
    """Networks of different regions, or of one, that share addresses."""
    known: list[tuple[str, ipaddress.IPv4Network]] = []
    configured = [
        *each(values, "regions", "*", "ranges", "pods"),
        *each(values, "regions", "*", "ranges", "services"),
    ]
    for name, found in [*((".".join(path), found) for path, found in configured), *networks(values)]:
        try:
            network = ipaddress.IPv4Network(str(found))
        except ValueError:
            continue
        for other_name, other in known:
            if network.overlaps(other):
                yield Mistake(path=name, found=str(network), expected=f"addresses apart from {other_name}, {other}")
        known.append((name, network))


def candidates(values: Values) -> Iterator[Mistake]:
    """Candidates outside their notary's elected region, in no region at all, or with one priority."""
    regions = {path[1]: at(found, "area") for path, found in each(values, "regions", "*")}
    for (_, notary, _, shard), duty in each(values, "notaries", "*", "duties", "*"):
        elected = at(values, "notaries", notary, "electedRegion")
        holders: dict[object, str] = {}
        for (_, region), candidate in each(duty, "candidates", "*"):
            path = f"notaries.{notary}.duties.{shard}.candidates.{region}"
            if region not in regions:
                yield Mistake(
                    path=path, found=shown(region), expected=f"one of the regions {', '.join(sorted(regions))}"
                )
            elif elected != regions[region] and isinstance(elected, str) and isinstance(regions[region], str):
                yield Mistake(
                    path=path,
                    found=f"a region of the area {shown(regions[region])}",
                    expected=f"one of the elected region {shown(elected)}: a notary stays where it was elected",
                )
            priority = at(candidate, "priority")
            if isinstance(priority, int) and priority in holders:
                expected = f"another priority than {holders[priority]} has"
                yield Mistake(path=f"{path}.priority", found=str(priority), expected=expected)
            elif isinstance(priority, int):
                holders[priority] = region


def ensemble(values: Values) -> Iterator[Mistake]:
    """An ensemble that has no majority once any one region is lost; an id or a name used by two servers."""
    found = [(path[1], path[4], str(host)) for path, host in each(values, "regions", "*", "ensemble", "servers", "*")]
    roles = {path[1]: role for path, role in each(values, "regions", "*", "ensemble", "role")}
    voters = [(region, number) for region, number, _ in found if roles.get(region) != "observer"]
    sizes = Counter(region for region, _ in voters)
    for region, count in sorted(sizes.items()):
        if 2 * (len(voters) - count) <= len(voters):
            yield Mistake(
                path=f"regions.{region}.ensemble.servers",
                found=f"{count} of {len(voters)} servers that vote",
                expected="a majority elsewhere when this region is lost: 1+1+1 or 2+2+1 servers in three regions",
            )
    yield from _ties(voters, roles)
    if not found and isinstance(values.get("regions"), dict):
        yield Mistake(path="regions", found="no region with an ensemble", expected="three with ensemble servers")
    holders: dict[str, str] = {}
    for region, number, host in found:
        path = f"regions.{region}.ensemble.servers.{number}"
        for what in (f"the id {number}", f"the name {shown(host)}"):
            if what in holders:
                yield Mistake(path=path, found=what, expected=f"another one: {holders[what]} has it")
            holders.setdefault(what, path)


def _ties(voters: Sequence[tuple[str, str]], roles: Mapping[str, object]) -> Iterator[Mistake]:
    """A tiebreaker's id above a voter's: of servers that know the same, the one with the highest id leads."""
    numbered = [(region, int(number)) for region, number in voters if number.isdecimal()]
    lowest = min((number for region, number in numbered if roles.get(region) == "voter"), default=None)
    for region, number in numbered:
        if roles.get(region) == "tiebreaker" and lowest is not None and number > lowest:
            yield Mistake(
                path=f"regions.{region}.ensemble.servers.{number}",
                found=f"the id {number} for a tiebreaker",
                expected=f"one below the voters' {lowest}: the highest id leads, and each write would cross to it",
            )


def maintenance(values: Values) -> Iterator[Mistake]:
    """A region for maintenance that has no servers."""
    named = at(values, "ensemble", "maintenance")
    known = sorted(path[1] for path, _ in each(values, "regions", "*", "ensemble"))
    if isinstance(named, str) and named not in known:
        expected = f"one of {', '.join(known)}, which have servers"
        yield Mistake(path="ensemble.maintenance", found=shown(named), expected=expected)


def duty_chains(values: Values) -> Iterator[tuple[str, str]]:
    """Each chain that a duty names, with its path."""
    for path, found in each(values, "notaries", "*", "duties", "*", "chains"):
        yield from ((".".join(path), key) for key in texts(found))
    for path, found in each(values, "notaries", "*", "duties", "*", "chain"):
        if isinstance(found, str):
            yield ".".join(path), found


def chains(values: Values, known: Collection[str]) -> Iterator[Mistake]:
    """Chains that no registry knows, that come twice in a duty, and Iguana duties without KMD."""
    known_keys = f"a chain of the registries: {', '.join(sorted(known))}"
    named: dict[str, list[str]] = defaultdict(list)
    for path, key in duty_chains(values):
        named[path].append(key)
    for path, keys in named.items():
        for key in sorted(set(keys)):
            if key not in known:
                yield Mistake(path=path, found=shown(key), expected=known_keys)
            if keys.count(key) > 1:
                yield Mistake(path=path, found=f"{shown(key)} {keys.count(key)} times", expected="each chain once")
        if path.endswith(".chains") and "KMD" not in keys:
            yield Mistake(path=path, found="no KMD", expected="KMD among them: each notarisation is written to it")
    for path, _ in [*each(values, "sizes", "*"), *each(values, "failover", "health", "chains", "*")]:
        if path[-1] not in known:
            yield Mistake(path=".".join(path), found=shown(path[-1]), expected=known_keys)
    used = {key for keys in named.values() for key in keys}
    for canary in texts([values.get("canary")]):
        if canary not in used:
            expected = f"a chain that some duty has: {', '.join(sorted(used & {*known}))}"
            yield Mistake(path="canary", found=shown(canary), expected=expected)


def names(values: Values) -> Iterator[Mistake]:
    """Daemons and signers whose objects would have one name: in one region, or as the engine names them."""
    holders: dict[str, str] = {}
    for (_, notary, _, shard), duty in each(values, "notaries", "*", "duties", "*"):
        iguana = at(values, "notaries", notary, "kind") == "iguana"
        keys = [*dict.fromkeys((*texts(at(duty, "chains")), *texts([at(duty, "chain")])))]
        for region in (path[1] for path, _ in each(duty, "candidates", "*")):
            for key in [*keys, *(["signer"] if iguana else [])]:
                name = f"{region}-{object_name(notary, shard, key)}"
                place = f"notaries.{notary}.duties.{shard}"
                other = holders.setdefault(name, f"{key} of {place} in {region}")
                if other != f"{key} of {place} in {region}":
                    found = f"the name {name} for {key} in {region}"
                    yield Mistake(path=place, found=found, expected=f"another name: {other} has it")


def fencing(values: Values) -> Iterator[Mistake]:
    """Times of failover that the ensemble's can't keep."""
    ensemble_, failover = Ensemble.model_fields, Failover.model_fields

    def number(section: str, key: str, fields: Mapping[str, FieldInfo]) -> int:
        found = at(values, section, to_camel(key))
        return found if isinstance(found, int) else int(fields[key].default)

    session, tick = (number("ensemble", key, ensemble_) for key in ("session_timeout_ms", "tick_time_ms"))
    rtt, heartbeat = number("ensemble", "rtt_ms", ensemble_), number("failover", "heartbeat_ms", failover)
    staleness = number("failover", "staleness_ms", failover)
    if 4 * (heartbeat + tick) > session:
        expected = f"{session // 4 - tick} at most: with a tick, a quarter of sessionTimeoutMs ({session})"
        yield Mistake(path="failover.heartbeatMs", found=str(heartbeat), expected=expected)
    if staleness < 6 * rtt:
        expected = f"{6 * rtt} at least, six round trips: a confirmation must be back before it is too old"
        yield Mistake(path="failover.stalenessMs", found=str(staleness), expected=expected)
    masters = [kind for _, kind in each(values, "notaries", "*", "kind") if kind == "checkpoint-master"]
    if masters and staleness < (least := least_staleness_ms(session)):
        expected = f"{least} at least: the grace must hold a checkpoint master's kill, and drift over sessionTimeoutMs"
        yield Mistake(path="failover.stalenessMs", found=str(staleness), expected=expected)


def secrets(values: Values, present: Collection[str]) -> Iterator[Mistake]:
    """Secret keys that the configuration names and the stack does not hold."""
    sources = [
        *each(values, "rpc", "config"),
        *each(values, "regions", "*", "connection", "config"),
        *each(values, "notaries", "*", "duties", "*", "keys", "config"),
    ]
    for path, key in sources:
        if isinstance(key, str) and key not in present:
            command = f"fleet secret set {key if key.isidentifier() else 'KEY'} --stack STACK"
            yield Mistake(path=".".join(path), found="no such secret in the stack", expected=f"one, set by `{command}`")


def image_builds(values: Values, known: Collection[str]) -> Iterator[Mistake]:
    """Images that nobody can build; and a production stack that builds some: what runs there was tested elsewhere."""
    if values.get("stage") == "production":
        expected = "none: a production stack takes its release's images; a test stack builds them"
        yield Mistake(path="images", found="images to build", expected=expected)
    for name in texts(at(values, "images", "names")):
        if name not in known:
            yield Mistake(path="images.names", found=shown(name), expected=f"one of {', '.join(known)}")


def release(values: Values, found: Release, chains: Mapping[str, Chain]) -> Iterator[Mistake]:
    """Images that the stack needs and its release has not."""
    source = f"release {found.version}"
    for key in sorted({key for _, key in duty_chains(values)} & set(chains)):
        build = found.daemon_for(key, chains[key].build)
        if build not in found.daemons:
            expected = f"daemons.{build} with version and image in {values.get('release')}: {key} needs it"
            yield Mistake(path="release", found=f"{source} without the daemon {build}", expected=expected)
    yield from _masters(values, found, chains)
    kinds = {kind for _, kind in each(values, "notaries", "*", "kind") if isinstance(kind, str)}
    if "iguana" in kinds and "iguana" not in found.signers:
        expected = f"signers.iguana in {values.get('release')}"
        yield Mistake(path="release", found=f"{source} without the signer iguana", expected=expected)
    if "iguana" in kinds and found.gate is None:
        yield Mistake(path="release", found=f"{source} without the gate", expected=f"gate in {values.get('release')}")


def _masters(values: Values, found: Release, chains: Mapping[str, Chain]) -> Iterator[Mistake]:
    """Checkpoint masters whose image the release has not, or has with another version of the daemon."""
    source, file = f"release {found.version}", values.get("release")
    named = {key for _, key in each(values, "notaries", "*", "duties", "*", "chain") if isinstance(key, str)}
    builds = {key: found.daemon_for(key, chains[key].build) for key in sorted(named & set(chains))}
    for key, build in builds.items():
        if build not in found.masters:
            expected = f"masters.{build} with version and image in {file}: {key} needs it"
            yield Mistake(path="release", found=f"{source} without the master {build}", expected=expected)
    for name in sorted({*builds.values()} & {*found.masters} & {*found.daemons}):
        version, same = found.masters[name].version, found.daemons[name].version
        if version != same:
            expected = f"{same}, as daemons.{name} has it: a master starts the very daemon that others run"
            yield Mistake(path="release", found=f"{source} masters.{name} {version}", expected=expected)
