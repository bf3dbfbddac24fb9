"""The recordings of real daemons, as rows; a double in the state that the real one was in; and both compared."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from doubles.chain import Chain, Trouble
from doubles.daemon import Daemon, Settings
from doubles.keys import Network, public
from doubles.komodod import Komodod
from doubles.litecoind import Litecoind
from doubles.wallet import Wallets
from tests.recorded import lines

FILES = ("calls", "activation", "round", "idle", "errors")
SECRET = 7  # the test's notary
PUBKEY = public(SECRET)
LOGIN = ("fleet", "PLACEHOLDER-PW")
REGTEST = Network(chain="LTC", address=111, wif=239)
LOGGED_IN = " Basic " + base64.b64encode(":".join(LOGIN).encode()).decode()
HEIGHT = 1000
UNKNOWN = {"1" * 64, "2" * 64}
KEYLESS = ("stack size", "missing key")
# Notaries' own addresses on the recordings' networks.
OWN = re.compile(
    "RTDzujK41HHc55CEGk5skWUPSvropNBdYs|LdAm6RjbV7j6FsXByi63w1CwtsmVEbUx7y|LRurFLkBp5iPFbdxeSbMWsemofj8cs3ztL"
)
SOON = 20.0


@dataclass(frozen=True, kw_only=True)
class Row:
    """One recorded request to a daemon, and what came of it."""

    number: str
    chain: str
    real_head: bool
    case: str
    end: str
    request: dict[str, Any]
    response: dict[str, Any] | None

    @property
    def litecoin(self) -> bool:
        return self.chain in ("LTC", "litecoind")

    @property
    def asked(self) -> Any:
        try:
            return json.loads(self.request["body"])
        except ValueError:
            return None

    @property
    def method(self) -> str:
        return str(self.asked.get("method")) if isinstance(self.asked, dict) else ""

    @property
    def said(self) -> Any:
        try:
            return json.loads(self.response["body"]) if self.response else None
        except ValueError:
            return None

    @property
    def result(self) -> Any:
        return self.said.get("result") if isinstance(self.said, dict) else None

    @property
    def error(self) -> dict[str, Any]:
        return (self.said.get("error") if isinstance(self.said, dict) else None) or {}

    @property
    def told(self) -> str:
        return f"{self.number} {self.chain} {self.case or self.method}"


def rows() -> Iterator[Row]:
    """All requests to daemons that reached one: what an agent or a gate answered itself is not theirs."""
    for name in FILES:
        for number, line in enumerate(lines(name), 1):
            found = json.loads(line)
            asker, _, chain = found["who"].partition("->")
            if chain == "iguana" or found["request"] is None or (asker == "iguana" and found["phase"] == "error"):
                continue
            row = Row(
                number=f"{name}:{number}",
                chain=chain,
                real_head=found.get("hop", "the daemon itself") == "the daemon itself",
                case=found.get("case", ""),
                end=found.get("end", ""),
                request=found["request"],
                response=found["response"],
            )
            if not re.match("agent:|gate", str(row.error.get("message", ""))):
                yield row


def played(row: Row) -> Daemon:
    """A double as the real daemon was when it was asked: by the case's name, or by what it answered."""
    network = REGTEST if row.chain == "litecoind" else Network.of("KMD" if row.chain == "komodod" else row.chain)
    trouble = Trouble(warming=row.error["message"] if row.error.get("code") == -28 else "")
    chain = Chain(name=network.chain, fixed=_height(row), trouble=lambda: trouble, missing=set(UNKNOWN))
    bare = row.method == "getinfo" and isinstance(row.result, dict) and "pubkey" not in row.result
    settings = Settings(network=network, pubkey="" if bare else PUBKEY, login=LOGIN, rescan=0.02)
    wallets = _wallets(row)
    if row.method == "lockunspent" or row.method == "listlockunspent":
        _lock(row, wallets)
    made = (Litecoind if row.litecoin else Komodod)(settings, chain, wallets)
    if row.case.startswith("sendrawtransaction, in"):
        _send(row, made)
    line = row.response["line"] if row.response else ""
    made.interrupted = "503" in line
    if row.litecoin and re.search("(SIGTERM|stop).* s after", row.case):
        made.stopping.set()
    return made


def _height(row: Row) -> int:
    if isinstance(row.result, dict) and "confirmations" in row.result and "height" in row.result:
        return row.result["height"] + row.result["confirmations"] - 1
    return HEIGHT


