"""Regions as network namespaces: what reaches what, what a cut does and what is emulated."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from sandbox.errors import SandboxError
from sandbox.network import Host, Network, unavailable
from tests.sandbox.sockets import (
    PORT,
    SILENCE_SECONDS,
    connect,
    hears,
    keeper,
    open_socket,
    round_trip_ms,
    silent,
    talk,
)

MISSING = unavailable()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))

SO_RCVBUFFORCE = 33  # Linux; the module socket does not name it

ECHO = f"""
import socket
with socket.create_server(("", {PORT})) as server:
    print("listens", flush=True)
    connection, peer = server.accept()
    connection.sendall(peer[0].encode() + b" said " + connection.recv(100))
"""
ASK = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5) as connection:
    connection.sendall(b"ruok")
    print(connection.makefile().read())
"""


@pytest.fixture
def network() -> Iterator[Network]:
    """Three regions; `a` is to hold two hosts, the others one."""
    with Network(["a", "b", "c"]) as made:
        yield made


@pytest.fixture
def hosts(network: Network) -> list[Host]:
    """Two in a, one in b, one in c."""
    return [network.attach(region, f"{region}-{number}") for number, region in enumerate("aabc")]


@pytest.mark.parametrize(("client", "server"), [(0, 1), (0, 2), (3, 0)])
def test_processes_in_two_hosts_reach_each_other_by_their_addresses(
    hosts: list[Host], client: int, server: int
) -> None:
    python = [sys.executable, "-I", "-S", "-c"]
    with subprocess.Popen(hosts[server].enter([*python, ECHO]), stdout=subprocess.PIPE, text=True) as echo:
        assert echo.stdout
        assert echo.stdout.readline() == "listens\n"
        asked = hosts[client].enter([*python, ASK, hosts[server].address, str(PORT)])
        answer = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=True).stdout
    assert answer == f"{hosts[client].address} said ruok\n"


def test_every_host_has_its_own_address_ports_and_loopback(hosts: list[Host]) -> None:
    assert len({host.address for host in hosts}) == 4
    assert (
        hosts[0].address.rpartition(".")[0]
        == hosts[1].address.rpartition(".")[0]
        != hosts[2].address.rpartition(".")[0]
    )
    doors = [open_socket(host, socket.SOCK_STREAM) for host in hosts]
    for door in doors:
        door.bind(("127.0.0.1", PORT))
        door.listen()
    with open_socket(hosts[0], socket.SOCK_STREAM) as client:
        client.connect(("127.0.0.1", PORT))
    doors[0].accept()[0].close()
    for door in doors[1:]:
        door.settimeout(0.05)
        with pytest.raises(TimeoutError):
            door.accept()
    for door in doors:
        door.close()


def test_a_cut_is_silent_and_what_was_said_meanwhile_arrives_when_it_heals(network: Network, hosts: list[Host]) -> None:
    near, far = connect(hosts[0], hosts[2])
    with near, far:
        network.cut("a", "b")
        near.sendall(b"during the cut")
        far.settimeout(SILENCE_SECONDS)
        with pytest.raises(TimeoutError):
            far.recv(100)
        with open_socket(hosts[0], socket.SOCK_STREAM) as newcomer:
            newcomer.settimeout(SILENCE_SECONDS)
            with pytest.raises(TimeoutError):  # and not ConnectionRefusedError
                newcomer.connect((hosts[2].address, PORT))
        assert near.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
        network.heal()
        far.settimeout(5)
        assert far.recv(100) == b"during the cut"
    assert talk(hosts[0], hosts[2])


def test_a_cut_of_one_way_leaves_the_other(network: Network, hosts: list[Host]) -> None:
    network.cut("a", "b", one_way=True)
    assert not hears(hosts[2], hosts[0], SILENCE_SECONDS)
    assert hears(hosts[0], hosts[2])


def test_an_isolated_region_still_has_itself_and_the_others_each_other(network: Network, hosts: list[Host]) -> None:
    network.isolate("a")
    assert silent(hosts[0], hosts[2])
    assert silent(hosts[1], hosts[3])
    assert talk(hosts[0], hosts[1])
    assert talk(hosts[2], hosts[3])


def test_a_region_can_see_only_one_other(network: Network, hosts: list[Host]) -> None:
    network.cut("a", "c")
    assert silent(hosts[0], hosts[3])
    assert talk(hosts[0], hosts[2])
    assert talk(hosts[3], hosts[2])


def test_a_host_can_be_cut_by_itself_and_what_was_cut_before_stays_cut(network: Network, hosts: list[Host]) -> None:
    network.cut("b", "c")
    network.cut_host(hosts[0])
    assert silent(hosts[0], hosts[1])
    assert silent(hosts[0], hosts[2])
    assert silent(hosts[2], hosts[3])
    assert talk(hosts[1], hosts[2])
    network.heal()
    assert talk(hosts[0], hosts[1])
    assert talk(hosts[2], hosts[3])


