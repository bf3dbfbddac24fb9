"""Private keys: made, written in every form that the official plugin gives, and read back. Nothing here says a key."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

_KINDS = {"RSA": rsa.RSAPrivateKey, "ECDSA": ec.EllipticCurvePrivateKey, "ED25519": ed25519.Ed25519PrivateKey}
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
ALGORITHMS = tuple(_KINDS)
CURVES: dict[str, ec.EllipticCurve] = {
    "P224": ec.SECP224R1(),
    "P256": ec.SECP256R1(),
    "P384": ec.SECP384R1(),
    "P521": ec.SECP521R1(),
}


def generated(algorithm: str, curve: str, bits: int) -> PrivateKey:
    """A new key; the curve is of ECDSA alone, the bits (1024 to 16384) of RSA."""
    if algorithm == "RSA":
        return rsa.generate_private_key(public_exponent=65537, key_size=bits)
    if algorithm == "ECDSA":
        return ec.generate_private_key(CURVES[curve])
    return ed25519.Ed25519PrivateKey.generate()


def parsed(pem: str) -> PrivateKey:
    """The key of a PEM. Raises ValueError, with words that hold nothing of what was given."""
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("is not an unencrypted private key in PEM") from None
    if isinstance(key, PrivateKey):
        return key
    raise ValueError(f"is not a key of {', '.join(ALGORITHMS)}")


def algorithm_of(key: PrivateKey) -> str:
    """`RSA`, `ECDSA` or `ED25519`."""
    return next(name for name, kind in _KINDS.items() if isinstance(key, kind))


def digest_for(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None:
    """The hash that Go's crypto/x509 signs with; Ed25519 has its own."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return None
    bits = key.curve.key_size if isinstance(key, ec.EllipticCurvePrivateKey) else 0
    return hashes.SHA512() if bits > 384 else hashes.SHA384() if bits == 384 else hashes.SHA256()


def public_der(key: PrivateKey) -> bytes:
    """The public key as SubjectPublicKeyInfo: equal for equal keys."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def written(key: PrivateKey) -> dict[str, Any]:
    """Every output of a key. The OpenSSH forms of P224 are empty: OpenSSH does not know the curve."""
    # Go writes RSA and ECDSA keys in their own forms, and Ed25519, which has none, as PKCS #8.
    own = PrivateFormat.PKCS8 if isinstance(key, ed25519.Ed25519PrivateKey) else PrivateFormat.TraditionalOpenSSL
    return {
        "id": hashlib.sha1(public_der(key)).hexdigest(),
        "privateKeyPem": _private(key, own),
        "privateKeyPemPkcs8": _private(key, PrivateFormat.PKCS8),
        "publicKeyPem": key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        **_openssh(key),
    }


def _private(key: PrivateKey, form: PrivateFormat) -> str:
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def _openssh(key: PrivateKey) -> dict[str, str]:
    names = ("privateKeyOpenssh", "publicKeyOpenssh", "publicKeyFingerprintMd5", "publicKeyFingerprintSha256")
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP224R1):
        return dict.fromkeys(names, "")
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    blob = base64.b64decode(public.split()[1])
    md5 = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    sha256 = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    pairs = ":".join(md5[place : place + 2] for place in range(0, len(md5), 2))
    return dict(
        zip(names, (_private(key, PrivateFormat.OpenSSH), f"{public}\n", pairs, f"SHA256:{sha256}"), strict=True)
    )
