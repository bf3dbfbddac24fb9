"""What is wrong with a candidate and with each of its chains: readings judged by limits, and damped.

One sick chain takes only itself away, and a finding that every candidate shares takes nothing: `fitness` compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from config.failover import ChainLimits, HealthLimits

BAD_IN_A_ROW = 2  # observations: one lost answer is no outage
LEAST_DISK_FREE = 0.05  # of the volume: a daemon whose disk is full corrupts its database
LEAST_LEASE_LEFT = 0.25  # of the whole lease: confirmations come too late to rely on
LEASE = "the lease"
ENOUGH_PEERS = 1  # without any, no new block is heard of: that is this daemon's own fault, and no mere sign of one


class Reach(Enum):
    """What came of asking: an answer; none in time, from a process that works or from one that does not; no process."""

    ANSWERS = "answers"
    BUSY = "busy"
    SILENT = "silent"
    GONE = "gone"


@dataclass(frozen=True, kw_only=True)
class DaemonReading:
    """One daemon; None where it did not say, or where the chain has no such thing.

    `best_height` is what most of its peers claim; `block_age` counts seconds since its last block; `utxos` are those a
    notary signs with; `disk_free` is a share, 0 to 1; `funds` are coins. `key`: whether the wallet can sign with the
    notary's key (`ismine`); `scanning`: its wallet looks through the chain for a key's outputs, so it knows some only.
    """

    chain: str
    reach: Reach
    height: int | None = None
    best_height: int | None = None
    block_age: float | None = None
    peers: int | None = None
    utxos: int | None = None
    disk_free: float | None = None
    funds: float | None = None
    key: bool | None = None
    scanning: bool = False


@dataclass(frozen=True, kw_only=True)
class Readings:
    """One observation. `signer` is None while none is to be up, or while it starts: its absence is no illness.

    `falls` counts the signer's deaths and failed starts and activations. `lease_left` is the share of a lease that is
    left, 0 to 1, when it was last renewed late; None without a claim.
    """

    daemons: tuple[DaemonReading, ...]
    signer: Reach | None
    connected: bool
    lease_left: float | None
    falls: int = 0


@dataclass(frozen=True, kw_only=True)
class Health:
    """What the candidate says of itself, and what the next judgement needs. Seconds of the agent's clock.

    `healthy`: nothing of its own keeps it from holding a duty. `ready`: the chains whose daemons a signer can work
    with; `silent`: those whose daemons do not answer. `weak`, `still`: as in `Candidacy`. `settled`: nothing of its own
    got worse for `settle_seconds`, whatever was wrong before.
    """

    healthy: bool
    reason: str
    settled: bool
    ready: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()
    weak: tuple[str, ...] = ()
    still: tuple[tuple[str, int], ...] = ()
    bad: Mapping[str, int] = field(default_factory=dict[str, int])  # observations in a row, by what is wrong
    falls: int = 0
    steady_since: float = 0.0


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. A `sure` one counts at once, another one when it was seen twice in a row."""

    text: str
    sure: bool = False


SIGNER = "the signer"


def judge(before: Health | None, readings: Readings, limits: HealthLimits, now: float) -> Health:
    """The health after one more observation; `before` is None at the first, which nothing earlier softens."""
    own = {SIGNER: _of_candidate(readings)}
    chains = {daemon.chain: _unready(daemon, limits.of(daemon.chain)) for daemon in readings.daemons}
    bad = _in_a_row(before, {**own, **chains})
    healthy = not _counts(before, SIGNER, own[SIGNER], bad, before is None or before.healthy)
    ready = {
        chain
        for chain, found in chains.items()
        if not _counts(before, chain, found, bad, before is None or chain in before.ready)
    }
    weak = _weak(readings)
    worse = not healthy or before is None or _worse(before, ready, weak, bad, readings.falls)
    since = now if worse or before is None else before.steady_since
    return Health(
        healthy=healthy,
        reason=_reason(readings, {**own, **chains}, limits),
        settled=now - since >= limits.settle_seconds,
        ready=frozenset(ready),
        silent=frozenset(one.chain for one in readings.daemons if one.reach is not Reach.ANSWERS),
        weak=weak,
        still=tuple(
            (one.chain, one.height)
            for one in readings.daemons
            if one.height is not None and _old(one, limits.of(one.chain))
        ),
        bad=bad,
        falls=readings.falls,
        steady_since=since,
    )


def _worse(before: Health, ready: set[str], weak: tuple[str, ...], bad: Mapping[str, int], falls: int) -> bool:
    """Whether anything is wrong that was not wrong before. What stays wrong, such as a chain that syncs, is steady."""
    new = any(name not in before.bad for name in bad) or not set(weak) <= set(before.weak)
    return new or not before.ready <= ready or falls != before.falls


