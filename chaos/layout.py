"""What a run's fleet consists of, as values: candidates, their configuration files, their commands."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
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
from doubles.keys import Network, public

ROOT = Path(__file__).resolve().parent.parent
REGIONS = ("eu-central", "eu-west", "na-east")
CHAIN, RPC_PORT, GATE_PORT, API_PORT = "KMD", 7771, 7443, 7776
AGENT_HEALTH, GATE_HEALTH = 9101, 9102
# What is signed for needs KMD, KMD's own rounds LTC; each further one is a chain that may come and go alone.
RPC_PORTS = {CHAIN: RPC_PORT, "LTC": 9332, "CCL": 20849}
CHAINS = tuple(RPC_PORTS)
SIGNER_FAULTS = "signer-faults"  # a file beside those of a candidate
SESSION_MS = 3000
TIMING = FailoverTiming(tick_time_ms=250, heartbeat_ms=300, staleness_ms=1000, grace_ms=1300, apart_ms=200)
LOGIN = {"RPC_USERNAME": "chaos", "RPC_PASSWORD": "chaos-password"}
CALLS_A_SECOND = 25.0
# A duty alone has three candidates, several have two each: a candidate is nine processes.
NOTARIES = ("alice", "bob", "carol", "dave", "erin", "frank")


def units(duties: int) -> tuple[Unit, ...]:
    """The candidates of so many duties, over the three regions."""
    regions = REGIONS if duties == 1 else REGIONS[:2]
    return tuple(Unit(duty=f"{notary}.main", region=region) for notary in NOTARIES[:duties] for region in regions)


def passphrase(duty: str) -> str:
    """A notary's key, as a file of keys holds it."""
    return Network.of(CHAIN).wif_of(_secret(duty))


def pubkey(duty: str) -> str:
    """Its public key."""
    return public(_secret(duty))


def wallet(duty: str) -> str:
    """A daemon's wallets with the notary's key and all of its coins, as a file."""
    return json.dumps({"": {pubkey(duty): True}})


def _secret(duty: str) -> int:
    return int.from_bytes(hashlib.sha256(duty.encode()).digest()) >> 1


def file_name(part: str, chain: str) -> str:
    """A file of one chain's part; KMD's bear the part's name alone."""
    return part if chain == CHAIN else f"{part}-{chain}"


def port_of(base: int, chain: str) -> int:
    """The ports of several gates on one host."""
    return base + CHAINS.index(chain)


def gate_name(unit: Unit) -> str:
    """The host name in the gate's certificate."""
    return f"gate.{unit.duty}.{unit.region}.sandbox.invalid"


def agent_config(
    unit: Unit,
    folder: Path,
    ensemble: EnsembleAccess,
    gates: TlsFiles,
    *,
    chains: Sequence[str],
    rate: float,
) -> AgentConfig:
    """A candidate's agent; all it writes is in `folder`."""
    notary, _, shard = unit.duty.partition(".")
    return AgentConfig(
        kind="iguana",
        notary=notary,
        shard=shard,
        region=unit.region,
        priority=1 + REGIONS.index(unit.region),
        standby="hot" if unit.region != "na-east" else "cold",
        pubkey=pubkey(unit.duty),
        bus_port=None,
        health_port=AGENT_HEALTH,
        state_directory=str(folder / "state"),
        signer=_signer(unit, folder, rate),
        health=HealthLimits(
            least_peers=1,
            most_blocks_behind=10,
            oldest_block_seconds=100_000,
            least_utxos=5,
            settle_seconds=3,
        ),
        routes=tuple(_route(unit, chain) for chain in chains),
        timing=TIMING,
        ensemble=ensemble,
        gates=gates,
    )


def _route(unit: Unit, chain: str) -> GateRoute:
    gate = f"{gate_name(unit)}:{port_of(GATE_PORT, chain)}"
    return GateRoute(chain=chain, rpc_port=RPC_PORTS[chain], gate=gate)


def _signer(unit: Unit, folder: Path, rate: float) -> SignerConfig:
    """Iguana's double, by its file and without site-packages, so that it starts fast."""
    program = [sys.executable, "-I", "-S", str(ROOT / "chaos" / "iguana.py"), "--api-port", str(API_PORT)]
    names = ["--name", f"{unit.duty}/{unit.region}", "--attempts", str(folder / "attempts")]
    calls = ["--rate", str(rate), "--faults", str(folder / SIGNER_FAULTS)]
    return SignerConfig(
        command=(*program, *names, *calls),
        api_port=API_PORT,
        keys_directory=str(folder / "keys"),
        stop_seconds=2,
        drain_seconds=2,
    )


def gate_config(unit: Unit, folder: Path, ensemble: EnsembleAccess, tls: TlsFiles, chain: str = CHAIN) -> GateConfig:
    """The gate of one of a candidate's daemons."""
    notary, _, shard = unit.duty.partition(".")
    return GateConfig(
        notary=notary,
        shard=shard,
        chain=chain,
        rpc_port=RPC_PORTS[chain],
        listen_port=port_of(GATE_PORT, chain),
        health_port=port_of(GATE_HEALTH, chain),
        state_directory=str(folder / "gate" / chain),
        links=(),
        limits=GateLimits(request_bytes=1 << 20, concurrency=64, slow_client_seconds=10),
        timing=TIMING,
        ensemble=ensemble,
        tls=tls,
        pubkey=pubkey(unit.duty),
        wallet=chain == "LTC",
    )


def daemon_command(unit: Unit, folder: Path, seed: int, chain: str = CHAIN) -> list[str]:
    """The daemon's double. Its troubles: what is wrong with the chain, with all of its kind, and with it alone."""
    files = ["--stamps", str(folder / "stamps.jsonl"), "--pause", str(folder / "pause")]
    names = ["--duty", unit.duty, "--name", unit.region, "--chain", chain, "--port", str(RPC_PORTS[chain])]
    keys = ["--pubkey", pubkey(unit.duty), "--wallet", str(folder / f"wallet-{chain}.json"), "--seed", str(seed)]
    wrong = [word for file in trouble_files(unit, folder, chain) for word in ("--troubles", str(file))]
    return [sys.executable, "-m", "chaos.daemon", *names, *keys, *files, *wrong]


def trouble_files(unit: Unit, folder: Path, chain: str) -> tuple[Path, Path]:
    """What is wrong with a chain's daemons of this duty in every region, and what with this one alone."""
    return folder.parent / f"troubles-{unit.duty}-{chain}.json", folder / f"troubles-{chain}.json"


def failover_command(what: str, config: Path, *more: str) -> list[str]:
    """A command of the package under test."""
    return [sys.executable, "-m", "failover", what, "--config", str(config), *more]
