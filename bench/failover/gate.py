"""The part `gate`: what it adds to a signing call, beside nginx as a plain reverse proxy and the daemon itself."""

from __future__ import annotations

import json
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.failover.arena import Arena
from bench.failover.load import Load
from bench.failover.ours import CHAINS, tune
from bench.failover.stats import Target, medians
from bench.process import BenchError
from bench.ratios import comparison
from chaos import layout
from chaos.certificates import files_in
from chaos.collect import logged
from chaos.fleet import CLIENT, Fleet, Member, environment
from chaos.possible import Unit
from failover import wire
from sandbox.processes import die_with_parent

REGION, NGINX_PORT = "eu-west", 7500
HOLDS_SECONDS, LOAD_SECONDS = 120, 400
LONGEST_QUIET = 0.5  # calls a second of the duty's own signer, which only has to be active
NOTES = [
    "The gate takes TLS with certificates of both sides and checks the epoch; nginx is a plain proxy without TLS, with "
    "kept connections; both lead to the same double of a daemon, which answers at once. All are on one machine.",
    "Latencies at 200 calls a second, each way in turn, from when a call was due; rates with 16 calls under way.",
]


def tools() -> dict[str, str]:
    """What is measured."""
    told = subprocess.run([str(_nginx()), "-v"], capture_output=True, text=True, check=True).stderr
    return {"nginx": told.strip().rpartition("/")[2]}


def measure(arena: Arena, pairs: int, quick: bool) -> dict[str, Any]:
    """Rounds of all three in turns, then a restart of the gate under load. BenchError, SandboxError."""
    nginx = _nginx()
    fleet = _fleet(arena)
    member = fleet.members[0]
    arena.need(HOLDS_SECONDS, lambda: _epoch(member) is not None, "a signer that is active")
    _start_nginx(arena, nginx, member)
    rounds = _load(arena, member, pairs, 1.0 if quick else 3.0)
    for number, found in enumerate(rounds, 1):
        told = ", ".join(
            f"{name} {figures['p50_ms']:.2f}/{figures['p99_ms']:.2f} ms" for name, figures in found.items()
        )
        arena.report(f"  {number}/{pairs} p50/p99: {told}")
    restart = _through_restart(arena, member, 6.0)
    samples = {name: [found[name] for found in rounds] for name in ("gate", "nginx", "daemon")}
    return {
        "comparisons": {
            "a signing call, daemon": comparison(samples, "gate", "daemon"),
            "a signing call, nginx": comparison(samples, "gate", "nginx"),
            "a signing call, nginx and daemon": comparison(samples, "nginx", "daemon"),
        },
        "spreads": {"a signing call": {name: medians(found) for name, found in samples.items()}},
        "verdicts": [target.as_dict() for target in targets(rounds, restart)],
        "notes": [*NOTES, added("nginx", rounds), f"Restart under load: {json.dumps(restart)}."],
    }


def targets(rounds: Sequence[Mapping[str, Mapping[str, float]]], restart: Mapping[str, int]) -> list[Target]:
    """What was promised: medians of the rounds' differences."""
    lost = "a gate's restart: calls that the daemon made and nobody was told of"
    return [
        Target(what="the gate adds at p50, in ms", found=difference("gate", "p50_ms", rounds), at_most=1),
        Target(what="the gate adds at p99, in ms", found=difference("gate", "p99_ms", rounds), at_most=3),
        Target(what=lost, found=restart["made_without_answer"], at_most=0),
    ]


def difference(name: str, measure: str, rounds: Sequence[Mapping[str, Mapping[str, float]]]) -> float:
    """The median over rounds of what one way takes more than the daemon alone."""
    return statistics.median(found[name][measure] - found["daemon"][measure] for found in rounds)


def added(name: str, rounds: Sequence[Mapping[str, Mapping[str, float]]]) -> str:
    """One sentence."""
    p50, p99 = (difference(name, measure, rounds) for measure in ("p50_ms", "p99_ms"))
    return f"{name} adds {p50:.2f} ms at p50 and {p99:.2f} ms at p99."


def _nginx() -> Path:
    found = shutil.which("nginx", path="/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin")
    if found is None:
        raise BenchError("the gate is measured beside nginx, which is not there; install the package nginx-light")
    return Path(found)


