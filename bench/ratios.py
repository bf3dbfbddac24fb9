"""Ratios of two contestants that ran in turns. Pure, but for the runs that it is handed."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

Report = Callable[[str], None]
Sample = Mapping[str, float]
Pair = tuple[Sample, Sample]


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """A's measure by B's over all pairs: the median of the pairs' ratios, the least and the greatest."""

    median: float
    least: float
    greatest: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.least:.2f} to {self.greatest:.2f})"


def ratio_of(pairs: Sequence[Pair], measure: str) -> Ratio:
    """The ratio of one measure. Raises ValueError where a pair's B took nothing, or where there is no pair."""
    if not pairs:
        raise ValueError(f"no pair to compare by {measure}")
    if any(b[measure] <= 0 for _, b in pairs):
        raise ValueError(f"{measure} of B is not above zero in every pair")
    found = [a[measure] / b[measure] for a, b in pairs]
    return Ratio(median=statistics.median(found), least=min(found), greatest=max(found))


def ratios_of(pairs: Sequence[Pair]) -> dict[str, Ratio]:
    """The ratio of every measure that all samples have, and that no sample of B has as zero."""
    samples = [sample for pair in pairs for sample in pair]
    shared = [key for key in samples[0] if all(key in sample for sample in samples)] if samples else []
    return {key: ratio_of(pairs, key) for key in shared if all(b[key] > 0 for _, b in pairs)}


def interleaved(
    contestants: Mapping[str, Callable[[], Sample]], rounds: int, report: Report
) -> dict[str, list[Sample]]:
    """Each contestant once per round, in order: whatever else the machine does meets all of them alike."""
    samples: dict[str, list[Sample]] = {name: [] for name in contestants}
    for number in range(1, rounds + 1):
        for name, run in contestants.items():
            sample = run()
            samples[name].append(sample)
            shown = ", ".join(f"{key} {value:.2f}" for key, value in sample.items())
            report(f"  {number}/{rounds} {name}: {shown}")
    return samples


def pairs_of(samples: Mapping[str, Sequence[Sample]], first: str, second: str) -> list[Pair]:
    """The pairs of two contestants, round by round."""
    return list(zip(samples[first], samples[second], strict=True))


def comparison(samples: Mapping[str, Sequence[Sample]], first: str, second: str) -> dict[str, object]:
    """One entry of a result: the ratios of `first` to `second`, with every pair that they come from."""
    pairs = pairs_of(samples, first, second)
    return {
        "a": first,
        "b": second,
        "ratios": {key: _rounded(ratio) for key, ratio in ratios_of(pairs).items()},
        "pairs": [[_short(a), _short(b)] for a, b in pairs],
    }


def _rounded(ratio: Ratio) -> dict[str, float]:
    return {key: round(value, 3) for key, value in asdict(ratio).items()}


def _short(sample: Sample) -> dict[str, float]:
    return {key: round(value, 3) for key, value in sample.items()}
