"""The policy pack beside a preview: its settings, the plugin that runs it, and what it says."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pulumi.automation import EngineEvent

from config.plan import FleetPlan
from config.release import Release
from fleet.errors import Exit, FleetError
from fleet.impact.change import region_of
from fleet.state import resources

PLUGIN = "pulumi-analyzer-policy-python"
VARIABLE = "FLEET_POLICY_FACTS"  # by which the pack finds the file
PROVIDER_TYPE = "pulumi:providers:kubernetes"
# What of a running fleet the rules compare with what is planned. No Secret is among it.
COMPARED = (
    "kubernetes:apps/v1:StatefulSet",
    "kubernetes:core/v1:ConfigMap",
    "kubernetes:core/v1:Namespace",
    "kubernetes:core/v1:PersistentVolumeClaim",
    PROVIDER_TYPE,
)


@dataclass(frozen=True, kw_only=True)
class Policies:
    """The pack's folder, and the file with what it can't see by itself."""

    pack: Path
    known: Path


@dataclass
class Verdicts:
    """Listens to a preview: what policies refuse, and what they advise against, a sentence each."""

    refused: list[str] = field(default_factory=list[str])
    advised: list[str] = field(default_factory=list[str])

    def __call__(self, event: EngineEvent) -> None:
        """Take one event of the engine."""
        if found := event.policy_event:
            text = sentence(found.message)
            told = self.refused if found.enforcement_level == "mandatory" else self.advised
            if text not in told:
                told.append(text)


def sentence(message: str) -> str:
    """A violation's own words: without colours, and without the rule's purpose, the line before them."""
    plain = re.sub(r"<\{%.*?%\}>", "", message).strip()
    return " ".join((plain.partition("\n")[2] or plain).split())


def prepare(root: Path, plan: FleetPlan, deployment: Mapping[str, Any], removed: Collection[str]) -> Policies:
    """Make the pack ready for a preview of a stack. Raises FleetError where its packages are not installed."""
    pack, folder = root / "policy", root / ".fleet"
    python = pack / ".venv" / "bin" / "python"
    if not python.exists():
        raise FleetError("the policy pack's packages are not installed; run `make policy` once", Exit.MISSING)
    _install_plugin(folder / "bin", python)
    known = folder / plan.loaded.name / "known.json"
    known.touch(mode=0o600)
    known.write_text(json.dumps(facts(plan.loaded.release, deployment, removed)))
    return Policies(pack=pack, known=known)


def facts(release: Release, deployment: Mapping[str, Any], removed: Collection[str]) -> dict[str, Any]:
    """What the rules can't see in a plan: what runs, the release's images, and what a person lets go by name."""
    found = [item for item in resources(deployment) if item["type"] in COMPARED and not item.get("delete")]
    return {
        "before": [_compared(item) for item in found],
        "images": sorted({build.image for build in release.builds.values()}),
        "released": sorted(removed),
    }


def _compared(item: Mapping[str, Any]) -> dict[str, Any]:
    """A resource as it runs. Of a provider, only what is no secret: its other inputs hold a kubeconfig."""
    inputs: Mapping[str, Any] = item.get("inputs") or {}
    if item["type"] == PROVIDER_TYPE:
        inputs = {"clusterIdentifier": inputs.get("clusterIdentifier")}
    return {"urn": item["urn"], "type": item["type"], "provider": region_of(item.get("provider", "")), "inputs": inputs}


def _install_plugin(folder: Path, python: Path) -> None:
    """A stand-in for the engine's own starter of packs, which comes with the language host that can't be had here.

    The engine calls it with its address and the pack's folder only where there is no language host for Python.
    """
    path = folder / PLUGIN
    path.write_text(f'#!/bin/sh\nexec {shlex.quote(str(python))} -u -m pulumi.policy "$1" "$2"\n')
    path.chmod(0o755)
