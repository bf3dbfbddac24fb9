"""The doubles of a daemon and of Iguana do what the checker rests on."""

from __future__ import annotations

import http.client
import json
import os
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

from chaos import stamps
from chaos.daemon import UNKNOWN, signer_of
from chaos.iguana import DIE, HANG, REFUSE
from chaos.stamps import Execution
from doubles.iguana_api import NOT_MINE
from doubles.transactions import Transaction
from sandbox.processes import free_ports
from tests.chaos.recorded import PUBKEY
from tests.recording import ROOT

SOON = 20.0
SIGN = {"method": "signrawtransaction", "params": [b"someone".hex()], "id": 1}


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def listening(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        connection.connect()
        connection.close()
        return True
    except OSError:
        return False


def post(port: int, call: Any, **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SOON)
    connection.request("POST", "/", json.dumps(call), headers)
    reply = connection.getresponse()
    text = reply.read()
    connection.close()
    return reply.status, json.loads(text or "null")


@contextmanager
def running(*command: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, *command], cwd=ROOT, env={**os.environ, **environment})
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[int]:
    (port,) = free_ports(1)
    files = ("--stamps", str(tmp_path / "stamps"), "--pause", str(tmp_path / "pause"))
    named = ("--duty", "alice.main", "--name", "here", "--pubkey", PUBKEY)
    with running("-m", "chaos.daemon", "--port", str(port), *named, *files):
        until(lambda: listening(port))
        yield port


def executed(folder: Path) -> list[Execution]:
    return stamps.read(Execution, [folder / "stamps"])


def test_a_daemon_stamps_each_executed_call_before_it_answers(daemon: int, tmp_path: Path) -> None:
    before = stamps.now()
    assert post(daemon, SIGN, **{"X-Notary-Epoch": "7"})[1]["result"]["complete"]
    (done,) = executed(tmp_path)
    assert (done.duty, done.daemon, done.signer, done.epoch) == ("alice.main", "here/KMD", "someone", 7)
    assert done.chain == "KMD"
    assert before < done.received <= done.begin <= done.end < stamps.now()


def test_a_daemon_stamps_each_call_of_a_batch_and_none_that_only_reads(daemon: int, tmp_path: Path) -> None:
    _, answers = post(daemon, [SIGN, {"method": "getblockcount", "id": 2}, {**SIGN, "id": 3}])
    assert [answer["id"] for answer in answers] == [1, 2, 3]
    assert [done.epoch for done in executed(tmp_path)] == [None, None]
    assert post(daemon, {"method": "frobnicate", "id": 4})[0] == 404


def test_a_daemon_pauses_between_receiving_and_executing_when_told(daemon: int, tmp_path: Path) -> None:
    (tmp_path / "pause").write_text("0.2")
    post(daemon, SIGN)
    (done,) = executed(tmp_path)
    assert done.begin - done.received >= 0.2 * stamps.SECOND


