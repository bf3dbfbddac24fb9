"""Coin lists against the ports that follow from the registries."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from config.lint.finding import Finding
from config.lint.run import Request, lint
from tests.unit.test_lint_project import DATA, PROJECT, checked, rules

REGISTRIES = (PROJECT / "registry/assetchains.json", PROJECT / "registry/testnet.json", DATA / "grms.json")


def lint_coins(path: Path) -> list[Finding]:
    return checked(lint(Request(root=PROJECT, registries=REGISTRIES, coins=(path,))))


def lint_values(folder: Path, values: object) -> list[Finding]:
    path = folder / "coins.json"
    path.write_text(json.dumps(values))
    return lint_coins(path)


def test_every_mistake_of_published_coin_lists_is_found_and_nothing_else() -> None:
    found = {
        item.path.split("(")[1].strip(")"): (item.rule, item.expected[:5]) for item in lint_coins(DATA / "coins.json")
    }
    assert found == {
        "BCZERO": ("port-mismatch", "45834"),
        "CLC": ("port-mismatch", "20932"),
        "GRMS": ("port-mismatch", "17835"),
        "DOC": ("p2p-as-rpc", "62416"),
        "MARTY": ("p2p-as-rpc", "52593"),
        "GLEEC": ("swapped-ports", "23345"),
        "GLEEC-OLD": ("swapped-ports", "23226"),
    }


def test_the_corrected_list_has_no_findings(tmp_path: Path) -> None:
    right = {
        "BCZERO": 45834,
        "CLC": 20932,
        "GRMS": 17835,
        "DOC": 62416,
        "MARTY": 52593,
        "GLEEC": 23345,
        "GLEEC-OLD": 23226,
    }
    coins = [
        {**coin, "rpcport": right.get(coin["coin"], coin.get("rpcport"))}
        for coin in json.loads((DATA / "coins.json").read_text())
    ]
    assert lint_values(tmp_path, coins) == []


def test_a_finding_says_where_and_what_is_right(tmp_path: Path) -> None:
    (finding,) = lint_values(tmp_path, [{"coin": "CLC", "asset": "CLC", "rpcport": 31034}])
    assert finding.path == f"{tmp_path}/coins.json[0].rpcport (CLC)"
    assert finding.found == "31034"
    assert finding.expected == "20932, which follows from the parameters of CLC"


def test_one_gleec_with_the_others_port_is_told_whose_it_is(tmp_path: Path) -> None:
    (finding,) = lint_values(tmp_path, [{"coin": "GLEEC", "asset": "GLEEC", "rpcport": 23226}])
    assert (finding.rule, finding.found) == ("port-mismatch", "23226, a port of GLEEC_OLD")


@pytest.mark.parametrize(
    ("ports", "found"),
    [
        ((33824, 33825), []),
        ((33825, 33824), ["swapped-ports"]),
        ((33824, 33824), ["p2p-as-rpc"]),
        ((33800, 33825), ["port-mismatch"]),
    ],
)
def test_an_addcoin_body_gives_both_ports(tmp_path: Path, ports: tuple[int, int], found: list[str]) -> None:
    body = {"agent": "iguana", "method": "addcoin", "newcoin": "MCL", "p2p": ports[0], "rpc": ports[1]}
    assert rules(lint_values(tmp_path, [body])) == found


@pytest.mark.parametrize(("ports", "found"), [((9333, 9332), []), ((9333, 9334), ["port-mismatch"])])
def test_a_list_by_name_gives_both_ports(tmp_path: Path, ports: tuple[int, int], found: list[str]) -> None:
    assert rules(lint_values(tmp_path, {"LTC": {"p2pport": ports[0], "rpcport": ports[1]}})) == found


def test_the_third_partys_own_komodo_has_ports_of_its_own(tmp_path: Path) -> None:
    assert lint_values(tmp_path, {"KMD_3P": {"p2pport": 8770, "rpcport": 8771}}) == []


def test_the_old_gleec_alone_is_not_held_against_the_new_one(tmp_path: Path) -> None:
    registry = tmp_path / "registry.json"
    registry.write_text(
        '[{"ac_name": "GLEEC", "ac_supply": "1000000000", "ac_end": "1", "ac_public": "1", "ac_staked": "50"}]'
    )
    path = tmp_path / "coins.json"
    path.write_text('[{"coin": "GLEEC-OLD", "asset": "GLEEC", "rpcport": 23226}]')
    assert checked(lint(Request(root=PROJECT, registries=(registry,), coins=(path,)))) == []


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "[1, null]", '{"KMD": {}}', "[" * 100_000, "1" * 5000])
def test_what_is_no_coin_list_is_a_mistake(tmp_path: Path, text: str) -> None:
    path = tmp_path / "coins.json"
    path.write_text(text)
    report = lint(Request(root=PROJECT, registries=REGISTRIES, coins=(path,)))
    assert len(report.mistakes) == 1
    assert report.mistakes[0].path.startswith(str(path))
