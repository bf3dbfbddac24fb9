"""The chain registry as operators know it: a JSON list of objects with `ac_*` parameters, all values text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from config.mistakes import ConfigError, Mistake, shown
from config.ports import MAX_ERAS, derive_ports
from config.reader import kind_of, read_text

U64, U32 = 2**64 - 1, 2**32 - 1
# The greatest value of each number (komodo-daemon, `komodo_args`); lists of eras have a number per era.
NUMBERS = {
    **dict.fromkeys(("ac_supply", "ac_perc", "ac_founders_reward", "ac_timeunlockgte", "ac_timeunlockfrom"), U64),
    **dict.fromkeys(("ac_founders", "ac_blocktime", "ac_snapshot", "ac_cbmaturity", "ac_eras", "ac_txpow"), U32),
    **dict.fromkeys(("ac_cc", "ac_staked", "ac_public", "ac_private", "ac_adaptivepow", "ac_sapling"), U32),
    **dict.fromkeys(("ac_marmara", "ac_veruspos", "addressindex", "spentindex"), U32),
}
ERA_LISTS = ("ac_end", "ac_reward", "ac_halving", "ac_decay", "ac_notarypay")
NAME = re.compile(r"[A-Z0-9]{1,32}")
PEER = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:-]{0,252}")
KEY = re.compile(r"[a-z][a-z0-9_]{0,31}")
KEY_FROM_PATH = re.compile(r"[A-Z0-9][A-Z0-9_]{0,31}")


@dataclass(frozen=True, kw_only=True)
class RegistryChain:
    """An entry. `key` is unique: the name, or the datadir's last part (GLEEC is listed twice, once with a datadir)."""

    key: str
    name: str
    parameters: Mapping[str, str]
    addnodes: tuple[str, ...]
    datadir: str | None
    p2p: int
    rpc: int
    magic: int
    flags: tuple[str, ...]


def load_registry(path: Path, source: str | None = None) -> tuple[RegistryChain, ...]:
    """Read a registry file; raises ConfigError with every mistake. `source` is the file as messages call it."""
    name = source or str(path)
    return parse_registry(read_text(path, name), name)


def parse_registry(text: str, source: str) -> tuple[RegistryChain, ...]:
    """The chains of a registry; raises ConfigError with every mistake."""
    twins: list[Mistake] = []
    try:
        entries = json.loads(text, object_pairs_hook=lambda pairs: _object(pairs, source, twins))
    except json.JSONDecodeError as error:
        place, found = f"{source}:{error.lineno}:{error.colno}", error.msg.lower() if text.strip() else "an empty file"
        raise ConfigError([Mistake(path=place, found=found, expected="a JSON list of chains")]) from None
    except (RecursionError, ValueError):
        found = "something too deep or too long to read"
        raise ConfigError([Mistake(path=source, found=found, expected="a JSON list of chains")]) from None
    if not isinstance(entries, list) or not entries:
        found = "an empty list" if isinstance(entries, list) else kind_of(entries)
        raise ConfigError([Mistake(path=source, found=found, expected='a list of chains such as {"ac_name": "CCL"}')])
    listed = cast("list[object]", entries)
    mistakes = [*twins, *(item for number, entry in enumerate(listed) for item in _check(entry, f"{source}[{number}]"))]
    if mistakes:
        raise ConfigError(mistakes)
    chains = tuple(_chain(cast("dict[str, Any]", entry)) for entry in listed)
    mistakes = list(_clashes(chains, source))
    if mistakes:
        raise ConfigError(mistakes)
    return chains


def _object(pairs: list[tuple[str, Any]], source: str, twins: list[Mistake]) -> dict[str, Any]:
    made = dict(pairs)
    keys = [key for key, _ in pairs]
    name = shown(made.get("ac_name", "an entry"))
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        twins.append(Mistake(path=f"{source} {name}", found=f"the key {shown(key)} twice", expected="each key once"))
    return made


