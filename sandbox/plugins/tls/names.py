"""Who a certificate is for: the subject, and the alternative names."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from sandbox.plugins.tls.errors import InputError, quoted

# In the order in which Go's crypto/x509/pkix writes them.
SUBJECT = {
    "country": NameOID.COUNTRY_NAME,
    "organization": NameOID.ORGANIZATION_NAME,
    "organizationalUnit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "locality": NameOID.LOCALITY_NAME,
    "province": NameOID.STATE_OR_PROVINCE_NAME,
    "streetAddresses": NameOID.STREET_ADDRESS,
    "postalCode": NameOID.POSTAL_CODE,
    "commonName": NameOID.COMMON_NAME,
    "serialNumber": NameOID.SERIAL_NUMBER,
    "emailAddress": NameOID.EMAIL_ADDRESS,
}
# These parts have an alphabet of their own, which the library finds violated only when it signs.
_ALPHABETS = {
    "country": re.compile(r"[A-Za-z0-9 '()+,./:=?-]*"),
    "serialNumber": re.compile(r"[A-Za-z0-9 '()+,./:=?-]*"),
    "emailAddress": re.compile(r"[\x00-\x7f]*"),
}


def subject(given: Mapping[str, Any]) -> x509.Name:
    """The distinguished name of a `subject` input. Raises InputError for a part that no certificate can hold."""
    parts: list[x509.RelativeDistinguishedName] = []
    for key, kind in SUBJECT.items():
        value = given.get(key)
        lines = value if isinstance(value, list) else [value]
        for line in lines:
            if key in _ALPHABETS and line and not _ALPHABETS[key].fullmatch(line):
                raise InputError(f"subject.{key}", f"{quoted(line)} holds what can't be written there")
        try:
            attributes = [x509.NameAttribute(kind, line) for line in lines if line]
            if attributes:
                parts.append(x509.RelativeDistinguishedName(attributes))
        except UnicodeEncodeError:
            raise InputError(f"subject.{key}", "holds what can't be written in UTF-8") from None
        except ValueError as error:
            raise InputError(f"subject.{key}", " ".join(str(error).split()).rstrip(".")) from None
    return x509.Name(parts)


def alternative_names(inputs: Mapping[str, Any]) -> x509.SubjectAlternativeName | None:
    """The `dnsNames`, `ipAddresses` and `uris` of a request or certificate. Raises InputError."""
    names: list[x509.GeneralName] = []
    for key, make, wanted in (
        ("dnsNames", x509.DNSName, "plain ASCII, which others are written in as xn--"),
        ("ipAddresses", lambda text: x509.IPAddress(ipaddress.ip_address(text)), "an IP address"),
        ("uris", x509.UniformResourceIdentifier, "plain ASCII, which others are written in with percent signs"),
    ):
        for text in inputs.get(key) or []:
            try:
                names.append(make(text))
            except ValueError:
                raise InputError(key, f"{quoted(text)} is not {wanted}") from None
    return x509.SubjectAlternativeName(names) if names else None


def copied(names: x509.SubjectAlternativeName) -> x509.SubjectAlternativeName | None:
    """The kinds of names that the official plugin takes over from a request."""
    taken = (x509.DNSName, x509.IPAddress, x509.UniformResourceIdentifier)
    kept = [name for name in names if isinstance(name, taken)]
    return x509.SubjectAlternativeName(kept) if kept else None
