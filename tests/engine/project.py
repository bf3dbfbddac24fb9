"""A small project of its own for a test: real command, real engine, real API servers."""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from sandbox import Sandbox, api

ROOT = Path(__file__).resolve().parent.parent.parent
REGIONS = ("eu-central", "eu-west", "na-east")
PATHS = {
    "ConfigMap": "api/v1/{}/configmaps",
    "Secret": "api/v1/{}/secrets",
    "Service": "api/v1/{}/services",
    "ServiceAccount": "api/v1/{}/serviceaccounts",
    "PersistentVolumeClaim": "api/v1/{}/persistentvolumeclaims",
    "Pod": "api/v1/{}/pods",
    "StatefulSet": "apis/apps/v1/{}/statefulsets",
    "Job": "apis/batch/v1/{}/jobs",
    "NetworkPolicy": "apis/networking.k8s.io/v1/{}/networkpolicies",
    "PodDisruptionBudget": "apis/policy/v1/{}/poddisruptionbudgets",
}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Project:
    """One stack in a folder. `stack` and `release` are written before each command."""

    root: Path
    name: str
    stack: dict[str, Any] = field(default_factory=dict)
    release: dict[str, Any] = field(default_factory=dict)

    @property
    def sandbox(self) -> Sandbox:
        return Sandbox(self.root, REGIONS)

    def fleet(self, command: str, *arguments: str, **environment: str) -> Answer:
        """Run `fleet <command> --stack <name> --json` to its end."""
        self.write()
        done = subprocess.run(
            self.command(command, *arguments),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            env={**os.environ, **environment},
        )
        return Answer(code=done.returncode, out=done.stdout, err=done.stderr)

    def start(self, command: str) -> subprocess.Popen[bytes]:
        """Start a command and leave it running."""
        self.write()
        pipe = subprocess.PIPE
        return subprocess.Popen(self.command(command), stdout=pipe, stderr=pipe, start_new_session=True)

    def command(self, command: str, *arguments: str) -> list[str]:
        program = str(Path(sys.executable).parent / "fleet")
        return [program, "-C", str(self.root), command, "--stack", self.name, "--json", *arguments]

    def up(self, *arguments: str) -> dict[str, Any]:
        """An update that must succeed; its result."""
        answer = self.fleet("up", *arguments)
        assert answer.code == 0, answer.out + answer.err
        return answer.json

    def write(self) -> None:
        config = {f"notary:{key}": value for key, value in self.stack.items()}
        path = self.root / f"Pulumi.{self.name}.yaml"
        kept = yaml.safe_load(path.read_text()) if path.exists() else {}
        secrets = {key: value for key, value in kept.get("config", {}).items() if "secure" in str(value)}
        path.write_text(yaml.safe_dump({**kept, "config": {**config, **secrets}}, sort_keys=False))
        (self.root / str(self.stack["release"])).write_text(yaml.safe_dump(self.release))

    def bring_back(self, region: str) -> None:
        """Let a region's API server come up again, and wait until it answers."""
        self.sandbox.up(region)
        for _ in range(300):
            try:
                with api.client(self.sandbox.kubeconfig(region)) as server:
                    if server.get("/readyz").is_success:
                        return
            except httpx.HTTPError:
                time.sleep(0.1)
        raise AssertionError(f"{region} does not come back")

    def objects(self, region: str, kind: str) -> dict[str, dict[str, Any]]:
        """The objects of a kind in the stack's namespace of a region, by name."""
        path = PATHS[kind].format(f"namespaces/{self.stack['namespace']}")
        with api.client(self.sandbox.kubeconfig(region), timeout_seconds=10) as server:
            return {item["metadata"]["name"]: item for item in server.get(f"/{path}").json().get("items", [])}

    def set_pods(self, region: str) -> dict[str, dict[str, Any]]:
        """The pods of a region's sets: those of Jobs come and go."""
        pods = self.objects(region, "Pod")
        return {
            name: pod for name, pod in pods.items() if pod["metadata"]["ownerReferences"][0]["kind"] == "StatefulSet"
        }

    def identities(self, *kinds: str) -> dict[tuple[str, str, str], str]:
        """The uid of each object of these kinds: one that was replaced has another."""
        return {
            (region, kind, name): item["metadata"]["uid"]
            for region in REGIONS
            for kind in kinds
            for name, item in self.objects(region, kind).items()
        }

    def everything(self) -> dict[tuple[str, str, str], dict[str, Any]]:
        """What the API servers hold of this stack, without what they write themselves."""
        ignored = {"ServiceAccount": {"default"}, "ConfigMap": {"kube-root-ca.crt"}}
        return {
            (region, kind, name): wanted(item)
            for region in REGIONS
            for kind in PATHS
            if kind not in ("Pod", "PersistentVolumeClaim")
            for name, item in self.objects(region, kind).items()
            if name not in ignored.get(kind, set())
        }

    def state(self) -> dict[str, Any]:
        """The engine's state of the stack as it lies on disk."""
        path = self.root / ".fleet" / "state" / ".pulumi" / "stacks" / "notary" / f"{self.name}.json"
        return json.loads(path.read_text())["checkpoint"]["latest"]


def wanted(item: dict[str, Any]) -> dict[str, Any]:
    """An object without identity, history and status; a list leaves its items' kind out."""
    kept = copy.deepcopy(item)
    for key in ("status", "kind", "apiVersion"):
        kept.pop(key, None)
    for key in ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"):
        kept["metadata"].pop(key, None)
    for key in ("clusterIP", "clusterIPs"):
        kept.get("spec", {}).pop(key, None)
    return kept


def make_project(root: Path, name: str) -> Project:
    """A stack of one notary with two chains in two regions, in a namespace of its own."""
    for part in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / part, root / part)
    shutil.copytree(ROOT / "registry", root / "registry", dirs_exist_ok=True)
    (root / "releases").mkdir(exist_ok=True)
    local = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"]
    stack = {key.removeprefix("notary:"): value for key, value in local.items() if key.startswith("notary:")}
    stack |= {"namespace": name, "registries": ["registry/testnet.json"], "sizes": {}}
    stack["release"] = f"releases/{name}.yaml"
    stack["notaries"]["alice-eu"]["duties"]["main"]["chains"] = ["KMD", "DOC"]
    release = yaml.safe_load((ROOT / "releases" / "2026.11-draft.yaml").read_text())
    return Project(root=root, name=name, stack=stack, release={**release, "chains": {}})
