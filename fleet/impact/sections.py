"""The impact in an operator's words: sections of sentences and rows, for a terminal and for a comment alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fleet.impact.cost import RegionCost
from fleet.impact.data import Keeping
from fleet.impact.duties import DutyChange
from fleet.impact.impact import Impact
from fleet.impact.quorum import QuorumChange


@dataclass(frozen=True, kw_only=True)
class Section:
    """A title, sentences, and rows below column heads. `grave` marks what nobody should overlook."""

    title: str
    sentences: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    grave: bool = False


def sections(impact: Impact) -> tuple[Section, ...]:
    """Daemons, signers, quorum, data and cost, in this order; each says so where nothing changes."""
    risks = tuple((risk.region, f"{risk.kind} {risk.name}", risk.sentence) for risk in impact.data)
    return (
        _daemons(impact),
        _signers(impact),
        Section(
            title="Quorum",
            sentences=tuple(_quorum(impact.quorum)),
            grave=impact.quorum.lost or impact.quorum.pauses,
        ),
        Section(
            title="Data at risk",
            sentences=(
                *(() if risks else ("None: nothing that carries data is deleted or replaced.",)),
                *map(_keeping, impact.snapshots),
            ),
            columns=("region", "what", "meaning") if risks else (),
            rows=risks,
            grave=bool(risks),
        ),
        _costs(impact),
    )


def _keeping(item: Keeping) -> str:
    whose = f"{item.daemons} daemon{'s' if item.daemons > 1 else ''} in {item.region}"
    if item.kept:
        return f"A snapshot is taken of the volume of {whose}, each before its program changes."
    return f"No snapshot is taken of {whose} whose program changes: the region has no snapshotClass."


def _daemons(impact: Impact) -> Section:
    """Daemons of one duty and region that change in the same way share a row, and so do duties of one chain each."""
    rows: dict[tuple[str, str, str, str], list[str]] = {}
    for item in impact.daemons:
        rows.setdefault((item.duty, item.region, item.kind, "; ".join(item.why)), []).append(item.chain)
    shared: dict[tuple[str, str, str, str], list[tuple[str, list[str]]]] = {}
    for (duty, region, kind, why), chains in rows.items():
        owner = duty if chains[1:] else _notary(duty)
        shared.setdefault((owner, region, kind, why), []).append((duty, chains))
    told = tuple(
        (_owners([duty for duty, _ in found]), region, kind, ", ".join(chain for _, own in found for chain in own), why)
        for (_, region, kind, why), found in shared.items()
    )
    if not told:
        return Section(title="Daemons", sentences=("No daemon changes.",))
    return Section(title="Daemons", columns=("duty", "region", "change", "chains", "why"), rows=told)


def _signers(impact: Impact) -> Section:
    """A master's duties, one for each chain, share a row where the same happens to them."""
    shared: dict[tuple[str, str, str], list[DutyChange]] = {}
    for item in impact.duties:
        owner = item.duty if item.kind == "iguana" else _notary(item.duty)
        shared.setdefault((owner, _outcome(item), str(item.seconds)), []).append(item)
    told = tuple(
        (_owners([item.duty for item in found]), what, _cost_of(found)) for (_, what, _), found in shared.items()
    )
    if not told:
        return Section(title="Signers", sentences=("No signer stops or moves.",))
    grave = any(item.outcome in ("gone", "nobody signs") for item in impact.duties)
    return Section(title="Signers", columns=("duty", "what happens", "it may cost"), rows=told, grave=grave)


def _notary(duty: str) -> str:
    return duty.partition(".")[0]


def _owners(duties: list[str]) -> str:
    return duties[0] if len(duties) == 1 else f"{_notary(duties[0])}, {len(duties)} duties"


def _outcome(item: DutyChange) -> str:
    more = f"; new candidate: {', '.join(item.gained)}" if item.gained and item.outcome != "new" else ""
    more += f"; no longer a candidate: {', '.join(item.left)}" if item.left and item.outcome != "gone" else ""
    both = ", ".join(item.restarting)
    first = ", which restarts first" if item.to_region in item.restarting else ""
    told = {
        "new": f"new: {', '.join(item.gained)}",
        "gone": f"nobody signs any more: {', '.join(item.left)} no longer candidate",
        "hands over": f"{item.from_region} hands over to {item.to_region}{first}",
        "standby restarts": f"{both} restarts; {item.from_region} signs on, without that standby meanwhile",
        "nobody signs": "no candidate of before signs on: nobody signs until one is fit",
        "candidates change": f"{item.from_region} signs on",
    }[item.outcome]
    if item.outcome == "hands over" and item.from_region in item.restarting:
        told += ", restarts, and takes over again once it is fit"
    return told + more


