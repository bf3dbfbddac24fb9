"""Whether a candidate may hold a duty: readings judged by limits, and damped, for a duty must not follow a blip."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from config.failover import HealthLimits

BAD_IN_A_ROW = 2  # observations: one lost answer is no outage
LEAST_DISK_FREE = 0.05  # of the volume: a daemon whose disk is full corrupts its database
LEAST_LEASE_LEFT = 0.25  # of the whole lease: confirmations come too late to rely on


class Reach(Enum):
    """What came of asking: an answer, nothing in time, or word that no process is there."""

    ANSWERS = "answers"
    SILENT = "silent"
    GONE = "gone"


@dataclass(frozen=True, kw_only=True)
class DaemonReading:
    """One daemon; None where it did not say, or where the chain has no such thing.

    `best_height` is the best that its peers claim; `block_age` counts seconds since its last block; `utxos` are those a
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

    `lease_left` is the share of a lease that is left, 0 to 1, when it was last renewed late; None without a claim.
    """

    daemons: tuple[DaemonReading, ...]
    signer: Reach | None
    connected: bool
    lease_left: float | None


@dataclass(frozen=True, kw_only=True)
class Health:
    """What is published of a candidate, and what the next judgement needs. Seconds of the agent's clock."""

    healthy: bool
    reason: str
    settled: bool
    bad_in_a_row: int
    good_since: float | None


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong; a `dead` one counts at once."""

    text: str
    dead: bool = False


def judge(before: Health | None, readings: Readings, limits: HealthLimits, now: float) -> Health:
    """The health after one more observation; `before` is None at the first, which nothing earlier softens."""
    findings = [*_of_signer(readings), *_of_ensemble(readings)]
    findings += [finding for daemon in readings.daemons for finding in _of_daemon(daemon, limits)]
    if not findings:
        since = now if before is None or before.good_since is None else before.good_since
        settled = now - since >= limits.settle_seconds
        return Health(healthy=True, reason="healthy", settled=settled, bad_in_a_row=0, good_since=since)
    bad = 1 if before is None else before.bad_in_a_row + 1
    was_healthy = before is not None and before.healthy
    healthy = was_healthy and bad < BAD_IN_A_ROW and not any(finding.dead for finding in findings)
    reason = "; ".join(finding.text for finding in findings)
    return Health(healthy=healthy, reason=reason, settled=False, bad_in_a_row=bad, good_since=None)


def _of_signer(readings: Readings) -> list[Finding]:
    if readings.signer is Reach.GONE:
        return [Finding("the signer is dead", dead=True)]
    return [Finding("the signer does not answer")] if readings.signer is Reach.SILENT else []


def _of_ensemble(readings: Readings) -> list[Finding]:
    if not readings.connected:
        return [Finding("no connection to the ensemble")]
    if readings.lease_left is not None and readings.lease_left < LEAST_LEASE_LEFT:
        return [Finding(f"the lease is renewed with {readings.lease_left:.0%} of it left")]
    return []


def _of_daemon(daemon: DaemonReading, limits: HealthLimits) -> list[Finding]:
    if daemon.reach is Reach.GONE:
        return [Finding(f"{daemon.chain}: the daemon is gone", dead=True)]
    if daemon.reach is Reach.SILENT:
        return [Finding(f"{daemon.chain}: the daemon does not answer")]
    found = [*_of_chain(daemon, limits), *_of_wallet(daemon, limits)]
    return [Finding(f"{daemon.chain}: {text}") for text in found]


def _of_chain(daemon: DaemonReading, limits: HealthLimits) -> list[str]:
    found: list[str] = []
    if daemon.peers is not None and daemon.peers < limits.least_peers:
        found.append(f"{daemon.peers} peers, fewer than {limits.least_peers}")
    if daemon.height is not None and daemon.best_height is not None:
        behind = daemon.best_height - daemon.height
        if behind > limits.most_blocks_behind:
            found.append(f"{behind} blocks behind its peers, more than {limits.most_blocks_behind}")
    if daemon.block_age is not None and daemon.block_age > limits.oldest_block_seconds:
        found.append(f"the last block is {daemon.block_age:.0f} s old, more than {limits.oldest_block_seconds}")
    return found


def _of_wallet(daemon: DaemonReading, limits: HealthLimits) -> list[str]:
    found: list[str] = []
    if daemon.utxos is not None and daemon.utxos < limits.least_utxos:
        found.append(f"{daemon.utxos} notary UTXOs, fewer than {limits.least_utxos}")
    if daemon.funds is not None and daemon.funds <= 0:
        found.append("no funds")
    if daemon.disk_free is not None and daemon.disk_free < LEAST_DISK_FREE:
        found.append(f"{daemon.disk_free:.0%} of the disk free, less than {LEAST_DISK_FREE:.0%}")
    return found
