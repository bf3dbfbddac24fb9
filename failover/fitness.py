"""Which of two candidates can do more for a duty. Pure.

A finding is *local* where another candidate may be without it: a daemon that is silent or behind, a missing key, a full
disk. It is *shared* where it belongs to the key or the chain, so that every candidate has it: few coins, a chain that
stands still. A duty moves only to a candidate that can do more, so a shared finding moves nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from failover.model import Candidacy
from failover.roles.iguana_calls import ANCHORS, KMD


def signable(chains: Iterable[str], ready: Collection[str]) -> tuple[str, ...]:
    """The chains of a duty that Iguana could notarise while the daemons of `ready` are; in the order of `chains`.

    All are notarised to KMD, and KMD to LTC or BTC (KomodoPlatform/dPoW 2f846c0, `iguana/m_notary_main`): without KMD
    there is nothing to sign, and without its anchor all but KMD itself.
    """
    if KMD not in ready:
        return ()
    anchored = any(anchor in ready for anchor in ANCHORS)
    return tuple(chain for chain in chains if chain in ready and chain not in ANCHORS and (chain != KMD or anchored))


def signs_more(one: Candidacy, other: Candidacy) -> bool:
    """Whether `one` could sign for more than `other`: for KMD first, then by the number of chains."""
    if one.signs is None or other.signs is None:
        return False  # an older release does not say
    return _reach(one.signs) > _reach(other.signs)


def outdoes(one: Candidacy, other: Candidacy) -> bool:
    """Whether `one` signs for as much as `other` and is better placed: fewer weaknesses, or ahead on a chain.

    Such a difference passes often by itself, for two candidates read at different moments: who moves a duty for it
    waits first.
    """
    if signs_more(other, one):
        return False
    gained, lost = _ahead(one, other), _ahead(other, one)
    return (gained, -len(one.weak)) > (lost, -len(other.weak))


def rank(one: Candidacy) -> tuple[object, ...]:
    """By which candidates for a free duty are sorted, the best one first."""
    reach = _reach(one.signs) if one.signs is not None else (True, 0)
    return one.penalised, not reach[0], -reach[1], len(one.weak), one.priority, one.candidate


def _reach(signs: tuple[str, ...]) -> tuple[bool, int]:
    return KMD in signs, len(signs)


def _ahead(one: Candidacy, other: Candidacy) -> int:
    """How many chains there are whose last block is old for `other`, and of which `one` has a later block."""
    known = dict(one.still)
    return sum(_reads(one, chain) and known.get(chain, height + 1) > height for chain, height in other.still)


def _reads(one: Candidacy, chain: str) -> bool:
    """Whether its daemon of this chain is ready, as far as what it could sign for tells."""
    if one.signs is None or chain in one.signs:
        return True
    return KMD in one.signs if chain in ANCHORS else chain == KMD and bool(one.signs)
