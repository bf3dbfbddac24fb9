"""The ensemble beside ZooKeeper with its sample configuration: rates, latencies, gaps, sessions, distance."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from bench.ensembles import Ensemble, Ours, Sample, answer, ask, cpu_seconds, gap_during
from bench.ratios import Report, comparison
from bench.ratios import Sample as Figures
from drills.stacks import FIVE, ROOT, THREE

CLIENTS = 2  # processes that hold sessions
NOTES = [
    "Servers of both stand on this machine's two cores, with their clients: loopback and a relay are no WAN.",
    "The fleet's servers speak TLS to clients and to one another and write an audit log; the sample's do neither.",
    "Both run the same ZooKeeper on the same Java with one tier of compilation.",
]


def tools() -> dict[str, str]:
    """What is measured."""
    return {"zookeeper": "3.9.5"}


def measure(quick: bool, report: Report) -> dict[str, Any]:
    """Rounds of both ensembles in turns."""
    rounds = 2 if quick else 3
    counts = ((100, 5), (1_000, 5)) if quick else ((100, 5), (1_000, 5), (3_000, 5), (3_000, 10))
    samples: dict[str, list[Figures]] = {Ours.name: [], Sample.name: []}
    notes = list(NOTES)
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        for number in range(rounds):
            for name in samples:
                folder = Path(scratch, f"{number}-{'ours' if name == Ours.name else 'sample'}")
                last = counts if number == rounds - 1 else ()
                samples[name].append(_round(name, folder, last, report, notes))
        notes += _distance(Path(scratch, "far"), report)
    return {"comparisons": {"three servers": comparison(samples, Ours.name, Sample.name)}, "notes": notes}


def _round(name: str, folder: Path, counts: Sequence[tuple[int, int]], report: Report, notes: list[str]) -> Figures:
    """All figures of one ensemble, made for it and gone after it."""
    ensemble: Ensemble = Ours(folder, THREE) if name == Ours.name else Sample(folder)
    extra = folder.parent / f"{folder.name}-clients"
    extra.mkdir()
    try:
        load = ask("zookeeper_load", ensemble, extra, seconds=3)
        figures = answer(load)
        load.communicate()
        figures["leader_gap_s"] = gap_during(ensemble, extra / "lost", lambda: _lose_leader(ensemble))
        figures["roll_gap_s"] = gap_during(ensemble, extra / "roll", ensemble.roll)
        report(f"  {name}: " + ", ".join(f"{key} {value:.5f}" for key, value in figures.items()))
        for count, timeout_s in counts:
            found = _sessions(ensemble, extra, count, timeout_s)
            notes.append(f"{name}, {count:,} sessions with {timeout_s} s of timeout: {found}")
            report(f"  {notes[-1]}")
        return figures
    finally:
        ensemble.close()


def _lose_leader(ensemble: Ensemble) -> None:
    back = ensemble.kill_leader()
    time.sleep(2)
    back()


def _sessions(ensemble: Ensemble, folder: Path, count: int, timeout_s: int) -> str:
    """What idle sessions cost the servers, and how many are lost with the leader."""
    asked = {"count": count // CLIENTS, "session_timeout_ms": 1000 * timeout_s}
    clients = [ask("sessions", ensemble, folder, **asked) for _ in range(CLIENTS)]
    opened = sum(answer(client)["open"] for client in clients)
    before, started = cpu_seconds(ensemble.pids()), time.monotonic()
    time.sleep(6)
    cores = (cpu_seconds(ensemble.pids()) - before) / (time.monotonic() - started) / 3
    memory = max(_resident_mib(pid) for pid in ensemble.pids())
    back = ensemble.kill_leader()
    time.sleep(timeout_s + 5)
    back()
    lost = sum(_ended(client) for client in clients)
    cost = f"{cores:.2f} of a core and {memory:.0f} MiB a server"
    return f"{cost}, {lost:.0f} of {opened:.0f} lost when the leader was killed."


def _ended(client: subprocess.Popen[str]) -> float:
    """How many sessions a client lost."""
    assert client.stdin
    client.stdin.close()
    lost = answer(client)["lost"]
    client.wait()
    return lost


def _resident_mib(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.partition("VmRSS:")[2].split()[0]) / 1024


def _distance(folder: Path, report: Report) -> list[str]:
    """Write latencies of 2+2+1 servers over emulated round trips, from the leader's region and from another."""
    ours = Ours(folder, FIVE)
    notes: list[str] = []
    try:
        for rtt_ms in (0, 20, 80):
            ours.rig.network.slow(rtt_ms)
            time.sleep(3)
            home = ours.rig.region_of(ours.rig.known_leader())
            for region, trips in ((home, 1), (next(name for name in ("eu-central", "eu-west") if name != home), 2)):
                median = _write_median(ours, folder.parent / f"{rtt_ms}-{region}", region)
                where = "the leader's region" if region == home else "another region"
                expected = f"{trips} round trip{'s' if trips > 1 else ''}, {trips * rtt_ms} ms"
                found = f"a write from {where} takes {median:.1f} ms; theory: {expected}."
                notes.append(f"2+2+1, {rtt_ms} ms apart: {found}")
                report(f"  {notes[-1]}")
    finally:
        ours.close()
    return notes


def _write_median(ours: Ours, folder: Path, region: str) -> float:
    """A client of a region at that region's own servers."""
    folder.mkdir()
    rig = ours.rig
    known = {rig.server(number).host: rig.endpoint(number) for number in rig.in_region(region)}
    # Three round trips of TLS and session before the first word.
    access = replace(rig.access("eu-west"), servers=known, connect_timeout_ms=2_000, reply_timeout_ms=2_000)
    path = folder / "load.json"
    path.write_text(json.dumps({**asdict(access), "seconds": 3}))
    command = rig.place(region, f"client-{region}").enter([sys.executable, "-m", "bench.zookeeper_load", str(path)])
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    return float(json.loads(done.stdout)["write_p50_ms"])
