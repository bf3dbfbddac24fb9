"""One candidate as it runs: agent, watchdog, signer's double, a gate's double behind mutual TLS, and the ledger."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from config.failover import (
    AgentConfig,
    EnsembleAccess,
    FailoverTiming,
    GateRoute,
    HealthLimits,
    SignerConfig,
    TlsFiles,
    to_json,
)
from failover import wire
from sandbox.processes import free_ports
from tests.failover.ledger import Ledger

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PASSPHRASE = "correct-horse-battery-staple"
PUBKEY = "03f629574ae998684b9d63f828beee8541b933154ea4fa9504e45967a8a253f8fc"  # what Iguana makes of it
READING_ANSWERS: dict[str, Any] = {
    "getblockchaininfo": {"blocks": 100, "bestblockhash": "aa"},
    "getpeerinfo": [{"startingheight": 100}] * 8,
    "getwalletinfo": {"txcount": 0},
    "listlockunspent": [],
    "getbestblockhash": "aa",
    "getblock": {"tx": [], "time": 0},
    "decodescript": {"addresses": ["RAliceOfTheDoubles"]},
    "getaddressinfo": {"ismine": True},
    "validateaddress": {"isvalid": True, "ismine": True},
    "listunspent": [{"amount": 0.0001}] * 20,
    "getbalance": 1.0,
    "importprivkey": None,
    "getinfo": {"blocks": 100},
}


def certificates(folder: Path) -> TlsFiles:
    """One key for both sides, signed by itself: enough for what is tested here."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "double")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert, secret = folder / "tls.crt", folder / "tls.key"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return TlsFiles(authority_file=str(cert), certificate_file=str(cert), key_file=str(secret))


class GateDouble:
    """Answers reading calls like a healthy daemon; signing calls as `answer` says: at once, never, or cut off."""

    def __init__(self, files: TlsFiles) -> None:
        self._files, self.port = files, free_ports(1)[0]
        self.answer = "whole"
        self.error: dict[str, Any] | None = None
        self.signed: list[dict[str, str]] = []
        self.read: list[dict[str, str]] = []
        self.reading = dict(READING_ANSWERS, getblockheader={"time": time.time()})

    async def start(self) -> web.AppRunner:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._files.certificate_file, self._files.key_file)
        context.load_verify_locations(self._files.authority_file)
        context.verify_mode = ssl.CERT_REQUIRED
        app = web.Application()
        app.router.add_post("/", self._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port, ssl_context=context).start()
        return runner

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        call = await request.json()
        if isinstance(call, list) or self.error:
            return self._refuse(call)
        if call["method"] in self.reading:
            self.read.append(dict(request.headers))
            return web.json_response({"result": self.reading[call["method"]], "error": None, "id": call["id"]})
        self.signed.append(dict(request.headers))
        if self.answer == "never":
            await asyncio.Event().wait()
        if self.answer == "cut off":
            response = web.StreamResponse(headers={"Content-Length": "1000"})
            await response.prepare(request)
            await response.write(b'{"result"')
            assert request.transport
            request.transport.abort()
            return response
        error = {"code": wire.UNREACHABLE, "message": "gate: no answer"} if self.answer == "in doubt" else None
        return web.json_response({"result": {"hex": "00"}, "error": error, "id": call["id"]})

    def _refuse(self, asked: Any) -> web.Response:
        """Each call with `error`."""
        calls = asked if isinstance(asked, list) else [asked]
        made = [{"result": None, "error": self.error, "id": call["id"]} for call in calls]
        return web.json_response(made if isinstance(asked, list) else made[0], status=500)


class World:
    """`run` starts one; everything that was started ends with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = certificates(folder)
        self.gate = GateDouble(self.files)
        self.ledger = Ledger(folder / "ledger.json")
        self.rpc_port, self.anchor_port, self.api_port, self.health_port = (free_ports(1)[0] for _ in range(4))
        keys = folder / "keys"
        keys.mkdir()
        (keys / "passphrase").write_text(PASSPHRASE + "\n")
        self.config = self._config(keys)
        self.started: dict[str, subprocess.Popen[bytes]] = {}

    def _config(self, keys: Path) -> AgentConfig:
        files, double, servers = self.files, str(HERE / "iguana_double.py"), self.folder / "servers"
        servers.write_text("127.0.0.1:1\n")
        command = (sys.executable, double, str(self.api_port), str(self.folder))
        return AgentConfig(
            kind="iguana",
            notary="alice",
            shard="main",
            region="eu-west",
            priority=1,
            standby="hot",
            pubkey=PUBKEY,
            bus_port=13848,
            health_port=self.health_port,
            state_directory=str(self.folder / "state"),
            signer=SignerConfig(
                command=command, api_port=self.api_port, keys_directory=str(keys), stop_seconds=3, drain_seconds=3
            ),
            health=HealthLimits(
                least_peers=1, most_blocks_behind=5, oldest_block_seconds=3600, least_utxos=1, settle_seconds=1
            ),
            routes=tuple(
                GateRoute(chain=chain, rpc_port=port, gate=f"127.0.0.1:{self.gate.port}")
                for chain, port in (("KMD", self.rpc_port), ("LTC", self.anchor_port))
            ),
            timing=FailoverTiming(tick_time_ms=100, heartbeat_ms=200, staleness_ms=500, grace_ms=800, apart_ms=100),
            ensemble=EnsembleAccess(
                servers_file=str(servers),
                chroot="/f",
                session_timeout_ms=2500,
                identity="CN=double",
                authority_file=files.authority_file,
                certificate_file=files.certificate_file,
                key_file=files.key_file,
            ),
            gates=files,
        )

    def start(self, what: str) -> subprocess.Popen[bytes]:
        """An agent or a watchdog, its lines in the file of its name."""
        (self.folder / "state").mkdir(exist_ok=True)
        file = self.folder / "agent.json"
        file.write_text(to_json(self.config))
        command = [sys.executable, str(HERE / "run_agent.py"), what, str(file), str(self.ledger.path)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TELL_TALE": PASSPHRASE}
        with (self.folder / f"{what}.log").open("ab") as log:
            made = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        self.started[what] = made
        return made

    async def signing(self) -> None:
        """Until the signer has had an answer through the gate."""
        try:
            await until(lambda: '"hex"' in self.text("answers"), "the signer signs")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.text('agent.log')}\n{self.text('answers')[-500:]}") from None

    def lines(self, what: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text(f"{what}.log").splitlines() if line.startswith("{")]

    def events(self, what: str) -> list[str]:
        return [line["event"] for line in self.lines(what)]

    def text(self, name: str) -> str:
        path = self.folder / name
        return path.read_text() if path.exists() else ""

    def signer_pids(self) -> list[int]:
        """Of the family that was started last: Iguana, its child, and the stray."""
        return json.loads(self.text("pids").splitlines()[-1])

    def end(self) -> None:
        for process in self.started.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait()
        for line in self.text("pids").splitlines():
            for pid in json.loads(line):
                if runs(pid):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)


def runs(pid: int) -> bool:
    return state(pid) not in "ZX"


def state(pid: int) -> str:
    """As in /proc/<pid>/stat: T where it stands still, X where it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


async def until(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.03)


def run(folder: Path, scene: Callable[[World], Any]) -> None:
    """Play a scene in a world of its own."""

    async def play() -> None:
        world = World(folder)
        runner = await world.gate.start()
        try:
            await scene(world)
        finally:
            world.end()
            await runner.cleanup()

    asyncio.run(play())