def _fleet(arena: Arena) -> Fleet:
    """One candidate, whose daemon answers at once."""
    folder = arena.folder / "gated"
    folder.mkdir()
    fleet = Fleet(arena.rig, folder, [Unit(duty="alice.main", region=REGION)], seed=1, chains=CHAINS)
    arena.tended.append(fleet)
    member = fleet.members[0]
    tune(member, rate=LONGEST_QUIET)
    words = [sys.executable, "-m", "bench.failover.echo", "--port", str(layout.RPC_PORT)]
    member.daemon.command = member.daemon_host.enter(words)
    return fleet


def _epoch(member: Member) -> int | None:
    """Of the claim under which the signer was activated last."""
    found = [line for _, line in logged(member.folder / "agent.log") if line.get("event") == "signer activated"]
    return found[-1]["epoch"] if found else None


def _start_nginx(arena: Arena, binary: Path, member: Member) -> None:
    folder = arena.folder / "nginx"
    folder.mkdir()
    (folder / "nginx.conf").write_text(configuration(folder))
    command = [str(binary), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
    process = arena.process("nginx", command, folder / "log", member.daemon_host)
    arena.tended.append(_Alone(process))
    arena.work(1.0)


class _Alone:
    """One process as something that is tended."""

    def __init__(self, process: Any) -> None:
        self._process = process

    def tend(self) -> None:
        self._process.tend()

    def close(self) -> None:
        self._process.signal(signal.SIGTERM)  # its workers go with it only when it is asked
        time.sleep(0.2)
        self._process.end()


def configuration(folder: Path) -> str:
    """nginx as a plain reverse proxy that keeps its connections to the daemon."""
    paths = "".join(
        f" {kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""worker_processes 1;
pid {folder}/pid;
error_log {folder}/errors;
events {{ worker_connections 256; }}
http {{
  access_log off;{paths}
  upstream daemon {{ server 127.0.0.1:{layout.RPC_PORT}; keepalive 32; }}
  server {{
    listen 127.0.0.1:{NGINX_PORT};
    keepalive_requests 1000000;
    location / {{ proxy_pass http://daemon; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
"""


def _load(arena: Arena, member: Member, rounds: int, seconds: float, restart: bool = False) -> list[dict[str, Any]]:
    process = _started(arena, member, rounds, seconds, restart)
    arena.need(LOAD_SECONDS, lambda: process.poll() is not None, "the load's end")
    out, errors = process.communicate()
    if process.returncode:
        raise BenchError(f"the load failed: {errors.strip()[-300:]}")
    return [json.loads(line) for line in out.splitlines()]


def _started(arena: Arena, member: Member, rounds: int, seconds: float, restart: bool) -> subprocess.Popen[str]:
    tls = files_in(arena.rig.folder / "clients" / CLIENT)
    load = Load(
        rounds=rounds,
        seconds=seconds,
        restart=restart,
        daemon_port=layout.RPC_PORT,
        nginx_port=NGINX_PORT,
        gate_port=layout.GATE_PORT,
        address=member.daemon_host.address,
        server=layout.gate_name(member.unit),
        headers={wire.DUTY_HEADER: member.unit.duty, wire.EPOCH_HEADER: str(_epoch(member))},
        authority_file=tls.authority_file,
        certificate_file=tls.certificate_file,
        key_file=tls.key_file,
    )
    file = arena.folder / "load.json"
    file.write_text(json.dumps(asdict(load)))
    return subprocess.Popen(
        member.daemon_host.enter([sys.executable, "-m", "bench.failover.load", str(file)]),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent,
    )


def _through_restart(arena: Arena, member: Member, seconds: float) -> dict[str, int]:
    """SIGTERM to the gate in the middle of it; it is started again, as in a cluster."""
    process = _started(arena, member, 1, seconds, restart=True)
    arena.work(seconds / 3 + 1)
    member.gate.signal(signal.SIGTERM)
    arena.need(LOAD_SECONDS, lambda: process.poll() is not None, "the load's end")
    out, errors = process.communicate()
    if process.returncode:
        raise BenchError(f"the load failed: {errors.strip()[-300:]}")
    found = json.loads(out)
    arena.report(f"  restart of the gate under load: {json.dumps(found)}")
    return found
