"""Rules for stacks: what the loader accepts, and an operator should not run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from config.lint.coins import KMD_3P
from config.lint.finding import Finding
from config.load import LoadedStack
from config.mistakes import shown
from config.notary import CheckpointDuty, IguanaDuty, chains_of
from config.release import DaemonBuild

RULES = {
    "bus-port": "A duty's bus port is not where other notaries look for it: 13848, 13845, on testnets 17762.",
    "no-standby": "A duty has a single candidate, so nothing takes over.",
    "hot-master": "A checkpoint master's standby is hot: two masters could split the network.",
    "two-masters": "Two duties hold the checkpoint master's role of one chain.",
    "shared-pubkey": "Two Iguana duties sign with one pubkey: their rounds fail for everyone.",
    "no-anchor": "A Main duty of a production stack has no chain to notarise KMD to.",
    "session-timeout": "A production stack's ZooKeeper session timeout is outside 4 to 6 s.",
    "ensemble-shape": "An ensemble's voters do not stand as 1+1+1 or 2+2+1.",
    "daemon-outdated": "A release's komodod is older than the mandatory security release v0.9.2-2.",
}
# KomodoPlatform/dPoW 2f846c0: the elected notaries' networks.
BUS_PORTS = {("production", "main"): 13848, ("production", "3p"): 13845, ("test", "main"): 17762}
SANE_TIMEOUT_MS = (4_000, 6_000)  # around config.ensemble's default
KOMODOD_LEAST = (0, 9, 2, 2)  # 25 June 2026, GLEECBTC/komodo-daemon

Duties = Mapping[str, IguanaDuty | CheckpointDuty]


def duties_of(loaded: LoadedStack) -> Duties:
    """Every duty by its path in the stack's file."""
    return {
        f"Pulumi.{loaded.name}.yaml notary:notaries.{name}.duties.{shard}": duty
        for name, notary in loaded.stack.notaries.items()
        for shard, duty in notary.duties.items()
    }


def bus_ports(loaded: LoadedStack) -> Mapping[int, str]:
    """The bus ports of a stack's duties, with who uses them."""
    duties = duties_of(loaded)
    return {duty.bus_port: f"the bus of {path}" for path, duty in duties.items() if isinstance(duty, IguanaDuty)}


def used_ports(loaded: LoadedStack) -> Mapping[int, str]:
    """The ports that others reach a stack's duties at: Iguana's bus, and every chain's p2p."""
    keys = {key for duty in duties_of(loaded).values() for key in chains_of(duty)}
    peers = {loaded.chains[key].p2p: f"{key}'s p2p" for key in keys if key in loaded.chains}
    return {**peers, **({KMD_3P[0]: "3P's KMD"} if "KMD" in keys else {}), **bus_ports(loaded)}


def stack_rules(loaded: LoadedStack) -> Iterator[Finding]:
    """All rules over one stack."""
    for rule in (_bus_port, _candidates, _two_masters, _shared_pubkey, _no_anchor, _ensemble, _outdated):
        yield from rule(loaded)


def _bus_port(loaded: LoadedStack) -> Iterator[Finding]:
    for path, duty in duties_of(loaded).items():
        right = BUS_PORTS.get((loaded.stack.stage, path.rpartition(".")[2]))
        if isinstance(duty, IguanaDuty) and right and duty.bus_port != right:
            expected = f"{right}, where this network's notaries look for it"
            yield Finding(rule="bus-port", path=f"{path}.busPort", found=str(duty.bus_port), expected=expected)


def _candidates(loaded: LoadedStack) -> Iterator[Finding]:
    """No standby at all; or one of a checkpoint master that runs, key and all (facts, "The role that signs")."""
    for path, duty in duties_of(loaded).items():
        ranked = sorted(duty.candidates.items(), key=lambda item: item[1].priority)
        if len(ranked) == 1:
            found, expected = f"{ranked[0][0]} alone", "two candidates: one takes over when the other is lost"
            yield Finding(rule="no-standby", path=f"{path}.candidates", found=found, expected=expected)
        for region, candidate in ranked[1:] if isinstance(duty, CheckpointDuty) else ():
            if candidate.standby == "hot":
                expected = "cold: a daemon that starts with the master key is a master"
                place = f"{path}.candidates.{region}.standby"
                yield Finding(rule="hot-master", path=place, found="hot", expected=expected)


