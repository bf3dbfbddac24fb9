"""Debian's litecoind on regtest, a gate process before it, the agent's own forwarder: the way of a signer's call."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from config.failover import GateRoute, to_json
from failover.agent.forward import Forwarder
from failover.agent.main import signs
from failover.agent.tenure import Tenure
from failover.clock import boottime
from failover.keys import derive
from failover.lease import Lease
from failover.log import Log
from failover.model import Claim
from failover.observers import PATIENT_SECONDS, DaemonObserver
from failover.settings import timing
from failover.tls import Identity
from failover.wallets import Ask
from sandbox.processes import free_ports, spawn
from tests.failover.agent_world import HERE, ROOT, World, until
from tests.failover.coins import SATOSHIS, Key, Output
from tests.failover.gate_certificates import Authority
from tests.failover.gate_world import configured
from tests.failover.iguana_round import Ask as Direct
from tests.failover.iguana_round import RefusedError, caller

LITECOIND = shutil.which("litecoind")
needs_litecoind = pytest.mark.skipif(not LITECOIND, reason="litecoind is missing: apt-get install litecoind")
LOGIN = {"RPC_USERNAME": "fleet", "RPC_PASSWORD": "fleet-password"}
PASSPHRASE = "the notary of a test, on regtest alone"
KEY = derive(PASSPHRASE)
COINS = Key(int.from_bytes(KEY.secret))
EPOCH = 41
NOTARY_SATOSHIS = 10_000
OWN, ANYBODYS = f"pk({KEY.pubkey})", "raw(51)"  # descriptors: what pays to the notary's key itself, and to no key
BLOCKS = 110  # of the chain that scenes begin with: the notary's six coinbases may be spent
# On regtest MWEB would begin after 431 blocks, with a transaction that somebody would have to make.
NO_MWEB = "-vbparams=mweb:-2:0"


class Litecoind:
    """Its process; `ask` reaches it directly, as nobody but its gate can in a fleet."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_ports(1)[0]
        self.ask: Direct = caller(self.port, ":".join(LOGIN.values()))
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir(exist_ok=True)

    def command(self, *flags: str) -> list[str]:
        assert LITECOIND
        return [
            *(LITECOIND, "-regtest", f"-datadir={self.folder}", "-listen=0", "-dnsseed=0", "-connect=0"),
            *(f"-rpcport={self.port}", f"-rpcuser={LOGIN['RPC_USERNAME']}", f"-rpcpassword={LOGIN['RPC_PASSWORD']}"),
            *("-fallbackfee=0.0001", "-keypool=1", NO_MWEB, *flags),
        ]

    def start(self, *flags: str) -> None:
        self.process = spawn(self.command(*flags), self.folder / "log")

    async def serving(self) -> None:
        await until(lambda: self.height() >= 0, f"litecoind answers: {(self.folder / 'log').read_text()[-500:]}")

    def height(self) -> int:
        """Of its best block; -1 while it does not answer."""
        try:
            return int(self.ask("getblockcount"))
        except (OSError, RefusedError):
            return -1

    def send_signal(self, number: signal.Signals) -> None:
        assert self.process
        self.process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """And wait until it has."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(number)
            self.process.wait(20)

    def mine(self, blocks: int, to: str) -> None:
        """To a descriptor."""
        described = self.ask("getdescriptorinfo", to)["descriptor"]
        self.ask("generatetodescriptor", blocks, described)


async def make_chain(folder: Path) -> None:
    """A data directory whose chain has coins of the notary's, and no wallet."""
    daemon = Litecoind(folder)
    daemon.start()
    try:
        await daemon.serving()
        daemon.mine(6, OWN)
        daemon.mine(BLOCKS - 6, ANYBODYS)
        coinbase = daemon.ask("getblock", daemon.ask("getblockhash", 1), 2)["tx"][0]
        value = round(coinbase["vout"][0]["value"] * SATOSHIS)
        owned = Output(transaction=coinbase["txid"], number=0, satoshis=value, script=COINS.notary_script)
        daemon.ask("sendrawtransaction", COINS.spend(owned, fee=value - NOTARY_SATOSHIS), 0)
        daemon.mine(1, ANYBODYS)
    finally:
        daemon.end()


