"""What a certificate may be used for, by terraform's names, as X.509 extensions."""

from __future__ import annotations

from collections.abc import Iterable

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

# RFC 5280, 4.2.1.3; the values are x509.KeyUsage's own names.
_KEY_USES = {
    "digital_signature": "digital_signature",
    "content_commitment": "content_commitment",
    "key_encipherment": "key_encipherment",
    "data_encipherment": "data_encipherment",
    "key_agreement": "key_agreement",
    "cert_signing": "key_cert_sign",
    "crl_signing": "crl_sign",
    "encipher_only": "encipher_only",
    "decipher_only": "decipher_only",
}
# RFC 5280, 4.2.1.12; what cryptography has no name for is as in Go's crypto/x509.
_PURPOSES = {
    "any_extended": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    "server_auth": ExtendedKeyUsageOID.SERVER_AUTH,
    "client_auth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "code_signing": ExtendedKeyUsageOID.CODE_SIGNING,
    "email_protection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "ipsec_end_system": x509.ObjectIdentifier("1.3.6.1.5.5.7.3.5"),
    "ipsec_tunnel": x509.ObjectIdentifier("1.3.6.1.5.5.7.3.6"),
    "ipsec_user": x509.ObjectIdentifier("1.3.6.1.5.5.7.3.7"),
    "timestamping": ExtendedKeyUsageOID.TIME_STAMPING,
    "ocsp_signing": ExtendedKeyUsageOID.OCSP_SIGNING,
    "microsoft_server_gated_crypto": x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.3"),
    "netscape_server_gated_crypto": x509.ObjectIdentifier("2.16.840.1.113730.4.1"),
    "microsoft_commercial_code_signing": x509.ObjectIdentifier("1.3.6.1.4.1.311.2.1.22"),
    "microsoft_kernel_code_signing": x509.ObjectIdentifier("1.3.6.1.4.1.311.61.1.1"),
}
USES = {*_KEY_USES, *_PURPOSES}


def uses(allowed: Iterable[str]) -> list[tuple[x509.ExtensionType, bool]]:
    """The extensions for these uses, each with whether it is critical. Raises ValueError for a combination

    that has no meaning: `encipher_only` or `decipher_only` without `key_agreement`.
    """
    given = list(dict.fromkeys(allowed))
    made: list[tuple[x509.ExtensionType, bool]] = []
    if any(use in _KEY_USES for use in given):
        made.append((x509.KeyUsage(**{field: use in given for use, field in _KEY_USES.items()}), True))
    purposes = [_PURPOSES[use] for use in given if use in _PURPOSES]
    if purposes:
        made.append((x509.ExtendedKeyUsage(purposes), False))
    return made


def path_length(is_ca: bool, limit: int | None) -> int | None:
    """The limit that the certificate gets: none below 1, as in the official plugin, where Go takes 0 for "not set"."""
    return limit if is_ca and limit is not None and limit > 0 else None
