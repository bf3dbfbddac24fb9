"""Histories for the tests of both checkers: legal ones of any length, and what makes one illegal."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from hypothesis import strategies as st

from chaos.stamps import SECOND, Acquisition, Execution

GRACE = SECOND
MILLISECOND = SECOND // 1000
DUTY = "alice.main"


def execution(epoch: int | None, begin: int, end: int, *, signer: str = "", daemon: str = "eu-west") -> Execution:
    """One call; by default each epoch has a signer of its own. Milliseconds."""
    begin, end = begin * MILLISECOND, end * MILLISECOND
    signer = signer or f"signer-{epoch}"
    return Execution(duty=DUTY, daemon=daemon, signer=signer, epoch=epoch, received=begin, begin=begin, end=end)


def acquisition(epoch: int, sent: int, answered: int, *, clean: bool = False) -> Acquisition:
    """One claim; its signer waits the grace, unless `clean`. Milliseconds."""
    sent, answered = sent * MILLISECOND, answered * MILLISECOND
    return Acquisition(
        duty=DUTY, candidate="eu-west", epoch=epoch, waits=0 if clean else GRACE, sent=sent, answered=answered
    )


@dataclass
class History:
    executions: list[Execution] = field(default_factory=list)
    acquisitions: list[Acquisition] = field(default_factory=list)


def legal(seed: int, turns: int) -> History:
    """Holders one after another, each with calls that overlap among themselves, on two daemons."""
    chance, made, at, epoch = Random(seed), History(), 0, 0
    for turn in range(turns):
        clean = turn > 0 and chance.random() < 0.5
        epoch += chance.randrange(1, 5)
        answered = at + chance.randrange(1, 30)
        made.acquisitions.append(acquisition(epoch, answered - chance.randrange(1, 200), answered, clean=clean))
        at = answered + (0 if clean else GRACE // MILLISECOND) + 1
        last = at
        for _ in range(chance.randrange(0, 12)):
            end = at + chance.randrange(0, 40)
            made.executions.append(execution(epoch, at, end, daemon=chance.choice(("eu-west", "na-east"))))
            last, at = max(last, end), at + chance.randrange(0, 20)
        at = last + chance.randrange(0, 3)
    chance.shuffle(made.executions)
    return made


def scrambled(seed: int, count: int) -> History:
    """Anything: few epochs, few moments, so that ties and all kinds of overlap come up."""
    chance = Random(seed)
    spans = [sorted((chance.randrange(12), chance.randrange(12))) for _ in range(count)]
    claims = [sorted((chance.randrange(6), chance.randrange(8))) for _ in range(3)]
    return History(
        [execution(chance.choice((1, 1, 2, 2, 3)), begin, end) for begin, end in spans],
        [acquisition(epoch, sent, answered) for epoch, (sent, answered) in enumerate(claims, 1)],
    )


LEGAL = st.builds(legal, st.integers(0, 1 << 32), st.integers(1, 8))
SCRAMBLED = st.builds(scrambled, st.integers(0, 1 << 32), st.integers(0, 5))
