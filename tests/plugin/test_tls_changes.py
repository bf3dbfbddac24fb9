"""What the tls stand-in answers when inputs change, or time passes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.plugins.tls.certificates import is_due, self_signed
from sandbox.plugins.tls.inputs import INPUTS, LOCALLY_SIGNED, PRIVATE_KEY, REQUEST, SELF_SIGNED
from sandbox.plugins.values import from_struct, revealed, to_struct
from tests.plugin.plugin import UNKNOWN, secret
from tests.plugin.tls import Tls, authority_inputs, leaf_inputs, urn

KIND = provider_pb2.PropertyDiff
BEFORE: dict[str, dict[str, Any]] = {
    PRIVATE_KEY: {"algorithm": "ECDSA", "ecdsaCurve": "P256"},
    REQUEST: {"privateKeyPem": "old", "subject": {"commonName": "a"}, "dnsNames": ["a"]},
    SELF_SIGNED: authority_inputs("old"),
    LOCALLY_SIGNED: leaf_inputs("old", "old", "old"),
}
OTHER: dict[str, Any] = {
    "algorithm": "RSA",
    "ecdsaCurve": "P384",
    "rsaBits": 4096,
    "allowedUses": ["server_auth"],
    "validityPeriodHours": 1000,
    "earlyRenewalHours": 3,
    "isCaCertificate": True,
    "maxPathLength": 2,
    "setSubjectKeyId": True,
    "setAuthorityKeyId": True,
    "dnsNames": ["b"],
    "ipAddresses": ["10.0.0.1"],
    "uris": ["spiffe://b"],
    "subject": {"commonName": "b"},
}


@pytest.fixture(scope="module")
def tls() -> Iterator[Tls]:
    with Tls() as made:
        yield made


@pytest.mark.parametrize(("resource", "name"), [(kind, name) for kind, known in INPUTS.items() for name in known])
def test_each_input_replaces_what_was_made_but_the_hours_of_early_renewal(tls: Tls, resource: str, name: str) -> None:
    old = BEFORE[resource]
    other = False if old.get(name) is True else OTHER.get(name, "new")
    found = tls.diff(resource, old, {**old, name: other})
    assert found.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(found.diffs) == [name]
    assert list(found.replaces) == ([] if name == "earlyRenewalHours" else [name])
    default = INPUTS[resource][name].default is not None
    kinds = (KIND.UPDATE_REPLACE,) if name in old or default else (KIND.ADD_REPLACE,)
    assert found.detailedDiff[name].kind in (kinds if name != "earlyRenewalHours" else (KIND.UPDATE,))
    assert not found.deleteBeforeReplace


@pytest.mark.parametrize("resource", BEFORE)
def test_the_same_inputs_change_nothing(tls: Tls, resource: str) -> None:
    found = tls.diff(resource, BEFORE[resource], BEFORE[resource])
    assert found.changes == provider_pb2.DiffResponse.DIFF_NONE
    assert not found.detailedDiff


def test_a_default_that_is_said_aloud_changes_nothing(tls: Tls) -> None:
    old = leaf_inputs("ca", "key", "request")
    said = {**old, "isCaCertificate": False, "earlyRenewalHours": 0, "setSubjectKeyId": False}
    assert tls.diff(LOCALLY_SIGNED, old, said).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_a_value_that_became_secret_is_the_same_value(tls: Tls) -> None:
    old = authority_inputs("key")
    new = {**old, "privateKeyPem": secret("key")}
    assert tls.diff(SELF_SIGNED, old, new).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_a_key_that_is_not_known_yet_replaces_what_it_signs(tls: Tls) -> None:
    old = authority_inputs("key")
    found = tls.diff(SELF_SIGNED, old, {**old, "privateKeyPem": secret(UNKNOWN)})
    assert list(found.replaces) == ["privateKeyPem"]


def test_an_input_that_is_taken_away_replaces_too(tls: Tls) -> None:
    old = {**BEFORE[REQUEST]}
    found = tls.diff(REQUEST, old, {key: value for key, value in old.items() if key != "dnsNames"})
    assert found.detailedDiff["dnsNames"].kind == KIND.DELETE_REPLACE


@pytest.mark.parametrize(("early", "due"), [(0, False), (47, False), (48, True), (100, True)])
def test_a_certificate_is_replaced_once_its_renewal_is_due(tls: Tls, early: int, due: bool) -> None:
    inputs = {**authority_inputs(tls.key()), "earlyRenewalHours": early}
    outputs = tls.made(SELF_SIGNED, **inputs)
    found = tls.diff(SELF_SIGNED, inputs, inputs, outputs)
    assert list(found.replaces) == (["readyForRenewal"] if due else [])
    assert outputs["readyForRenewal"] is due
    if due:
        assert found.detailedDiff["readyForRenewal"].kind == KIND.UPDATE_REPLACE
        assert not found.detailedDiff["readyForRenewal"].inputDiff


def test_an_expired_certificate_is_replaced(tls: Tls) -> None:
    inputs = authority_inputs(tls.key())
    past = self_signed(inputs, datetime.now(UTC) - timedelta(hours=49))
    assert list(tls.diff(SELF_SIGNED, inputs, inputs, past).replaces) == ["readyForRenewal"]
    recent = self_signed(inputs, datetime.now(UTC) - timedelta(hours=47))
    assert not tls.diff(SELF_SIGNED, inputs, inputs, recent).replaces


def test_renewal_is_due_from_the_very_second_on() -> None:
    outputs = {"validityEndTime": "2026-11-21T12:00:00Z"}
    at = datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert is_due(outputs, 2, at)
    assert not is_due(outputs, 2, at - timedelta(seconds=1))
    assert not is_due({}, 2, at)
    assert is_due(outputs, 2**31 - 1, at)


def test_other_hours_of_renewal_leave_the_certificate_as_it_is(tls: Tls) -> None:
    inputs = authority_inputs(tls.key())
    outputs = tls.create(SELF_SIGNED, **inputs)
    request = provider_pb2.UpdateRequest(
        id=outputs["id"],
        urn=urn(SELF_SIGNED),
        olds=to_struct(outputs),
        old_inputs=to_struct(inputs),
        news=to_struct({**inputs, "earlyRenewalHours": 5}),
    )
    updated = from_struct(tls.stub.Update(request).properties)
    assert updated == {**outputs, "earlyRenewalHours": 5}


def test_a_refresh_shows_what_the_state_has_and_whether_renewal_is_due(tls: Tls) -> None:
    inputs = {**authority_inputs(tls.key()), "earlyRenewalHours": 10}
    for hours, due in ((37, False), (39, True)):
        outputs = self_signed(inputs, datetime.now(UTC) - timedelta(hours=hours))
        request = provider_pb2.ReadRequest(
            id=outputs["id"], urn=urn(SELF_SIGNED), inputs=to_struct(inputs), properties=to_struct(outputs)
        )
        seen = tls.stub.Read(request)
        assert seen.id == outputs["id"]
        assert from_struct(seen.inputs) == inputs
        assert revealed(from_struct(seen.properties)) == {**outputs, "readyForRenewal": due}
