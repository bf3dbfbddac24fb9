"""What the gate lets anybody ask, held against what a real daemon itself says of its calls."""

from __future__ import annotations

import asyncio

import pytest

from failover.gate.calls import FORBIDDEN, READING, Kind, classify
from tests.failover.litecoind_world import Litecoind, needs_litecoind

# Of the categories of `help`: those whose calls change nothing, except where the name of a call tells it.
READ_BY_NAME = (
    "get",
    "list",
    "decode",
    "verify",
    "validate",
    "estimate",
    "test",
    "analyze",
    "derive",
    "combine",
    "help",
)
ALSO_READ = {"createrawtransaction", "createpsbt", "createmultisig", "uptime"}  # they make text, and keep nothing


@pytest.fixture(scope="module")
def categories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Each category's calls, from `help` of litecoind 0.21.2.1 with a wallet."""
    daemon = Litecoind(tmp_path_factory.mktemp("help"))
    daemon.start()
    try:
        asyncio.run(daemon.serving())
        text = daemon.ask("help")
    finally:
        daemon.end()
    found: dict[str, set[str]] = {}
    for line in text.splitlines():
        if line.startswith("== "):
            found[name := line.strip("= ")] = set()
        elif line:
            found[name].add(line.split()[0])
    return found


@needs_litecoind
def test_no_call_that_changes_a_wallet_passes_as_reading(categories: dict[str, set[str]]) -> None:
    assert len(categories["Wallet"]) > 50
    for name in sorted(categories["Wallet"] & READING):
        assert name.startswith(("get", "list")), name
    # They look as if they read: a new address is a new key, and is kept.
    assert classify("getnewaddress") is classify("getrawchangeaddress") is Kind.SIGNING


@needs_litecoind
def test_every_call_that_passes_as_reading_has_a_name_that_says_so(categories: dict[str, set[str]]) -> None:
    known = set().union(*categories.values())
    assert len(known) > 100
    odd = {name for name in known & READING if not name.startswith(READ_BY_NAME)}
    assert odd == ALSO_READ
    assert not categories["Generating"] & READING


@needs_litecoind
def test_what_ends_it_or_gives_keys_away_is_forbidden_by_its_own_names(categories: dict[str, set[str]]) -> None:
    known = set().union(*categories.values())
    wanted = {"stop", "dumpprivkey", "dumpwallet", "backupwallet", "encryptwallet", "createwallet", "loadwallet"}
    assert wanted <= known & FORBIDDEN
    assert {name for name in known if classify(name) is Kind.FORBIDDEN} == known & FORBIDDEN