def _check(entry: object, place: str) -> Iterator[Mistake]:
    if not isinstance(entry, dict):
        yield Mistake(path=place, found=kind_of(entry), expected='an object such as {"ac_name": "CCL"}')
        return
    values = cast("dict[str, object]", entry)
    name = values.get("ac_name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        found = shown(name) if isinstance(name, str) else kind_of(name)
        yield Mistake(path=f"{place}.ac_name", found=found, expected="capital letters and digits, such as CCL")
    elif name == "VRSC":
        expected = "no VRSC: its daemon derives its ports in another way"
        yield Mistake(path=f"{place}.ac_name", found=shown(name), expected=expected)
    label = f" ({name})" if isinstance(name, str) and NAME.fullmatch(name) else ""
    for key, value in values.items():
        if key != "ac_name":
            yield from _check_value(key, value, f"{place}.{key if KEY.fullmatch(key) else shown(key)}{label}")


def _check_value(key: str, value: object, path: str) -> Iterator[Mistake]:
    found = shown(value) if isinstance(value, (str, int, float)) else kind_of(value)
    if not KEY.fullmatch(key):
        yield Mistake(path=path, found=shown(key), expected="an option of the daemon, such as ac_supply")
    elif key == "addnode":
        listed = cast("list[object]", value) if isinstance(value, list) else [value]
        for item in listed:
            if not isinstance(item, str) or not PEER.fullmatch(item):
                what = shown(item) if isinstance(item, str) else kind_of(item)
                yield Mistake(path=path, found=what, expected="host names or addresses, such as 65.21.77.109")
    elif not isinstance(value, (str, int)) or isinstance(value, bool):
        yield Mistake(path=path, found=found, expected='text such as "100000000"')
    elif expected := _wrong(key, str(value)):
        yield Mistake(path=path, found=found, expected=expected)


def _wrong(key: str, value: str) -> str | None:
    """What would be right in place of the value of an option; None if it is."""
    if key in NUMBERS and not _number(value, NUMBERS[key]):
        return f"a whole number of at most {NUMBERS[key]}, such as {value.strip().rstrip(',') or 1!s:.20}"
    if key in ERA_LISTS:
        items = value.split(",")
        fits = len(items) <= MAX_ERAS and all(_number(item, U64) for item in items)
        return None if fits else f"at most {MAX_ERAS} whole numbers, such as 500001,1000001,0"
    if key == "ac_ccenable":
        fits = all(_number(item, 255) for item in value.split(","))
        return None if fits else "contract codes of at most 255, such as 229,236,240"
    if key == "ac_pubkey":
        return None if re.fullmatch(r"0[23][0-9a-fA-F]{64}", value) else "66 hex digits that begin with 02 or 03"
    if key == "ac_script":
        return None if re.fullmatch(r"([0-9a-fA-F]{2})+", value) else "bytes in hex, such as 2ea22c80"
    if not value or value != value.strip() or not value.isprintable() or len(value) > 1000:
        return "one line of text"
    if key == "datadir" and not KEY_FROM_PATH.fullmatch(value.rstrip("/").rsplit("/", 1)[-1].upper()):
        return "a path whose last part names the chain, such as ${HOME}/.komodo/GLEEC_OLD"
    return None


def _number(text: str, most: int) -> bool:
    return bool(re.fullmatch(r"[0-9]{1,20}", text, re.ASCII)) and int(text) <= most


def _chain(entry: Mapping[str, Any]) -> RegistryChain:
    name = str(entry["ac_name"])
    addnode: str | list[str] = entry.get("addnode", [])
    texts = {key: str(value) for key, value in entry.items() if not isinstance(value, list)}
    ports = derive_ports(name, texts)
    datadir = texts.get("datadir")
    flags = [
        f"-{key}={item}" for key, value in entry.items() for item in (value if isinstance(value, list) else [value])
    ]
    return RegistryChain(
        key=datadir.rstrip("/").rsplit("/", 1)[-1].upper() if datadir else name,
        name=name,
        parameters={key: value for key, value in texts.items() if key not in ("ac_name", "addnode", "datadir")},
        addnodes=(addnode,) if isinstance(addnode, str) else tuple(addnode),
        datadir=datadir,
        p2p=ports.p2p,
        rpc=ports.rpc,
        magic=ports.magic,
        flags=tuple(flags),
    )


def _clashes(chains: tuple[RegistryChain, ...], source: str) -> Iterator[Mistake]:
    """Two chains with one key, or with one port between them."""
    keys: set[str] = set()
    users: dict[int, str] = {}
    for number, chain in enumerate(chains):
        place = f"{source}[{number}] ({chain.key})"
        if chain.key in keys:
            expected = "another name, or a datadir that tells the two apart"
            yield Mistake(path=place, found=f"the chain {chain.key} twice", expected=expected)
            continue
        keys.add(chain.key)
        for kind, port in (("p2p", chain.p2p), ("rpc", chain.rpc)):
            if port in users:
                expected = f"a port of its own: {users[port]} has it"
                yield Mistake(path=place, found=f"{kind} port {port}", expected=expected)
            users.setdefault(port, f"{chain.key} {kind}")