def test_two_networks_have_the_same_addresses_and_nothing_in_common(network: Network, hosts: list[Host]) -> None:
    with Network(["a", "b"]) as second:
        here, there = second.attach("a", "a-0"), second.attach("b", "b-2")
        assert (here.address, there.address) == (hosts[0].address, hosts[2].address)
        network.cut("a", "b")
        second.slow(30)
        assert silent(hosts[0], hosts[2])
        assert talk(here, there)


def test_round_trips_are_emulated_and_open_connections_go_on(network: Network, hosts: list[Host]) -> None:
    near, far = connect(hosts[0], hosts[2])
    with near, far:
        for wanted in (20.0, 80.0):
            network.slow(wanted)
            assert wanted <= round_trip_ms(near, far) < wanted + 50
        network.slow(0)
        os.kill(keeper(hosts[0]), signal.SIGSTOP)  # nothing goes by way of it any more
        assert round_trip_ms(near, far) < 20
        os.kill(keeper(hosts[0]), signal.SIGCONT)


def test_each_pair_of_regions_has_its_own_round_trip(network: Network, hosts: list[Host]) -> None:
    network.slow({("b", "a"): 40, ("a", "c"): 90})
    for one, other, wanted in ((0, 2, 40.0), (0, 3, 90.0), (2, 3, 0.0), (0, 1, 0.0)):
        near, far = connect(hosts[one], hosts[other])
        with near, far:
            assert wanted <= round_trip_ms(near, far) < wanted + 35


def test_a_cut_holds_where_packets_are_slowed_and_when_that_changes(network: Network, hosts: list[Host]) -> None:
    network.slow(20)
    assert talk(hosts[0], hosts[2])
    network.cut("a", "b")
    assert silent(hosts[0], hosts[2])
    network.slow(0)
    assert silent(hosts[0], hosts[2])
    network.slow(20)
    network.heal()
    assert talk(hosts[0], hosts[2])


def test_thousands_of_packets_arrive_in_order_and_none_is_lost(network: Network, hosts: list[Host]) -> None:
    network.slow(20)
    count = 3000
    with open_socket(hosts[2]) as ear, open_socket(hosts[0]) as mouth:
        ear.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
        ear.bind((hosts[2].address, 0))
        for number in range(count):
            mouth.sendto(number.to_bytes(4, "big") * 50, ear.getsockname())
        assert [int.from_bytes(ear.recv(1000)[:4], "big") for _ in range(count)] == list(range(count))


def test_a_shorter_round_trip_does_not_overtake_a_longer_one(network: Network, hosts: list[Host]) -> None:
    with open_socket(hosts[2]) as ear, open_socket(hosts[0]) as mouth:
        ear.bind((hosts[2].address, 0))
        for rtt_ms, word in ((600, b"first"), (20, b"second")):
            network.slow(rtt_ms)
            mouth.sendto(word, ear.getsockname())
        assert [ear.recv(100), ear.recv(100)] == [b"first", b"second"]


def test_a_connection_carries_megabytes_a_second_through_the_emulation(network: Network, hosts: list[Host]) -> None:
    network.slow(20)
    near, far = connect(hosts[0], hosts[2])
    size, started = 15_000_000, time.monotonic()  # over 10,000 packets
    with near, far:
        sender = threading.Thread(target=near.sendall, args=(b"x" * size,))
        sender.start()
        while size > 0:
            size -= len(far.recv(1 << 20))
        sender.join()
    assert time.monotonic() - started < 20  # at a window a round trip it would take minutes


def test_a_detached_host_is_gone_and_its_name_but_not_its_address_is_free(network: Network, hosts: list[Host]) -> None:
    network.cut_host(hosts[0])
    network.detach(hosts[0])
    entered = subprocess.run(hosts[0].enter(["true"]), capture_output=True, check=False)
    assert entered.returncode != 0
    again = network.attach("a", hosts[0].name)
    assert again.address not in {host.address for host in hosts}
    assert talk(again, hosts[2])


def test_addresses_come_back_when_all_were_used_and_a_full_region_says_so(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.network.layout.HOST_NUMBERS", range(2, 5))
    first = network.attach("a", "stays")
    seen: list[str] = []
    for _ in range(4):
        host = network.attach("a", "comes and goes")
        seen.append(host.address)
        network.cut_host(host)  # the next one at this address is not cut
        network.detach(host)
    assert [first.address, *seen] == [f"10.77.1.{number}" for number in (2, 3, 4, 3, 4)]
    assert all(talk(first, network.attach("a", name)) for name in ("second", "third"))
    with pytest.raises(SandboxError, match="'a' has 3 hosts, all it can"):
        network.attach("a", "fourth")
