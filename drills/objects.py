"""From a fleet's manifests to what a cluster would make of them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

Data = Mapping[str, str | bytes]


def pod_of(found: dict[str, Any]) -> dict[str, Any]:
    """The pod that a StatefulSet of one makes."""
    template, name = found["spec"]["template"], f"{found['metadata']['name']}-0"
    claims = [
        {"name": claim, "persistentVolumeClaim": {"claimName": f"{claim}-{name}"}}
        for claim in (item["metadata"]["name"] for item in found["spec"]["volumeClaimTemplates"])
    ]
    metadata = {"name": name, "labels": template["metadata"]["labels"], "namespace": found["metadata"]["namespace"]}
    return {"metadata": metadata, "spec": {**template["spec"], "volumes": [*template["spec"]["volumes"], *claims]}}


def data_of(manifest: dict[str, Any]) -> Data:
    """What a ConfigMap or Secret holds."""
    binary = {key: base64.b64decode(text) for key, text in manifest.get("binaryData", {}).items()}
    return {**manifest.get("data", {}), **manifest.get("stringData", {}), **binary}
