"""What a network of regions leaves behind: nothing. And what it says to those who can't have one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from sandbox.errors import SandboxError
from sandbox.network import Host, Network, unavailable
from tests.recording import ROOT
from tests.sandbox.helpers import alive, eventually
from tests.sandbox.sockets import keeper, machine

MISSING = unavailable()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))

OWNER = """
import time
from sandbox.network import Network
network = Network(["a", "b"])
host = network.attach("a", "one")
network.slow(20)
network.cut("a", "b")
print(host.namespace, flush=True)
time.sleep(60)
"""
TRY = """
from sandbox.errors import SandboxError
from sandbox.network import Network
try:
    Network(["a"]).close()
except SandboxError as error:
    print(error)
"""
WITHOUT_PRIVILEGES = ["setpriv", "--bounding-set=-net_admin,-sys_admin", "--inh-caps=-all", "--"]


def namespaces_of(pid: int) -> set[str]:
    """The network namespaces that a process is in or holds open; none where it has just ended."""
    found: set[str] = set()
    with suppress(OSError):
        found.add(str(Path(f"/proc/{pid}/ns/net").readlink()))
        for path in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                found.add(str(path.readlink()))
    return {name for name in found if name.startswith("net:[")}


def holders(namespaces: set[str]) -> list[int]:
    """All processes of the machine that keep one of these namespaces."""
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [pid for pid in pids if namespaces_of(pid) & namespaces]


def test_nothing_is_on_the_machine_while_it_runs_and_nothing_after_close() -> None:
    before = machine()
    with Network(["a", "b"]) as network:
        host = network.attach("a", "one")
        network.slow(20)
        network.cut("a", "b")
        made = namespaces_of(keeper(host)) - namespaces_of(os.getpid())
        assert len(made) == 3
        assert holders(made) == [keeper(host)]
        assert machine() == before
    assert not alive(keeper(host))
    assert holders(made) == []
    assert machine() == before
    network.close()
    with pytest.raises(SandboxError, match="make a new one"):
        network.attach("a", "two")


@pytest.mark.parametrize("killed", ["owner", "keeper"])
def test_nothing_is_left_when_a_process_of_it_is_killed(killed: str) -> None:
    before = machine()
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True, cwd=ROOT) as owner:
        assert owner.stdout
        holder = int(Path(owner.stdout.readline()).parts[2])
        made = namespaces_of(holder) - namespaces_of(os.getpid())
        assert len(made) == 3
        os.kill(owner.pid if killed == "owner" else holder, signal.SIGKILL)
        eventually("the namespaces are held by nobody", lambda: holders(made) == [], seconds=5)
        eventually("the keeper has ended", lambda: not alive(holder), seconds=5)
        owner.kill()
    assert machine() == before


def test_a_frozen_keeper_is_no_obstacle_to_closing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.network.namespaces._GRACE_SECONDS", 0.2)
    with Network(["a"]) as network:
        host = network.attach("a", "one")
        os.kill(keeper(host), signal.SIGSTOP)
    assert not alive(keeper(host))


@pytest.mark.parametrize(
    ("prefix", "path", "said"),
    [
        (WITHOUT_PRIVILEGES, os.environ["PATH"], "CAP_SYS_ADMIN, which this process lacks; run it as root"),
        ([], "", "`ip`, which is not in PATH; install the package iproute2."),
    ],
)
def test_what_is_missing_is_said_in_one_sentence_with_the_remedy(prefix: list[str], path: str, said: str) -> None:
    done = subprocess.run(
        [*prefix, sys.executable, "-c", TRY],
        env={**os.environ, "PATH": path},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said in done.stdout, done.stderr
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        (lambda network: network.cut("a", "x"), "No region 'x' is in this network; take one of a, b."),
        (lambda network: network.isolate("x"), "No region 'x' is in this network; take one of a, b."),
        (lambda network: network.attach("x", "one"), "No region 'x' is in this network; take one of a, b."),
        (lambda network: [network.attach("a", "one"), network.attach("b", "one")], "There is a host 'one'"),
        (lambda network: network.detach(Host("a", "one", "10.77.1.2", "")), "The host 'one' is not in this network"),
        (lambda network: network.slow(-1), "A round trip of -1 ms between 'a' and 'b' can't be"),
        (lambda network: network.slow({("a", "a"): 5}), "A round trip of 5 ms between 'a' and 'a' can't be"),
        (lambda network: network.slow({("a", "b"): 5, ("b", "a"): 9}), "A round trip of 9 ms between 'b' and 'a'"),
        (lambda _: Network(["a", "a"]), "regions of different names, not ['a', 'a']"),
    ],
)
def test_a_mistake_is_refused_with_what_would_be_right(mistake: Callable[[Network], object], said: str) -> None:
    with Network(["a", "b"]) as network:
        with pytest.raises(SandboxError) as refused:
            mistake(network)
        assert said in str(refused.value)


def test_a_tool_that_fails_is_quoted() -> None:
    with Network(["a"]) as network:
        host = network.attach("a", "one")
        os.kill(keeper(host), signal.SIGKILL)
        eventually("the keeper has ended", lambda: not alive(keeper(host)), seconds=5)
        with pytest.raises(SandboxError, match=r"^`nft` failed in the sandbox's network: nsenter: .*; close it"):
            network.cut_host(host)
