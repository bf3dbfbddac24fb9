"""Names of things on AWS that carry data or are found by name, from the configuration's keys alone. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from config.names import object_name
from config.plan import FleetPlan, RegionPlan, Server

_CLUSTER_LIMIT = 100  # EKS API, CreateCluster
_BALANCER_LIMIT = 32  # Elastic Load Balancing API, CreateLoadBalancer and CreateTargetGroup


def cluster_name(plan: FleetPlan, region: RegionPlan) -> str:
    """The EKS cluster's."""
    return object_name("notary", plan.loaded.name, region.name, limit=_CLUSTER_LIMIT)


def balancer_name(plan: FleetPlan, server: Server, part: str = "server") -> str:
    """Of a server's load balancer, or of one of its target groups."""
    return object_name(plan.loaded.name, f"zk-{server.number}", part, limit=_BALANCER_LIMIT)


def repositories(plan: FleetPlan) -> tuple[str, ...]:
    """The repositories of the release's images: `notary/komodod` of `registry.example.net/notary/komodod@sha256:…`."""
    images = {build.image for build in plan.loaded.release.builds.values()}
    return tuple(sorted({image.partition("/")[2].partition("@")[0].partition(":")[0] for image in images}))


def key_alias(plan: FleetPlan, region: RegionPlan) -> str:
    """The ARN by which volumes' classes name the region's key."""
    cloud = plan.loaded.stack.aws
    account = cloud.account if cloud else ""
    return f"arn:aws:kms:{region.made.region.aws_region}:{account}:alias/{cluster_name(plan, region)}"


def kept_secrets(plan: FleetPlan, region: RegionPlan) -> tuple[str, ...]:
    """The Kubernetes Secrets of a region that come from Secrets Manager, where the stack says so."""
    cloud = plan.loaded.stack.aws
    if cloud is None or cloud.keys != "secrets-manager" or not region.duties:
        return ()
    rpc = {plan.rpc_secret} if plan.loaded.stack.rpc.secret_name else set[str]()
    return tuple(sorted({duty.keys.secret_name for duty in region.duties if duty.keys.secret_name} | rpc))


def vault_name(plan: FleetPlan, secret: str) -> str:
    """A Secret's name in Secrets Manager."""
    return f"notary/{plan.loaded.name}/{secret}"


def protected(plan: FleetPlan) -> Iterator[str]:
    """The logical names of what goes only by name, as the components register it."""
    for name, region in plan.regions.items():
        if region.network is None:
            continue
        yield from (f"{name}-key", f"{name}-cluster")
        yield from (f"{name}-repository-{repository.replace('/', '-')}" for repository in repositories(plan))
        yield from (f"{name}-secret-{secret}" for secret in kept_secrets(plan, region))
