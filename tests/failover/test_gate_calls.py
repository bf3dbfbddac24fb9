"""Which calls a request holds, as the gate reads it."""

from __future__ import annotations

import pytest

from failover.gate.calls import FORBIDDEN, READING, Kind, MalformedError, classify, parse


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        ("getinfo", Kind.READING),
        ("listunspent", Kind.READING),
        ("decoderawtransaction", Kind.READING),
        ("validateaddress", Kind.READING),
        ("z_getbalance", Kind.READING),
        ("calc_MoM", Kind.READING),
        ("signrawtransaction", Kind.SIGNING),
        ("signrawtransactionwithwallet", Kind.SIGNING),
        ("sendrawtransaction", Kind.SIGNING),
        ("importprivkey", Kind.SIGNING),
        ("importaddress", Kind.SIGNING),
        ("lockunspent", Kind.SIGNING),
        ("walletpassphrase", Kind.SIGNING),
        ("kvupdate", Kind.SIGNING),
        ("getnewaddress", Kind.SIGNING),
        ("z_getoperationresult", Kind.SIGNING),
        ("fundrawtransaction", Kind.SIGNING),
        ("dumpprivkey", Kind.FORBIDDEN),
        ("dumpwallet", Kind.FORBIDDEN),
        ("z_exportkey", Kind.FORBIDDEN),
        ("z_exportwallet", Kind.FORBIDDEN),
        ("backupwallet", Kind.FORBIDDEN),
        ("stop", Kind.FORBIDDEN),
    ],
)
def test_calls_are_reading_signing_or_forbidden(method: str, kind: Kind) -> None:
    assert classify(method) is kind


# What Iguana asks daemons for, KomodoPlatform/dPoW 2f846c0: `iguana/dpow/dpow_rpc.c`, `basilisk/basilisk_bitcoin.c`,
# and `basilisk/jumblr.c` 159 for importprivkey. The agent itself asks for listlockunspent.
POLLED = """
    getinfo getblockchaininfo estimatefee getbestblockhash getblockhash getblock validateaddress getaddressinfo
    gettxout decoderawtransaction getrawtransaction listunspent listtransactions listlockunspent calc_MoM MoMoMdata
    kvsearch getiguanajson paxpending
"""
CHANGING = """
    lockunspent signrawtransaction signrawtransactionwithwallet sendrawtransaction kvupdate importaddress importprivkey
"""


def test_a_standby_iguana_may_poll_and_changes_nothing() -> None:
    assert {classify(method) for method in POLLED.split()} == {Kind.READING}
    assert {classify(method) for method in CHANGING.split()} == {Kind.SIGNING}


@pytest.mark.parametrize("method", ["newcall", "getInfo", "GETINFO", "getinfo2"])
def test_an_unknown_method_counts_as_signing(method: str) -> None:
    assert classify(method) is Kind.SIGNING


def test_no_call_is_both_reading_and_forbidden_and_none_that_reads_has_a_signing_name() -> None:
    assert not READING & FORBIDDEN
    verbs = (
        "sign",
        "send",
        "import",
        "dump",
        "lock",
        "set",
        "walletpass",
        "z_send",
        "z_import",
        "z_export",
        "kvupdate",
    )
    assert [name for name in READING if name.startswith(verbs)] == []


def test_upper_case_does_not_open_what_is_forbidden() -> None:
    assert classify("DumpPrivKey") is Kind.FORBIDDEN


def test_a_batch_is_as_strict_as_its_strictest_call() -> None:
    reading, signing, forbidden = '{"method":"getinfo"}', '{"method":"sendmany","id":2}', '{"method":"stop"}'
    assert parse(f"[{reading},{reading}]".encode()).kind is Kind.READING
    found = parse(f"[{reading},{signing}]".encode())
    assert (found.kind, found.batch, [call.id for call in found.calls]) == (Kind.SIGNING, True, [None, 2])
    assert parse(f"[{signing},{forbidden},{reading}]".encode()).kind is Kind.FORBIDDEN


def test_an_escaped_name_is_read_as_the_daemon_reads_it() -> None:
    assert parse(rb'{"\u006dethod":"dumppriv\u006bey"}').kind is Kind.FORBIDDEN


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"method":"getinfo"} {"method":"stop"}', "not JSON"),
        (b'{"method":"getinfo\xff"}', "not JSON in UTF-8"),
        ('{"method":"getinfo"}'.encode("utf-16"), "not JSON in UTF-8"),
        (b'\xef\xbb\xbf{"method":"getinfo"}', "not JSON"),
        (b'{"method":"getinfo","params":[NaN]}', "NaN"),
        (b'{"method":"getinfo","params":[' + b"9" * 5000 + b"]}", "not JSON"),
        (b'{"method":"getinfo","method":"stop"}', "twice"),
        (b'{"method":"getinfo","\\u006dethod":"stop"}', "twice"),
        (b'{"method":"getinfo","params":[{"a":1,"a":2}]}', "twice"),
        (b'{"method":"getinfo","Method":"stop"}', "lower case"),
        ('{"method":"getinfo","param\u017f":["x"]}'.encode(), "lower case"),
        (b'{"METHOD":"stop"}', "lower case"),
        (b"{}", "not a string"),
        (b'{"method":7}', "not a string"),
        (b'{"method":["stop"]}', "not a string"),
        (b'{"method":"stop\\u0000"}', "not a name"),
        (b'{"method":" stop"}', "not a name"),
        (b'{"method":"stop\\n"}', "not a name"),
        (b'{"method":""}', "not a name"),
        (b'"stop"', "not an object"),
        (b'[{"method":"getinfo"},[{"method":"stop"}]]', "not an object"),
        (b"[]", "empty"),
        (b"[" * 100_000, "too deeply"),
        (b'{"method":"getinfo","params":' + b"[" * 5000 + b"]" * 5000 + b"}", "too deeply"),
    ],
)
def test_what_a_daemon_could_read_in_another_way_is_refused(body: bytes, sentence: str) -> None:
    with pytest.raises(MalformedError, match=sentence):
        parse(body)