def test_stamps_survive_that_their_daemon_is_killed(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    files = ("--stamps", str(tmp_path / "stamps"), "--pause", str(tmp_path / "pause"))
    for count in (1, 2):
        command = ("-m", "chaos.daemon", "--port", str(port), "--duty", "d", "--name", "n", *files)
        with running(*command) as process:
            until(lambda: listening(port))
            post(port, SIGN)
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert len(executed(tmp_path)) == count


def test_a_daemon_lets_in_only_its_own_login(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    files = ("--stamps", str(tmp_path / "stamps"), "--pause", str(tmp_path / "pause"))
    command = ("-m", "chaos.daemon", "--port", str(port), "--duty", "d", "--name", "n", *files)
    with running(*command, RPC_USERNAME="user", RPC_PASSWORD="word"):
        until(lambda: listening(port))
        assert post(port, SIGN)[0] == 401
        assert post(port, SIGN, Authorization="Basic dXNlcjp3b3Jk")[0] == 200
    assert len(executed(tmp_path)) == 1


@contextmanager
def iguana(folder: Path, daemon: int) -> Iterator[int]:
    """Iguana's double with KMD and CCL at one daemon, told all but `dpow`."""
    (port,) = free_ports(1)
    files = ("--attempts", str(folder / "attempts"), "--faults", str(folder / "faults"))
    with running("-m", "chaos.iguana", "--api-port", str(port), "--name", "eu-west", "--rate", "50", *files):
        until(lambda: listening(port))
        for coin in ("KMD", "CCL"):
            at = {"newcoin": coin, "rpchost": f"127.0.0.1:{daemon}", "userpass": "user:word", "pubval": 60}
            assert told(port, agent="iguana", method="addcoin", **at)["result"] == "coin added"
        yield port


def told(port: int, **call: Any) -> Any:
    """Iguana's answer, whose heads no strict client reads."""
    with socket.create_connection(("127.0.0.1", port), timeout=SOON) as connection:
        body = json.dumps(call).encode()
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        found = b""
        while data := connection.recv(1 << 16):
            found += data
    return json.loads(found.partition(b"\r\n\r\n")[2] or b"null")


def dpow(port: int) -> Any:
    return told(port, agent="iguana", method="dpow", symbol="CCL", pubkey=PUBKEY)


def test_iguana_signs_only_once_it_is_told_to_and_then_goes_on(daemon: int, tmp_path: Path) -> None:
    with iguana(tmp_path, daemon) as port:
        assert executed(tmp_path) == []
        assert dpow(port)["result"] == "success"
        until(lambda: len(executed(tmp_path)) > 10)
    (signer,) = {done.signer for done in executed(tmp_path)}
    assert signer.startswith("eu-west/")


def test_iguana_refuses_or_dies_at_dpow_when_a_file_says_so(daemon: int, tmp_path: Path) -> None:
    with iguana(tmp_path, daemon) as port:
        (tmp_path / "faults").write_text(REFUSE)
        assert dpow(port)["error"] == NOT_MINE
        (tmp_path / "faults").write_text(DIE)
        assert dpow(port) is None
        until(lambda: not listening(port))
    assert executed(tmp_path) == []


def test_iguana_hangs_with_what_it_is_asked_next_and_signs_on(daemon: int, tmp_path: Path) -> None:
    with iguana(tmp_path, daemon) as port:
        dpow(port)
        (tmp_path / "faults").write_text(HANG)
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
            before = len(executed(tmp_path))
            until(lambda: len(executed(tmp_path)) > before + 5)
            connection.settimeout(0.2)
            with pytest.raises(TimeoutError):
                connection.recv(1)


def test_a_daemon_whose_disk_is_full_ends(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    (tmp_path / "troubles").write_text('{"no_space": true}')
    files = ("--stamps", str(tmp_path / "stamps"), "--pause", str(tmp_path / "pause"))
    more = ("--troubles", str(tmp_path / "troubles"))
    with running("-m", "chaos.daemon", "--port", str(port), "--duty", "d", "--name", "n", *files, *more) as process:
        assert process.wait(SOON) == 1


def test_a_daemon_without_the_key_signs_nothing_and_stamps_nothing(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    (tmp_path / "wallet").write_text('{"": {}}')
    files = ("--stamps", str(tmp_path / "stamps"), "--pause", str(tmp_path / "pause"))
    more = ("--wallet", str(tmp_path / "wallet"))
    with running("-m", "chaos.daemon", "--port", str(port), "--duty", "d", "--name", "n", *files, *more):
        until(lambda: listening(port))
        assert post(port, SIGN)[1]["result"]["complete"] is False
    assert executed(tmp_path) == []


def test_a_caller_that_gives_no_name_is_unknown() -> None:
    nobody = Transaction(head=b"", inputs=(), outputs=(), tail=b"")
    assert signer_of(nobody) == UNKNOWN


def test_records_come_back_as_they_were_written_by_many_at_once(tmp_path: Path) -> None:
    def write(number: int) -> None:
        for turn in range(50):
            stamps.append(tmp_path / "x", stamps.Strike(number=number, kind="k", told="t", begin=turn, end=turn))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = stamps.read(stamps.Strike, [tmp_path / "x", tmp_path / "missing"])
    assert len(found) == 200
    assert {strike.takes for strike in found} == {()}
