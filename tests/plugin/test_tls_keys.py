"""Private keys as the tls stand-in makes them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
    load_ssh_private_key,
    load_ssh_public_key,
    ssh_key_fingerprint,
)

from sandbox.plugins.tls.inputs import PRIVATE_KEY
from sandbox.plugins.values import is_secret
from tests.plugin.tls import Tls

KINDS: list[dict[str, Any]] = [
    {"algorithm": "ECDSA", "ecdsaCurve": "P256"},
    {"algorithm": "ECDSA", "ecdsaCurve": "P384"},
    {"algorithm": "ECDSA", "ecdsaCurve": "P521"},
    {"algorithm": "RSA", "rsaBits": 3072},
    {"algorithm": "ED25519"},
]


@pytest.fixture(scope="module")
def tls() -> Iterator[Tls]:
    with Tls() as made:
        yield made


def der(key: Any) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("inputs", KINDS, ids=lambda inputs: "-".join(map(str, inputs.values())))
def test_every_form_of_a_key_is_the_same_key(tls: Tls, inputs: dict[str, Any]) -> None:
    made = tls.made(PRIVATE_KEY, **inputs)
    key = load_pem_private_key(made["privateKeyPem"].encode(), None)
    forms = [
        load_pem_private_key(made["privateKeyPemPkcs8"].encode(), None).public_key(),
        load_ssh_private_key(made["privateKeyOpenssh"].encode(), None).public_key(),
        load_pem_public_key(made["publicKeyPem"].encode()),
        load_ssh_public_key(made["publicKeyOpenssh"].encode()),
    ]
    assert {der(form) for form in forms} == {der(key.public_key())}
    assert made["id"] == hashlib.sha1(der(key.public_key())).hexdigest()


def test_a_key_is_of_the_algorithm_and_size_that_were_asked_for(tls: Tls) -> None:
    curves = [load_pem_private_key(tls.made(PRIVATE_KEY, **kind)["privateKeyPem"].encode(), None) for kind in KINDS]
    sizes = [key.curve.key_size for key in curves if isinstance(key, ec.EllipticCurvePrivateKey)]
    assert sizes == [256, 384, 521]
    assert isinstance(curves[3], rsa.RSAPrivateKey)
    assert curves[3].key_size == 3072
    assert isinstance(curves[4], ed25519.Ed25519PrivateKey)


@pytest.mark.parametrize(
    ("algorithm", "heading"), [("RSA", "RSA PRIVATE KEY"), ("ECDSA", "EC PRIVATE KEY"), ("ED25519", "PRIVATE KEY")]
)
def test_a_key_is_written_as_the_official_plugin_writes_it(tls: Tls, algorithm: str, heading: str) -> None:
    made = tls.made(PRIVATE_KEY, algorithm=algorithm)
    assert made["privateKeyPem"].startswith(f"-----BEGIN {heading}-----\n")
    assert made["privateKeyPemPkcs8"].startswith("-----BEGIN PRIVATE KEY-----\n")
    assert made["publicKeyPem"].endswith("-----END PUBLIC KEY-----\n")


def test_defaults_are_those_of_the_official_plugin(tls: Tls) -> None:
    made = tls.made(PRIVATE_KEY, algorithm="ECDSA")
    assert (made["ecdsaCurve"], made["rsaBits"]) == ("P224", 2048)
    assert [made[name] for name in made if "Openssh" in name or "Fingerprint" in name] == [""] * 4


def test_fingerprints_are_those_that_openssh_shows(tls: Tls) -> None:
    made = tls.made(PRIVATE_KEY, algorithm="ED25519")
    public = load_ssh_public_key(made["publicKeyOpenssh"].encode())
    assert isinstance(public, ed25519.Ed25519PublicKey)
    md5, sha256 = ssh_key_fingerprint(public, hashes.MD5()), ssh_key_fingerprint(public, hashes.SHA256())
    assert made["publicKeyFingerprintMd5"] == md5.hex(":")
    assert made["publicKeyFingerprintSha256"] == f"SHA256:{base64.b64encode(sha256).decode().rstrip('=')}"


def test_no_two_keys_are_the_same(tls: Tls) -> None:
    assert tls.made(PRIVATE_KEY, algorithm="ED25519") != tls.made(PRIVATE_KEY, algorithm="ED25519")


def test_what_holds_a_key_is_secret_and_what_is_public_is_not(tls: Tls) -> None:
    made = tls.create(PRIVATE_KEY, algorithm="ECDSA", ecdsaCurve="P256")
    hidden = {name for name, value in made.items() if is_secret(value)}
    assert hidden == {"privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh"}
    assert "PRIVATE KEY" not in str({name: value for name, value in made.items() if name not in hidden})
