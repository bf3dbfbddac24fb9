"""A daemon's double that stamps every signing call which it executes. Ended by SIGTERM, as its kind ends.

Between a call's coming in and its execution it waits for as many seconds as the pause file says, if there is one: the
residual window, which no gate can close. A signer's double gives its name, as hex, in place of a transaction. What is
wrong with it stands in files of troubles (doubles/chain.py). Exit codes: 0 asked to end, 1 no space, 2 bad arguments.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos import stamps
from chaos.stamps import Execution
from doubles.chain import Chain, troubles
from doubles.daemon import Settings
from doubles.keys import Network
from doubles.komodod import Komodod
from doubles.litecoind import Litecoind
from doubles.rpc import Asked, RpcError
from doubles.transactions import Input, Output, Transaction
from doubles.wallet import FUNDING, Wallets

EPOCH_HEADER = "x-notary-epoch"
LONGEST_EXECUTION = 0.020  # seconds
SPACE_SECONDS = 0.2  # between two looks at whether there is room on its disk
OP_RETURN = b"\x6a"
UNKNOWN = "unknown"
VERSION = (1).to_bytes(4, "little")


@dataclass(frozen=True, kw_only=True)
class Stamper:
    """Stamps one daemon's executions. `stamps` is only ever appended to; `pause` is the pause file."""

    duty: str
    name: str
    stamps: Path
    pause: Path
    chance: random.Random

    async def __call__(self, asked: Asked, transaction: Transaction) -> None:
        """The call is on disk before it is answered."""
        received = stamps.now()
        await asyncio.sleep(self.pause_seconds())
        begin = stamps.now()
        await asyncio.sleep(self.chance.uniform(0, LONGEST_EXECUTION))
        done = Execution(
            duty=self.duty,
            daemon=self.name,
            signer=signer_of(transaction),
            epoch=_epoch(asked),
            received=received,
            begin=begin,
            end=stamps.now(),
        )
        stamps.append(self.stamps, done)

    def pause_seconds(self) -> float:
        """What the pause file says now; 0 without one."""
        try:
            return float(self.pause.read_text())
        except (OSError, ValueError):
            return 0.0


def _epoch(asked: Asked) -> int | None:
    try:
        return int(asked.headers.get(EPOCH_HEADER, ""))
    except ValueError:
        return None


def signer_of(transaction: Transaction) -> str:
    """Who has signed: the name is what the transaction says."""
    said = [output.script[1:] for output in transaction.outputs if output.script.startswith(OP_RETURN)]
    try:
        return said[0].decode()
    except (IndexError, ValueError):
        return UNKNOWN


class _Named:
    """Takes a name in hex for a transaction that says it."""

    def to_sign(self, asked: Asked) -> Transaction:
        try:
            return super().to_sign(asked)  # type: ignore[misc]
        except RpcError:
            return _saying(asked)


def _saying(asked: Asked) -> Transaction:
    name = bytes.fromhex(str(asked.params[0]))
    spent = (Input(transaction=FUNDING, number=0),)
    return Transaction(
        head=VERSION, inputs=spent, outputs=(Output(satoshis=0, script=OP_RETURN + name),), tail=bytes(4)
    )  # fmt: skip


class StampedKomodod(_Named, Komodod):
    """KMD's or an assetchain's."""


class StampedLitecoind(_Named, Litecoind):
    """LTC's."""


def made(asked: argparse.Namespace) -> Any:
    """The double that the arguments ask for, which does not listen yet."""
    network, trouble = Network.of(asked.chain), troubles(*asked.troubles)
    user, password = os.environ.get("RPC_USERNAME"), os.environ.get("RPC_PASSWORD")
    settings = Settings(
        network=network,
        pubkey=asked.pubkey,
        login=None if user is None or password is None else (user, password),
        queue=asked.queue,
    )
    stamper = Stamper(
        duty=asked.duty,
        name=f"{asked.name}/{asked.chain}",
        stamps=asked.stamps,
        pause=asked.pause,
        chance=random.Random(f"{asked.seed}/{asked.chain}"),
    )
    kind, chain = StampedLitecoind if asked.chain == "LTC" else StampedKomodod, Chain(name=asked.chain, trouble=trouble)
    wallets = (
        Wallets.read(asked.wallet)
        if asked.wallet and asked.wallet.exists()
        else Wallets(keys={"": {asked.pubkey: True}}, loaded=[""])
    )
    return kind(settings, chain, wallets, stamper)


async def serve(daemon: Any, port: int) -> int:
    """Until asked to end, or there is no room on the disk any more."""
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    await daemon.server.start(port)
    while not (ending.is_set() or daemon.stopping.is_set()):
        if daemon.trouble.no_space:
            print("Error: Disk space is low!", file=sys.stderr)  # noqa: T201
            return 1
        try:
            await asyncio.wait_for(ending.wait(), SPACE_SECONDS)
        except TimeoutError:
            continue
    await daemon.end()
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until asked to end."""
    parser = argparse.ArgumentParser(prog="python -m chaos.daemon", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="of loopback")
    parser.add_argument("--chain", default="KMD", help="LTC is litecoind's, every other one komodod's; default KMD")
    parser.add_argument("--duty", required=True)
    parser.add_argument("--name", required=True, help="the daemon's own, in the stamps, before its chain")
    parser.add_argument("--stamps", type=Path, required=True, help="the file of executed calls")
    parser.add_argument("--pause", type=Path, required=True, help="the pause file, which need not exist")
    parser.add_argument("--pubkey", default="02" * 33, help="the notary's, whose coins the wallet holds")
    parser.add_argument("--wallet", type=Path, help="the file of its wallets; without it the key is there")
    parser.add_argument("--troubles", type=Path, action="append", default=[], help="what is wrong, the last one first")
    parser.add_argument("--queue", type=int, default=256, help="calls that may wait: -rpcworkqueue; default 256")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    try:
        return asyncio.run(serve(made(asked), asked.port))
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
