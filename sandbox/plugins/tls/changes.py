"""What changed of a resource, what is planned for it, and which of its values are secret. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.plugins import values
from sandbox.plugins.differences import Change
from sandbox.plugins.tls.certificates import is_due
from sandbox.plugins.tls.inputs import LOCALLY_SIGNED, PRIVATE_KEY, REQUEST, SELF_SIGNED, checked, completed
from sandbox.plugins.values import UNKNOWN

_IN_PLACE = {"earlyRenewalHours"}  # when to renew is no part of a certificate
_SENSITIVE = {"privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh", "caPrivateKeyPem"}
_ISSUED = ("certPem", "validityStartTime", "validityEndTime")
_COMPUTED = {
    PRIVATE_KEY: (
        "privateKeyPem",
        "privateKeyPemPkcs8",
        "privateKeyOpenssh",
        "publicKeyPem",
        "publicKeyOpenssh",
        "publicKeyFingerprintMd5",
        "publicKeyFingerprintSha256",
    ),
    REQUEST: ("certRequestPem", "keyAlgorithm"),
    SELF_SIGNED: (*_ISSUED, "readyForRenewal", "keyAlgorithm"),
    LOCALLY_SIGNED: (*_ISSUED, "readyForRenewal", "caKeyAlgorithm"),
}


def changes(
    resource: str, old: Mapping[str, Any], new: Mapping[str, Any], outputs: Mapping[str, Any], now: datetime
) -> list[Change]:
    """Every input that differs, defaults counted in, and `readyForRenewal` where a certificate's time has come."""
    before, after = completed(resource, old), completed(resource, new)
    found = [
        Change(path=key, kind=_kind(key, before, after), replaces=key not in _IN_PLACE)
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    ]
    if is_due(outputs, early_hours(resource, new), now):
        found.append(Change(path="readyForRenewal", kind="update", replaces=True, of_input=False))
    return found


def _kind(key: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    return "add" if key not in before else "delete" if key not in after else "update"


def early_hours(resource: str, inputs: Mapping[str, Any]) -> int:
    """The hours before a certificate's end at which it is to be renewed; 0 while they are unknown."""
    hours = completed(resource, inputs).get("earlyRenewalHours", 0)
    return hours if isinstance(hours, int) else 0


def planned(resource: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs of what is not made yet: what is to come is unknown. Raises InputError."""
    return {**checked(resource, inputs), **dict.fromkeys(_COMPUTED[resource], UNKNOWN)}


def updated(resource: str, outputs: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs after an update in place: the certificate stays, when to renew it is new."""
    made = {**outputs, **checked(resource, inputs)}
    hours = made.get("validityPeriodHours")
    return {**made, "readyForRenewal": early_hours(resource, inputs) >= hours} if hours is not None else made


def guarded(outputs: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Outputs whose secrets are wrapped: keys, and every field that was given as a secret."""
    return values.guarded(outputs, inputs, *_SENSITIVE)
