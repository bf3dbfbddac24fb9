"""Registries: values that the loader refuses, and some that it lets pass."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from config.lint.finding import Finding
from config.lint.run import Request, lint
from config.registry import load_registry
from tests.unit.test_lint_project import PROJECT, checked, copy_project, replace, rules


def lint_values(folder: Path, *entries: object) -> list[Finding]:
    path = folder / "registry.json"
    path.write_text(json.dumps(entries))
    return checked(lint(Request(root=PROJECT, registries=(path,))))


@pytest.mark.parametrize(
    ("rule", "key", "wrong", "right"),
    [
        ("trailing-comma", "ac_supply", "100000000,", "100000000"),
        ("trailing-comma", "ac_reward", "100000000,0,", "100000000,0"),
        ("malformed-number", "ac_supply", "100,000,000", "100000000"),
        ("malformed-number", "ac_supply", ",", "10"),
        ("malformed-number", "ac_staked", "0x32", "50"),
        ("malformed-number", "ac_ccenable", "229,256", "229,255"),
        ("number-not-text", "ac_supply", 100000000, "100000000"),
    ],
)
def test_a_wrong_value_is_found_and_the_right_one_is_not(
    tmp_path: Path, rule: str, key: str, wrong: object, right: object
) -> None:
    (finding,) = lint_values(tmp_path, {"ac_name": "CCL", key: wrong})
    assert (finding.rule, finding.path) == (rule, f"{tmp_path}/registry.json[0].{key} (CCL)")
    assert lint_values(tmp_path, {"ac_name": "CCL", key: right}) == []


def test_a_trailing_comma_is_answered_with_the_number_alone(tmp_path: Path) -> None:
    (finding,) = lint_values(tmp_path, {"ac_name": "CCL", "ac_supply": "100000000,"})
    assert (finding.found, finding.expected) == ('"100000000,"', '"100000000"')


def test_an_option_that_is_misspelt_is_found_with_the_one_that_was_meant(tmp_path: Path) -> None:
    (finding,) = lint_values(tmp_path, {"ac_name": "CCL", "ac_suply": "100"})
    assert (finding.rule, finding.expected) == ("unknown-option", "ac_supply?")


def test_every_finding_of_a_registry_comes_at_once(tmp_path: Path) -> None:
    found = lint_values(tmp_path, {"ac_name": "A", "ac_supply": "1,"}, {"ac_name": "B", "ac_cc": 2, "ac_x": "1"})
    assert rules(found) == ["trailing-comma", "number-not-text", "unknown-option"]


def test_a_chain_beside_a_wrong_one_still_gives_its_ports(tmp_path: Path) -> None:
    registry, coins = tmp_path / "registry.json", tmp_path / "coins.json"
    registry.write_text('[{"ac_name": "A", "ac_supply": "1,"}, {"ac_name": "KOIN", "ac_supply": "125000000"}]')
    coins.write_text('[{"coin": "KOIN", "asset": "KOIN", "rpcport": 10701}]')
    found = checked(lint(Request(root=PROJECT, registries=(registry,), coins=(coins,))))
    assert sorted(rules(found)) == ["p2p-as-rpc", "trailing-comma"]


def test_a_stack_whose_registry_has_findings_is_told_those_alone(tmp_path: Path) -> None:
    root = copy_project(tmp_path)
    replace(root / "registry/testnet.json", '"ac_supply": "90000000000"', '"ac_supply": "90000000000,"')
    found = checked(lint(Request(root=root, stacks=("testnet",))))
    assert [(item.rule, item.path) for item in found] == [
        ("trailing-comma", "registry/testnet.json[0].ac_supply (DOC)"),
        ("trailing-comma", "registry/testnet.json[1].ac_supply (MARTY)"),
    ]


def test_other_mistakes_of_a_registry_stay_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "registry.json"
    path.write_text('[{"ac_name": "lower"}, {"ac_name": "CCL", "ac_supply": "1,"}]')
    report = lint(Request(root=PROJECT, registries=(path,)))
    assert rules(report.findings) == ["trailing-comma"]
    assert [mistake.path for mistake in report.mistakes] == [f"{path}[0].ac_name"]


def test_the_shipped_registries_are_clean_and_have_chains() -> None:
    paths = tuple(sorted((PROJECT / "registry").glob("*.json")))
    assert sum(len(load_registry(path)) for path in paths) >= 15
    assert checked(lint(Request(root=PROJECT, registries=paths))) == []
