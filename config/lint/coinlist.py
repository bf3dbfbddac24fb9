"""Coin lists as they are published, brought to one form.

Three are known: GLEECBTC/coins `coins` (objects with coin, asset, rpcport), `addcoin` bodies of KomodoPlatform/dPoW
`iguana/3p_coins.json` (newcoin, p2p, rpc), and smk762/notary_docker_main `coins_data.json` (objects by name, with
p2pport and rpcport).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from config.each import at
from config.mistakes import ConfigError, Mistake
from config.registry_values import is_number

FORM = 'a coin list: objects such as {"coin": "CLC", "asset": "CLC", "rpcport": 20932}'


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One coin of a list. `asset` is the assetchain that it names, `place` where its object stands; ports are TCP's."""

    place: str
    name: str
    asset: str | None
    p2p: int | None
    rpc: int | None
    p2p_key: str
    rpc_key: str
    commit: str | None

    @property
    def p2p_path(self) -> str:
        return f"{self.place}.{self.p2p_key} ({self.name})"

    @property
    def rpc_path(self) -> str:
        return f"{self.place}.{self.rpc_key} ({self.name})"


def parse_coins(text: str, source: str) -> tuple[Listed, ...]:
    """The coins of a list in any known form; raises ConfigError when it is none."""
    listed = tuple(_listed(parse_json(text, source, FORM), source))
    if not listed:
        raise ConfigError([Mistake(path=source, found="no coin", expected=FORM)])
    return listed


def parse_json(text: str, source: str, expected: str) -> object:
    """The value that JSON text holds; raises ConfigError."""
    try:
        return cast("object", json.loads(text.removeprefix("\ufeff")))
    except json.JSONDecodeError as error:
        place = f"{source}:{error.lineno}:{error.colno}" if text.strip() else source
        found = error.msg.lower() if text.strip() else "an empty file"
        raise ConfigError([Mistake(path=place, found=found, expected=expected)]) from None
    except (RecursionError, ValueError):
        found = "something that is too deep or too long"
        raise ConfigError([Mistake(path=source, found=found, expected=expected)]) from None


def _listed(value: object, source: str) -> Iterator[Listed]:
    if isinstance(value, list):
        for number, item in enumerate(cast("list[object]", value)):
            if isinstance(item, dict):
                yield from _coin(cast("Mapping[str, object]", item), f"{source}[{number}]")
    elif isinstance(value, dict):
        for name, item in cast("dict[str, object]", value).items():
            if isinstance(item, dict) and {"p2pport", "rpcport"} & set(cast("dict[str, object]", item)):
                found = cast("Mapping[str, object]", item)
                yield _made(found, f"{source}.{name}", name, name, ("p2pport", "rpcport"))


def _coin(item: Mapping[str, object], place: str) -> Iterator[Listed]:
    name, asset, newcoin = item.get("coin"), item.get("asset"), item.get("newcoin")
    if isinstance(name, str):
        yield _made(item, place, name, asset if isinstance(asset, str) else None, ("p2p", "rpcport"))
    elif isinstance(newcoin, str):
        yield _made(item, place, newcoin, newcoin, ("p2p", "rpc"))


def _made(item: Mapping[str, object], place: str, name: str, asset: str | None, keys: tuple[str, str]) -> Listed:
    commit = at(item, "git", "commit")
    return Listed(
        place=place,
        name=name,
        asset=asset,
        p2p=_port(item.get(keys[0])),
        rpc=_port(item.get(keys[1])),
        p2p_key=keys[0],
        rpc_key=keys[1],
        commit=commit if isinstance(commit, str) and commit else None,
    )


def _port(value: object) -> int | None:
    """A port given as a number or, as some lists do, as text."""
    if isinstance(value, str):
        return int(value) if is_number(value, 65_535) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
