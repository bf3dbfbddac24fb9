"""The containers of a server's pod: preparation, certificates, backup, and the server itself."""

from __future__ import annotations

from components.manifests.pods import Manifest, container_security, resources
from config import pod_ports
from config.plan import FleetPlan, Server

MEMBERS: Manifest = {"name": "members", "mountPath": "/members", "readOnly": True}


def init_containers(plan: FleetPlan, server: Server) -> list[Manifest]:
    """What runs before the server, and the sidecars that stay beside it."""
    backup = [_backup(plan)] if plan.loaded.stack.ensemble.backup else []
    return [_prepare(plan, server), _certificates(plan), _role(plan), *backup]


def server_container(plan: FleetPlan, server: Server) -> Manifest:
    ensemble = plan.loaded.stack.ensemble
    ports = {**server.listening, "metrics": pod_ports.ZOOKEEPER_METRICS}
    command = ["java", "@/conf/jvm.options", "org.apache.zookeeper.server.quorum.QuorumPeerMain", "/data/conf/zoo.cfg"]
    mounts = [
        *_data(plan),
        {"name": "tls", "mountPath": "/tls", "readOnly": True},
        {"name": "tmp", "mountPath": "/tmp"},
        MEMBERS,
    ]
    return {
        **_container(plan, "zookeeper", command, mounts),
        "env": [{"name": "SERVER_ID", "value": str(server.number)}],
        "ports": [{"name": name, "containerPort": port} for name, port in ports.items()],
        "resources": resources(ensemble.cpu, ensemble.memory),
        # A long snapshot is read for half an hour at most before the first word is answered.
        "startupProbe": _probe("live", period=2, failures=900),
        # A server of a minority is alive: only one that answers nothing at all for half a minute is restarted.
        "livenessProbe": _probe("live", period=5, failures=6),
        "readinessProbe": _probe("ready", period=2, failures=2),
        "lifecycle": {"preStop": {"exec": {"command": ["bash", "/conf/leave.sh"]}}},
    }


def _container(plan: FleetPlan, name: str, command: list[str], mounts: list[Manifest]) -> Manifest:
    return {
        "name": name,
        "image": plan.loaded.release.zookeeper.image,
        "command": command,
        "securityContext": container_security(),
        "volumeMounts": [{"name": "config", "mountPath": "/conf", "readOnly": True}, *mounts],
    }


def _data(plan: FleetPlan, read_only: bool = False) -> list[Manifest]:
    names = ["data", *(["datalog"] if plan.loaded.stack.ensemble.log_storage else [])]
    return [{"name": key, "mountPath": f"/{key}", **({"readOnly": True} if read_only else {})} for key in names]


def _backups(plan: FleetPlan, read_only: bool = False) -> list[Manifest]:
    mount = {"name": "backup", "mountPath": "/backup", **({"readOnly": True} if read_only else {})}
    return [mount] if plan.loaded.stack.ensemble.backup else []


def _prepare(plan: FleetPlan, server: Server) -> Manifest:
    ensemble = plan.loaded.stack.ensemble
    restore = [{"name": "RESTORE", "value": ensemble.restore}] if ensemble.restore else []
    made = _container(plan, "prepare", ["bash", "/conf/prepare.sh"], [*_data(plan), *_backups(plan, True), MEMBERS])
    made["env"] = [{"name": "SERVER_ID", "value": str(server.number)}, *restore]
    return {**made, "resources": resources("50m", "64Mi")}


def _certificates(plan: FleetPlan) -> Manifest:
    """A sidecar from before the server's start to after its end."""
    mounts = [{"name": "secret", "mountPath": "/secret", "readOnly": True}, {"name": "tls", "mountPath": "/tls"}]
    made = _container(plan, "certificates", ["bash", "/conf/certificates.sh"], mounts)
    copied = {"exec": {"command": ["test", "-e", "/tls/ready"]}, "periodSeconds": 1, "failureThreshold": 60}
    return {**made, "restartPolicy": "Always", "resources": resources("10m", "32Mi"), "startupProbe": copied}


def _role(plan: FleetPlan) -> Manifest:
    """A sidecar whose log says who leads."""
    made = _container(plan, "role", ["bash", "/conf/role.sh"], [])
    return {**made, "restartPolicy": "Always", "resources": resources("10m", "32Mi")}


def _backup(plan: FleetPlan) -> Manifest:
    backup = plan.loaded.stack.ensemble.backup
    made = _container(plan, "backup", ["bash", "/conf/backup.sh"], [*_data(plan, True), *_backups(plan)])
    if backup:
        made["env"] = [
            {"name": "EVERY_SECONDS", "value": str(60 * backup.every_minutes)},
            {"name": "KEEP", "value": str(backup.keep)},
        ]
    return {**made, "restartPolicy": "Always", "resources": resources("10m", "256Mi")}


def _probe(question: str, period: int, failures: int) -> Manifest:
    asked = {"exec": {"command": ["bash", "/conf/health.sh", question]}, "periodSeconds": period}
    return {**asked, "failureThreshold": failures, "timeoutSeconds": 3}
