"""The bare program: the same resources from a file, through the same classes of the SDK, and nothing else.

It imports nothing of ours. A file of JSON stands for literals in its source, which Python would read in no less time.
"""

from __future__ import annotations

import gc
import json
import os
import re
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pulumi_tls as tls

_CLASSES: dict[str, type[pulumi.CustomResource]] = {
    "kubernetes:core/v1:ConfigMap": k8s.core.v1.ConfigMap,
    "kubernetes:core/v1:Namespace": k8s.core.v1.Namespace,
    "kubernetes:core/v1:Secret": k8s.core.v1.Secret,
    "kubernetes:core/v1:Service": k8s.core.v1.Service,
    "kubernetes:core/v1:ServiceAccount": k8s.core.v1.ServiceAccount,
    "kubernetes:apps/v1:StatefulSet": k8s.apps.v1.StatefulSet,
    "kubernetes:batch/v1:Job": k8s.batch.v1.Job,
    "kubernetes:networking.k8s.io/v1:NetworkPolicy": k8s.networking.v1.NetworkPolicy,
    "kubernetes:policy/v1:PodDisruptionBudget": k8s.policy.v1.PodDisruptionBudget,
    "pulumi:providers:kubernetes": k8s.Provider,
    "pulumi:providers:tls": tls.Provider,
    "tls:index/certRequest:CertRequest": tls.CertRequest,
    "tls:index/locallySignedCert:LocallySignedCert": tls.LocallySignedCert,
    "tls:index/privateKey:PrivateKey": tls.PrivateKey,
    "tls:index/selfSignedCert:SelfSignedCert": tls.SelfSignedCert,
}


def arguments(recorded: dict[str, Any]) -> dict[str, Any]:
    """The recording with each class's own arguments in place of the inputs on the wire: done before any run."""
    resources = []
    for item in recorded["resources"]:
        given = {_snake(key): value for key, value in item["inputs"].items() if key not in ("apiVersion", "kind")}
        if item["type"].startswith("pulumi:providers:"):  # whose inputs are text on the wire
            given = {key: {"true": True, "false": False}.get(value, value) for key, value in given.items()}
        resources.append({**item, "inputs": given, "refers": "concatenated" in json.dumps(given)})
    return {**recorded, "resources": resources}


def program(path: Path) -> None:
    """Register what the file holds. BENCH_COLLECT_AFTER lets Python look for cycles as rarely as ours does."""
    if after := os.environ.get("BENCH_COLLECT_AFTER"):
        gc.set_threshold(int(after))
    recorded = json.loads(path.read_text())
    made: list[pulumi.Resource] = []
    sources: dict[str, pulumi.Resource] = {}
    for item in recorded["resources"]:
        parent, provider = item["parent"], item["provider"]
        options = pulumi.ResourceOptions(
            parent=None if parent is None else made[parent],
            provider=None if provider is None else made[provider],
            depends_on=[made[place] for place in item["dependsOn"]],
            protect=item["protect"] or None,
            ignore_changes=item["ignoreChanges"] or None,
        )
        if item["custom"]:
            inputs = _resolved(item["inputs"], sources) if item["refers"] else item["inputs"]
            made.append(_CLASSES[item["type"]](item["name"], opts=options, **inputs))
            if item["type"].startswith("tls:"):
                sources[item["name"]] = made[-1]
        else:
            made.append(pulumi.ComponentResource(item["type"], item["name"], item["inputs"], options))
    for resource, item in zip(made, recorded["resources"], strict=True):
        if isinstance(resource, pulumi.ComponentResource):
            resource.register_outputs(item.get("outputs", {}))
    for key, value in recorded["exports"].items():
        pulumi.export(key, value)


def _resolved(value: Any, sources: dict[str, pulumi.Resource]) -> Any:
    """Inputs with the outputs of other resources in the places that name them."""
    if not isinstance(value, dict):
        return value
    if "concatenated" in value:
        outputs = [getattr(sources[name], _snake(key)) for name, key in value["concatenated"]]
        return outputs[0] if len(outputs) == 1 else pulumi.Output.concat(*outputs)
    return {key: _resolved(item, sources) for key, item in value.items()}


def _snake(key: str) -> str:
    return re.sub(r"[A-Z]", lambda letter: "_" + letter.group().lower(), key)
