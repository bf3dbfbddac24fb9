"""From a pod's manifest to its containers: users, hosts, images, logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sandbox.pods.bubble import Bubble
from sandbox.pods.container import Backoff, Container, Surroundings
from sandbox.pods.errors import NotYetError
from sandbox.pods.image import Image, find_image
from sandbox.pods.values import Configs, Manifest, environment
from sandbox.pods.volumes import Volumes

USER = 10_001  # of containers that name none


class Attached(Protocol):
    """The network that a pod has to itself."""

    @property
    def address(self) -> str:
        """Its IP address."""
        ...

    def enter(self, command: Sequence[str]) -> list[str]:
        """The command, so that it runs in that network."""
        ...


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What all containers of one pod stand on; `folder` is the pod's own."""

    manifest: Manifest
    host: Attached
    folder: Path
    claims: Path
    configs: Configs
    hosts: Mapping[str, str]
    images: Mapping[str, Image]
    backoff: Backoff

    @property
    def spec(self) -> Manifest:
        """The pod's spec."""
        return self.manifest["spec"]

    @property
    def grace_seconds(self) -> float:
        """How long the pod's end may take."""
        return float(self.spec.get("terminationGracePeriodSeconds", 30))

    def volumes(self) -> Volumes:
        """The pod's volumes."""
        return Volumes(self.spec, self.folder / "volumes", self.claims, self.configs)

    def write_hosts(self) -> None:
        """The containers' /etc/hosts, in place: it is the file itself that is mounted.

        With an empty resolv.conf, loopback is asked for other names, which refuses at once.
        """
        (self.folder / "resolv.conf").touch()
        name = self.manifest["metadata"]["name"]
        known = {**self.hosts, name: self.hosts.get(name, self.host.address)}
        lines = "".join(f"{address}\t{name}\n" for name, address in known.items())
        text = f"127.0.0.1\tlocalhost\n::1\tlocalhost\n{lines}"
        file = self.folder / "hosts"
        if not file.exists() or file.read_text() != text:
            file.write_text(text)

    def containers(self, volumes: Volumes) -> tuple[list[Container], list[Container]]:
        """Init containers, and the others."""
        policy = self.spec.get("restartPolicy", "Always")
        once = "Never" if policy == "Never" else "OnFailure"
        first = [
            self._container(item, item.get("restartPolicy", once), volumes)
            for item in self.spec.get("initContainers", [])
        ]
        return first, [self._container(item, policy, volumes) for item in self.spec["containers"]]

    def _container(self, spec: Manifest, restart: str, volumes: Volumes) -> Container:
        around = Surroundings(
            enter=self.host.enter,
            address=self.host.address,
            bubble=lambda spec: self._bubble(spec, volumes),
            log=self.folder / f"{spec['name']}.log",
            grace_seconds=self.grace_seconds,
            backoff=self.backoff,
        )
        return Container(spec, restart, around)

    def _bubble(self, spec: Manifest, volumes: Volumes) -> Bubble:
        image = find_image(spec["image"], self.images)
        if image is None:
            raise NotYetError("ErrImageNeverPull", f"{spec['image']}: no program of this machine stands for this image")
        name = self.manifest["metadata"]["name"]
        variables = {
            **image.environment,
            "HOSTNAME": name,
            **environment(spec, self.manifest, self.host.address, self.configs),
        }
        security = {**self.spec.get("securityContext", {}), **spec.get("securityContext", {})}
        user = security.get("runAsUser", USER)
        return Bubble(
            image=image,
            mounts=volumes.mounts(spec, variables),
            hosts=self.folder / "hosts",
            resolver=self.folder / "resolv.conf",
            host_name=name[:63],
            user=user,
            group=security.get("runAsGroup", security.get("fsGroup", user)),
            environment=variables,
            directory=spec.get("workingDir", "/"),
        )