def _wallets(row: Row) -> Wallets:
    loaded = [] if "No wallet is loaded" in row.error.get("message", "") or "createwallet" in row.case else [""]
    if row.case == "createwallet, exists" or row.method == "loadwallet":
        loaded = ["w"] if "already" in row.case else []
    keys: dict[str, dict[str, bool]] = {
        name: {} for name in {*loaded, *(["w"] if "nosuch" not in row.request["body"] else [])}
    }
    if row.case in ("createwallet", "no wallet is loaded: loadwallet") or (
        row.method == "createwallet" and not row.error
    ):
        keys = {name: {} for name in loaded}
    if "/wallet/w" in row.request["line"]:
        loaded = ["w"]
    if _keyed(row):
        for name in loaded:
            keys[name] = {PUBKEY: row.result != []}
    return Wallets(keys=keys, loaded=loaded)


def _keyed(row: Row) -> bool:
    if isinstance(row.result, dict) and "ismine" in row.result:
        return row.result["ismine"]
    if row.method.startswith("signraw"):
        return not any(word in json.dumps(row.said) for word in KEYLESS)
    return row.method != "importprivkey"


def _lock(row: Row, wallets: Wallets) -> None:
    if row.method == "listlockunspent":
        wallets.locked = {(item["txid"], item["vout"]) for item in row.result or ()}
    elif "locked already" in row.case or row.case == "lockunspent true":
        wallets.locked = {(item["txid"], item["vout"]) for item in row.asked["params"][1]}


def _send(row: Row, made: Any) -> None:
    """The one before it is there: the same, or another that spends the same."""
    from doubles.transactions import parse

    sent = parse(row.asked["params"][0])
    other = parse(row.asked["params"][0][:-2] + "01") if "spent" in row.case else sent
    made.chain.mempool[other.txid] = other
    if "block" in row.case:
        made.chain.mine()


def raw(row: Row, double: Daemon) -> bytes:
    """The recorded bytes, with the test's own key and the double's own blocks in them."""
    body = str(row.request["body"])
    changed = OWN.sub(double.network.address_of(PUBKEY), body)
    if isinstance(row.result, dict) and row.result.get("ismine"):
        changed = changed.replace(row.asked["params"][0], double.network.address_of(PUBKEY))
    changed = re.sub("WIF_[A-Za-z0-9_]+", double.network.wif_of(SECRET), changed)
    if row.method in ("getblock", "getblockheader") and isinstance(row.result, dict):
        changed = changed.replace(row.asked["params"][0], double.chain.hash_of(row.result["height"]))
    grown = len(changed) - len(body)
    heads = [
        (name, _length(value, grown) if name == "Content-Length" else value) for name, value in row.request["headers"]
    ]
    if not row.real_head:  # the agent's port asks for no login, and the gate has the daemon's
        heads = [*((name, value) for name, value in heads if name != "Authorization"), ("Authorization", LOGGED_IN)]
    lines = [row.request["line"], *(f"{name}:{value}" for name, value in heads)]
    return ("\r\n".join(lines) + "\r\n\r\n" + changed).encode()


def _length(value: str, grown: int) -> str:
    return f" {int(value) + grown}"


async def ask(daemon: Daemon, sent: bytes, *, lingers: float = 0.03) -> tuple[bytes, bool]:
    """All that comes back, and whether the connection was closed then."""
    port = await daemon.server.start(0)
    try:
        return await exchange(port, sent, lingers=lingers)
    finally:
        await daemon.server.close()


async def exchange(port: int, sent: bytes, *, lingers: float = 0.03) -> tuple[bytes, bool]:
    """The same, of a daemon that listens already."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    found, limit = b"", SOON
    try:
        while True:
            piece = await asyncio.wait_for(reader.read(1 << 16), limit)
            if not piece:
                return found, True
            found, limit = found + piece, lingers if whole(found + piece) else SOON
    except TimeoutError:
        return found, False
    finally:
        writer.close()


def whole(found: bytes) -> bool:
    """Whether as much is there as the head says."""
    head, _, body = found.partition(b"\r\n\r\n")
    length = re.search(rb"\r\nContent-Length: (\d+)", head)
    return bool(length) and len(body) >= int(length[1])


def shape(value: Any) -> Any:
    """What remains of a body when its values are forgotten: keys in order, kinds of numbers, shapes in lists."""
    if isinstance(value, dict):
        return [(key, shape(item)) for key, item in value.items()]
    if isinstance(value, list):
        found: list[Any] = []
        for item in value:
            if (one := shape(item)) not in found:
                found.append(one)
        return found
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        return "amount" if exponent == -8 else "fraction"
    return type(value).__name__


def read(body: str) -> Any:
    """JSON, amounts told from other fractions."""
    return json.loads(body, parse_float=Decimal)
