"""Iguana's double as a process: it starts by its file, signs once `dpow` was said, and dies as Iguana does."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from doubles.iguana_daemons import Coin, Daemons, body, over_tcp
from doubles.iguana_keys import identify, public
from sandbox.processes import free_ports
from tests.failover.agent_world import ROOT
from tests.failover.coins import Key

PUBKEY = identify("words").pubkey


class Daemon:
    """One that has the key and signs whatever it is given; for both chains."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, Any]] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.at = f"127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            connection, _ = self.socket.accept()
            with connection:
                asked = b""
                while not asked.endswith(b"}"):
                    asked += connection.recv(65536)
                call = json.loads(asked.partition(b"\r\n\r\n")[2])
                self.calls.append((call["agent"], call["method"], call["params"]))
                found = {
                    "signrawtransaction": {"hex": "00"},
                    "getblock": {"height": 120},
                    "getbestblockhash": "ab" * 32,
                }
                content = json.dumps({"result": found.get(call["method"], {"ismine": True}), "error": None}).encode()
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(content), content))

    def methods(self, chain: str) -> list[str]:
        return [method for agent, method, _ in self.calls if agent == chain]


@contextmanager
def program(*options: str) -> Iterator[tuple[subprocess.Popen[bytes], Callable[..., Any]]]:
    """The double by its file, without any package, and what asks it."""
    [port] = free_ports(1)
    command = [sys.executable, "-I", "-S", str(ROOT / "doubles" / "iguana.py"), "--api-port", str(port)]
    process = subprocess.Popen([*command, "--addcoin-seconds", "0", *options], stderr=subprocess.PIPE)

    def ask(**call: Any) -> Any:
        content = json.dumps(call).encode()
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (len(content), content))
            answer = b""
            while data := connection.recv(4096):
                answer += data
        return json.loads(answer.partition(b"\r\n\r\n")[2]) if answer else None

    try:
        soon(lambda: _listens(port))
        yield process, ask
    finally:
        process.kill()
        process.communicate()


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def soon(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "not within 30 s"
        time.sleep(0.02)


def begin(ask: Callable[..., Any], daemon: Daemon) -> None:
    for symbol, version in (("KMD", 60), ("CCL", 60)):
        added = {"newcoin": symbol, "pubval": version, "rpchost": daemon.at, "userpass": "u:p"}
        assert ask(agent="iguana", method="addcoin", **added)["result"] == "coin added"
    unlocked = ask(agent="bitcoinrpc", method="walletpassphrase", password="words", timeout=9)
    assert (unlocked["result"], unlocked["btcpubkey"]) == ("success", PUBKEY)
    assert ask(agent="iguana", method="dpow", symbol="CCL", pubkey=PUBKEY)["result"] == "success"


def test_told_a_rate_it_signs_on_and_on_with_its_name_and_notes_each_attempt(tmp_path: Path) -> None:
    daemon, attempts = Daemon(), tmp_path / "attempts"
    with program("--rate", "50", "--name", "eu-west", "--attempts", str(attempts)) as (_, ask):
        begin(ask, daemon)
        soon(lambda: daemon.methods("CCL").count("signrawtransaction") > 3)
    names = {bytes.fromhex(params[0]).decode() for _, method, params in daemon.calls if method == "signrawtransaction"}
    assert len(names) == 1
    assert names.pop().startswith("eu-west/")
    assert len(attempts.read_text().splitlines()) >= daemon.methods("CCL").count("signrawtransaction")
    assert "signrawtransaction" not in daemon.methods("KMD")


def test_without_a_rate_it_follows_the_chains_that_it_notarises() -> None:
    daemon = Daemon()
    with program() as (_, ask):
        begin(ask, daemon)
        soon(lambda: "getblockhash" in daemon.methods("CCL"))
    assert daemon.methods("KMD")[:3] == ["validateaddress", "importprivkey", "importprivkey"]


def test_what_kills_iguana_kills_it_with_a_segmentation_fault() -> None:
    with program() as (process, ask):
        assert ask(agent="dpow", method="active") is None
        assert process.wait(20) == -signal.SIGSEGV


def test_its_keys_are_those_of_the_curve_s_other_implementation() -> None:
    assert public(bytes.fromhex("11" * 32)) == Key(int("11" * 32, 16)).public
    wif = identify("words").wifs[0]
    assert identify(wif).pubkey == PUBKEY
    assert identify(wif[:-1] + ("1" if wif[-1] != "1" else "2")).pubkey == PUBKEY, "a wrong check sum is the same key"
    assert identify("words ").pubkey != PUBKEY, "there are no wrong words"


def test_a_daemon_that_closes_without_an_answer_is_asked_as_often_as_iguana_asks() -> None:
    tried: list[bytes] = []

    def gone(_: Coin, asked: bytes) -> bytes:
        tried.append(asked)
        raise ConnectionResetError

    coin = Coin(symbol="KMD", at="127.0.0.1:1", login="u:p", address_version=60)
    with pytest.raises(ConnectionResetError):
        Daemons(gone, retries=(0, 0, 0)).call(coin, "getinfo")
    assert len(tried) == 4
    assert all(asked.endswith(body("KMD", "getinfo", "[]")) for asked in tried)
    with pytest.raises(ConnectionRefusedError):
        over_tcp(coin, tried[0])
