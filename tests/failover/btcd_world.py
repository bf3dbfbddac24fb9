"""Two regions of one notary before real nodes: btcd on simnet, a gate, an agent, a watchdog and Iguana's double each.

All are processes; the ensemble alone is a double, the ledger that the agents' other tests use.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp

from config.failover import FailoverTiming, GateConfig, TlsFiles, to_json
from doubles.iguana_daemons import RefusedError
from doubles.iguana_keys import base58check
from failover import wire
from sandbox.processes import free_ports, spawn, stop_all
from tests.failover.agent_world import HERE, World, state, until
from tests.failover.coins import Key
from tests.failover.gate_certificates import Authority
from tests.failover.gate_world import configured
from tests.failover.iguana_round import Ask, caller
from tests.failover.ledger import Ledger

LOGIN = {"RPC_USERNAME": "fleet", "RPC_PASSWORD": "fleet-password"}
SECRET = 0xA11CE  # of a key that owns coins on simnet alone
KEY = Key(SECRET)
MATURED = 106  # blocks: the first six coinbases may be spent
# Generous, for a busy machine: what is too late here would be so by accident.
TIMING = FailoverTiming(tick_time_ms=250, heartbeat_ms=500, staleness_ms=3_000, grace_ms=3_300, apart_ms=200)
SESSION_MS = 12_000


async def eventually(condition: Callable[[], bool], what: str) -> None:
    """Within a minute: these are many processes, and a machine may be busy with others."""
    await until(condition, what, 60)


class Node:
    """A btcd process; `ask` reaches it directly, as nobody but its gate can in a fleet."""

    def __init__(self, btcd: Path, folder: Path) -> None:
        self._btcd, self._folder = btcd, folder
        self.port, self.peer_port = free_ports(2)
        self.ask: Ask = caller(self.port, ":".join(LOGIN.values()))
        folder.mkdir()

    def start(self, *peers: Node) -> subprocess.Popen[bytes]:
        """Listening for peers, and calling these."""
        return spawn(
            [
                *(str(self._btcd), "--simnet", "--notls", "--nobanning", "--txindex", "--rpcmaxclients=100"),
                *(f"--configfile={os.devnull}", f"--datadir={self._folder}/data", f"--logdir={self._folder}/logs"),
                *(f"--rpcuser={LOGIN['RPC_USERNAME']}", f"--rpcpass={LOGIN['RPC_PASSWORD']}"),
                *(f"--rpclisten=127.0.0.1:{self.port}", f"--listen=127.0.0.1:{self.peer_port}"),
                *("--trickleinterval=100ms", f"--miningaddr={KEY.address}"),
                *(f"--connect=127.0.0.1:{peer.peer_port}" for peer in peers),
            ],
            self._folder / "btcd.log",
        )

    def height(self) -> int:
        """Of its best block; -1 while it does not answer."""
        try:
            return int(self.ask("getblockcount"))
        except OSError:
            return -1

    def confirmations(self, transaction: str) -> int:
        """How many blocks make it certain; 0 while it waits for one."""
        return int(self.ask("getrawtransaction", transaction, 1).get("confirmations", 0))

    def mempool(self) -> list[str]:
        return list(self.ask("getrawmempool"))


class Region(World):
    """One candidate beside its node: World's files and processes, with a real gate in the place of its double."""

    def __init__(self, folder: Path, place: int, node: Node, ledger: Ledger, authority: Authority) -> None:
        folder.mkdir()
        super().__init__(folder)
        self.ledger, self.node = ledger, node
        gate = configured(folder, authority.files(folder / "gate-files"), node.port, ())
        self.gate_config: GateConfig = replace(gate, notary="alice", timing=TIMING)
        self.agent_files: TlsFiles = authority.files(folder / "agent-files")
        self.authority = authority
        double = (*self.config.signer.command, str(SECRET), str(place))
        (folder / "keys" / "passphrase").write_text(base58check(b"\xbc" + SECRET.to_bytes(32) + b"\x01"))
        self.config = replace(
            self.config,
            region=("eu-west", "us-east")[place],
            priority=1 + place,
            pubkey=KEY.public.hex(),
            routes=tuple(replace(route, gate=f"127.0.0.1:{gate.listen_port}") for route in self.config.routes),
            signer=replace(self.config.signer, command=double, drain_seconds=1),
            timing=TIMING,
            ensemble=replace(self.config.ensemble, session_timeout_ms=SESSION_MS),
            gates=self.agent_files,
        )

    def start_gate(self) -> None:
        """`python -m failover gate`, but for the ensemble."""
        (self.folder / "gate.json").write_text(to_json(self.gate_config))
        command = [sys.executable, str(HERE / "run_agent.py"), "gate"]
        with (self.folder / "gate.log").open("ab") as log:
            self.started["gate"] = subprocess.Popen(
                [*command, str(self.folder / "gate.json"), str(self.ledger.path)],
                stdout=log,
                stderr=log,
                env={**os.environ, **LOGIN, "PYTHONPATH": str(HERE.parent.parent)},
            )

    def answers(self) -> list[dict[str, Any]]:
        """What came of the double's rounds."""
        return [json.loads(line) for line in self.text("answers").splitlines()]

    def sent(self) -> list[str]:
        """Ids of the transactions that its node has taken."""
        return [answer["sent"] for answer in self.answers() if "sent" in answer]

    def signed(self) -> list[str]:
        """Raw transactions, in hex, sent or not."""
        return self.text("signed").split()

    def called(self) -> list[str]:
        """The methods that the double has called, let through or not."""
        return self.text("methods").split()

    def send_signal(self, number: signal.Signals, *what: str) -> None:
        """To the signer's family, or to agent and watchdog, by name."""
        for pid in self._pids(*what):
            os.kill(pid, number)

    def stands_still(self, *what: str) -> bool:
        """Whether all of these are stopped."""
        return all(state(pid) == "T" for pid in self._pids(*what))

    def _pids(self, *what: str) -> list[int]:
        found: list[int] = []
        for name in what:
            found += self.signer_pids() if name == "signer" else [self.started[name].pid]
        return found

    async def call_gate(self, method: str, params: Sequence[object], epoch: int) -> Any:
        """What the agent's connection carries: its certificate, the duty, an epoch. Raises RefusedError."""
        context = ssl.create_default_context(cadata=self.authority.pem.decode())
        context.load_cert_chain(self.agent_files.certificate_file, self.agent_files.key_file)
        headers = {wire.DUTY_HEADER: "alice.main", wire.EPOCH_HEADER: str(epoch)}
        body = {"id": "jl777", "agent": "KMD", "method": method, "params": list(params)}
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                f"https://127.0.0.1:{self.gate_config.listen_port}/", json=body, headers=headers, ssl=context
            ) as answer,
        ):
            found = json.loads(await answer.read())
        if found["error"]:
            raise RefusedError(found["error"]["code"], found["error"]["message"])
        return found["result"]