def _in_a_row(before: Health | None, found: Mapping[str, tuple[Finding, ...]]) -> dict[str, int]:
    earlier: Mapping[str, int] = before.bad if before else {}
    return {name: earlier.get(name, 0) + 1 for name, findings in found.items() if findings}


def _counts(
    before: Health | None, name: str, findings: tuple[Finding, ...], bad: Mapping[str, int], was_well: bool
) -> bool:
    """Whether what was found takes the chain, or the candidate, away: once it is away, anything found keeps it so."""
    if not findings:
        return False
    if before is None or not was_well or any(finding.sure for finding in findings):
        return True
    return bad[name] >= BAD_IN_A_ROW


def _of_candidate(readings: Readings) -> tuple[Finding, ...]:
    found: list[Finding] = []
    if readings.signer is Reach.GONE:
        found.append(Finding("the signer is dead", sure=True))
    if readings.signer is Reach.SILENT:
        found.append(Finding("the signer does not answer, and does no work"))
    if not readings.connected:
        found.append(Finding("no connection to the ensemble"))
    return tuple(found)


def _unready(daemon: DaemonReading, limits: ChainLimits) -> tuple[Finding, ...]:
    """Why a signer can't work with this daemon."""
    if daemon.reach is Reach.GONE:
        return (Finding("the daemon is gone", sure=True),)
    if daemon.reach is not Reach.ANSWERS:
        return (Finding("the daemon does not answer"),)
    found: list[Finding] = []
    behind = (daemon.best_height or 0) - daemon.height if daemon.height is not None else 0
    if behind > limits.most_blocks_behind:
        found.append(Finding(f"more than {limits.most_blocks_behind} blocks behind its peers"))
    if daemon.key is False:
        found.append(Finding("the wallet has not the notary's key", sure=True))
    if daemon.scanning:
        found.append(Finding("the wallet looks through the chain", sure=True))
    return tuple(found)


def _weak(readings: Readings) -> tuple[str, ...]:
    """What is wrong here and may be better elsewhere, but keeps nobody from signing."""
    found = [f"{one.chain}: no peer" for one in readings.daemons if one.peers is not None and one.peers < ENOUGH_PEERS]
    found += [f"{one.chain}: disk" for one in readings.daemons if _full(one)]
    found += [f"{one.chain}: no UTXO" for one in readings.daemons if one.utxos == 0]
    if readings.lease_left is not None and readings.lease_left < LEAST_LEASE_LEFT:
        found.append(LEASE)
    return tuple(found)


def _full(daemon: DaemonReading) -> bool:
    return daemon.disk_free is not None and daemon.disk_free < LEAST_DISK_FREE


def _old(daemon: DaemonReading, limits: ChainLimits) -> bool:
    return daemon.block_age is not None and daemon.block_age > limits.oldest_block_seconds


def _reason(readings: Readings, found: Mapping[str, tuple[Finding, ...]], limits: HealthLimits) -> str:
    """All that is wrong, in one line that changes only with what is wrong, for it is published and logged."""
    texts = [finding.text for finding in found[SIGNER]]
    if readings.lease_left is not None and readings.lease_left < LEAST_LEASE_LEFT:
        texts.append(f"the lease is renewed with less than {LEAST_LEASE_LEFT:.0%} of it left")
    for daemon in readings.daemons:
        said = [finding.text for finding in found[daemon.chain]] + _notes(daemon, limits.of(daemon.chain))
        texts += [f"{daemon.chain}: {text}" for text in said]
    return "; ".join(texts) or "healthy"


def _notes(daemon: DaemonReading, limits: ChainLimits) -> list[str]:
    """What a person is told, and what deposes nobody by itself."""
    found: list[str] = []
    if daemon.peers is not None and daemon.peers < limits.least_peers:
        found.append(f"{daemon.peers} peers, fewer than {limits.least_peers}")
    if _old(daemon, limits):
        found.append(f"no block for more than {limits.oldest_block_seconds} s")
    if daemon.utxos == 0:
        found.append("no notary UTXO is seen: there is none, or the key was imported without a rescan")
    elif daemon.utxos is not None and daemon.utxos < limits.least_utxos:
        found.append(f"fewer than {limits.least_utxos} notary UTXOs")
    if daemon.funds is not None and daemon.funds <= 0:
        found.append("no funds")
    if _full(daemon):
        found.append(f"less than {LEAST_DISK_FREE:.0%} of the disk is free")
    return found
