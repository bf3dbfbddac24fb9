"""Keys and addresses as daemons write them: base58 with a checksum, and what a private key's public key is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


@dataclass(frozen=True, kw_only=True)
class Network:
    """A chain's name and the first bytes of its addresses and private keys."""

    chain: str
    address: int
    wif: int

    @classmethod
    def of(cls, chain: str) -> Network:
        """Bitcoin's and Litecoin's own; every other chain has Komodo's."""
        address = {"BTC": 0, "LTC": 48}.get(chain, 60)
        return cls(chain=chain, address=address, wif=address + 128)

    def address_of(self, pubkey: str) -> str:
        """The address that pays to a compressed public key's hash."""
        return encoded(bytes([self.address]) + hash160(bytes.fromhex(pubkey)))

    def script_of(self, address: str) -> str | None:
        """What pays to an address, in hex; None for what is none of this network."""
        found = decoded(address)
        if found is None or len(found) != 21 or found[0] != self.address:
            return None
        return f"76a914{found[1:].hex()}88ac"

    def pubkey_of(self, wif: str) -> str | None:
        """The compressed public key of a private key as this network writes it; None for what is none."""
        found = decoded(wif)
        if found is None or len(found) != 34 or found[0] != self.wif:
            return None
        return public(int.from_bytes(found[1:33]))

    def wif_of(self, secret: int) -> str:
        """A private key, for a compressed public one."""
        return encoded(bytes([self.wif]) + secret.to_bytes(32) + b"\x01")


def public(secret: int) -> str:
    """The compressed public key, in hex."""
    # Slow to import, and most doubles never see a key.
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = ec.derive_private_key(secret, ec.SECP256K1()).public_key()
    return key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint).hex()


def hash160(data: bytes) -> bytes:
    """RIPEMD-160 of SHA-256."""
    return hashlib.new("ripemd160", hashlib.sha256(data).digest()).digest()


def encoded(payload: bytes) -> str:
    """Base58 with a checksum."""
    data = payload + _checksum(payload)
    number, text = int.from_bytes(data), ""
    while number:
        number, digit = divmod(number, 58)
        text = ALPHABET[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def decoded(text: str) -> bytes | None:
    """The payload; None where text or checksum is wrong."""
    number = 0
    for letter in text:
        digit = ALPHABET.find(letter)
        if digit < 0:
            return None
        number = number * 58 + digit
    zeros = len(text) - len(text.lstrip("1"))
    data = b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8)
    return data[:-4] if len(data) > 4 and _checksum(data[:-4]) == data[-4:] else None


def _checksum(payload: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
