"""Whether two holders of one duty ever signed at once, from what the daemons stamped. Pure.

The rules, for all daemons of a duty together:
  order       every execution for an epoch ends before the first for a higher one begins
  signers     the same for the processes that signed, whatever epochs their calls bore; each signs for one epoch only
  known       nothing is executed for an epoch that nobody had claimed by then
  stale       nothing reaches a daemon for an epoch once the holder of a higher one may begin: as long after its
              claim was answered as its agent said that it waits
  claims      no epoch is claimed twice, and each claim's is higher than all that were answered before it was asked for
A violation names its rule, so that a mutant can be told by what caught it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from chaos.stamps import SECOND, Acquisition, Execution


@dataclass(frozen=True)
class Violation:
    """A rule that did not hold for a duty, and what was seen."""

    rule: str
    duty: str
    seen: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.duty}: {self.seen}"


def check(executions: Iterable[Execution], acquisitions: Iterable[Acquisition] | None) -> list[Violation]:
    """Everything that is wrong. Without `acquisitions` only what the stamps alone can tell."""
    by_duty: dict[str, list[Execution]] = defaultdict(list)
    for item in executions:
        by_duty[item.duty].append(item)
    claims: dict[str, list[Acquisition]] = defaultdict(list)
    for claim in acquisitions or ():
        claims[claim.duty].append(claim)
    found: list[Violation] = []
    for duty in sorted({*by_duty, *claims}):
        done = sorted(by_duty[duty], key=lambda item: item.begin)
        found += _stamps(duty, done)
        if acquisitions is not None:
            found += _claims(duty, done, claims[duty])
    return found


def _stamps(duty: str, done: Sequence[Execution]) -> Iterator[Violation]:
    bare = [item for item in done if item.epoch is None]
    if bare:
        yield Violation("known", duty, f"{len(bare)} calls without an epoch, the first {_told(bare[0])}")
    whole = [item for item in done if item.epoch is not None]
    for old, new in interleaved(whole, lambda item: item.epoch or 0):
        yield Violation("order", duty, f"{_told(old)} was not over when {_told(new)} began")
    for old, new in interleaved(done, _turns(done)):
        yield Violation("signers", duty, f"{_told(old)} was not over when {_told(new)} began")
    epochs: dict[str, set[int]] = defaultdict(set)
    for item in whole:
        epochs[item.signer].add(item.epoch or 0)
    for signer, several in sorted(epochs.items()):
        if len(several) > 1:
            yield Violation("signers", duty, f"{signer} signed for epochs {sorted(several)}")


def interleaved(done: Sequence[Execution], rank: Callable[[Execution], int]) -> Iterator[tuple[Execution, Execution]]:
    """For each rank the last of its executions that ended after the first one of a higher rank began, with that one."""
    groups: dict[int, list[Execution]] = defaultdict(list)
    for item in done:
        groups[rank(item)].append(item)
    first: Execution | None = None
    for number in sorted(groups, reverse=True):
        last = max(groups[number], key=lambda item: item.end)
        if first is not None and last.end > first.begin:
            yield last, first
        first = min([*groups[number], *([first] if first else [])], key=lambda item: item.begin)


def _turns(done: Sequence[Execution]) -> Callable[[Execution], int]:
    """Signers by when each began: one whose turn is over must not come back."""
    order = {signer: place for place, signer in enumerate(dict.fromkeys(item.signer for item in done))}
    return lambda item: order[item.signer]


def _claims(duty: str, done: Sequence[Execution], claims: Sequence[Acquisition]) -> Iterator[Violation]:
    ordered = sorted(claims, key=lambda claim: claim.epoch)
    yield from _order_of_claims(duty, ordered, {item.epoch: item.begin for item in reversed(done)})
    asked = {claim.epoch: claim.sent for claim in ordered}
    for item in done:
        if item.epoch is not None and asked.get(item.epoch, item.begin + 1) > item.begin:
            yield Violation("known", duty, f"{_told(item)}, for an epoch that nobody had claimed")
    late = dict(_late(done, ordered))
    for claim in ordered:
        if stale := late.get(claim.epoch):
            more = f", and {len(stale) - 1} more" if len(stale) > 1 else ""
            yield Violation("stale", duty, f"{_told(stale[0])}{more}, when {_whose(claim)} might begin")


def _order_of_claims(duty: str, ordered: Sequence[Acquisition], first: Mapping[int | None, int]) -> Iterator[Violation]:
    """`first`: when the first call for an epoch was executed, by when it was claimed whatever its agent says."""
    for one, other in pairwise(ordered):
        if one.epoch == other.epoch:
            yield Violation("claims", duty, f"{one.candidate} and {other.candidate} both claim {one.epoch:#x}")
    higher: tuple[int, Acquisition] | None = None
    for claim in reversed(ordered):
        if higher and claim.sent > higher[0] and claim.epoch < higher[1].epoch:
            yield Violation("claims", duty, f"{_whose(claim)} was asked for when {_whose(higher[1])} was there already")
        had = min(claim.answered, first.get(claim.epoch, claim.answered))
        higher = min([(had, claim), *([higher] if higher else [])], key=lambda item: item[0])


def _late(done: Sequence[Execution], claims: Sequence[Acquisition]) -> Iterator[tuple[int, list[Execution]]]:
    """By a claim's epoch: what daemons received for the epochs below it when its holder might begin."""
    below = 0
    for claim in claims:
        begins = claim.answered + claim.waits
        stale = [item for item in done if below <= (item.epoch or 0) < claim.epoch and item.received > begins]
        if stale:
            yield claim.epoch, stale
        below = claim.epoch


def _whose(claim: Acquisition) -> str:
    return f"{claim.candidate} with epoch {claim.epoch:#x}"


def _told(item: Execution) -> str:
    epoch = "no epoch" if item.epoch is None else f"epoch {item.epoch:#x}"
    return f"a call of {item.signer} for {epoch} on {item.daemon} at {item.begin / SECOND:.3f} s"
