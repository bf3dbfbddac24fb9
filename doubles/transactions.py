"""Raw transactions as far as a daemon's double has to understand them: what they spend, and whether they are signed.

Bitcoin's serialisation, with the witness of BIP 144 and the head and tail that ZIP 243 puts around it for komodod.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

OVERWINTERED = 0x80000000
SAPLING_TAIL = 8 + 3  # the balance, and no shielded spends, outputs or joinsplits
SIGNATURE = bytes([71]) + b"\x30" * 71  # as long as a real one, and worth nothing
SEQUENCE = 0xFFFFFFFF


class CutError(ValueError):
    """These bytes are no transaction."""


@dataclass(frozen=True, kw_only=True)
class Input:
    """What is spent: `transaction` as it is shown, the output's number; `script` is empty until it is signed."""

    transaction: str
    number: int
    script: bytes = b""
    sequence: int = SEQUENCE


@dataclass(frozen=True, kw_only=True)
class Output:
    """Satoshis and a script."""

    satoshis: int
    script: bytes


@dataclass(frozen=True, kw_only=True)
class Transaction:
    """`head` and `tail` are kept as they came."""

    head: bytes
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    tail: bytes
    witness: bytes = b""

    @property
    def signed(self) -> bool:
        """Whether anything stands where signatures belong."""
        return bool(self.witness) or any(item.script for item in self.inputs)

    @property
    def txid(self) -> str:
        """As it is shown. The witness is no part of it."""
        once = hashlib.sha256(replace(self, witness=b"").written()).digest()
        return hashlib.sha256(once).digest()[::-1].hex()

    def signature(self) -> Transaction:
        """The same with something in place of each missing signature."""
        return replace(self, inputs=tuple(replace(item, script=item.script or SIGNATURE) for item in self.inputs))

    def written(self) -> bytes:
        """Its bytes."""
        made = self.head + (b"\0\x01" if self.witness else b"") + _size(len(self.inputs))
        for item in self.inputs:
            made += bytes.fromhex(item.transaction)[::-1] + item.number.to_bytes(4, "little")
            made += _size(len(item.script)) + item.script + item.sequence.to_bytes(4, "little")
        made += _size(len(self.outputs))
        for output in self.outputs:
            made += output.satoshis.to_bytes(8, "little") + _size(len(output.script)) + output.script
        return made + self.witness + self.tail


def parse(text: str) -> Transaction:
    """Raises CutError, also for what is not hex."""
    try:
        data = _Bytes(bytes.fromhex(text))
    except ValueError:
        raise CutError("no hex") from None
    version = data.number(4)
    head = version.to_bytes(4, "little") + (data.take(4) if version & OVERWINTERED else b"")
    count, witnessed = data.size(), False
    if count == 0:
        witnessed = data.number(1) == 1
        count = data.size()
    inputs = tuple(_input(data) for _ in range(count))
    outputs = tuple(Output(satoshis=data.number(8), script=data.take(data.size())) for _ in range(data.size()))
    if not inputs:
        raise CutError("no input")
    began = data.at
    for _ in inputs if witnessed else ():
        for _ in range(data.size()):
            data.take(data.size())
    witness = data.all[began : data.at]
    tail = data.take(4 + (4 + SAPLING_TAIL if version & OVERWINTERED else 0))
    return Transaction(head=head, inputs=inputs, outputs=outputs, tail=tail, witness=witness)


def _input(data: _Bytes) -> Input:
    transaction, number = data.take(32)[::-1].hex(), data.number(4)
    return Input(transaction=transaction, number=number, script=data.take(data.size()), sequence=data.number(4))


def _size(number: int) -> bytes:
    return bytes([number]) if number < 0xFD else b"\xfd" + number.to_bytes(2, "little")


class _Bytes:
    def __init__(self, data: bytes) -> None:
        self.all, self.at = data, 0

    def take(self, count: int) -> bytes:
        if self.at + count > len(self.all):
            raise CutError(f"{len(self.all)} bytes, which is too few")
        self.at += count
        return self.all[self.at - count : self.at]

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count), "little")

    def size(self) -> int:
        first = self.number(1)
        return first if first < 0xFD else self.number({0xFD: 2, 0xFE: 4, 0xFF: 8}[first])
