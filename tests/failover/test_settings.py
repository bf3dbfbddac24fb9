"""Configuration files: good ones come back as they were, bad ones tell every mistake at once."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from config.failover import AgentConfig, GateConfig, GateLimits, GateRoute, to_json
from failover.__main__ import COMMANDS, main, parser
from failover.settings import SettingsError, load, rpc_login, timing
from tests.failover.agent_world import World


@pytest.fixture
def good(tmp_path: Path) -> AgentConfig:
    return World(tmp_path).config


def mistakes(path: Path, values: object, form: type[AgentConfig] | type[GateConfig] = AgentConfig) -> list[str]:
    path.write_text(values if isinstance(values, str) else json.dumps(values))
    with pytest.raises(SettingsError) as caught:
        load(path, form)
    return str(caught.value).splitlines()


def test_what_was_written_is_what_is_read(tmp_path: Path, good: AgentConfig) -> None:
    path = tmp_path / "agent.json"
    path.write_text(to_json(good))
    assert load(path, AgentConfig) == good


def test_a_gates_file_is_read_as_well(tmp_path: Path, good: AgentConfig) -> None:
    assert good.gates
    gate = GateConfig(
        notary="alice",
        shard="main",
        chain="KMD",
        rpc_port=7771,
        listen_port=7443,
        health_port=7480,
        state_directory="/var/lib/gate",
        links=(GateRoute(chain="LTC", rpc_port=9332, gate="ltc.notary.svc:7443"),),
        limits=GateLimits(request_bytes=1, concurrency=1, slow_client_seconds=1),
        timing=good.timing,
        ensemble=good.ensemble,
        tls=good.gates,
    )
    path = tmp_path / "gate.json"
    path.write_text(to_json(gate))
    assert load(path, GateConfig) == gate


def test_times_are_seconds(good: AgentConfig) -> None:
    times = timing(good)
    assert (times.session_timeout, times.tick, times.heartbeat) == (2.5, 0.1, 0.2)
    assert (times.staleness, times.grace) == (0.5, 0.8)


def test_every_mistake_of_form_is_told_at_once(tmp_path: Path, good: AgentConfig) -> None:
    values: dict[str, Any] = json.loads(to_json(good))
    values["priority"] = "first"
    values["colour"] = "red"
    del values["region"]
    values["signer"]["stop_seconds"] = None
    values["ensemble"]["extra"] = 1
    found = mistakes(tmp_path / "bad.json", values)
    assert len(found) == 5
    for part in ("priority", "colour", "region", "signer.stop_seconds", "ensemble.extra"):
        assert any(f"bad.json: {part}: " in line for line in found), part


def test_every_mistake_of_sense_is_told_at_once(tmp_path: Path, good: AgentConfig) -> None:
    values: dict[str, Any] = json.loads(to_json(good))
    values.update(kind="lottery", standby="warm", gates=None)
    values["timing"].update(grace_ms=400, tick_time_ms=0)
    values["ensemble"]["servers_file"] = str(tmp_path / "none")
    values["ensemble"]["session_timeout_ms"] = 300
    values["signer"].update(command=[], stop_seconds=0)
    values["routes"].append({"chain": "LTC", "rpc_port": values["routes"][0]["rpc_port"], "gate": "nowhere"})
    found = mistakes(tmp_path / "bad.json", values)
    places = (
        "kind",
        "standby",
        "gates",
        "timing.grace_ms",
        "timing.tick_time_ms",
        "ensemble.servers_file",
        "routes.2.gate",
    )
    for part in (*places, "ensemble.session_timeout_ms", "signer.command", "signer.stop_seconds", "routes.2.rpc_port"):
        assert sum(f"bad.json: {part}: " in line for line in found) == 1, (part, found)
    assert len(found) == 11
    assert all("expected" in line for line in found)


@pytest.mark.parametrize("text", ["", "zk-1.eu", ":2281", "zk-1.eu:2281\nzk-2.eu:\n", "zk-1.eu:https"])
def test_a_file_of_no_servers_is_told(tmp_path: Path, good: AgentConfig, text: str) -> None:
    Path(good.ensemble.servers_file).write_text(text)
    (found,) = mistakes(tmp_path / "agent.json", json.loads(to_json(good)))
    assert "ensemble.servers_file: " in found
    assert "names no server" in found
    assert "expected" in found


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "\x00"])
def test_a_file_that_is_no_configuration_is_one_line(tmp_path: Path, text: str) -> None:
    assert len(mistakes(tmp_path / "bad.json", text)) == 1


def test_a_missing_file_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["watchdog", "--config", str(tmp_path / "none.json")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "No such file" in said
    assert "--config" in said


def test_a_missing_key_is_one_line_without_a_traceback(
    tmp_path: Path, good: AgentConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "keys" / "passphrase").unlink()
    path = tmp_path / "agent.json"
    path.write_text(to_json(good))
    assert main(["agent", "--config", str(path)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "passphrase: No such file or directory" in said


def test_the_environment_brings_secrets_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RPC_USERNAME", "someone")
    monkeypatch.setenv("RPC_PASSWORD", "hunter22")
    assert rpc_login().password == "hunter22"
    assert "hunter22" not in repr(rpc_login())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_an_example_that_it_accepts(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parser().parse_args([name, "--help"])
    assert caught.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    example = COMMANDS[name][1]
    assert example in shown
    assert parser().parse_args(example.split()).command == name


def test_the_signers_command_may_stand_after_the_dashes(good: AgentConfig) -> None:
    assert dataclasses.is_dataclass(good)
    given = parser().parse_args(["agent", "--config", "f", "--", "komodod", "-rpcpassword=x"])
    assert given.signer == ["komodod", "-rpcpassword=x"]
