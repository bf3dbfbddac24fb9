"""What each option of a registry entry may hold, and what is wrong with one that holds something else.

Sources: GLEECBTC/komodo-daemon 558a174, `komodo_args` for which options exist and what makes the daemon stop, and
`src/komodo_globals.cpp` for the C types that bound them. Options not named here are passed on: forks add their own.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping

I32, I64, U32, U64 = 2**31 - 1, 2**63 - 1, 2**32 - 1, 2**64 - 1
NUMBERS = {
    "ac_supply": 90_000_000_000,  # coins; komodod stops above 90 billion
    **dict.fromkeys(("ac_perc", "ac_founders_reward", "ac_eras"), I64),
    **dict.fromkeys(("ac_founders", "ac_blocktime", "ac_snapshot", "ac_cbmaturity"), I32),
    **dict.fromkeys(("ac_staked", "ac_sapling", "ac_overwinter", "ac_ccactivate"), I32),
    "ac_cc": U32,
    **dict.fromkeys(("ac_public", "ac_private", "ac_txpow"), 255),
    "ac_adaptivepow": 127,
    **dict.fromkeys(("ac_marmara", "addressindex", "spentindex"), 1),
}
ERA_LISTS = ("ac_end", "ac_reward", "ac_halving", "ac_decay", "ac_notarypay")
# They change the magic in ways that no chain of today's needs; deriving ports without them would be wrong.
UNDERIVED = {
    *("ac_beam", "ac_coda", "ac_import", "ac_nk", "ac_mineropret", "ac_earlytxidcontract", "ac_cbopret"),
    *("ac_timelockgte", "ac_timeunlockfrom", "ac_timeunlockto", "ac_prices", "ac_stocks"),
}
# The fleet's own business, or a command that the daemon would run.
RESERVED = re.compile(
    r"(rpc|zmq|white).*|.*notify|port|bind|conf|pid|daemon|server|pubkey|notary|gen|genproclimit|wallet|testnet|regtest"
)
KEY = re.compile(r"[a-z][a-z0-9_]{0,31}")
CHAIN_KEY = re.compile(r"[A-Z0-9][A-Z0-9_]{0,31}")
SCRIPT_SUPPLY_LIMIT = 10_000_000_000
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*")


def expected_of(key: str, value: str) -> str | None:
    """What would be right in place of the value of an option; None if it is."""
    if RESERVED.fullmatch(key):
        return "no such option in a registry: the fleet sets it, or nobody may"
    if key in UNDERIVED:
        return "no such option: it changes the chain's ports in a way that is not known here"
    if key in NUMBERS:
        return None if is_number(value, NUMBERS[key]) else _number_instead(value, NUMBERS[key])
    if key in ERA_LISTS:
        fits = all(is_number(item, U64) for item in value.split(","))
        return None if fits else "whole numbers, one per era, with commas only between them, such as 500001,1000001"
    if key == "ac_ccenable":
        fits = all(is_number(item, 255) for item in value.split(","))
        return None if fits else "contract codes of at most 255, such as 229,236,240"
    if key == "ac_pubkey":
        return None if re.fullmatch(r"0[23][0-9a-fA-F]{64}", value) else "66 hex digits that begin with 02 or 03"
    if key == "ac_script":
        return None if re.fullmatch(r"([0-9a-fA-F]{2}){1,10000}", value) else "bytes in hex, such as 2ea22c80"
    if not value or value != value.strip() or not value.isprintable() or len(value) > 1000:
        return "one line of text"
    if key == "datadir" and not CHAIN_KEY.fullmatch(key_of_datadir(value)):
        return "a path whose last part names the chain, such as ${HOME}/.komodo/GLEEC_OLD"
    return None


def is_number(text: str, most: int) -> bool:
    """Whether a text is decimal digits alone, of a number of at most `most`."""
    return bool(re.fullmatch(r"[0-9]{1,20}", text, re.ASCII)) and int(text) <= most


def _number_instead(value: str, most: int) -> str:
    digits = "".join(re.findall(r"[0-9]", value, re.ASCII)) if re.fullmatch(r"[\s0-9_,.']*", value) else ""
    example = digits if is_number(digits, most) else "1"
    return f"a whole number of at most {most}, digits alone, such as {example}"


def key_of_datadir(datadir: str) -> str:
    """What tells a chain from another one of its name: the last part of its datadir."""
    return datadir.rstrip("/").rsplit("/", 1)[-1].upper()


def is_peer(text: str) -> bool:
    """Whether a text is a host name or an IP address, with or without a port, as `-addnode` takes it."""
    bracketed = re.fullmatch(r"\[([0-9a-fA-F:.]+)\](:[0-9]{1,5})?", text, re.ASCII)
    if bracketed or text.count(":") > 1:
        return _is_address(bracketed[1] if bracketed else text)
    host, _, port = text.partition(":")
    if ":" in text and not (is_number(port, 65_535) and int(port)):
        return False
    return _is_address(host) if re.fullmatch(r"[0-9.]+", host) else bool(_HOST.fullmatch(host))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def refusals(values: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Options that komodod refuses together: the key to blame, what was found, what would be right."""
    receiver = next((key for key in ("ac_pubkey", "ac_script") if values.get(key)), None)
    if receiver and int(values.get("ac_supply", "10")) > SCRIPT_SUPPLY_LIMIT:
        yield "ac_supply", f"{values['ac_supply']} with {receiver}", f"at most {SCRIPT_SUPPLY_LIMIT} with {receiver}"
    if receiver and int(values.get("ac_notarypay", "0").split(",")[0]):
        yield "ac_notarypay", f"a payment with {receiver}", "one of the two: komodod stops at both"
    if int(values.get("ac_perc", "0")) and int(values.get("ac_founders_reward", "0")):
        yield "ac_perc", "a commission with ac_founders_reward", "one of the two: komodod stops at both"
