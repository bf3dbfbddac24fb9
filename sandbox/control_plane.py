"""One region's control plane: which processes it has, with which arguments. Nothing is started here."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

NODES_PER_REGION = 3
STAGES = Path(__file__).resolve().parent / "stages.yaml"


@dataclass(frozen=True, kw_only=True)
class ControlPlane:
    """A region in `folder`, with the tools' binaries and four free ports on loopback."""

    name: str
    folder: Path
    binaries: Mapping[str, Path]
    ports: tuple[int, int, int, int]
    real: str = ""  # label selector of the pods that kwok leaves to a kubelet

    @property
    def server(self) -> str:
        """The API server's address."""
        return f"https://127.0.0.1:{self.ports[0]}"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.folder / "kubeconfig"

    def commands(self) -> dict[str, list[str]]:
        """The command line of each process by its name, in the order in which they are started."""
        return {
            "etcd": self._etcd(),
            "kube-apiserver": self._api_server(),
            "kube-controller-manager": self._controllers(),
            "kube-scheduler": self._scheduler(),
            "kwok": self._nodes(),
        }

    def write_kubeconfig(self) -> None:
        """Write the kubeconfig, with the certificates in it, readable by its owner alone."""
        pki = self.folder / "pki"
        document: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": self.name,
            "clusters": [
                {
                    "name": self.name,
                    "cluster": {"server": self.server, **_inline("certificate-authority", pki / "ca.crt")},
                }
            ],
            "contexts": [{"name": self.name, "context": {"cluster": self.name, "user": "admin"}}],
            "users": [
                {
                    "name": "admin",
                    "user": {
                        **_inline("client-certificate", pki / "admin.crt"),
                        **_inline("client-key", pki / "admin.key"),
                    },
                }
            ],
        }
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(yaml.safe_dump(document))

    def _etcd(self) -> list[str]:
        peer, client = (f"http://127.0.0.1:{port}" for port in self.ports[1:3])
        return [
            str(self.binaries["etcd"]),
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",
            "--log-level=error",
        ]

    def _api_server(self) -> list[str]:
        pki = self.folder / "pki"
        return [
            str(self.binaries["kube-apiserver"]),
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self.ports[0]}",
            f"--etcd-servers=http://127.0.0.1:{self.ports[2]}",
            f"--client-ca-file={pki / 'ca.crt'}",
            f"--tls-cert-file={pki / 'server.crt'}",
            f"--tls-private-key-file={pki / 'server.key'}",
            f"--service-account-key-file={pki / 'accounts.key'}",
            f"--service-account-signing-key-file={pki / 'accounts.key'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.0.0.0/16",
            "--authorization-mode=RBAC",
            "--allow-privileged=true",  # as kubeadm and clouds have it: PodSecurity alone says who may
            "--endpoint-reconciler-type=none",
            "--event-ttl=10m",
            "--shutdown-delay-duration=0s",
            "--v=0",
        ]

    def _controllers(self) -> list[str]:
        pki = self.folder / "pki"
        return [
            str(self.binaries["kube-controller-manager"]),
            f"--kubeconfig={self.kubeconfig}",
            f"--service-account-private-key-file={pki / 'accounts.key'}",
            f"--root-ca-file={pki / 'ca.crt'}",
            "--use-service-account-credentials=false",
            "--leader-elect=false",
            "--secure-port=0",
            "--kube-api-qps=200",
            "--kube-api-burst=400",
            "--v=0",
        ]

    def _scheduler(self) -> list[str]:
        return [
            str(self.binaries["kube-scheduler"]),
            f"--kubeconfig={self.kubeconfig}",
            "--leader-elect=false",
            "--secure-port=0",
            "--kube-api-qps=200",
            "--kube-api-burst=400",
            "--v=0",
        ]

    def _nodes(self) -> list[str]:
        return [
            str(self.binaries["kwok"]),
            f"--kubeconfig={self.kubeconfig}",
            f"--config={STAGES}",
            "--manage-all-nodes=true",
            *([f"--disregard-status-with-label-selector={self.real}"] if self.real else []),
            "--node-lease-duration-seconds=40",
            "--cidr=10.128.0.0/16",
            "--node-ip=127.0.0.1",
            f"--server-address=127.0.0.1:{self.ports[3]}",
            "--v=WARN",
        ]

    def nodes(self) -> list[dict[str, Any]]:
        """The region's nodes, one per zone."""
        capacity = {"cpu": "256", "memory": "2Ti", "pods": "500", "ephemeral-storage": "1Ti"}
        return [
            {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {
                    "name": f"{self.name}-{zone}",
                    "labels": {
                        "kubernetes.io/hostname": f"{self.name}-{zone}",
                        "kubernetes.io/os": "linux",
                        "topology.kubernetes.io/region": self.name,
                        "topology.kubernetes.io/zone": f"{self.name}-{zone}",
                    },
                },
                "status": {"capacity": capacity, "allocatable": capacity},
            }
            for zone in "abcdef"[:NODES_PER_REGION]
        ]

    def storage_class(self) -> dict[str, Any]:
        """The default class, whose volumes the supervisor makes."""
        default = {"storageclass.kubernetes.io/is-default-class": "true"}
        return {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": "sandbox", "annotations": default},
            "provisioner": "notary-fleet.dev/sandbox",
            "reclaimPolicy": "Retain",
            "allowVolumeExpansion": True,
        }


def _inline(key: str, path: Path) -> dict[str, str]:
    return {f"{key}-data": base64.b64encode(path.read_bytes()).decode()}