class Scene(World):
    """One daemon, its gate, the forwarder. `tenure` is what the agent holds; None: nothing."""

    def __init__(self, folder: Path, data: Path | None = None) -> None:
        super().__init__(folder)
        if data:
            shutil.copytree(data, folder / "data")
        self.daemon = Litecoind(folder / "data")
        authority = Authority("fleet")
        gate = configured(folder, authority.files(folder / "gate-files"), self.daemon.port, ())
        self.gate_config = replace(gate, notary="alice", chain="LTC", pubkey=KEY.pubkey, wallet=True)
        (folder / "keys" / "passphrase").write_text(PASSPHRASE + "\n")
        self.route = GateRoute(chain="LTC", rpc_port=self.rpc_port, gate=f"127.0.0.1:{gate.listen_port}")
        files = authority.files(folder / "agent-files")
        self.config = replace(self.config, pubkey=KEY.pubkey, routes=(self.route,), gates=files)
        with self.ledger.open() as values:
            values["holder"] = {"candidate": "eu-west", "epoch": EPOCH, "session": 1}
        self.tenure: Tenure | None = None
        identity = Identity(files, server=False, log=Log(lambda _: None))
        self.forwarder = Forwarder(self.config, identity, lambda: self.tenure, signs, boottime)

    def hold(self, epoch: int = EPOCH) -> Tenure:
        """From now on the agent holds the duty, and its signer is activated."""
        claim = Claim(duty="alice.main", candidate="eu-west", epoch=epoch, term=1, clean=True)
        lease = Lease(timing=replace(timing(self.config), session_timeout=600), counted_from=boottime())
        self.tenure = Tenure(claim=claim, acquired_at=boottime(), lease=lease, activated=True)
        return self.tenure

    def start_gate(self) -> None:
        """`python -m failover gate`, but for the ensemble."""
        (self.folder / "gate.json").write_text(to_json(self.gate_config))
        with (self.folder / "gate.log").open("ab") as log:
            self.started["gate"] = subprocess.Popen(
                [sys.executable, str(HERE / "run_agent.py"), "gate", str(self.folder / "gate.json"), self.ledger.path],
                stdout=log,
                stderr=log,
                env={**os.environ, **LOGIN, "PYTHONPATH": str(ROOT)},
            )

    def gate_events(self) -> list[str]:
        return self.events("gate")

    async def with_wallet(self) -> None:
        """Until the gate has made the wallet."""
        await until(lambda: self.daemon.height() >= 0 and self.daemon.ask("listwallets") == [""], "a wallet is there")

    def ask(self, seconds: float = PATIENT_SECONDS) -> Ask:
        """A call of the agent's own, through the gate."""

        async def ask(method: str, *params: object) -> Any:
            return await self.forwarder.call(self.route, method, *params, seconds=seconds)

        return ask

    def observer(self) -> DaemonObserver:
        return DaemonObserver("LTC", self.ask(), pubkey=KEY.pubkey)

    async def post(self, *calls: dict[str, Any], batch: bool = False) -> Any:
        """What the signer gets at its loopback port."""
        body = json.dumps(list(calls) if batch else calls[0])
        async with aiohttp.ClientSession() as session, session.post(self._url, data=body) as answer:
            return json.loads(await answer.read())

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self.rpc_port}/"

    async def probe(self, path: str) -> int:
        """The gate's health port: a daemon's own probe."""
        url = f"http://127.0.0.1:{self.gate_config.health_port}{path}"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status

    async def gate_serving(self) -> None:
        await until(lambda: "serving" in self.gate_events(), "the gate serves")


def call(method: str, *params: object, number: int = 1) -> dict[str, Any]:
    """As Iguana writes it."""
    return {"id": number, "agent": "LTC", "method": method, "params": list(params)}


def code(answer: Any) -> int:
    """Of an answer; 0 for a result."""
    return answer["error"]["code"] if answer["error"] else 0


def play(
    folder: Path, test: Callable[[Scene], Awaitable[None]], *, data: Path | None = None, flags: tuple[str, ...] = ()
) -> None:
    """A scene of its own: the daemon is started, the gate serves."""

    async def act() -> None:
        scene = Scene(folder, data)
        try:
            scene.daemon.start(*flags)
            scene.start_gate()
            await scene.gate_serving()
            await scene.forwarder.start()
            async with asyncio.timeout(50):
                await test(scene)
        finally:
            await scene.forwarder.close()
            scene.end()
            scene.daemon.end(signal.SIGKILL)  # nobody wants its data any more, and to write them takes seconds

    asyncio.run(act())
