"""The ensemble under test: the program's own manifests, run as real servers in regions of their own."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from components.manifests import zookeeper
from components.manifests.certificates import Part, identity
from config import pod_ports
from config.plan import FleetPlan, Server
from drills.certificates import Issuer
from drills.inside import inside, word
from drills.objects import Data, data_of, pod_of
from drills.placement import Znode
from drills.readback import read_back
from drills.stacks import Shape, plan_of
from failover.access import Access, Tls
from sandbox.network import Host, Network
from sandbox.pods import Image, Pod

# From a set that is ready to the next that is changed: the engine asks once a second, and writes its state.
ENGINE_SECONDS = 2.0
VOLUMES = ("data", "datalog")
PROJECT_REGIONS = ("eu-central", "eu-west", "na-east")


class Rig:
    """Servers by id, each a pod on a host of its own. A plan may change at any time; pods started later follow it."""

    def __init__(self, folder: Path, shape: Shape, images: Mapping[str, Image], **settings: Any) -> None:
        """`settings` are those of the ensemble in a stack's file."""
        self.folder = folder
        self._shape, self._settings = shape, settings
        self.network = Network(PROJECT_REGIONS)
        self.issuer = Issuer()
        self.pods: dict[int, Pod] = {}
        self.images = images
        self._hosts: dict[str, Host] = {}
        self.change(plan_of(shape, **settings))

    def close(self) -> None:
        """Kill what runs and take the network away."""
        for pod in self.pods.values():
            pod.kill()
        self.network.close()

    # What is wanted

    def change(self, plan: FleetPlan) -> None:
        """Take another plan: its configuration and certificates reach running pods where they would in a cluster."""
        self.plan = plan
        self.pem = pem = self.issuer.issue(plan)
        self._sources: dict[str, dict[tuple[str, str], Data]] = {}
        self._sets: dict[int, dict[str, Any]] = {}
        for name, region in plan.regions.items():
            objects = [manifest for _, manifest in zookeeper.objects(plan, region, pem)]
            self._sources[name] = {(item["kind"], item["metadata"]["name"]): data_of(item) for item in objects}
            sets = {item["metadata"]["name"]: item for item in objects if item["kind"] == "StatefulSet"}
            self._sets |= {server.number: sets[server.name] for server in region.servers}
        for pod in self.pods.values():
            pod.refresh()

    def adopt(self, **settings: Any) -> None:
        """Change settings of the ensemble for good."""
        self._settings = {**self._settings, **settings}
        self.change(self.with_settings())

    def with_settings(self, **settings: Any) -> FleetPlan:
        """The plan with other settings of the ensemble."""
        return plan_of(self._shape, **{**self._settings, **settings})

    def with_shape(self, shape: Shape) -> FleetPlan:
        """The plan with other servers."""
        return plan_of(shape, **self._settings)

    def server(self, number: int) -> Server:
        """A server of the plan by its id."""
        return next(item for item in self.plan.servers if item.number == number)

    def region_of(self, number: int) -> str:
        """The region of a server."""
        return self.server(number).region

    def in_region(self, region: str) -> list[int]:
        """The ids of a region's servers."""
        return [item.number for item in self.plan.servers if item.region == region]

    @property
    def numbers(self) -> list[int]:
        """The ids of all servers of the plan."""
        return [item.number for item in self.plan.servers]

    # Servers

    def host(self, number: int) -> Host:
        """The host of a server: its address is for ever."""
        return self.place(self.region_of(number), self.server(number).name)

    def place(self, region: str, name: str) -> Host:
        """A host of that name in a region, made when it is first asked for."""
        if name not in self._hosts:
            self._hosts[name] = self.network.attach(region, name)
        return self._hosts[name]

    def start(self, *numbers: int) -> None:
        """Start servers; returns at once."""
        for number in numbers:
            self.pods[number] = self.make_pod(number, self.pod_manifest(number))
            self.pods[number].start()

    def make_pod(self, number: int, manifest: dict[str, Any]) -> Pod:
        """A pod on the host of a server, with its volumes."""
        region = self.region_of(number)
        return Pod(
            manifest,
            host=self.host(number),
            folder=self.folder / "pods",
            configs=lambda kind, name: self._sources[region].get((kind, name)),
            hosts=addresses_of(self),
            images=self.images,
        )

    def pod_manifest(self, number: int) -> dict[str, Any]:
        """The pod that a server's set makes."""
        return pod_of(self._sets[number])

    def claim(self, volume: str, number: int) -> Path:
        """Where a volume of a server lies, whether it runs or not."""
        name = f"data-zookeeper-{number}-0" if volume == "data" else f"{volume}-zookeeper-{number}"
        return self.folder / "pods" / "claims" / name

    def empty(self, number: int) -> None:
        """Take everything from the disks of a server that does not run."""
        for volume in VOLUMES:
            for item in self.claim(volume, number).iterdir():
                shutil.rmtree(item) if item.is_dir() else item.unlink()

    def members(self, number: int) -> set[str]:
        """The ensemble's members as a server has them written, a line each."""
        folder = self.claim("data", number) / "conf"
        current = (folder / "zoo.cfg").read_text().partition("dynamicConfigFile=")[2].split()[0]
        lines = (folder / Path(current).name).read_text().splitlines()
        return {line for line in lines if line.startswith("server.")}

    def kill(self, *numbers: int) -> None:
        """SIGKILL to all of a server's processes."""
        for number in numbers:
            self.pods[number].kill()

    def roll(self) -> float:
        """Restart every server as an update does, one by one, the leader last. Returns the seconds it took."""
        started = time.monotonic()
        for server in zookeeper.update_order(self.plan, self.leader()):
            self.pods[server.number].stop()
            self.start(server.number)
            self.wait_ready(server.number)
            time.sleep(ENGINE_SECONDS)
        return time.monotonic() - started

    def wait_ready(self, *numbers: int) -> None:
        """Until these servers, or all, are ready. TimeoutError tells how they are."""
        wanted = numbers or tuple(self.numbers)
        self.wait(lambda: all(self.pods[number].ready for number in wanted), 120, lambda: self._states(wanted))

    def wait_serving(self, *numbers: int) -> None:
        """Until these servers, or all, are in a quorum: sooner than their probes say so."""
        wanted = numbers or tuple(self.numbers)
        self.wait(lambda: all(self.mode(number) for number in wanted), 120, lambda: self._states(wanted))

    def wait(self, reached: Callable[[], bool], seconds: float, told: Callable[[], str] = lambda: "it") -> None:
        """Until something is so. TimeoutError with what `told` says."""
        deadline = time.monotonic() + seconds
        while not reached():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{told()} not within {seconds:.0f} s")
            time.sleep(0.05)

    def _states(self, numbers: tuple[int, ...]) -> str:
        silent = {number: f"not serving, and last {self.pods[number].log('zookeeper')[-200:]!r}" for number in numbers}
        return ", ".join(f"server {number}: {self.mode(number) or silent[number]}" for number in numbers)

    def mode(self, number: int) -> str | None:
        """leader, follower or observer; None for a server that doesn't serve."""
        found = re.search(r"Mode: (\w+)", word(self.host(number), "srvr", 0.5))
        return found[1] if found else None

    def leader(self) -> int | None:
        """The id of the server that leads."""
        return next((number for number in self.pods if self.mode(number) == "leader"), None)

    def known_leader(self) -> int:
        """As leader, once there is one."""
        return self._once("leader")[0]

    def followers(self) -> list[int]:
        """The ids of the servers that follow, once there is one; one that is slow to answer is none of them."""
        return self._once("follower")

    def _once(self, mode: str) -> list[int]:
        found: list[int] = []

        def look() -> bool:
            found[:] = [number for number in self.pods if self.mode(number) == mode]
            return bool(found)

        self.wait(look, 30, lambda: f"a {mode}")
        return found

    # Clients

    def access(self, region: str, holder: str | None = None) -> Access:
        """How clients of a region reach the ensemble, with its certificate or another holder's."""
        folder = self.folder / "clients" / (holder or region)
        folder.mkdir(parents=True, exist_ok=True)
        name = holder or f"{region}-client"
        parts: dict[str, Part] = {"ca.crt": "trust", "tls.crt": "certificate", "tls.key": "key"}
        for file, part in parts.items():
            (folder / file).write_text(self.pem(name, "clients", part))
        tls = Tls(
            ca=str(folder / "ca.crt"),
            cert=str(folder / "tls.crt"),
            key=str(folder / "tls.key"),
            check_hostname=True,
        )
        return Access(
            servers={item.host: self.endpoint(item.number) for item in self.plan.servers},
            tls=tls,
            chroot=self.plan.loaded.stack.ensemble.chroot,
            session_timeout_ms=self.plan.loaded.stack.ensemble.session_timeout_ms,
            identities=(identity(self.plan, "client"),),
        )

    def endpoint(self, number: int) -> str:
        """A server's address and clients' port."""
        return f"{self.host(number).address}:{pod_ports.ZOOKEEPER_CLIENT}"

    def final_state(self, root: str) -> dict[str, dict[str, Znode]]:
        """What each server has below `root` in the end."""
        access = self.access("eu-west")
        return inside(self.place("eu-west", "reader"), lambda: read_back(access, root))


def addresses_of(rig: Rig) -> dict[str, str]:
    """Each server's address by its host name."""
    return {item.host: rig.host(item.number).address for item in rig.plan.servers}
