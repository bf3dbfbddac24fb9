"""What stands beside a daemon or a signer: the writer of its conf, gate, watchdog, and the secrets that they read."""

from __future__ import annotations

from collections.abc import Sequence

from components.manifests.certificates import CLIENT_MOUNT, GATE_MOUNT
from components.manifests.pods import Manifest, container_security, http_probe, resources
from config import pod_ports
from config.plan import Duty, FleetPlan

RPC_KEYS = {"RPC_USERNAME": "username", "RPC_PASSWORD": "password"}
CONF_FOLDER = "/run/chain"  # in memory, the pod's own: the daemon's conf with the RPC's login in it


def conf_writer(plan: FleetPlan, duty: Duty) -> Manifest:
    """Before the daemon starts, its conf with the RPC's login: komodod takes a password from there alone (ADR 35)."""
    build = duty.signer if duty.kind == "checkpoint-master" else plan.loaded.release.gate
    return {
        "name": "conf",
        "image": build.image if build else "",
        "args": ["conf", "--from", "/etc/chain/chain.conf", "--to", f"{CONF_FOLDER}/chain.conf"],
        "env": rpc_environment(plan),
        "resources": resources("10m", "64Mi"),
        "securityContext": container_security(),
        "volumeMounts": [
            {"name": "config", "mountPath": "/etc/chain/chain.conf", "subPath": "chain.conf", "readOnly": True},
            {"name": "conf", "mountPath": CONF_FOLDER},
        ],
    }


def conf_volume() -> Manifest:
    """Memory, so that the login is on no disk of the node."""
    return {"name": "conf", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}


def gate(plan: FleetPlan) -> Manifest:
    """The gate: a sidecar that starts before the daemon and outlives it, so that no call is cut off."""
    build = plan.loaded.release.gate
    return {
        "name": "gate",
        "image": build.image if build else "",
        "restartPolicy": "Always",
        "args": ["gate", "--config", "/etc/gate/gate.json"],
        "env": rpc_environment(plan),
        "ports": _ports(("gate", pod_ports.GATE), ("gate-health", pod_ports.GATE_HEALTH)),
        "resources": resources("50m", "128Mi"),
        "securityContext": container_security(),
        "volumeMounts": [
            {"name": "config", "mountPath": "/etc/gate/gate.json", "subPath": "failover.json", "readOnly": True},
            # The highest epoch ever seen lives with the chain's data, out of the daemon's sight.
            {"name": "data", "mountPath": "/var/lib/gate", "subPath": "gate"},
            CLIENT_MOUNT,
            GATE_MOUNT,
        ],
        "livenessProbe": http_probe("/livez", pod_ports.GATE_HEALTH, period=10, failures=3),
        "readinessProbe": http_probe("/readyz", pod_ports.GATE_HEALTH, period=5, failures=2),
    }


def watchdog(duty: Duty) -> Manifest:
    """The watchdog: it kills the signer whose agent lets the deadline pass, so it sees the pod's processes."""
    return {
        "name": "watchdog",
        "image": duty.signer.image,
        "restartPolicy": "Always",
        "args": ["watchdog", "--config", "/etc/agent/agent.json"],
        "resources": resources("10m", "64Mi"),
        "securityContext": container_security(),
        "volumeMounts": [
            {"name": "config", "mountPath": "/etc/agent/agent.json", "subPath": "failover.json", "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},
            CLIENT_MOUNT,  # it ends the session of an agent that died
        ],
    }


def rpc_environment(plan: FleetPlan) -> list[Manifest]:
    """The RPC's user and password, by reference."""
    secret = plan.rpc_secret
    return [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}} for name, key in RPC_KEYS.items()
    ]


def keys_volume(plan: FleetPlan, duty: Duty) -> Manifest:
    """The notary's keys, readable by the pod's own user and group alone."""
    name = plan.keys_secret(duty)
    return {"name": "keys", "secret": {"secretName": name, "defaultMode": 0o440}}


def _ports(*named: tuple[str, int]) -> Sequence[Manifest]:
    return [{"name": name, "containerPort": port} for name, port in named]
