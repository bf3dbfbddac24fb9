"""The inputs of each resource: types, defaults and limits as in terraform-provider-tls, and every mistake in them.

The write-only inputs (`privateKeyPemWo` and the like) are not here: whoever gives one is told so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.plugins.tls.errors import InputError, quoted
from sandbox.plugins.tls.extensions import USES
from sandbox.plugins.tls.keys import ALGORITHMS, CURVES
from sandbox.plugins.tls.names import SUBJECT
from sandbox.plugins.values import holds

PRIVATE_KEY = "tls:index/privateKey:PrivateKey"
SELF_SIGNED = "tls:index/selfSignedCert:SelfSignedCert"
REQUEST = "tls:index/certRequest:CertRequest"
LOCALLY_SIGNED = "tls:index/locallySignedCert:LocallySignedCert"
_TYPES: dict[str, type] = {"string": str, "whole number": int, "boolean": bool, "list": list, "subject": dict}


@dataclass(frozen=True, kw_only=True)
class Property:
    """One input. `kind` is a key of _TYPES, `among` the values allowed, the numbers from `least` to `most`."""

    kind: str = "string"
    required: bool = False
    default: Any = None
    among: tuple[str, ...] = ()
    least: int = 0
    most: int = 2**31 - 1


_HOURS = Property(kind="whole number", required=True)
_EARLY = Property(kind="whole number", default=0)
_FLAG = Property(kind="boolean", default=False)
_NAMED = {name: Property(kind="list") for name in ("dnsNames", "ipAddresses", "uris")}
_PEM = Property(required=True)
_ISSUED = {
    "allowedUses": Property(kind="list", required=True, among=tuple(sorted(USES))),
    "validityPeriodHours": _HOURS,
    "earlyRenewalHours": _EARLY,
    "isCaCertificate": _FLAG,
    "maxPathLength": Property(kind="whole number", least=-1),
    "setSubjectKeyId": _FLAG,
}
INPUTS: dict[str, dict[str, Property]] = {
    PRIVATE_KEY: {
        "algorithm": Property(required=True, among=ALGORITHMS),
        "ecdsaCurve": Property(default="P224", among=tuple(CURVES)),
        "rsaBits": Property(kind="whole number", default=2048, least=1024, most=16384),
    },
    SELF_SIGNED: {
        **_ISSUED,
        **_NAMED,
        "privateKeyPem": _PEM,
        "setAuthorityKeyId": _FLAG,
        "subject": Property(kind="subject"),
    },
    REQUEST: {**_NAMED, "privateKeyPem": _PEM, "subject": Property(kind="subject")},
    LOCALLY_SIGNED: {**_ISSUED, "caCertPem": _PEM, "caPrivateKeyPem": _PEM, "certRequestPem": _PEM},
}


def completed(resource: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs that are set, and the defaults of the others. Inputs are plain: no secrets' wrapping."""
    defaults = {name: item.default for name, item in INPUTS[resource].items() if item.default is not None}
    return {**defaults, **{key: value for key, value in inputs.items() if _given(key, value)}}


def checked(resource: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The same, once there is no mistake in them. Raises InputError for the first."""
    for mistake in mistakes(resource, inputs):
        raise mistake
    return completed(resource, inputs)


def mistakes(resource: str, inputs: Mapping[str, Any]) -> Iterator[InputError]:
    """Everything that can be said of the inputs without making anything. What is not known yet is not judged."""
    known = INPUTS[resource]
    what = resource.rsplit(":", 1)[-1]
    for name in sorted(key for key, value in inputs.items() if _given(key, value) and key not in known):
        yield InputError(name, f"the sandbox's {what} has no such input; it has {', '.join(sorted(known))}")
    for name, item in known.items():
        value = inputs.get(name)
        if value is None:
            if item.required:
                yield InputError(name, f"is missing; {what} needs it")
        elif not holds(value, "unknown"):
            yield from _wrong(name, item, value)


def _given(key: str, value: Any) -> bool:
    return value is not None and not key.startswith("__")


def _wrong(name: str, item: Property, value: Any) -> Iterator[InputError]:
    if not isinstance(value, _TYPES[item.kind]) or (item.kind == "whole number" and isinstance(value, bool)):
        yield InputError(name, f"is not a {item.kind}")
    elif item.kind == "subject":
        yield from _wrong_subject(name, value)
    elif item.kind == "whole number":
        if not item.least <= value <= item.most:
            yield InputError(name, f"{value} is not between {item.least} and {item.most}")
    else:
        for one in value if isinstance(value, list) else [value]:
            if item.kind == "list" and not isinstance(one, str):
                yield InputError(name, "is not a list of strings")
            elif item.among and one not in item.among:
                yield InputError(name, f"{quoted(one)} is not known; known are {', '.join(item.among)}")


def _wrong_subject(name: str, subject: Mapping[str, Any]) -> Iterator[InputError]:
    for key, value in subject.items():
        if not _given(key, value):
            continue
        if key not in SUBJECT:
            yield InputError(f"{name}.{key}", f"a subject has no such part; it has {', '.join(SUBJECT)}")
        elif key == "streetAddresses":
            if not isinstance(value, list) or not all(isinstance(line, str) for line in value):
                yield InputError(f"{name}.{key}", "is not a list of strings")
        elif not isinstance(value, str):
            yield InputError(f"{name}.{key}", "is not a string")
