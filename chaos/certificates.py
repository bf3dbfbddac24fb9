"""Certificates for gates: by the very authority that lets clients into the ensemble, for the name that agents check."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from config.failover import TlsFiles
from drills.rig import Rig
from sandbox.plugins.tls import certificates

VALID_HOURS = 48


def write_gate_files(rig: Rig, host: str, folder: Path) -> TlsFiles:
    """A key and a certificate of a gate, in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    authority_key, authority = rig.issuer.authority(
        "clients", rig.plan.loaded.stack.ensemble.certificates.authorities[0]
    )
    key = certificates.private_key({"algorithm": "ECDSA", "ecdsaCurve": "P256"})["privateKeyPem"]
    asked = {"privateKeyPem": key, "subject": {"commonName": "gate"}, "dnsNames": [host]}
    wanted = {
        "caPrivateKeyPem": authority_key,
        "caCertPem": authority,
        "certRequestPem": certificates.request(asked)["certRequestPem"],
        "allowedUses": ["digital_signature", "server_auth", "client_auth"],
        "validityPeriodHours": VALID_HOURS,
    }
    made = certificates.locally_signed(wanted, datetime.now(UTC))["certPem"]
    for name, text in (("ca.crt", authority), ("tls.crt", made), ("tls.key", key)):
        (folder / name).write_text(text)
    return files_in(folder)


def files_in(folder: Path) -> TlsFiles:
    """The three files as every Secret of the fleet names them."""
    return TlsFiles(
        authority_file=str(folder / "ca.crt"),
        certificate_file=str(folder / "tls.crt"),
        key_file=str(folder / "tls.key"),
    )
