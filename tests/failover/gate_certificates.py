"""Certificates for a gate's tests: an authority, and pairs that it signs."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from config.failover import TlsFiles

PEM = serialization.Encoding.PEM


class Authority:
    """Signs for 127.0.0.1, as server and as client."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = _builder(self._name, self._name, self._key.public_key())
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.pem = made.sign(self._key, hashes.SHA256()).public_bytes(PEM)

    def files(self, folder: Path) -> TlsFiles:
        """A new key and certificate in this folder, in the place of what was there."""
        folder.mkdir(parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, folder.name)])
        made = _builder(subject, self._name, key.public_key())
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        signed = made.add_extension(names, critical=False).sign(self._key, hashes.SHA256())
        secret = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        for name, pem in (("ca.crt", self.pem), ("tls.crt", signed.public_bytes(PEM)), ("tls.key", secret)):
            (folder / name).write_bytes(pem)
        return TlsFiles(
            authority_file=str(folder / "ca.crt"),
            certificate_file=str(folder / "tls.crt"),
            key_file=str(folder / "tls.key"),
        )


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
    )
