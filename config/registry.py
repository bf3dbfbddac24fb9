"""The chain registry as operators know it: a JSON list of objects with `ac_*` parameters, all values text.

Numbers are accepted in place of text, and options that are not known here are passed on; `config.lint` speaks of both.
VRSC is refused: its daemon derives ports and magic in another way.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from config.coins import COINS
from config.mistakes import ConfigError, Mistake, shown
from config.ports import derive_ports
from config.reader import kind_of, read_text
from config.registry_values import KEY, expected_of, is_peer, key_of_datadir, refusals

NAME = re.compile(r"[A-Z0-9]{1,32}")
APART = ("ac_name", "addnode", "datadir")  # what is no parameter of the chain


@dataclass(frozen=True, kw_only=True)
class RegistryChain:
    """An entry of a registry, with what follows from its parameters. Ports are TCP's; the magic is unsigned.

    `key` is unique: the name, or the datadir's last part (GLEEC is listed twice, once with a datadir). `flags` are the
    daemon's, one per option in the entry's order, a list as one flag per item.
    """

    key: str
    name: str
    parameters: Mapping[str, str]
    addnodes: tuple[str, ...]
    datadir: str | None
    p2p: int
    rpc: int
    magic: int
    flags: tuple[str, ...]


class _Object(dict[str, Any]):
    """A JSON object that remembers keys that came twice: `json` keeps the last one and says nothing."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        counts = Counter(key for key, _ in pairs)
        self.twins = [key for key, count in counts.items() if count > 1]


def load_registry(path: Path, source: str | None = None) -> tuple[RegistryChain, ...]:
    """Read a registry file of at most 1 MiB of UTF-8. `source` is the file as messages call it.

    Raises ConfigError with every mistake.
    """
    name = source or str(path)
    return parse_registry(read_text(path, name), name)


def parse_registry(text: str, source: str) -> tuple[RegistryChain, ...]:
    """The chains of a registry; raises ConfigError with every mistake."""
    entries = read_entries(text, source)
    mistakes: list[Mistake] = []
    chains: dict[str, RegistryChain] = {}
    for number, entry in enumerate(entries):
        place = f"{source}[{number}]"
        found = list(_check(entry, place))
        mistakes += found
        if not found:
            chains[place] = _chain(cast("Mapping[str, Any]", entry))
    mistakes += _clashes(chains)
    if mistakes:
        raise ConfigError(mistakes)
    return tuple(chains.values())


def read_entries(text: str, source: str) -> list[object]:
    """The items of a JSON list that is not empty; raises ConfigError."""
    wanted = 'a JSON list of chains such as {"ac_name": "CCL"}'
    try:
        value: object = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_Object)
    except json.JSONDecodeError as error:
        found = error.msg.lower() if text.strip() else "an empty file"
        place = f"{source}:{error.lineno}:{error.colno}" if text.strip() else source
        raise ConfigError([Mistake(path=place, found=found, expected=wanted)]) from None
    except (RecursionError, ValueError) as error:
        found = "lists in lists without end" if isinstance(error, RecursionError) else "a number of over 4300 digits"
        raise ConfigError([Mistake(path=source, found=found, expected=wanted)]) from None
    if not isinstance(value, list) or not value:
        found = "an empty list" if isinstance(value, list) else _kind(value)
        raise ConfigError([Mistake(path=source, found=found, expected=wanted)])
    return cast("list[object]", value)


def _check(entry: object, place: str) -> Iterator[Mistake]:
    """Everything that is wrong with one entry."""
    if not isinstance(entry, _Object):
        yield Mistake(path=place, found=_kind(entry), expected='an object such as {"ac_name": "CCL"}')
        return
    name: object = entry.get("ac_name")
    mistakes = list(_check_name(name, f"{place}.ac_name"))
    label = f" ({name})" if isinstance(name, str) and NAME.fullmatch(name) else ""
    for key in entry.twins:
        path = f"{place}.{_key_shown(key)}{label}"
        mistakes.append(Mistake(path=path, found="the key twice", expected="each key once"))
    for key, value in entry.items():
        if key != "ac_name":
            mistakes += _check_value(key, value, f"{place}.{_key_shown(key)}{label}")
    yield from mistakes
    if not mistakes:
        for key, found, expected in refusals({key: str(value) for key, value in entry.items()}):
            yield Mistake(path=f"{place}.{key}{label}", found=found, expected=expected)


