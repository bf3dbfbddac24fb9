"""Addresses of the servers of all regions, and the host names under which they find each other."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.network import Host, Network

HOST_NAME = "external-dns.alpha.kubernetes.io/hostname"


@dataclass
class _Server:
    selector: Mapping[str, str]
    pod: str = ""  # the name of the one that it was first found for


class Addresses:
    """Gives every server one address for as long as the network lives, before its pod is there and after.

    A server is a Service with a host name, and the pod that its selector finds; a pod without one has its own address.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._lock = threading.Lock()
        self._hosts: dict[str, Host] = {}
        self._servers: dict[str, _Server] = {}
        self._alone: dict[str, tuple[str, Mapping[str, str]]] = {}  # pods that no Service was known for: name, labels
        self.names: dict[str, str] = {}  # address by host name; it grows

    def learn(self, region: str, service: dict[str, Any]) -> None:
        """Take note of a Service of a region; one that has no host name, or no selector, is none of ours."""
        described = service["metadata"]
        name = described.get("annotations", {}).get(HOST_NAME)
        selector = service["spec"].get("selector")
        if not name or not selector:
            return
        with self._lock:
            place = _key(region, described["namespace"])
            key = f"{place}service {described['name']}"
            server = self._servers.setdefault(key, _Server(selector))
            server.selector = selector
            for alone, (pod, labels) in self._alone.items():
                if key not in self._hosts and alone.startswith(place) and selector.items() <= labels.items():
                    self._hosts[key], server.pod = self._hosts[alone], pod
            self.names[name] = self._host(region, key).address

    def host(self, region: str, namespace: str, pod: str, labels: Mapping[str, str]) -> Host:
        """The host of a pod; the same one for every pod of this name."""
        with self._lock:
            place = _key(region, namespace)
            for key, server in self._servers.items():
                found = key.startswith(place) and server.selector.items() <= labels.items()
                if found and server.pod in ("", pod):
                    server.pod = pod
                    return self._host(region, key)
            alone = f"{place}pod {pod}"
            self._alone[alone] = (pod, labels)
            return self._host(region, alone)

    def _host(self, region: str, key: str) -> Host:
        if key not in self._hosts:
            self._hosts[key] = self._network.attach(region, key)
        return self._hosts[key]


def _key(region: str, namespace: str) -> str:
    return f"{region}/{namespace}/"
