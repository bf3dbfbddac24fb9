"""A notary's key as Iguana and its daemons use it: address, and transactions that spend what is paid to it.

Legacy transactions with one input, as bitcoin's developer reference has them; ECDSA is the `cryptography` library's,
which the project has already. Enough for a real node to accept them under its standard rules.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141  # of secp256k1, SEC 2
SIMNET = 0x3F  # btcd's chaincfg: addresses that pay to a key's hash
ALL = 1  # SIGHASH_ALL
SATOSHIS = 100_000_000
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def twice(data: bytes) -> bytes:
    """SHA-256 of SHA-256."""
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def base58(payload: bytes) -> str:
    """With its checksum, as addresses are written."""
    number, text = int.from_bytes(payload + twice(payload)[:4]), ""
    while number:
        number, digit = divmod(number, len(ALPHABET))
        text = ALPHABET[digit] + text
    return ALPHABET[0] * (len(payload) - len(payload.lstrip(b"\0"))) + text


def identifier(transaction: str) -> str:
    """The id of a raw transaction, both in hex."""
    return twice(bytes.fromhex(transaction))[::-1].hex()


@dataclass(frozen=True, kw_only=True)
class Output:
    """One that can be spent; `satoshis` is all of it, `script` pays to the key's hash or to the key itself."""

    transaction: str
    number: int
    satoshis: int
    script: bytes


class Key:
    """A private key of secp256k1."""

    def __init__(self, secret: int) -> None:
        self._private = ec.derive_private_key(secret, ec.SECP256K1())
        self.public = self._private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)

    @property
    def address(self) -> str:
        """On btcd's simnet."""
        return base58(bytes([SIMNET]) + _hash(self.public))

    @property
    def script(self) -> bytes:
        """What pays to its hash, as coinbases of a miner's address do."""
        return b"\x76\xa9\x14" + _hash(self.public) + b"\x88\xac"

    @property
    def notary_script(self) -> bytes:
        """What pays to the key itself, as notary UTXOs do."""
        return b"\x21" + self.public + b"\xac"

    def spend(self, output: Output, *, fee: int) -> str:
        """The signed transaction, in hex, that pays an output of this key's to the key itself."""
        paid = (output.satoshis - fee).to_bytes(8, "little") + _sized(self.notary_script)
        outpoint = bytes.fromhex(output.transaction)[::-1] + output.number.to_bytes(4, "little")
        digest = twice(_raw(outpoint, output.script, paid) + ALL.to_bytes(4, "little"))
        signature = _sized(self._sign(digest) + bytes([ALL]))
        names_key = output.script != self.notary_script
        return _raw(outpoint, signature + (_sized(self.public) if names_key else b""), paid).hex()

    def _sign(self, digest: bytes) -> bytes:
        """In DER, with the lower of the two values that `s` may have: nodes relay no other."""
        r, s = decode_dss_signature(self._private.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256()))))
        return encode_dss_signature(r, min(s, ORDER - s))


def _raw(outpoint: bytes, script: bytes, paid: bytes) -> bytes:
    """Version 1, one input, one output, no lock time."""
    return b"\x01\0\0\0\x01" + outpoint + _sized(script) + b"\xff\xff\xff\xff\x01" + paid + b"\0\0\0\0"


def _sized(data: bytes) -> bytes:
    """With its length in one byte, as long as it has fewer than 76: both a push and a variable-length integer."""
    assert len(data) < 253
    return bytes([len(data)]) + data


def _hash(data: bytes) -> bytes:
    return hashlib.new("ripemd160", hashlib.sha256(data).digest()).digest()
