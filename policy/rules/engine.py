"""The engine's traps: what a small change replaces or deletes, whose cluster is reached, what is shown in plain."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .resource import Known, Resource, at, containers

# A change of these replaces the object, and a set with a fixed name is deleted first (pulumi-kubernetes).
REPLACING: dict[str, tuple[tuple[str, ...], ...]] = {
    "StatefulSet": (
        ("metadata", "name"),
        ("metadata", "namespace"),
        ("spec", "serviceName"),
        ("spec", "podManagementPolicy"),
        ("spec", "revisionHistoryLimit"),
        ("spec", "selector"),
        ("spec", "volumeClaimTemplates"),
    ),
    "PersistentVolumeClaim": (
        ("metadata", "name"),
        ("metadata", "namespace"),
        ("spec", "storageClassName"),
        ("spec", "accessModes"),
        ("spec", "volumeMode"),
        ("spec", "volumeName"),
        ("spec", "selector"),
    ),
    "Namespace": (("metadata", "name"),),
}
REACHING = ("kubernetes", "aws", "docker", "docker-build")
# Keys and passwords as people paste them: PEM, a wallet's WIF, a password in a conf file.
_BASE58 = "1-9A-HJ-NP-Za-km-z"
KEYS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    rf"|(?<![{_BASE58}])(?![0-9a-f]{{51}})[5KLU][{_BASE58}]{{50,51}}(?![{_BASE58}])"
    r"|^-{0,2}rpcpassword=(?!loopback$).+$",  # in arguments a reference to a Secret too: every list of processes has it
    re.MULTILINE,
)
SHORTEST_SECRET = 8


def data_never_replaced(resource: Resource, known: Known) -> Iterator[str]:
    """What carries data is changed in place, or not at all."""
    old = next((item for item in known.before or () if item.urn == resource.urn), None)
    if old is None or not carries_data(old):
        return
    changed = [
        ".".join(path)
        for path in REPLACING.get(resource.kind, ())
        if ".".join(path) not in resource.ignored and at(old.props, *path) != at(resource.props, *path)
    ]
    if old.provider != resource.provider:
        changed.append(f"its region, {old.provider} -> {resource.provider}")
    if changed:
        yield (
            f"{resource.kind} {resource.name} carries data and would be replaced, deleted first, because of "
            f"{', '.join(changed)}. Put that back as it was; a new one beside it, synchronised, is the way to change it"
        )


def data_never_deleted(resources: tuple[Resource, ...], known: Known) -> Iterator[str]:
    """What carries data goes only when a person names it."""
    planned = {item.urn for item in resources}
    for old in known.before or ():
        if carries_data(old) and old.urn not in planned and old.name not in known.released:
            yield (
                f"{old.kind} {old.name} carries data and would be deleted. Put it back into the stack, or say that it "
                f"may go: --remove {old.name}"
            )


def carries_data(resource: Resource) -> bool:
    """Whether deleting it could lose data: a namespace takes its claims along."""
    return bool(at(resource.props, "spec", "volumeClaimTemplates")) or resource.kind in (
        "Namespace",
        "PersistentVolumeClaim",
    )


def clusters_are_fixed(resource: Resource, known: Known) -> Iterator[str]:
    """A region's provider says which cluster it is, for ever: else a changed kubeconfig replaces everything."""
    if resource.type != "pulumi:providers:kubernetes":
        return
    old = next((item for item in known.before or () if item.urn == resource.urn), None)
    now, then = resource.props.get("clusterIdentifier"), old.props.get("clusterIdentifier") if old else None
    if not now:
        yield (
            f"the provider of {resource.name} has no cluster_identifier: a changed kubeconfig would replace all that "
            "stands there. Give it one in components/region.py, and never change it"
        )
    elif then and now != then:
        yield (
            f"the cluster_identifier of {resource.name} would change from {then} to {now}, and everything in that "
            f"region would be replaced. Set regions.{resource.name}.clusterIdentifier to {then}"
        )


def no_default_providers(resource: Resource, known: Known) -> Iterator[str]:
    """Nothing is made through a provider that takes its cluster or account from the surroundings."""
    del known
    package = resource.type.partition(":")[0]
    if package == "pulumi":
        package = resource.type.rpartition(":")[2] if resource.type.startswith("pulumi:providers:") else ""
        name = resource.name
    else:
        name = resource.provider
    if package in REACHING and (name == "default" or name.startswith("default_")):
        yield (
            f"{resource.name} would be made by the default provider of {package}: in whatever cluster or account this "
            f"machine happens to point at. Give it a region's provider, and {package} a place in "
            "pulumi:disable-default-providers"
        )


def nothing_secret_in_plain(resource: Resource, known: Known) -> Iterator[str]:
    """No key and no password where everybody reads: outputs, ConfigMaps, arguments, environment, annotations."""
    for place, text in _plain(resource):
        if KEYS.search(text) or any(len(secret) >= SHORTEST_SECRET and secret in text for secret in known.secrets):
            yield (
                f"{place} of {resource.name} would show a key or a password to everybody who may look. Keep it in a "
                "Secret, and in the stack as `fleet secret set` writes it; then change it, for it was written down"
            )


def outputs_in_plain(resources: tuple[Resource, ...], known: Known) -> Iterator[str]:
    """The same for the stack's outputs, which are known only at the end."""
    for resource in resources:
        if resource.type == "pulumi:pulumi:Stack":
            yield from nothing_secret_in_plain(resource, known)


def _plain(resource: Resource) -> Iterator[tuple[str, str]]:
    if resource.type == "pulumi:pulumi:Stack":
        yield from ((f"output {key}", str(value)) for key, value in resource.props.items())
    if resource.kind == "ConfigMap":
        yield from ((f"file {key}", str(value)) for key, value in (resource.props.get("data") or {}).items())
    for key, value in (at(resource.props, "metadata", "annotations") or {}).items():
        yield f"annotation {key}", str(value)
    for item in containers(resource):
        arguments = [*(item.get("command") or ()), *(item.get("args") or ())]
        yield f"arguments of {item.get('name')}", "\n".join(map(str, arguments))
        for variable in item.get("env") or ():
            yield f"environment {variable.get('name')}", str(variable.get("value") or "")
