"""Certificates as the tls stand-in makes them, before what will verify them: cryptography's verifier and openssl's."""

from __future__ import annotations

import ipaddress
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from sandbox.plugins.tls.inputs import SELF_SIGNED
from tests.plugin.tls import Tls

NAMES = {
    "dnsNames": ["zk-1.notary.test", "*.zk.notary.test"],
    "ipAddresses": ["10.0.0.7", "fd00::7"],
    "uris": ["spiffe://notary/zk-1"],
}
Kind = TypeVar("Kind", bound=x509.ExtensionType)
openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A root with its key, and a certificate of it."""

    root: str
    root_key: str
    leaf: str


@pytest.fixture(scope="module")
def tls() -> Iterator[Tls]:
    with Tls() as made:
        yield made


@pytest.fixture(scope="module")
def issued(tls: Tls) -> Issued:
    root_key = tls.key()
    root = tls.authority(root_key)["certPem"]
    request = tls.request(tls.key(), subject={"commonName": "zk-1"}, **NAMES)
    return Issued(root=root, root_key=root_key, leaf=tls.signed(root, root_key, request)["certPem"])


def parsed(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())


def value(pem: str, kind: type[Kind]) -> Kind:
    return parsed(pem).extensions.get_extension_for_class(kind).value


def accepts(root: str, leaf: str, name: str, between: tuple[str, ...] = ()) -> bool:
    """Whether a client that trusts the root takes the leaf for a server of that name."""
    builder = PolicyBuilder().store(Store([parsed(root)])).time(datetime.now(UTC) + timedelta(seconds=1))
    try:
        builder.build_server_verifier(x509.DNSName(name)).verify(parsed(leaf), [parsed(one) for one in between])
    except VerificationError:
        return False
    return True


def openssl_accepts(folder: Path, root: str, leaf: str, *arguments: str, between: str = "") -> bool:
    for name, pem in (("root", root), ("leaf", leaf), ("between", between)):
        (folder / f"{name}.pem").write_text(pem)
    untrusted = ["-untrusted", "between.pem"] if between else []
    command = ["openssl", "verify", "-x509_strict", "-CAfile", "root.pem", *untrusted, *arguments, "leaf.pem"]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


def test_a_server_is_known_by_its_names_and_by_no_other(issued: Issued) -> None:
    assert accepts(issued.root, issued.leaf, "zk-1.notary.test")
    assert accepts(issued.root, issued.leaf, "one.zk.notary.test")
    assert not accepts(issued.root, issued.leaf, "zk-2.notary.test")


def test_a_certificate_of_another_root_is_refused(tls: Tls, issued: Issued) -> None:
    assert not accepts(tls.authority(tls.key())["certPem"], issued.leaf, "zk-1.notary.test")


@openssl
def test_openssl_accepts_the_chain_for_what_it_was_made_for(issued: Issued, tmp_path: Path) -> None:
    for purpose in ("sslserver", "sslclient"):
        assert openssl_accepts(tmp_path, issued.root, issued.leaf, "-purpose", purpose)
    assert openssl_accepts(tmp_path, issued.root, issued.leaf, "-verify_ip", "fd00::7")
    assert not openssl_accepts(tmp_path, issued.root, issued.leaf, "-verify_ip", "10.0.0.8")
    assert not openssl_accepts(tmp_path, issued.root, issued.leaf, "-purpose", "smimesign")


@openssl
@pytest.mark.parametrize("algorithm", ["RSA", "ECDSA", "ED25519"])
def test_each_algorithm_signs_what_openssl_accepts(tls: Tls, tmp_path: Path, algorithm: str) -> None:
    key = tls.key(algorithm)
    root = tls.authority(key)
    made = tls.signed(root["certPem"], key, tls.request(tls.key(algorithm), subject={"commonName": "leaf"}))
    assert openssl_accepts(tmp_path, root["certPem"], made["certPem"])
    assert (root["keyAlgorithm"], made["caKeyAlgorithm"]) == (algorithm, algorithm)


@pytest.mark.parametrize(("curve", "bits"), [("P256", 256), ("P384", 384), ("P521", 512)])
def test_a_curve_signs_with_a_hash_of_its_strength(tls: Tls, curve: str, bits: int) -> None:
    digest = parsed(tls.authority(tls.key(ecdsaCurve=curve))["certPem"]).signature_hash_algorithm
    assert digest is not None
    assert digest.digest_size * 8 == bits


@openssl
def test_a_certificate_for_clients_serves_no_server(tls: Tls, issued: Issued, tmp_path: Path) -> None:
    request = tls.request(tls.key(), dnsNames=["signer.notary.test"])
    made = tls.signed(issued.root, issued.root_key, request, allowedUses=["digital_signature", "client_auth"])
    assert openssl_accepts(tmp_path, issued.root, made["certPem"], "-purpose", "sslclient")
    assert not openssl_accepts(tmp_path, issued.root, made["certPem"], "-purpose", "sslserver")
    assert not accepts(issued.root, made["certPem"], "signer.notary.test")


@pytest.mark.parametrize(("limit", "accepted"), [(None, True), (2, True), (1, False)])
def test_a_root_limits_how_many_authorities_follow(tls: Tls, limit: int | None, accepted: bool) -> None:
    keys = [tls.key() for _ in range(3)]
    chain = [tls.authority(keys[0], **({} if limit is None else {"maxPathLength": limit}))["certPem"]]
    for depth in (1, 2):
        request = tls.request(keys[depth], subject={"commonName": f"authority {depth}"})
        uses = {"allowedUses": ["cert_signing"], "isCaCertificate": True}
        chain.append(tls.signed(chain[-1], keys[depth - 1], request, **uses)["certPem"])
    leaf = tls.signed(chain[-1], keys[2], tls.request(tls.key(), dnsNames=["zk.test"]))["certPem"]
    assert accepts(chain[0], leaf, "zk.test", (chain[1], chain[2])) is accepted


def test_a_limit_of_zero_is_none_and_the_engine_is_told(tls: Tls) -> None:
    made = tls.authority(tls.key(), maxPathLength=0)
    assert value(made["certPem"], x509.BasicConstraints).path_length is None
    assert made["maxPathLength"] == 0
    assert "maxPathLength: 0 sets no limit, here as in the official plugin" in tls.engine.warnings


def test_a_limit_of_what_is_no_authority_is_ignored(tls: Tls) -> None:
    made = tls.authority(tls.key(), maxPathLength=3, isCaCertificate=False)
    assert value(made["certPem"], x509.BasicConstraints) == x509.BasicConstraints(False, None)


def test_names_and_addresses_come_from_the_request(issued: Issued) -> None:
    names = value(issued.leaf, x509.SubjectAlternativeName)
    assert names.get_values_for_type(x509.DNSName) == NAMES["dnsNames"]
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address(ip) for ip in NAMES["ipAddresses"]]
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == NAMES["uris"]
    assert parsed(issued.leaf).subject.rfc4514_string() == "CN=zk-1"
    assert parsed(issued.leaf).issuer == parsed(issued.root).subject


def test_every_part_of_a_subject_is_written(tls: Tls) -> None:
    subject = {
        "commonName": "notary",
        "country": "DE",
        "emailAddress": "ops@notary.test",
        "locality": "Berlin",
        "organization": "Komodo",
        "organizationalUnit": "notaries",
        "postalCode": "10115",
        "province": "Berlin",
        "serialNumber": "7",
        "streetAddresses": ["Street 1", "Rear building"],
    }
    made = parsed(tls.authority(tls.key(), subject=subject)["certPem"]).subject
    written = [part.value for part in made]
    assert sorted(written, key=str) == sorted(
        [*(text for text in subject.values() if isinstance(text, str)), *subject["streetAddresses"]], key=str
    )
    assert next(iter(made)).oid == x509.NameOID.COUNTRY_NAME


def test_uses_are_written_as_asked(tls: Tls) -> None:
    made = tls.made(
        SELF_SIGNED,
        privateKeyPem=tls.key(),
        allowedUses=["key_encipherment", "crl_signing", "ocsp_signing", "ipsec_user", "any_extended"],
        validityPeriodHours=1,
    )
    usage = value(made["certPem"], x509.KeyUsage)
    assert (usage.key_encipherment, usage.crl_sign) == (True, True)
    assert not any((usage.digital_signature, usage.key_cert_sign, usage.key_agreement, usage.data_encipherment))
    purposes = list(value(made["certPem"], x509.ExtendedKeyUsage))
    wanted = [ExtendedKeyUsageOID.OCSP_SIGNING, x509.ObjectIdentifier("1.3.6.1.5.5.7.3.7")]
    assert purposes == [*wanted, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]


def test_identifiers_of_keys_are_set_when_asked_for(tls: Tls) -> None:
    key = tls.key()
    plain = {"isCaCertificate": False}
    bare = parsed(tls.authority(key, **plain)["certPem"])
    assert {type(one.value) for one in bare.extensions} == {x509.KeyUsage, x509.BasicConstraints}
    both = tls.authority(key, setSubjectKeyId=True, setAuthorityKeyId=True, **plain)["certPem"]
    own = value(both, x509.SubjectKeyIdentifier).digest
    assert value(both, x509.AuthorityKeyIdentifier).key_identifier == own


def test_a_certificate_is_valid_from_now_for_its_hours(tls: Tls) -> None:
    made = tls.authority(tls.key(), validityPeriodHours=7)
    start, end = map(datetime.fromisoformat, (made["validityStartTime"], made["validityEndTime"]))
    certificate = parsed(made["certPem"])
    assert (certificate.not_valid_before_utc, certificate.not_valid_after_utc) == (start, end)
    assert end - start == timedelta(hours=7)
    assert abs(datetime.now(UTC) - start) < timedelta(seconds=30)
    assert made["id"] == str(certificate.serial_number)
    assert made["readyForRenewal"] is False


def test_the_engine_is_told_of_a_signer_that_is_no_authority(tls: Tls) -> None:
    key = tls.key()
    signer = tls.authority(key, isCaCertificate=False)["certPem"]
    tls.signed(signer, key, tls.request(tls.key(), dnsNames=["zk.test"]))
    assert "caCertPem: this certificate is no CA's; what is signed with it may not verify" in tls.engine.warnings
