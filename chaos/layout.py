"""What a run's fleet consists of, as values: candidates, their configuration files, their commands."""

from __future__ import annotations

import sys
from pathlib import Path

from chaos.possible import Unit
from config.failover import (
    AgentConfig,
    EnsembleAccess,
    FailoverTiming,
    GateConfig,
    GateLimits,
    GateRoute,
    HealthLimits,
    SignerConfig,
    TlsFiles,
)

ROOT = Path(__file__).resolve().parent.parent
REGIONS = ("eu-central", "eu-west", "na-east")
CHAIN, RPC_PORT, GATE_PORT, API_PORT = "KMD", 7771, 7443, 7776
AGENT_HEALTH, GATE_HEALTH = 9101, 9102
SESSION_MS = 3000
TIMING = FailoverTiming(tick_time_ms=250, heartbeat_ms=300, staleness_ms=1000, grace_ms=1300, apart_ms=200)
LOGIN = {"RPC_USERNAME": "chaos", "RPC_PASSWORD": "chaos-password"}
CALLS_A_SECOND = 25.0
PUBKEY = "02eb30b0eeecd84eee5a2f5a1b5e81cc0a654c63e6638d5a4ef8a049d44b46d647"
# Two candidates for every third duty, three for the others.
NOTARIES = ("alice", "bob", "carol", "dave", "erin", "frank")


def units(duties: int) -> tuple[Unit, ...]:
    """The candidates of so many duties, over the three regions."""
    made: list[Unit] = []
    for number, notary in enumerate(NOTARIES[:duties]):
        regions = REGIONS[:2] if number % 3 == 1 else REGIONS
        made += [Unit(duty=f"{notary}.main", region=region) for region in regions]
    return tuple(made)


def gate_name(unit: Unit) -> str:
    """The host name in the gate's certificate."""
    return f"gate.{unit.duty}.{unit.region}.sandbox.invalid"


def agent_config(unit: Unit, folder: Path, ensemble: EnsembleAccess, gates: TlsFiles) -> AgentConfig:
    """A candidate's agent; all it writes is in `folder`."""
    notary, _, shard = unit.duty.partition(".")
    return AgentConfig(
        kind="iguana",
        notary=notary,
        shard=shard,
        region=unit.region,
        priority=1 + REGIONS.index(unit.region),
        standby="hot" if unit.region != "na-east" else "cold",
        pubkey=PUBKEY,
        bus_port=None,
        health_port=AGENT_HEALTH,
        state_directory=str(folder / "state"),
        signer=_signer(unit, folder),
        health=HealthLimits(
            least_peers=1,
            most_blocks_behind=10,
            oldest_block_seconds=100_000,
            least_utxos=5,
            settle_seconds=3,
        ),
        routes=(GateRoute(chain=CHAIN, rpc_port=RPC_PORT, gate=f"{gate_name(unit)}:{GATE_PORT}"),),
        timing=TIMING,
        ensemble=ensemble,
        gates=gates,
    )


def _signer(unit: Unit, folder: Path) -> SignerConfig:
    """Iguana's double, by its file and without site-packages, so that it starts fast."""
    program = [sys.executable, "-I", "-S", str(ROOT / "chaos" / "signer.py"), "--api-port", str(API_PORT)]
    names = ["--name", f"{unit.duty}/{unit.region}", "--attempts", str(folder / "attempts")]
    calls = ["--rate", str(CALLS_A_SECOND), "--rpc", f"{CHAIN}=127.0.0.1:{RPC_PORT}"]
    return SignerConfig(
        command=(*program, *names, *calls),
        api_port=API_PORT,
        keys_directory=str(folder / "keys"),
        stop_seconds=2,
        drain_seconds=2,
    )


def gate_config(unit: Unit, folder: Path, ensemble: EnsembleAccess, tls: TlsFiles) -> GateConfig:
    """The gate of a candidate's daemon."""
    notary, _, shard = unit.duty.partition(".")
    return GateConfig(
        notary=notary,
        shard=shard,
        chain=CHAIN,
        rpc_port=RPC_PORT,
        listen_port=GATE_PORT,
        health_port=GATE_HEALTH,
        state_directory=str(folder / "gate"),
        links=(),
        limits=GateLimits(request_bytes=1 << 20, concurrency=64, slow_client_seconds=10),
        timing=TIMING,
        ensemble=ensemble,
        tls=tls,
    )


def daemon_command(unit: Unit, folder: Path, seed: int) -> list[str]:
    """The daemon's double."""
    files = ["--stamps", str(folder / "stamps.jsonl"), "--pause", str(folder / "pause")]
    names = ["--duty", unit.duty, "--name", unit.region, "--port", str(RPC_PORT), "--seed", str(seed)]
    return [sys.executable, "-m", "chaos.daemon", *names, *files]


def failover_command(what: str, config: Path, *more: str) -> list[str]:
    """A command of the package under test."""
    return [sys.executable, "-m", "failover", what, "--config", str(config), *more]
