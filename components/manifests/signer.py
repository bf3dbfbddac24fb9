"""An Iguana signer: agent and Iguana in one container, the watchdog beside it, and the bus's Service."""

from __future__ import annotations

from collections.abc import Iterator

from components.manifests.certificates import AGENTS_SECRET, CLIENT_MOUNT, GATE_MOUNT, client_volume, gate_volume
from components.manifests.failover import agent_config
from components.manifests.pods import (
    UNAWAITED,
    Manifest,
    Named,
    config_map,
    container_security,
    http_probe,
    labels,
    metadata,
    placement,
    pod_spec,
    resources,
    selector,
    stateful_set,
)
from components.manifests.sidecars import keys_volume, watchdog
from config import pod_ports
from config.names import content_name, object_name
from config.plan import Duty, FleetPlan, RegionPlan

# A dPoW round takes up to 300 s (KomodoPlatform/dPoW 2f846c0); the agent ends its part of one before it stops Iguana.
STOP_GRACE_SECONDS = 330


def name_of(duty: Duty) -> str:
    """The name of a duty's signer."""
    return object_name(duty.notary, duty.shard, "signer")


def objects(plan: FleetPlan, region: RegionPlan, duty: Duty) -> Iterator[Named]:
    """ConfigMap, Service of the bus and StatefulSet of one signer."""
    namespace, name = plan.loaded.stack.namespace, name_of(duty)
    labelled = labels("signer", name, duty)
    agent = agent_config(plan, region, duty)
    config = config_map(namespace, content_name(name, agent), labelled, {"failover.json": agent})
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(namespace, name, labelled, annotations=UNAWAITED),
        "spec": {
            "type": region.region.bus_service,
            "selector": selector("signer", name),
            "publishNotReadyAddresses": True,
            "ports": [{"name": "bus", "port": duty.bus_port, "targetPort": "bus"}],
        },
    }
    pod = _pod(plan, region, duty, str(config["metadata"]["name"]))
    logical = f"{region.name}-{name}"
    yield f"{logical}-config", config
    yield logical, service
    yield logical, stateful_set(namespace, name, labelled, name, pod)


def _pod(plan: FleetPlan, region: RegionPlan, duty: Duty, config: str) -> Manifest:
    return pod_spec(
        region,
        STOP_GRACE_SECONDS,
        # The watchdog kills a signer whose agent is frozen: it must see the signer's process.
        shareProcessNamespace=True,
        initContainers=[watchdog(duty)],
        containers=[_signer(duty)],
        volumes=[
            {"name": "config", "configMap": {"name": config}},
            {"name": "home", "emptyDir": {}},
            {"name": "tmp", "emptyDir": {}},
            keys_volume(plan, duty),
            client_volume(),
            gate_volume(AGENTS_SECRET),
        ],
        **placement("signer", duty),
    )


def _signer(duty: Duty) -> Manifest:
    return {
        "name": "signer",
        "image": duty.signer.image,
        "args": ["agent", "--config", "/etc/agent/agent.json"],
        "env": [{"name": "HOME", "value": "/home/notary"}],
        "ports": [
            {"name": "bus", "containerPort": duty.bus_port},
            {"name": "agent-health", "containerPort": pod_ports.AGENT_HEALTH},
        ],
        "resources": resources("500m", "1Gi"),
        "securityContext": container_security(),
        "volumeMounts": [
            {"name": "config", "mountPath": "/etc/agent/agent.json", "subPath": "failover.json", "readOnly": True},
            {"name": "keys", "mountPath": "/run/secrets/notary", "readOnly": True},
            CLIENT_MOUNT,
            GATE_MOUNT,
            {"name": "home", "mountPath": "/home/notary"},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
        # Alive is the agent; ready is an agent that campaigns. A standby is ready: it could take over.
        "startupProbe": http_probe("/livez", pod_ports.AGENT_HEALTH, period=2, failures=60),
        "livenessProbe": http_probe("/livez", pod_ports.AGENT_HEALTH, period=10, failures=3),
        "readinessProbe": http_probe("/readyz", pod_ports.AGENT_HEALTH, period=5, failures=2),
    }
