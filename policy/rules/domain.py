"""The domain's rules: elected regions, shards apart, original images, dedicated nodes, private RPC.

Their source is the notaries' own rules (KomodoPlatform/dPoW 2f846c0, doc/): stay in the elected region, Main and 3P
apart, only original code, dedicated hardware, no wallet RPC that others reach.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .resource import NOTARY, ROLE, SHARD, Known, Resource, at, containers, duty, pods, what

DIGEST = re.compile(r".+@sha256:[0-9a-f]{64}")
OUTSIDE = ("LoadBalancer", "NodePort")
# What other machines may reach: Iguana's bus, a chain's peers, and the ensemble's servers.
PUBLIC_PORTS = ("bus", "p2p", "client", "peer", "election")
LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")
RPC_LISTENS = re.compile(r"^-{0,2}(rpcbind|rpcallowip)=(?P<where>.*)$")


def in_elected_region(resource: Resource, known: Known) -> Iterator[str]:
    """A notary's signers and daemons stand in regions of the area that it was elected in."""
    notary = resource.label(NOTARY)
    elected, area = at(known.notaries, notary, "electedRegion"), at(known.regions, resource.provider, "area")
    if resource.kind == "StatefulSet" and notary and elected != area:
        yield (
            f"{notary} is elected in {elected}, and its {what(resource)} would run in {resource.provider}, which is in "
            f"{area}: a notary that leaves its elected region loses its seat. Take {resource.provider} out of the "
            f"candidates of {duty(resource)}, or name a region whose area is {elected}"
        )


def shards_apart(resource: Resource, known: Known) -> Iterator[str]:
    """Main and 3P of a notary never share a node, unless the stack says that they may."""
    notary = at(known.notaries, resource.label(NOTARY)) or {}
    several = len(notary.get("duties") or {}) > 1 and notary.get("kind") == "iguana"
    if resource.kind != "StatefulSet" or not several or notary.get("shardsApart") is False:
        return
    affinity = at(pods(resource), "affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    if not any(_keeps_off(term, resource) for term in affinity or ()):
        yield (
            f"the {what(resource)} of {duty(resource)} in {resource.provider} may land on a node of the notary's other "
            "shard, and notaries keep Main and 3P on machines of their own. Give its pod the anti-affinity of "
            "components/manifests/pods.py, or say shardsApart: false if the rule was relaxed for you"
        )


def _keeps_off(term: object, resource: Resource) -> bool:
    """Whether a term of anti-affinity keeps a pod off the nodes of the same notary's other shards."""
    chosen = at(term, "labelSelector", "matchLabels") or {}
    others = [
        item
        for item in at(term, "labelSelector", "matchExpressions") or ()
        if (item.get("key"), item.get("operator")) == (SHARD, "NotIn") and item.get("values") == [resource.label(SHARD)]
    ]
    same_node = at(term, "topologyKey") == "kubernetes.io/hostname"
    return same_node and dict(chosen) == {NOTARY: resource.label(NOTARY)} and bool(others)


def images_of_the_release(resource: Resource, known: Known) -> Iterator[str]:
    """Every container runs an image by its digest, and one that the stack's release names."""
    for container in containers(resource):
        image = str(container.get("image") or "")
        where = f"container {container.get('name')} of {resource.name}"
        if not DIGEST.fullmatch(image):
            yield f"{where} runs {image or 'no image'}, which can change under its tag. Name it as …@sha256:<digest>"
        elif known.images is not None and image not in known.images:
            yield f"{where} runs {image}, which the release does not name. Take the release's"


def on_dedicated_nodes(resource: Resource, known: Known) -> Iterator[str]:
    """In production, daemons and signers are placed on nodes that are set apart for them."""
    placed = resource.kind == "StatefulSet" and resource.label(ROLE) in ("chain", "signer")
    if known.stage == "production" and placed and not pods(resource).get("nodeSelector"):
        yield (
            f"{resource.name} may run on any node of {resource.provider}, beside strangers' pods; notaries use "
            f"hardware of their own. Give regions.{resource.provider} a nodeSelector, such as "
            "{notary-fleet.dev/dedicated: chains}, and those nodes the label"
        )


def no_public_rpc(resource: Resource, known: Known) -> Iterator[str]:
    """A wallet's RPC is reached on its pod's loopback alone."""
    del known
    reached = at(resource.props, "spec", "type") in OUTSIDE or at(resource.props, "spec", "externalIPs")
    if resource.kind == "Service" and reached:
        for port in at(resource.props, "spec", "ports") or ():
            if port.get("name") not in PUBLIC_PORTS:
                yield (
                    f"Service {resource.name} in {resource.provider} would offer port {port.get('port')} "
                    f"({port.get('name') or 'without a name'}) to other machines. Make it of type ClusterIP: whoever "
                    "reaches a wallet's RPC spends its coins"
                )
    for line in [*_configured(resource), *(text for item in containers(resource) for text in item.get("args") or ())]:
        found = RPC_LISTENS.match(str(line))
        if found and found["where"] not in LOOPBACK:
            yield f"{resource.name} would have the RPC of a wallet at {found['where']}. Bind and allow 127.0.0.1 alone"
    published = [port for item in containers(resource) for port in item.get("ports") or () if port.get("hostPort")]
    if pods(resource).get("hostNetwork") or published:
        yield f"{resource.name} would listen on its node's own addresses. Leave hostNetwork and hostPort out"


def _configured(resource: Resource) -> Iterator[str]:
    if resource.kind == "ConfigMap":
        for text in (resource.props.get("data") or {}).values():
            yield from str(text).splitlines()
