"""Results as files: a JSON document for each benchmark, and one table of them all. Nothing in them names a machine."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.ratios import Ratio

FOLDER = Path(__file__).resolve().parent / "results"
COMMAND = "python -m bench"
PACKAGES = ("pulumi", "pulumi-kubernetes", "pydantic", "PyYAML", "grpcio")
MEASURES = {
    "tree_cpu_s": "CPU, whole tree",
    "program_cpu_s": "CPU, program",
    "engine_cpu_s": "CPU, engine",
    "tree_wall_s": "wall time",
    "tree_cpu_ms": "CPU a resource, whole tree",
    "program_cpu_ms": "CPU a resource, program",
    "engine_cpu_ms": "CPU a resource, engine",
    "tree_wall_ms": "wall time a resource",
    "program_peak_mib": "peak memory, program",
    "wall_s": "wall time",
    "cpu_s": "CPU",
    "peak_mib": "peak memory, biggest process",
    "first_wall_s": "first: wall time",
    "first_cpu_s": "first: CPU",
    "first_peak_mib": "first: peak memory, biggest process",
    "unchanged_wall_s": "unchanged: wall time",
    "unchanged_cpu_s": "unchanged: CPU",
    "write_s": "time of a write, 64 in flight",
    "read_s": "time of a read, 64 in flight",
    "write_p50_ms": "time of a write, alone: p50",
    "write_p99_ms": "time of a write, alone: p99",
    "read_p50_ms": "time of a read, alone: p50",
    "read_p99_ms": "time of a read, alone: p99",
    "leader_gap_s": "write gap when the leader is killed",
    "roll_gap_s": "longest write gap while all servers are restarted",
    "unchanged_peak_mib": "unchanged: peak memory, biggest process",
    "gap_s": "seconds without an active signer",
    "election_s": "seconds from the end or release to the claim",
    "start_s": "seconds from the claim to the first call",
    "beyond_s": "seconds without an active signer, less the grace where it was due",
    "refused": "calls refused by a gate",
    "added_p50_ms": "added to a call in ms: p50",
    "added_p99_ms": "added to a call in ms: p99",
    "call_s": "time of a call, 16 in flight",
    "open_s": "seconds until the last gate was closed",
    "activated_s": "seconds until another one was activated",
    "first_call_s": "seconds until the other one's first signing call",
    "kmd_s": "seconds from the activation to the first signature in a round of KMD",
    "assetchain_s": "seconds from the activation to the first signature in a round of an assetchain",
    "joined_s": "seconds from the daemons' start until the chain joined",
    "pause_s": "longest pause of KMD's calls, in seconds",
    "pause_before_s": "longest pause of KMD's calls before, in seconds",
    "lost": "signing calls that nobody executed",
    "moved": "duties that moved",
}


def document(name: str, quick: bool, tools: Mapping[str, str], measured: Mapping[str, Any]) -> dict[str, Any]:
    """What a benchmark found, with what it was found on and the command that finds it again."""
    return {
        "benchmark": name,
        "command": f"{COMMAND} --only {name}{' --quick' if quick else ''}",
        "quick": quick,
        "machine": {"cores": os.cpu_count(), "architecture": platform.machine(), "system": platform.system()},
        "tools": {"python": platform.python_version(), **{item: version(item) for item in PACKAGES}, **tools},
        **measured,
    }


def write(found: Mapping[str, Any], folder: Path = FOLDER) -> Path:
    """Write one document, and the table of all that lie beside it. Raises ValueError where one names this machine."""
    text = json.dumps(found, indent=2) + "\n"
    for secret in names_of_this_machine():
        if secret in text:
            raise ValueError(f"the result of {found['benchmark']} holds {secret!r}")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{found['benchmark']}.json"
    path.write_text(text)
    documents = [json.loads(other.read_text()) for other in sorted(folder.glob("*.json"))]
    (folder / "README.md").write_text("\n".join(table(documents)) + "\n")
    return path


def names_of_this_machine() -> tuple[str, ...]:
    """What no result may hold: the checkout, the home folder, the machine's own name."""
    return tuple({str(FOLDER.parent.parent), str(Path.home()), platform.node()} - {"", "/", "localhost"})


def table(documents: list[dict[str, Any]]) -> Iterator[str]:
    """All results as Markdown."""
    yield "# Results"
    yield ""
    yield f"Made by `{COMMAND}`; not edited by hand. Each figure is A's measure by B's, from runs in turns (A, B, A, B,"
    yield "...): the median of the pairs' ratios, with the least and the greatest. Below 1, A takes less."
    for found in documents:
        yield ""
        yield f"## {found['benchmark']}"
        yield ""
        tools = ", ".join(f"{name} {number}" for name, number in found["tools"].items())
        yield f"`{found['command']}` on {found['machine']['cores']} cores; {tools}."
        yield ""
        yield "| what | A | B | measure | A / B | least | greatest | pairs |"
        yield "|---|---|---|---|---:|---:|---:|---:|"
        yield from _rows(found)
        yield from _spreads(found)
        yield from _verdicts(found)


def _rows(found: Mapping[str, Any]) -> Iterator[str]:
    for what, entry in found["comparisons"].items():
        for measure, figures in entry["ratios"].items():
            ratio = Ratio(**figures)
            numbers = f"{ratio.median:.2f} | {ratio.least:.2f} | {ratio.greatest:.2f} | {len(entry['pairs'])}"
            yield f"| {what} | {entry['a']} | {entry['b']} | {MEASURES.get(measure, measure)} | {numbers} |"


def _spreads(found: Mapping[str, Any]) -> Iterator[str]:
    """Where a result has targets in seconds or milliseconds, all contestants' own figures of that run."""
    if not found.get("spreads"):
        return
    yield ""
    yield "| what | who | measure | p50 | p99 | times |"
    yield "|---|---|---|---:|---:|---:|"
    for what, contestants in found["spreads"].items():
        for name, measures in contestants.items():
            for measure, figures in measures.items():
                numbers = f"{figures['p50']:.4g} | {figures['p99']:.4g} | {figures['count']}"
                yield f"| {what} | {name} | {MEASURES.get(measure, measure)} | {numbers} |"


def _verdicts(found: Mapping[str, Any]) -> Iterator[str]:
    verdicts, notes = found.get("verdicts", []), found.get("notes", [])
    if verdicts or notes:
        yield ""
    for item in verdicts:
        state = "kept" if item["kept"] else "**missed**"
        yield f"- Target {state}: {item['what']}: {item['found']:.2f}, at most {item['at_most']:.2f}."
    for note in notes:
        yield f"- {note}"
