"""The notary's private key, as Iguana makes it of what it is given, and the form in which each chain's daemon takes it.

Source: KomodoPlatform/dPoW 2f846c0, `iguana/SuperNET_keys.c` (iguana_wifstr_valid, SuperNET_setkeys),
`crypto777/curve25519.c` (conv_NXTpassword); komodod's `convertpassphrase` does the same with a seed phrase.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from config.failover import AgentConfig
from failover.roles.base import read_key
from failover.settings import SettingsError

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"  # base58, without 0, O, I and l
WIF_LENGTHS = range(50, 55)  # characters, at which Iguana thinks of a WIF
WIF_VERSION = 128  # a WIF's first byte is this and the first byte of the chain's addresses
COMPRESSED = b"\x01"  # the last byte of a WIF's key: its public key is written in 33 bytes


@dataclass(frozen=True, kw_only=True)
class NotaryKey:
    """A private key of secp256k1, which is never shown, and its public key: 33 bytes in hex."""

    secret: bytes = field(repr=False)
    pubkey: str

    def wif(self, address: str) -> str:
        """The key in the form that a daemon takes whose form of the address this is, in base58. Raises ValueError."""
        version = _checked(address)[0] + WIF_VERSION
        if version > 0xFF:
            raise ValueError("the address is of no network that has keys in WIF")
        return _encode(bytes([version]) + self.secret + COMPRESSED)

    def blotted(self, text: str, *wifs: str) -> str:
        """`text` without the key: a daemon may repeat in its error what it was asked to import."""
        for secret in (self.secret.hex(), *wifs):
            text = text.replace(secret, "***")
        return text


def derive(passphrase: str) -> NotaryKey:
    """The key that Iguana makes of a WIF or of a seed phrase. Raises ValueError where no key comes of it.

    Iguana does not look at a WIF's checksum: one with a wrong last letter gives the same key [run].
    """
    if _looks_like_wif(passphrase):
        secret = _decode(passphrase)[1:33]
    else:
        scalar = bytearray(hashlib.sha256(passphrase.encode()).digest())
        scalar[0] &= 248
        scalar[31] = scalar[31] & 127 | 64
        secret = bytes(scalar)
    return NotaryKey(secret=secret, pubkey=public(secret))


def notary_key(config: AgentConfig) -> NotaryKey:
    """The key of the duty's Secret. Raises SettingsError, without any of it, where it is not the duty's."""
    if config.kind != "iguana":
        # With the key in its wallet a checkpoint master's daemon signs: that is its activation.
        raise SettingsError(f"kind: found {config.kind}, expected iguana: no other signer's key is imported beforehand")
    text = read_key(config.signer.keys_directory, "passphrase")
    where = f"{config.signer.keys_directory}/passphrase"
    try:
        key = derive(text)
    except ValueError:
        raise SettingsError(f"{where}: no private key comes of it; expected a WIF or a seed phrase") from None
    if key.pubkey != config.pubkey:
        raise SettingsError(f"{where}: its public key is {key.pubkey}, expected the duty's, {config.pubkey}")
    return key


def public_of_wif(wif: str) -> str | None:
    """The public key of a WIF as daemons write it: of any network, compressed, its checksum right; else None."""
    try:
        payload = _checked(wif)
    except ValueError:
        return None
    if len(payload) != 34 or payload[0] < WIF_VERSION or payload[33:] != COMPRESSED:
        return None
    try:
        return public(payload[1:33])
    except ValueError:
        return None


def public(secret: bytes) -> str:
    """The public key, compressed, in hex. Raises ValueError for a number that is no private key."""
    # Here, for no other command of this package needs it: it takes 50 ms.
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    number = int.from_bytes(secret)
    if number == 0:
        raise ValueError("zero is no private key")
    found = ec.derive_private_key(number, ec.SECP256K1()).public_key()
    return found.public_bytes(Encoding.X962, PublicFormat.CompressedPoint).hex()


def _looks_like_wif(text: str) -> bool:
    """As Iguana judges it: by length, letters and how many there are of each sort."""
    if len(text) not in WIF_LENGTHS or any(letter not in ALPHABET for letter in text):
        return False
    digits = sum(letter.isdigit() for letter in text)
    upper = sum(letter.isupper() for letter in text)
    lower = sum(letter.islower() for letter in text)
    if not (digits and upper and lower):
        return False
    return upper <= 5 * lower and lower <= 5 * upper and max(upper, lower) <= 20 * digits


def _decode(text: str) -> bytes:
    """Base58. Raises ValueError."""
    number = 0
    for letter in text:
        number = number * len(ALPHABET) + ALPHABET.index(letter)
    zeros = len(text) - len(text.lstrip(ALPHABET[0]))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8)


def _checked(text: str) -> bytes:
    """What base58 with a checksum holds. Raises ValueError, without the text."""
    if not text or any(letter not in ALPHABET for letter in text):
        raise ValueError("not base58")
    raw = _decode(text)
    if len(raw) < 5 or _checksum(raw[:-4]) != raw[-4:]:
        raise ValueError("a wrong checksum")
    return raw[:-4]


def _encode(payload: bytes) -> str:
    raw = payload + _checksum(payload)
    number, text = int.from_bytes(raw), ""
    while number:
        number, digit = divmod(number, len(ALPHABET))
        text = ALPHABET[digit] + text
    return ALPHABET[0] * (len(raw) - len(raw.lstrip(b"\0"))) + text


def _checksum(payload: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
