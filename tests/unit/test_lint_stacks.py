"""Stacks that the loader accepts and an operator should not run."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.lint.finding import Finding
from config.lint.run import Request, lint
from tests.unit.test_lint_project import PROJECT, checked, copy_project, replace

ALICE = "alice-eu.duties."
SECOND = "            eu-central: {priority: 2}\n"
RELEASE = "releases/2026.11-draft.yaml"
KMD_MASTER = "chain: KMD\n          candidates: {eu-west: {priority: 1}, eu-central: {priority: 2, standby: cold}}"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_project(tmp_path)


def lint_stack(root: Path, name: str) -> list[Finding]:
    return checked(lint(Request(root=root, stacks=(name,))))


def test_the_shipped_stacks_are_clean() -> None:
    assert checked(lint(Request(root=PROJECT))) == []
    assert len(list(PROJECT.glob("Pulumi.?*.yaml"))) >= 3


@pytest.mark.parametrize(
    ("rule", "stack", "old", "new", "path"),
    [
        ("bus-port", "mainnet", "busPort: 13848", "busPort: 13348", f"{ALICE}main.busPort"),
        ("bus-port", "mainnet", "busPort: 13845", "busPort: 13345", f"{ALICE}3p.busPort"),
        ("no-standby", "local", SECOND, "", f"{ALICE}main.candidates"),
        ("two-masters", "mainnet", "chain: CCL", "chain: KMD", "masters.duties.ccl.chain"),
        ("no-anchor", "mainnet", "[KMD, LTC, CCL,", "[KMD, CCL,", f"{ALICE}main.chains"),
    ],
)
def test_a_duty_that_an_operator_should_not_run_is_found(
    project: Path, rule: str, stack: str, old: str, new: str, path: str
) -> None:
    assert lint_stack(project, stack) == []
    replace(project / f"Pulumi.{stack}.yaml", old, new)
    (finding,) = lint_stack(project, stack)
    assert (finding.rule, finding.path) == (rule, f"Pulumi.{stack}.yaml notary:notaries.{path}")


def test_every_duty_of_a_testnet_has_the_testnets_bus_port(project: Path) -> None:
    replace(project / "Pulumi.testnet.yaml", "busPort: 17762", "busPort: 17763")
    found = lint_stack(project, "testnet")
    assert [item.rule for item in found] == ["bus-port"] * 10
    assert {item.expected[:5] for item in found} == {"17762"}


@pytest.mark.parametrize("standby", ["", ", standby: hot"])
def test_a_checkpoint_masters_standby_that_runs_is_found(project: Path, standby: str) -> None:
    replace(project / "Pulumi.mainnet.yaml", KMD_MASTER, KMD_MASTER.replace(", standby: cold", standby))
    (finding,) = lint_stack(project, "mainnet")
    assert finding.rule == "hot-master"
    assert finding.path == "Pulumi.mainnet.yaml notary:notaries.masters.duties.kmd.candidates.eu-central.standby"


def test_the_active_master_itself_is_whoever_has_the_best_priority(project: Path) -> None:
    swapped = "chain: KMD\n          candidates: {eu-west: {priority: 3, standby: cold}, eu-central: {priority: 2}}"
    replace(project / "Pulumi.mainnet.yaml", KMD_MASTER, swapped)
    assert lint_stack(project, "mainnet") == []


def test_two_signers_with_one_pubkey_are_found(project: Path) -> None:
    path = project / "Pulumi.mainnet.yaml"
    main = "02eb30b0eeecd84eee5a2f5a1b5e81cc0a654c63e6638d5a4ef8a049d44b46d647"
    replace(path, "0230ede3de04faab72ebcf2466aa2224bd80f779cd725bbfe9cc23f720edb67d29", main)
    (finding,) = lint_stack(project, "mainnet")
    assert (finding.rule, finding.expected[:4]) == ("shared-pubkey", "a pu")
    assert finding.path.endswith("main.pubkey")


@pytest.mark.parametrize(
    ("timeout", "found"), [(4000, []), (6000, []), (3999, ["session-timeout"]), (6001, ["session-timeout"])]
)
def test_a_production_session_timeout_is_four_to_six_seconds(project: Path, timeout: int, found: list[str]) -> None:
    path = project / "Pulumi.mainnet.yaml"
    replace(path, "rttMs: 100, storage", f"sessionTimeoutMs: {timeout}, tickTimeMs: 450, rttMs: 100, storage")
    # The masters' grace grows with the session.
    replace(path, "  notary:ensemble:", "  notary:failover: {stalenessMs: 1100}\n  notary:ensemble:")
    assert [item.rule for item in lint_stack(project, "mainnet")] == found


def test_an_ensemble_of_another_shape_is_found(project: Path) -> None:
    path = project / "Pulumi.mainnet.yaml"
    replace(path, "{2: zk-2.eu-west.example.net, 3:", "{7: zk-2.eu-west.example.net, 3:")
    replace(path, "{1: zk-1.na-east.example.net}", "{1: zk-1.na-east.example.net, 2: zk-6.na-east.example.net}")
    found = lint_stack(project, "mainnet")
    assert [(item.rule, item.found) for item in found] == [
        ("ensemble-shape", "2+2+2"),
        ("ensemble-shape", "2 servers of a tiebreaker"),
    ]


def test_observers_do_not_count_in_the_shape_of_an_ensemble(project: Path) -> None:
    path = project / "Pulumi.mainnet.yaml"
    observer = (
        "    sh-north: {provider: existing, connection: {context: sh}, area: SH, "
        "ranges: {pods: 10.98.0.0/16, services: 10.99.0.0/16}, "
        "ensemble: {role: observer, servers: {6: zk-6.example.net, 7: zk-7.example.net}}}\n"
    )
    replace(path, "  # A voter's region", f"{observer}  # A voter's region")
    assert lint_stack(project, "mainnet") == []


@pytest.mark.parametrize("old", ["v0.9.2-1", "v0.9.2", "0.8.3", "v0.9.1-9"])
def test_a_daemon_older_than_the_security_release_is_found(project: Path, old: str) -> None:
    replace(project / RELEASE, "v0.9.2-2", old)
    found = lint_stack(project, "mainnet")
    assert [item.rule for item in found] == ["daemon-outdated", "daemon-outdated"]
    assert [item.path for item in found] == [
        f"{RELEASE} daemons.komodod.version",
        f"{RELEASE} masters.komodod.version",
    ]


@pytest.mark.parametrize("new", ["v0.9.2-3", "v0.10.0", "2651eaf"])
def test_a_newer_daemon_and_a_commit_are_not(project: Path, new: str) -> None:
    replace(project / RELEASE, "v0.9.2-2", new)
    assert lint_stack(project, "mainnet") == []
