"""Helm and kubectl as commands for three clusters at once. Pure: shell scripts as values."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

TIMEOUT = "10m"
Kubeconfig = Callable[[str], Path]


def side_by_side(steps: Mapping[str, str]) -> list[str | Path]:
    """One shell that runs all steps at once, and fails when any of them does."""
    started = [f"{{ {step}; }} & p{number}=$!" for number, step in enumerate(steps.values())]
    waited = [f"wait $p{number} || failed=1" for number in range(len(started))]
    return ["/bin/sh", "-c", "\n".join(["failed=0", *started, *waited, "exit $failed"])]


def helm(binary: Path, charts: Mapping[str, Path], kubeconfig: Kubeconfig, wait: bool) -> list[str | Path]:
    """One release for each region. The chart makes its namespace itself, so the release is kept in `default`."""
    steps: dict[str, str] = {}
    for region, chart in charts.items():
        words = [binary, "upgrade", "--install", "bench", chart, "--namespace", "default"]
        words += ["--kubeconfig", kubeconfig(region), "--timeout", TIMEOUT, *(["--wait"] if wait else [])]
        steps[region] = _line(words)
    return side_by_side(steps)


def kubectl(binary: Path, files: Mapping[str, Path], kubeconfig: Kubeconfig, waited: str | None) -> list[str | Path]:
    """Server-side apply in each region; then, where a namespace is `waited` for, until its sets are rolled out."""
    steps: dict[str, str] = {}
    for region, path in files.items():
        base = [binary, "--kubeconfig", kubeconfig(region)]
        applied = _line([*base, "apply", "--server-side", "-f", path])
        labels = "app.kubernetes.io/part-of=notary-fleet"
        rolled = _line([*base, "rollout", "status", "statefulset", "-n", waited or "", "-l", labels])
        steps[region] = f"{applied} && {rolled} --timeout {TIMEOUT}" if waited else applied
    return side_by_side(steps)


def _line(words: list[str | Path]) -> str:
    return shlex.join(str(word) for word in words)