def _cost_of(found: list[DutyChange]) -> str:
    """What the same change of several duties may cost, together."""
    item, lost = found[0], {chain: count for one in found for chain, count in (one.lost or {}).items()}
    if item.outcome in ("nobody signs", "gone"):
        return "every round until a candidate is fit" if item.outcome == "nobody signs" else "every round from then on"
    if item.lost is None:
        return "nothing"
    what = "checkpoints" if item.kind == "checkpoint-master" else "rounds"
    counted = f"; score at most {item.score:.4f}" if item.score is not None else ""
    cold = f"; the start of {item.to_region}'s daemon, a cold standby, comes on top" if item.cold else ""
    return f"at most {item.seconds} s without a signer; {what} at most: {_by_count(lost)}{counted}{cold}"


def _by_count(lost: Mapping[str, int]) -> str:
    """Chains that may miss as many rounds share a number."""
    found: dict[int, list[str]] = {}
    for chain, count in lost.items():
        found.setdefault(count, []).append(chain)
    return ", ".join(
        f"{count} of {chains[0]}" if len(chains) == 1 else f"{count} of each of {len(chains)} chains"
        for count, chains in sorted(found.items(), reverse=True)
    )


def _quorum(found: QuorumChange) -> Iterator[str]:
    if not found.before:
        yield f"A new ensemble of {len(found.after)} voters." if found.after else "No ensemble."
        return
    if found.lost:
        yield (
            f"LOST: of {len(found.before)} voters only {found.kept} stay with their data, and {found.needed} make a "
            "majority. Take fewer servers away at once."
        )
    if found.before != found.after:
        yield f"Voters: {_numbers(found.before)} -> {_numbers(found.after)}."
    if found.restarting:
        left = len(found.before) - 1
        state = "no majority: the ensemble pauses" if found.pauses else f"{found.needed} make a majority: it is kept"
        servers = _numbers(found.restarting)
        yield f"Servers {servers} restart one at a time; {left} of {len(found.before)} stay, {state}."
    if not found.lost and not found.restarting:
        yield f"Kept: {found.kept} of {len(found.before)} voters stay as they are, {found.needed} make a majority."


def _numbers(found: tuple[int, ...]) -> str:
    return ", ".join(str(number) for number in found) or "none"


def _costs(impact: Impact) -> Section:
    unknown = [cost.region for cost in impact.costs if cost.monthly is None]
    known = [cost.monthly for cost in impact.costs if cost.monthly is not None]
    sentences: list[str] = []
    if known:
        before, after = sum(item[0] for item in known), sum(item[1] for item in known)
        sentences.append(f"Estimate: {before:,.0f} -> {after:,.0f} US dollars a month, at list prices on demand.")
        sentences.append(f"Prices of {impact.prices_written}: {impact.prices_source}. Traffic is not counted.")
    if unknown:
        sentences.append(f"No price is known for the clusters of {', '.join(unknown)}: they are the operator's own.")
    rows = tuple(_cost_row(cost) for cost in impact.costs if cost.before != cost.after or cost.monthly)
    columns = ("region", "cores", "memory GiB", "storage GiB", "load balancers", "dollars a month")
    return Section(title="Cost", sentences=tuple(sentences), columns=columns if rows else (), rows=rows)


def _cost_row(cost: RegionCost) -> tuple[str, ...]:
    pairs = [
        (cost.before.cores, cost.after.cores),
        (cost.before.memory_gib, cost.after.memory_gib),
        (cost.before.storage_gib, cost.after.storage_gib),
        (cost.before.load_balancers, cost.after.load_balancers),
    ]
    told = [f"{old:g}" if old == new else f"{old:g} -> {new:g}" for old, new in pairs]
    prices = dict.fromkeys(f"{price:,.0f}" for price in cost.monthly or ())
    return (cost.region, *told, " -> ".join(prices) or "not known")
