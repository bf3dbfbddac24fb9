"""Every object of a region, in the order of an update: what the components register and `fleet render` writes."""

from __future__ import annotations

from collections.abc import Iterator

from components.manifests import chain, keeper, notary, region, signer, zookeeper
from components.manifests.certificates import Circle, Part, PemOf
from components.manifests.pods import Named
from components.manifests.region import SecretValue
from config.plan import FleetPlan, RegionPlan


def region_objects(plan: FleetPlan, part: RegionPlan, secret: SecretValue, pem: PemOf) -> Iterator[Named]:
    """The objects of one region with their logical names.

    `secret` gives a value for each secret key, `pem` one for each key and certificate.
    """
    yield from region.objects(plan, part, secret)
    yield from zookeeper.objects(plan, part, pem)
    yield from keeper.objects(plan, part, pem)
    for duty in part.duties:
        yield from notary.objects(plan, part, duty, secret)
        if duty.kind == "iguana":
            yield from signer.objects(plan, part, duty)
        for daemon in part.daemons_of(duty):
            yield from chain.objects(plan, part, daemon)


def carries_data(manifest: dict[str, object]) -> bool:
    """Whether deleting the object could lose data: a namespace takes its claims along."""
    spec = manifest.get("spec")
    claims = isinstance(spec, dict) and "volumeClaimTemplates" in spec
    return claims or manifest["kind"] in ("Namespace", "PersistentVolumeClaim")


def secret_shown(key: str) -> str:
    """What stands in a manifest for a secret of the stack."""
    return f"<secret {key}>"


def pem_shown(holder: str, circle: Circle, part: Part) -> str:
    """What stands in a manifest for a key or a certificate."""
    return f"<{circle} {part} of {holder}>"
