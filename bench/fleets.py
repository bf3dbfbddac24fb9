"""Fleets of any size: the testnet's shape with as many seats as a benchmark needs, as a project in a folder."""

from __future__ import annotations

import compileall
import hashlib
import shutil
from itertools import count
from pathlib import Path
from typing import Any

import yaml
from pydantic_core import PydanticCustomError

from config.types import compressed_point

ROOT = Path(__file__).resolve().parent.parent
STACK = "bench"
CHAINS = ("KMD", "DOC", "MARTY")
SIZES = {250: 6, 1000: 28, 3000: 85}  # resources (about): seats


def pubkey(number: int) -> str:
    """A valid public key for a seat; nobody knows the private one."""
    for attempt in count():
        digest = hashlib.sha256(f"bench {number} {attempt}".encode()).hexdigest()
        try:
            return compressed_point(f"02{digest}")
        except PydanticCustomError:
            continue
    raise AssertionError("unreachable")


def stack_values(seats: int, *, namespace: str = "notary", sandboxed: bool = False) -> dict[str, Any]:
    """The testnet's stack with other seats: each is a candidate in two of the three regions."""
    source = yaml.safe_load((ROOT / "Pulumi.testnet.yaml").read_text())["config"]
    values = {key.removeprefix("notary:"): value for key, value in source.items() if key.startswith("notary:")}
    regions = sorted(values["regions"])
    values |= {"namespace": namespace, "notaries": {f"seat-{n:03}": seat(n, regions) for n in range(seats)}}
    if sandboxed:
        values["stage"] = "sandbox"
        for region in values["regions"].values():
            # No load balancer gives addresses there.
            region |= {"connection": {"sandbox": True}, "busService": "ClusterIP"}
            region["ensemble"]["service"] = "ClusterIP"
    return values


def seat(number: int, regions: list[str]) -> dict[str, Any]:
    """One notary with a candidate in two neighbouring regions."""
    first, second = (regions[(number + step) % len(regions)] for step in (0, 1))
    duty = {
        "pubkey": pubkey(number),
        "keys": {"secretName": f"seat-{number:03}-main"},
        "chains": list(CHAINS),
        "busPort": 17762,
        "candidates": {first: {"priority": 1}, second: {"priority": 2}},
    }
    return {"kind": "iguana", "electedRegion": "DEV", "duties": {"main": duty}}


def write_project(root: Path, values: dict[str, Any]) -> None:
    """A project in a folder: the program itself, registries and releases, and one stack called `bench`."""
    root.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "__main__.py", root / "__main__.py")
    for part in ("registry", "releases"):
        shutil.copytree(ROOT / part, root / part, dirs_exist_ok=True)
    (root / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "notary", "runtime": "python"}))
    config = {
        "pulumi:disable-default-providers": ["kubernetes"],
        **{f"notary:{key}": value for key, value in values.items()},
    }
    (root / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump({"config": config}, sort_keys=False))


def write_code(folder: Path) -> Path:
    """A compiled copy of all that both programs import: an edit of the checkout must not fall into a measurement."""
    for package in ("components", "config"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "bench").mkdir()
    for module in ("__init__", "bare", "engine"):
        shutil.copy(ROOT / "bench" / f"{module}.py", folder / "bench")
    compileall.compile_dir(folder, quiet=1)
    return folder