def _key_shown(key: str) -> str:
    return key if KEY.fullmatch(key) else shown(key)


def _check_name(name: object, path: str) -> Iterator[Mistake]:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        found = shown(name) if isinstance(name, str) else _kind(name)
        yield Mistake(path=path, found=found, expected="at most 32 capital letters and digits, such as CCL")
    elif name == "VRSC":
        expected = "no VRSC: its daemon derives its ports in another way"
        yield Mistake(path=path, found=shown(name), expected=expected)
    elif name in {coin.key for coin in COINS}:
        expected = "an assetchain: this coin is known without a registry"
        yield Mistake(path=path, found=shown(name), expected=expected)


def _check_value(key: str, value: object, path: str) -> Iterator[Mistake]:
    scalar = isinstance(value, (str, int)) and not isinstance(value, bool)
    found = shown(value) if scalar or isinstance(value, float) else _kind(value)
    if not KEY.fullmatch(key):
        yield Mistake(path=path, found=shown(key), expected="an option of the daemon, such as ac_supply")
    elif key == "addnode":
        yield from _check_peers(value, path)
    elif not scalar:
        yield Mistake(path=path, found=found, expected='text such as "100000000"')
    elif expected := expected_of(key, str(value)):
        yield Mistake(path=path, found=found, expected=expected)


def _check_peers(value: object, path: str) -> Iterator[Mistake]:
    if not isinstance(value, list):
        yield Mistake(path=path, found=_kind(value), expected='a list of peers such as ["65.21.77.109"]')
        return
    for item in cast("list[object]", value):
        if not isinstance(item, str) or not is_peer(item):
            found = shown(item) if isinstance(item, str) else _kind(item)
            yield Mistake(path=path, found=found, expected="a host name or an address, such as 65.21.77.109")


def _kind(value: object) -> str:
    return "an object" if isinstance(value, dict) else kind_of(value)


def _chain(entry: Mapping[str, Any]) -> RegistryChain:
    name = str(entry["ac_name"])
    addnodes = tuple(cast("list[str]", entry.get("addnode", [])))
    texts = {key: str(value) for key, value in entry.items() if key != "addnode"}
    ports, datadir = derive_ports(name, texts), texts.get("datadir")
    flags = [
        f"-{key}={item}" for key, value in entry.items() for item in (addnodes if key == "addnode" else [str(value)])
    ]
    return RegistryChain(
        key=key_of_datadir(datadir) if datadir else name,
        name=name,
        parameters={key: value for key, value in texts.items() if key not in APART},
        addnodes=addnodes,
        datadir=datadir,
        p2p=ports.p2p,
        rpc=ports.rpc,
        magic=ports.magic,
        flags=tuple(flags),
    )


def _clashes(chains: Mapping[str, RegistryChain]) -> Iterator[Mistake]:
    """Two chains with one key, or with one port between them."""
    keys = {coin.key: "a coin that needs no registry" for coin in COINS}
    users: dict[int, str] = {}
    for place, chain in chains.items():
        path = f"{place}.ac_name ({chain.key})"
        if chain.key in keys:
            expected = f"another name, or a datadir that tells the two apart: {keys[chain.key]} has it"
            yield Mistake(path=path, found=f"the chain {chain.key} twice", expected=expected)
            continue
        keys[chain.key] = place
        for kind, port in (("p2p", chain.p2p), ("rpc", chain.rpc)):
            if port in users:
                expected = f"a port of its own: {users[port]} has it"
                yield Mistake(path=path, found=f"{kind} port {port}", expected=expected)
            users.setdefault(port, f"{chain.key} {kind}")
