"""The ensemble's keys and certificates: two authorities, and a key for each server, client and the keeper."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

import pulumi
import pulumi_tls as tls

from components.manifests.certificates import CIRCLES, Circle, Holder, Part, fleet_name, holders
from config.plan import FleetPlan

ALGORITHM, CURVE = "ECDSA", "P256"
# An authority ends when a person changes it (config `certificates.authorities`), not by itself.
AUTHORITY_HOURS = 20 * 365 * 24
AUTHORITY_USES = ["cert_signing", "crl_signing", "digital_signature"]


@dataclass(frozen=True, kw_only=True)
class CertificatesArgs:
    """The plan, whose servers and regions need certificates."""

    plan: FleetPlan


@dataclass(frozen=True, kw_only=True)
class Issuer:
    """An authority's key and certificate."""

    key: tls.PrivateKey
    certificate: tls.SelfSignedCert


class Certificates(pulumi.ComponentResource):
    """Keys live in the state as secrets, and in Secrets of the regions that use them; nowhere else."""

    def __init__(self, args: CertificatesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("notary:certificates:Certificates", "certificates", {}, opts)
        self._plan = args.plan
        self._policy = args.plan.loaded.stack.ensemble.certificates
        self._provider = tls.Provider("certificates", opts=pulumi.ResourceOptions(parent=self))
        self._issuers = {
            circle: [self._authority(circle, name) for name in self._policy.authorities] for circle in CIRCLES
        }
        self._keys: dict[str, tls.PrivateKey] = {}
        self._certificates: dict[tuple[str, Circle], tls.LocallySignedCert] = {}
        for holder in holders(args.plan):
            self._issue(holder)
        self.register_outputs({})

    def pem(self, holder: str, circle: Circle, part: Part) -> pulumi.Output[str]:
        """A key, a certificate, both in one file, or the authorities that the circle trusts."""
        if part == "trust":
            return pulumi.Output.concat(*(issuer.certificate.cert_pem for issuer in self._issuers[circle]))
        key, certificate = self._keys[holder].private_key_pem_pkcs8, self._certificates[holder, circle].cert_pem
        return {"key": key, "certificate": certificate, "pair": pulumi.Output.concat(key, certificate)}[part]

    def _options(self, protect: bool = False) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, provider=self._provider, protect=protect or None)

    def _authority(self, circle: Circle, name: str) -> Issuer:
        """Protected: without it every certificate that it issued would have to be changed at once."""
        label = authority_name(circle, name)
        options = self._options(protect=True)
        key = tls.PrivateKey(f"{label}-key", algorithm=ALGORITHM, ecdsa_curve=CURVE, opts=options)
        certificate = tls.SelfSignedCert(
            label,
            private_key_pem=key.private_key_pem,
            subject={"common_name": label, "organization": fleet_name(self._plan)},
            is_ca_certificate=True,
            set_subject_key_id=True,
            allowed_uses=AUTHORITY_USES,
            validity_period_hours=AUTHORITY_HOURS,
            opts=options,
        )
        return Issuer(key=key, certificate=certificate)

    def _issue(self, holder: Holder) -> None:
        options = self._options()
        key = tls.PrivateKey(f"{holder.name}-key", algorithm=ALGORITHM, ecdsa_curve=CURVE, opts=options)
        self._keys[holder.name] = key
        request = tls.CertRequest(
            f"{holder.name}-request",
            private_key_pem=key.private_key_pem,
            dns_names=[host for host in holder.hosts if not _is_address(host)] or None,
            ip_addresses=[host for host in holder.hosts if _is_address(host)] or None,
            subject={"common_name": holder.common_name, "organization": fleet_name(self._plan)},
            opts=options,
        )
        for circle in holder.circles:
            issuer = self._issuers[circle][0]
            self._certificates[holder.name, circle] = tls.LocallySignedCert(
                f"{holder.name}-{circle}",
                cert_request_pem=request.cert_request_pem,
                ca_cert_pem=issuer.certificate.cert_pem,
                ca_private_key_pem=issuer.key.private_key_pem,
                allowed_uses=list(holder.uses),
                set_subject_key_id=True,
                validity_period_hours=24 * self._policy.valid_days,
                early_renewal_hours=24 * self._policy.renew_days,
                opts=options,
            )


def authority_name(circle: Circle, name: str) -> str:
    """The logical name of an authority's certificate; its key's has `-key` behind it."""
    return f"{circle}-authority-{name}"


def protected_names(plan: FleetPlan) -> Iterator[str]:
    """The logical names of what goes only by name."""
    for circle in CIRCLES:
        for name in plan.loaded.stack.ensemble.certificates.authorities:
            yield from (authority_name(circle, name), f"{authority_name(circle, name)}-key")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
