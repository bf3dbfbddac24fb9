"""The Job that brings the ensemble's members to what the stack says, after the servers' sets."""

from __future__ import annotations

from collections.abc import Iterator

from components.manifests.certificates import (
    CLIENT_MOUNT,
    KEEPER,
    KEEPER_SECRET,
    PemOf,
    client_secret,
    client_volume,
)
from components.manifests.failover import keeper_config
from components.manifests.pods import (
    Manifest,
    Named,
    config_map,
    container_security,
    labels,
    metadata,
    pod_spec,
    resources,
)
from config.names import content_name
from config.plan import FleetPlan, RegionPlan
from config.programs import PYTHON


def home(plan: FleetPlan) -> str:
    """The region where the keeper runs: that of the voter with the highest id, which is likely to lead."""
    return plan.voters[-1].region


def objects(plan: FleetPlan, region: RegionPlan, pem: PemOf) -> Iterator[Named]:
    """The keeper's Secret, ConfigMap and Job, in its home region alone."""
    if region.name != home(plan):
        return
    file = keeper_config(plan)
    name = content_name(KEEPER, f"{file}\n{plan.loaded.release.keeper.image}")
    config = config_map(plan.loaded.stack.namespace, name, labels("keeper", KEEPER), {"keeper.json": file})
    yield f"{region.name}-{KEEPER_SECRET}", client_secret(plan, KEEPER_SECRET, KEEPER, pem)
    yield f"{region.name}-{KEEPER}-config", config
    yield f"{region.name}-{KEEPER}", job(plan, region, name)


def job(plan: FleetPlan, region: RegionPlan, name: str) -> Manifest:
    """One run per membership: the Job's name changes with it, since a Job can't be changed."""
    container = {
        "name": KEEPER,
        "image": plan.loaded.release.keeper.image,
        "command": [PYTHON, "-m", "keeper", "--config", "/conf/keeper.json"],
        "resources": resources("50m", "128Mi"),
        "securityContext": container_security(),
        "volumeMounts": [{"name": "config", "mountPath": "/conf", "readOnly": True}, CLIENT_MOUNT],
    }
    pod = pod_spec(
        region,
        5,
        restartPolicy="Never",
        containers=[container],
        volumes=[{"name": "config", "configMap": {"name": name}}, client_volume(KEEPER_SECRET)],
    )
    labelled = labels("keeper", KEEPER)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata(plan.loaded.stack.namespace, name, labelled),
        "spec": {"backoffLimit": 2, "template": {"metadata": {"labels": labelled}, "spec": pod}},
    }