class Fleet:
    """Both regions, their nodes in sync, gates serving; agents are started by the test."""

    def __init__(self, btcd: Path, folder: Path) -> None:
        authority, ledger = Authority("fleet"), Ledger(folder / "ledger.json")
        self.ledger = ledger
        self.nodes = [Node(btcd, folder / f"node-{place}") for place in (0, 1)]
        self.regions = [Region(folder / f"region-{p}", p, self.nodes[p], ledger, authority) for p in (0, 1)]
        self._processes: list[subprocess.Popen[bytes]] = []

    async def start(self) -> None:
        one, other = self.nodes
        self._processes = [one.start(), other.start(one)]
        for region in self.regions:
            region.start_gate()
        await eventually(lambda: all(node.height() == 0 for node in self.nodes), "the nodes answer")
        await eventually(lambda: len(one.ask("getpeerinfo")) == 1, "the nodes are each other's peers")
        await self.mine(MATURED)

    async def mine(self, blocks: int = 1) -> None:
        """On the first node, and seen by both."""
        self.nodes[0].ask("generate", blocks)
        height = self.nodes[0].height()
        await eventually(lambda: self.nodes[1].height() == height, "the block reaches the other node")

    async def confirm(self, transaction: str) -> None:
        """Mine a block that holds it."""
        await eventually(lambda: all(transaction in node.mempool() for node in self.nodes), "both nodes have it")
        await self.mine()
        assert all(node.confirmations(transaction) == 1 for node in self.nodes)

    async def end(self) -> None:
        for region in self.regions:
            region.end()
        await asyncio.to_thread(stop_all, self._processes, 10)
