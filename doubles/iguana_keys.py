"""What Iguana makes of a passphrase: a key, its address on each network, and its form for `importprivkey`.

Written against the standard library alone, so that a double starts fast, and so that the project's own derivation has
something else to be compared with. Source: KomodoPlatform/dPoW 2f846c0, `crypto777/bitcoind_RPC.c`,
`iguana/SuperNET.c` (SuperNET_login), `crypto777/iguana_utils.c` (conv_NXTpassword); curve: SEC 2, secp256k1.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
PRIME = 2**256 - 2**32 - 977
BASE = (
    0x79BE667E_F9DCBBAC_55A06295_CE870B07_029BFCDB_2DCE28D9_59F2815B_16F81798,
    0x483ADA77_26A3C465_5DA4FBFC_0E1108A8_FD17B448_A6855419_9C47D08F_FB10D4B8,
)
WIF_BYTES = 34  # version, key, and the byte that says that its public key is compressed


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The public key in hex, and what is imported into the first coin: the key, and a second one of the words."""

    pubkey: str
    wifs: tuple[str, str]


def identify(words: str, wif_version: int = 188) -> Identity:
    """Whatever the words are: there are no wrong ones. A WIF is taken as one even with a wrong check sum."""
    secrets = (_secret(words), _hashed(f"jumblr {words}"))
    first, second = (base58check(bytes([wif_version]) + secret + b"\x01") for secret in secrets)
    return Identity(pubkey=public(secrets[0]).hex(), wifs=(first, second))


def address(pubkey: str, version: int) -> str:
    """Where coins are paid to this key on a network whose addresses begin with this byte."""
    return base58check(bytes([version]) + key_hash(pubkey))


def key_hash(pubkey: str) -> bytes:
    """RIPEMD-160 of SHA-256 of a public key."""
    return hashlib.new("ripemd160", hashlib.sha256(bytes.fromhex(pubkey)).digest()).digest()


def base58check(payload: bytes) -> str:
    """With the first four bytes of its double SHA-256 behind it, in base58."""
    whole = payload + hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    number, text = int.from_bytes(whole), ""
    while number:
        number, digit = divmod(number, 58)
        text = ALPHABET[digit] + text
    return "1" * (len(whole) - len(whole.lstrip(b"\0"))) + text


def public(secret: bytes) -> bytes:
    """The compressed public key of a secret of 32 bytes."""
    x, y = _times(int.from_bytes(secret))
    return bytes([2 + y % 2]) + x.to_bytes(32)


def _secret(words: str) -> bytes:
    number = 0
    for letter in words:
        if letter not in ALPHABET:
            return _hashed(words)
        number = number * 58 + ALPHABET.index(letter)
    payload = number.to_bytes(64)[-WIF_BYTES - 4 : -4]
    return payload[1:33] if len(words) == 52 and payload[33] == 1 else _hashed(words)


def _hashed(words: str) -> bytes:
    """The hash of the words, with the bits set and cleared that a key of another curve has so."""
    found = bytearray(hashlib.sha256(words.encode()).digest())
    found[0] &= 248
    found[31] = found[31] & 127 | 64
    return bytes(found)


def _times(number: int) -> tuple[int, int]:
    found: tuple[int, int] | None = None
    double = BASE
    while number:
        if number & 1:
            found = _plus(found, double) if found else double
        double = _plus(double, double)
        number >>= 1
    assert found
    return found


def _plus(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    if one == other:
        slope = 3 * one[0] ** 2 * pow(2 * one[1], -1, PRIME)
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, PRIME)
    x = (slope**2 - one[0] - other[0]) % PRIME
    return x, (slope * (one[0] - x) - one[1]) % PRIME
