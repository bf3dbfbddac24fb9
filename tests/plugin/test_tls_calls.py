"""Secrets, previews, mistakes and the process of the tls stand-in."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from sandbox import plugins
from sandbox.plugins.tls.inputs import LOCALLY_SIGNED, PRIVATE_KEY, REQUEST, SELF_SIGNED
from sandbox.plugins.tls.servicer import TlsProvider
from sandbox.plugins.values import holds, is_secret, revealed, to_struct
from tests.plugin.plugin import UNKNOWN, secret
from tests.plugin.tls import Tls, authority_inputs, leaf_inputs, urn
from tests.sandbox.helpers import alive, eventually

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.argv[1]], stdout=subprocess.PIPE, text=True)
print(child.pid, child.stdout.readline().strip(), flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def tls() -> Iterator[Tls]:
    with Tls() as made:
        yield made


@pytest.fixture(scope="module")
def given(tls: Tls) -> dict[str, dict[str, Any]]:
    """Inputs of each resource that signs, with which it can be made."""
    key = tls.key()
    root = tls.authority(key)["certPem"]
    return {
        SELF_SIGNED: authority_inputs(key),
        REQUEST: {"privateKeyPem": key, "dnsNames": ["zk.test"]},
        LOCALLY_SIGNED: leaf_inputs(root, key, tls.request(tls.key(), dnsNames=["zk.test"])),
    }


def refused(tls: Tls, resource: str, inputs: dict[str, Any]) -> str:
    """What an update says: at its check, or while it makes the resource. Never a traceback, never a key."""
    found = tls.check(resource, inputs)
    with pytest.raises(grpc.RpcError) as error:
        tls.create(resource, **inputs)
    said: Any = error.value
    assert said.code() == grpc.StatusCode.INVALID_ARGUMENT
    for text in (*found, said.details()):
        assert "Traceback" not in text
        assert "BEGIN" not in text
        assert "\n" not in text
    assert found[:1] in ([], [said.details()])
    return said.details()


@pytest.mark.parametrize("resource", [SELF_SIGNED, REQUEST, LOCALLY_SIGNED])
def test_a_key_that_comes_in_goes_out_as_a_secret(tls: Tls, given: dict[str, dict[str, Any]], resource: str) -> None:
    made = tls.create(resource, **given[resource])
    name = "caPrivateKeyPem" if resource == LOCALLY_SIGNED else "privateKeyPem"
    assert {key for key, value in made.items() if is_secret(value)} == {name}
    assert revealed(made[name]) == given[resource][name]
    assert "PRIVATE KEY" not in str({key: value for key, value in made.items() if key != name})


def test_what_was_given_as_a_secret_stays_one(tls: Tls, given: dict[str, dict[str, Any]]) -> None:
    made = tls.create(REQUEST, **{**given[REQUEST], "dnsNames": [secret("hidden.test")]})
    assert is_secret(made["dnsNames"])
    assert revealed(made["dnsNames"]) == ["hidden.test"]


@pytest.mark.parametrize(
    ("resource", "inputs", "unknown"),
    [
        (
            PRIVATE_KEY,
            {"algorithm": "ECDSA", "ecdsaCurve": "P256"},
            "privateKeyPem privateKeyPemPkcs8 privateKeyOpenssh publicKeyPem publicKeyOpenssh "
            "publicKeyFingerprintMd5 publicKeyFingerprintSha256",
        ),
        (
            SELF_SIGNED,
            authority_inputs(UNKNOWN),
            "privateKeyPem certPem validityStartTime validityEndTime readyForRenewal keyAlgorithm",
        ),
        (REQUEST, {"privateKeyPem": secret(UNKNOWN), "dnsNames": ["a"]}, "privateKeyPem certRequestPem keyAlgorithm"),
        (
            LOCALLY_SIGNED,
            leaf_inputs(UNKNOWN, UNKNOWN, UNKNOWN),
            "caCertPem caPrivateKeyPem certRequestPem certPem validityStartTime validityEndTime readyForRenewal "
            "caKeyAlgorithm",
        ),
    ],
)
def test_a_preview_knows_the_inputs_and_nothing_of_what_is_to_come(
    tls: Tls, resource: str, inputs: dict[str, Any], unknown: str
) -> None:
    planned = tls.create(resource, preview=True, **inputs)
    assert {key for key, value in planned.items() if holds(value, "unknown")} == set(unknown.split())
    assert {key for key, value in planned.items() if is_secret(value)} >= {
        key for key in planned if key.startswith(("privateKey", "caPrivateKey"))
    }
    assert tls.check(resource, inputs) == []


def test_what_is_not_known_yet_is_no_mistake(tls: Tls) -> None:
    later = {"validityPeriodHours": UNKNOWN, "allowedUses": [UNKNOWN], "isCaCertificate": UNKNOWN, "subject": UNKNOWN}
    assert tls.check(SELF_SIGNED, {**authority_inputs(UNKNOWN), **later}) == []


@pytest.mark.parametrize(
    ("resource", "change", "said"),
    [
        (PRIVATE_KEY, {"ecdsaCurve": "P999"}, "ecdsaCurve: 'P999' is not known; known are P224, P256, P384, P521"),
        (PRIVATE_KEY, {"algorithm": "DSA"}, "algorithm: 'DSA' is not known; known are RSA, ECDSA, ED25519"),
        (PRIVATE_KEY, {"algorithm": None}, "algorithm: is missing; PrivateKey needs it"),
        (PRIVATE_KEY, {"algorithm": "RSA", "rsaBits": 100}, "rsaBits: 100 is not between 1024 and 16384"),
        (PRIVATE_KEY, {"rsaBits": "many"}, "rsaBits: is not a whole number"),
        (SELF_SIGNED, {"privateKeyPem": "junk"}, "privateKeyPem: is not an unencrypted private key in PEM"),
        (SELF_SIGNED, {"validityPeriodHours": -1}, "validityPeriodHours: -1 is not between 0 and 2147483647"),
        (SELF_SIGNED, {"validityPeriodHours": 10**9}, "validityPeriodHours: is longer than a calendar"),
        (SELF_SIGNED, {"isCaCertificate": "yes"}, "isCaCertificate: is not a boolean"),
        (SELF_SIGNED, {"subject": {}}, "subject: is empty; a CA needs at least one part of a name"),
        (SELF_SIGNED, {"dnsNames": [7]}, "dnsNames: is not a list of strings"),
        (SELF_SIGNED, {"ipAddresses": ["10.0.0.300"]}, "ipAddresses: '10.0.0.300' is not an IP address"),
        (SELF_SIGNED, {"allowedUses": ["decipher_only"]}, "allowedUses: encipher_only and decipher_only mean"),
        (SELF_SIGNED, {"subject": {"country": "Germany"}}, "subject.country: "),
        (SELF_SIGNED, {"subject": {"serialNumber": "ö"}}, "subject.serialNumber: 'ö' holds what can't be written"),
        (SELF_SIGNED, {"maxPathLength": 10**12}, "maxPathLength: 1000000000000 is not between -1 and 2147483647"),
        (SELF_SIGNED, {"subject": {"cn": "x"}}, "subject.cn: a subject has no such part; it has country, "),
        (SELF_SIGNED, {"subject": {"streetAddresses": "x"}}, "subject.streetAddresses: is not a list of strings"),
        (
            SELF_SIGNED,
            {"isCaCertificate": False, "setAuthorityKeyId": True},
            "setAuthorityKeyId: needs setSubjectKeyId: there is no identifier to name",
        ),
        (SELF_SIGNED, {"privateKeyPemWo": "x"}, "privateKeyPemWo: the sandbox's SelfSignedCert has no such input"),
        (REQUEST, {"dnsNames": ["schön.test"]}, "dnsNames: 'schön.test' is not plain ASCII"),
        (LOCALLY_SIGNED, {"allowedUses": ["signing"]}, "allowedUses: 'signing' is not known; known are any_extended, "),
        (LOCALLY_SIGNED, {"caCertPem": "junk"}, "caCertPem: is not a certificate in PEM"),
        (LOCALLY_SIGNED, {"certRequestPem": "junk"}, "certRequestPem: is not a certificate request in PEM"),
    ],
)
def test_a_mistake_is_one_sentence_that_begins_with_the_property(
    tls: Tls, given: dict[str, dict[str, Any]], resource: str, change: dict[str, Any], said: str
) -> None:
    base = given.get(resource, {"algorithm": "ECDSA", "ecdsaCurve": "P256"})
    inputs = {key: value for key, value in {**base, **change}.items() if value is not None}
    assert refused(tls, resource, inputs).startswith(said)


def test_a_key_of_another_authority_is_refused(tls: Tls, given: dict[str, dict[str, Any]]) -> None:
    inputs = {**given[LOCALLY_SIGNED], "caPrivateKeyPem": secret(tls.key())}
    assert refused(tls, LOCALLY_SIGNED, inputs) == "caPrivateKeyPem: is not the key of the certificate in caCertPem"


def test_a_key_in_the_wrong_place_is_not_repeated(tls: Tls, given: dict[str, dict[str, Any]]) -> None:
    key = tls.key()
    body = key.splitlines()[1]
    for resource, name in ((SELF_SIGNED, "allowedUses"), (SELF_SIGNED, "ipAddresses"), (LOCALLY_SIGNED, "caCertPem")):
        wrong = key if name == "caCertPem" else [key]
        for wrapped in (wrong, secret(wrong)):
            said = refused(tls, resource, {**given[resource], name: wrapped})
            assert said.startswith(f"{name}: ")
            assert body not in said


def test_every_mistake_is_said_at_once(tls: Tls) -> None:
    found = tls.check(SELF_SIGNED, {"allowedUses": ["a", "b"], "validityPeriodHours": "1", "colour": "red"})
    properties = [reason.split(":")[0] for reason in found]
    assert properties == ["colour", "allowedUses", "allowedUses", "validityPeriodHours", "privateKeyPem"]


def test_a_resource_that_is_not_here_is_named(tls: Tls) -> None:
    with pytest.raises(grpc.RpcError) as error:
        tls.check("tls:index/other:Other", {})
    said: Any = error.value
    assert said.details().startswith("type: the sandbox has no tls:index/other:Other; it has ")


def test_a_provider_is_checked_and_changed_without_replacing_anything(tls: Tls) -> None:
    inputs = to_struct({"proxy": '{"url": "http://proxy.test"}'})
    name = "urn:pulumi:test::notary::pulumi:providers:tls::made"
    assert tls.stub.CheckConfig(provider_pb2.CheckRequest(urn=name, news=inputs)).inputs == inputs
    found = tls.stub.DiffConfig(provider_pb2.DiffRequest(id="1", urn=name, old_inputs=to_struct({}), news=inputs))
    assert (list(found.diffs), list(found.replaces)) == (["proxy"], [])
    answer = tls.stub.Configure(provider_pb2.ConfigureRequest(args=inputs))
    assert (answer.acceptSecrets, answer.supportsPreview) == (True, True)


def test_a_deletion_asks_nothing_and_an_import_is_refused(tls: Tls) -> None:
    assert tls.stub.Delete(provider_pb2.DeleteRequest(id="1", urn=urn(PRIVATE_KEY))) == empty_pb2.Empty()
    with pytest.raises(grpc.RpcError, match="id: nothing can be imported"):
        tls.stub.Read(provider_pb2.ReadRequest(id="1", urn=urn(PRIVATE_KEY)))


@pytest.mark.parametrize("name", plugins.NAMES)
def test_an_installed_launcher_serves_and_ends_with_a_killed_engine(tmp_path: Path, name: str) -> None:
    plugins.install(tmp_path)
    launcher = str(tmp_path / f"pulumi-resource-{name}")
    parent = subprocess.Popen([sys.executable, "-c", PARENT, launcher], stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    try:
        assert parent.stdout is not None
        pid, port = map(int, parent.stdout.readline().split())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            info = provider_pb2_grpc.ResourceProviderStub(channel).GetPluginInfo(empty_pb2.Empty())
        assert (info.version == TlsProvider.version) is (name == "tls")
        assert alive(pid)
    finally:
        parent.kill()
        parent.wait(10)
    eventually("the plugin ends", lambda: not alive(pid), seconds=10)
