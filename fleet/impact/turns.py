"""Who holds a duty while its candidates change one after another, as `config.turns` has them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Turns:
    """`away`: how often a holder lets go because it restarts or leaves; `back`: how often a better one takes over.

    `successor` is the first that the duty moves to, nothing where it stays. `kept`: somebody could sign all the time.
    """

    away: int
    back: int
    successor: str
    kept: bool


def simulate(before: Mapping[str, int], after: Mapping[str, int], restarting: Collection[str], first: str) -> Turns:
    """`before` and `after` are priorities by region, `restarting` the regions where pods restart, `first` who holds."""
    holder, up, away, moves = first, {*before}, 0, list[str]()

    def rank(region: str) -> tuple[int, str]:
        return after.get(region, before.get(region, 0)), region

    def move(to: str) -> str:
        moves.append(to)
        return to

    for region in sorted(after, key=lambda item: (-after[item], item)):
        if region == holder and region in restarting:
            others = up - {region}
            if not others:
                return Turns(away=away, back=len(moves) - away, successor=moves[0] if moves else "", kept=False)
            holder, away = move(min(others, key=rank)), away + 1
        up.add(region)
        if after[region] < rank(holder)[0]:
            holder = move(region)
    if after and holder not in after:  # what goes, goes last
        move(min(after, key=rank))
        away += 1
    return Turns(away=away, back=len(moves) - away, successor=moves[0] if moves else "", kept=bool(after))
