"""Who may call a gate, what happens when certificates are renewed, and what a link shows to another gate."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
from aiohttp import ClientError, ClientSession

from config.failover import GateRoute
from failover import wire
from failover.gate import door
from sandbox.processes import free_ports
from tests.failover.gate_certificates import Authority
from tests.failover.gate_world import (
    READ,
    SIGN,
    World,
    caller,
    error,
    run,
    world,
)


async def refused(it: World, session: ClientSession) -> None:
    async with session:
        with pytest.raises((ClientError, ssl.SSLError)):
            await session.post(it.url, json=READ)
    assert it.daemon.executed == []


def test_a_caller_without_a_certificate_or_with_a_foreign_one_is_refused(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            await refused(it, caller(None, it.authority))
            await refused(it, caller(Authority("gates").files(tmp_path / "foreign"), it.authority))
            async with ClientSession() as plain:
                with pytest.raises(ClientError):
                    await plain.post(it.url.replace("https", "http"), json=READ)
            assert (await it.call(READ))["result"] == "done"

    run(test)


def test_renewed_certificates_count_from_the_next_handshake_and_drop_no_connection(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            before = await _pinned(it)
            await it.call(READ)
            it.authority.files(tmp_path / "gate")
            assert await _pinned(it) != before
            other = Authority("gates, renewed")
            agent = other.files(tmp_path / "new-agent")
            other.files(tmp_path / "gate")
            assert (await it.call(READ))["result"] == "done"  # the old connection
            async with caller(agent, other) as renewed, renewed.post(it.url, json=READ) as answer:
                assert answer.status == 200
            it.daemon.executed.clear()
            # Who is trusted no more gets in no more, though he accepts the gate.
            await refused(it, caller(it.authority.files(tmp_path / "late"), other))

    run(test)


def test_half_a_renewal_changes_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            before = await _pinned(it)
            key = tmp_path / "gate" / "tls.key"
            whole = key.read_bytes()
            key.write_bytes(whole[:40])
            assert await _pinned(it) == before
            assert 'gate_certificate_loads_total{outcome="bad"}' in (await it.health("/metrics"))[1]
            it.authority.files(tmp_path / "gate")
            assert await _pinned(it) != before

    run(test)


async def _pinned(it: World) -> bytes:
    """The certificate that a new connection is shown."""
    context = ssl.create_default_context(cadata=it.authority.pem.decode())
    context.load_cert_chain(tmp := str(it.folder / "agent" / "tls.crt"), tmp.replace("crt", "key"))
    _, writer = await asyncio.open_connection("127.0.0.1", it.config.listen_port, ssl=context)
    found = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return found


def test_a_chain_that_hangs_does_not_stop_the_daemon_that_asks_it_over_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "LINK_SECONDS", 0.2)

    async def test() -> None:
        async with world(tmp_path / "ltc") as far:
            far.daemon.hold = asyncio.Event()
            port = free_ports(1)[0]
            route = GateRoute(chain="LTC", rpc_port=port, gate=f"127.0.0.1:{far.config.listen_port}")
            async with world(tmp_path / "kmd", links=(route,)):
                far.authority.files(tmp_path / "kmd" / "gate")
                async with ClientSession() as chain, chain.post(f"http://127.0.0.1:{port}/", json=READ) as answer:
                    assert error(await answer.json())[0] == wire.UNREACHABLE
            far.daemon.hold.set()

    run(test)


def test_a_link_leads_to_another_chains_gate_for_reading_only(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path / "ltc") as far:
            port = free_ports(1)[0]
            route = GateRoute(chain="LTC", rpc_port=port, gate=f"127.0.0.1:{far.config.listen_port}")
            async with world(tmp_path / "kmd", links=(route,)) as near:
                near.authority.files(tmp_path / "stranger")
                # Both must trust one authority: the far gate's.
                far.authority.files(tmp_path / "kmd" / "gate")
                url = f"http://127.0.0.1:{port}/"
                async with ClientSession() as chain:
                    async with chain.post(url, json=READ) as answer:
                        assert (await answer.json())["result"] == "done"
                    async with chain.post(url, json=SIGN) as answer:
                        code, message = error(await answer.json())
                assert (code, message) == (
                    wire.FORBIDDEN,
                    "gate: signrawtransaction: this port leads to another chain, for reading",
                )
                assert (far.daemon.executed, near.daemon.executed) == (["getinfo"], [])
                await far.end()
                async with ClientSession() as chain, chain.post(url, json=READ) as answer:
                    assert error(await answer.json())[0] == wire.GONE

    run(test)