def _two_masters(loaded: LoadedStack) -> Iterator[Finding]:
    """Two masters on two sides of a fork deeper than 10 blocks would split the network: peers keep what they have."""
    holders: dict[str, str] = {}
    for path, duty in duties_of(loaded).items():
        if isinstance(duty, CheckpointDuty) and duty.chain in holders:
            expected = f"one master for each chain: {holders[duty.chain]} has it"
            yield Finding(rule="two-masters", path=f"{path}.chain", found=duty.chain, expected=expected)
        elif isinstance(duty, CheckpointDuty):
            holders[duty.chain] = path


def _shared_pubkey(loaded: LoadedStack) -> Iterator[Finding]:
    """Peers keep the last UTXO that either of two Iguanas with one pubkey sent, so rounds fail for everyone."""
    holders: dict[str, list[str]] = defaultdict(list)
    for path, duty in duties_of(loaded).items():
        if isinstance(duty, IguanaDuty):
            holders[duty.pubkey].append(path)
    for pubkey, (first, *others) in holders.items():
        for path in others:
            expected = f"a pubkey of its own: {first} signs with this one"
            yield Finding(rule="shared-pubkey", path=f"{path}.pubkey", found=shown(pubkey), expected=expected)


def _no_anchor(loaded: LoadedStack) -> Iterator[Finding]:
    """KMD needs LTC added (BTC until 2021), else `dpow` refuses it."""
    for path, duty in duties_of(loaded).items():
        keys = set(chains_of(duty))
        main = loaded.stack.stage == "production" and path.endswith(".main") and isinstance(duty, IguanaDuty)
        if main and "KMD" in keys and not keys & {"LTC", "BTC"}:
            expected = "LTC among them: KMD is notarised to it"
            yield Finding(rule="no-anchor", path=f"{path}.chains", found="KMD without LTC", expected=expected)


def _ensemble(loaded: LoadedStack) -> Iterator[Finding]:
    source = f"Pulumi.{loaded.name}.yaml notary:"
    timeout, (least, most) = loaded.stack.ensemble.session_timeout_ms, SANE_TIMEOUT_MS
    if loaded.stack.stage == "production" and not least <= timeout <= most:
        expected = f"{least} to {most}: shorter loses holders to a pause, longer leaves a duty without one"
        place = f"{source}ensemble.sessionTimeoutMs"
        yield Finding(rule="session-timeout", path=place, found=str(timeout), expected=expected)
    seats = {name: region.ensemble for name, region in loaded.stack.regions.items() if region.ensemble}
    counts = sorted((len(seat.servers) for seat in seats.values() if seat.role != "observer"), reverse=True)
    if counts not in ([1, 1, 1], [2, 2, 1]):
        found = "+".join(str(count) for count in counts)
        expected = "1+1+1 or 2+2+1: any one region may be lost"
        yield Finding(rule="ensemble-shape", path=f"{source}regions", found=found, expected=expected)
    for name, seat in seats.items():
        if seat.role == "tiebreaker" and len(seat.servers) > 1:
            place, found = f"{source}regions.{name}.ensemble.servers", f"{len(seat.servers)} servers of a tiebreaker"
            yield Finding(rule="ensemble-shape", path=place, found=found, expected="one")


def _outdated(loaded: LoadedStack) -> Iterator[Finding]:
    builds: dict[str, DaemonBuild | None] = {
        "daemons.komodod": loaded.release.daemons.get("komodod"),
        "masters.komodod": loaded.release.masters.get("komodod"),
    }
    for key, build in builds.items():
        numbers = build.version.removeprefix("v").replace("-", ".").split(".") if build else []
        if numbers and all(item.isdecimal() for item in numbers):
            version = tuple(int(item) for item in numbers)
            if version < KOMODOD_LEAST:
                path, found = f"{loaded.stack.release} {key}.version", build.version if build else ""
                expected = "v0.9.2-2 or newer, a mandatory security release"
                yield Finding(rule="daemon-outdated", path=path, found=found, expected=expected)
