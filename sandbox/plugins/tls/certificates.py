"""Keys, requests and certificates from a resource's inputs. Nothing here knows an engine, and the time is given.

Inputs and outputs are Pulumi's property dicts: plain values, camelCase names. Outputs hold the inputs with their
defaults too, as a state does, and `id`. Each function raises InputError, one sentence that begins with the property.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sandbox.plugins.tls import keys
from sandbox.plugins.tls.errors import InputError
from sandbox.plugins.tls.extensions import path_length, uses
from sandbox.plugins.tls.inputs import LOCALLY_SIGNED, PRIVATE_KEY, REQUEST, SELF_SIGNED, checked
from sandbox.plugins.tls.names import alternative_names, copied, subject

Names = tuple[x509.Name, x509.SubjectAlternativeName | None]
_SERIAL_BITS = 128
_Kind = TypeVar("_Kind", bound=x509.ExtensionType)


def made(resource: str, inputs: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The outputs of a resource, by its type's token."""
    if resource == PRIVATE_KEY:
        return private_key(inputs)
    if resource == REQUEST:
        return request(inputs)
    return self_signed(inputs, now) if resource == SELF_SIGNED else locally_signed(inputs, now)


def private_key(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """A new key: `privateKeyPem`, `privateKeyPemPkcs8`, `privateKeyOpenssh`, `publicKeyPem` and the others."""
    given = checked(PRIVATE_KEY, inputs)
    key = keys.generated(given["algorithm"], given["ecdsaCurve"], given["rsaBits"])
    return {**given, **keys.written(key)}


def request(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """A certificate request, `certRequestPem`, signed with its key."""
    given = checked(REQUEST, inputs)
    key = _key("privateKeyPem", given)
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject(given.get("subject") or {}))
    others = alternative_names(given)
    if others:
        builder = builder.add_extension(others, critical=False)
    signed = builder.sign(key, keys.digest_for(key))
    return {
        **given,
        "id": hashlib.sha1(signed.public_bytes(Encoding.DER)).hexdigest(),
        "certRequestPem": signed.public_bytes(Encoding.PEM).decode(),
        "keyAlgorithm": keys.algorithm_of(key),
    }


def self_signed(inputs: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """A certificate signed with its own key: `certPem`, `validityStartTime`, `validityEndTime`, `readyForRenewal`."""
    given = checked(SELF_SIGNED, inputs)
    key = _key("privateKeyPem", given)
    name, others = subject(given.get("subject") or {}), alternative_names(given)
    authority = None
    if given["setAuthorityKeyId"]:
        if not (given["setSubjectKeyId"] or given["isCaCertificate"]):
            raise InputError("setAuthorityKeyId", "needs setSubjectKeyId: there is no identifier to name")
        authority = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    outputs = _certificate(given, (name, others), name, key.public_key(), key, authority, now)
    return {**outputs, "keyAlgorithm": keys.algorithm_of(key)}


def locally_signed(inputs: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """A certificate for a request, signed by a CA. The outputs are those of `self_signed`, with `caKeyAlgorithm`."""
    given = checked(LOCALLY_SIGNED, inputs)
    wanted, key = _request(given), _key("caPrivateKeyPem", given)
    authority = _authority(given)
    public = authority.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if public != keys.public_der(key):
        raise InputError("caPrivateKeyPem", "is not the key of the certificate in caCertPem")
    extension = _extension(authority.extensions, x509.SubjectKeyIdentifier)
    names = (wanted.subject, _requested_names(wanted))
    # As in Go: a certificate that bears its issuer's name is taken for self-issued and names no other key.
    identifier = extension if wanted.subject != authority.subject else None
    outputs = _certificate(given, names, authority.subject, _public(wanted), key, identifier, now)
    return {**outputs, "caKeyAlgorithm": keys.algorithm_of(key)}


def doubts(resource: str, inputs: Mapping[str, Any]) -> list[str]:
    """What is no mistake, but hardly meant: sentences to warn with. The inputs are those that were used already."""
    found: list[str] = []
    if inputs.get("isCaCertificate") and inputs.get("maxPathLength") == 0:
        found.append("maxPathLength: 0 sets no limit, here as in the official plugin")
    if resource == LOCALLY_SIGNED:
        constraints = _extension(_authority(inputs).extensions, x509.BasicConstraints)
        if constraints is None or not constraints.ca:
            found.append("caCertPem: this certificate is no CA's; what is signed with it may not verify")
    return found


def is_due(outputs: Mapping[str, Any], early_hours: int, now: datetime) -> bool:
    """Whether a certificate has expired, or ends within the hours in which it is to be renewed early."""
    end = outputs.get("validityEndTime")
    try:
        return bool(end) and datetime.fromisoformat(str(end)) - timedelta(hours=early_hours) <= now
    except OverflowError:  # earlier than any calendar
        return True


def _certificate(
    given: Mapping[str, Any],
    names: Names,
    issuer: x509.Name,
    public: CertificateIssuerPublicKeyTypes,
    key: keys.PrivateKey,
    authority: x509.SubjectKeyIdentifier | None,
    now: datetime,
) -> dict[str, Any]:
    start, end = _validity(given, now)
    is_ca, (name, others) = given["isCaCertificate"], names
    if is_ca and not list(name):
        raise InputError("subject", "is empty; a CA needs at least one part of a name")
    serial = 1 + secrets.randbelow(2**_SERIAL_BITS - 1)
    builder = x509.CertificateBuilder(issuer, name, public, serial, start, end)
    for extension, critical in _uses(given):
        builder = builder.add_extension(extension, critical)
    limit = path_length(is_ca, given.get("maxPathLength"))
    builder = builder.add_extension(x509.BasicConstraints(is_ca, limit), critical=True)
    if is_ca or given["setSubjectKeyId"]:
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    if authority:
        found = x509.AuthorityKeyIdentifier(authority.digest, None, None)
        builder = builder.add_extension(found, critical=False)
    if others:
        builder = builder.add_extension(others, critical=not list(name))
    return {
        **given,
        "id": str(serial),
        "certPem": builder.sign(key, keys.digest_for(key)).public_bytes(Encoding.PEM).decode(),
        "validityStartTime": start.isoformat().replace("+00:00", "Z"),
        "validityEndTime": end.isoformat().replace("+00:00", "Z"),
        "readyForRenewal": given["earlyRenewalHours"] >= given["validityPeriodHours"],
    }


def _uses(given: Mapping[str, Any]) -> list[tuple[x509.ExtensionType, bool]]:
    try:
        return uses(given["allowedUses"])
    except ValueError:
        raise InputError("allowedUses", "encipher_only and decipher_only mean nothing without key_agreement") from None


def _validity(given: Mapping[str, Any], now: datetime) -> tuple[datetime, datetime]:
    start = now.astimezone(UTC).replace(microsecond=0)
    try:
        return start, start + timedelta(hours=given["validityPeriodHours"])
    except OverflowError:
        raise InputError("validityPeriodHours", "is longer than a calendar") from None


def _key(name: str, given: Mapping[str, Any]) -> keys.PrivateKey:
    try:
        return keys.parsed(given[name])
    except ValueError as error:
        raise InputError(name, str(error)) from None


def _authority(given: Mapping[str, Any]) -> x509.Certificate:
    try:
        found = x509.load_pem_x509_certificate(given["caCertPem"].encode())
        _ = found.extensions, found.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise InputError("caCertPem", "is not a certificate in PEM") from None
    return found


def _request(given: Mapping[str, Any]) -> x509.CertificateSigningRequest:
    try:
        found = x509.load_pem_x509_csr(given["certRequestPem"].encode())
        _ = found.extensions, found.subject
    except (ValueError, UnsupportedAlgorithm):
        raise InputError("certRequestPem", "is not a certificate request in PEM") from None
    return found


def _public(wanted: x509.CertificateSigningRequest) -> CertificateIssuerPublicKeyTypes:
    try:
        found = wanted.public_key()
    except (ValueError, UnsupportedAlgorithm):
        found = None
    if isinstance(found, CertificateIssuerPublicKeyTypes):
        return found
    raise InputError("certRequestPem", "is for a key that signs nothing")


def _requested_names(wanted: x509.CertificateSigningRequest) -> x509.SubjectAlternativeName | None:
    names = _extension(wanted.extensions, x509.SubjectAlternativeName)
    return copied(names) if names else None


def _extension(extensions: x509.Extensions, kind: type[_Kind]) -> _Kind | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
