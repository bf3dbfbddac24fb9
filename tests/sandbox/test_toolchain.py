"""Which binaries are used, and what a person is told when there are none."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import toolchain
from sandbox.errors import SandboxError
from tests.sandbox.helpers import alive, eventually

pytestmark = pytest.mark.sandbox
ETCD = toolchain.TOOLS["etcd"]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("FLEET_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def tools(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of commands, the only one on PATH besides the system's; nothing is built yet."""
    assert not cache.exists()
    (tmp_path / "tools").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'tools'}{os.pathsep}/usr/bin{os.pathsep}/bin")
    return tmp_path / "tools"


def command(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_a_changed_module_is_another_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    shutil.copytree(toolchain.MODULES, tmp_path / "modules")
    original = toolchain.folder(ETCD)
    monkeypatch.setattr(toolchain, "MODULES", tmp_path / "modules")
    assert toolchain.folder(ETCD) == original, "where the checkout is does not matter"
    assert original.parent == cache / "etcd"
    seen = {original}
    for name in ("go.mod", "go.sum"):
        with (tmp_path / "modules" / "etcd" / name).open("a") as module:
            module.write("// another\n")
        seen.add(toolchain.folder(ETCD))
    assert len(seen) == 3
    assert toolchain.folder(toolchain.TOOLS["kwok"]).name not in {folder.name for folder in seen}


def test_without_go_and_without_a_build_the_remedy_is_named(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(cache))
    with pytest.raises(SandboxError, match="etcd is not built yet and there is no Go on PATH; install Go"):
        toolchain.ensure(["etcd"], print)


def test_what_is_built_needs_no_go(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(cache))
    built = toolchain.folder(ETCD) / "etcd"
    built.parent.mkdir(parents=True)
    built.touch()
    assert toolchain.ensure(["etcd"], print) == {"etcd": built}


def test_a_build_is_made_once_and_told(cache: Path, tools: Path) -> None:
    command(tools, "go", 'while [ "$1" != -o ]; do shift; done; echo built > "$2"; echo run >> "$FLEET_CACHE/runs"')
    (cache / "etcd" / ".building-killed").mkdir(parents=True)
    said: list[str] = []
    first = toolchain.ensure(["etcd"], said.append)
    assert first["etcd"].read_text() == "built\n"
    assert "building etcd, about 0.5 min" in said[0]
    assert toolchain.ensure(["etcd"], said.append) == first
    assert (cache / "runs").read_text() == "run\n"
    assert {path.name for path in (cache / "etcd").iterdir()} == {first["etcd"].parent.name}


def test_a_failed_build_says_why_and_leaves_nothing(cache: Path, tools: Path) -> None:
    command(tools, "go", "echo dial tcp: no such host >&2; exit 1")
    with pytest.raises(
        SandboxError, match="building etcd failed: dial tcp: no such host; see whether `go env GOPROXY`"
    ):
        toolchain.ensure(["etcd"], print)
    assert not toolchain.is_built(ETCD)
    assert list((cache / "etcd").iterdir()) == []


def test_a_build_ends_with_whoever_asked_for_it(cache: Path, tools: Path) -> None:
    command(tools, "go", 'echo $$ > "$FLEET_CACHE/pid"; exec sleep 60')
    code = "from sandbox import toolchain; toolchain.ensure(['etcd'], print)"
    asker = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL)
    pid_file = cache / "pid"
    pid = int(eventually("it builds", lambda: pid_file.exists() and pid_file.read_text()))
    assert alive(pid)
    asker.send_signal(signal.SIGKILL)
    asker.wait(10)
    try:
        eventually("the build ends", lambda: not alive(pid), seconds=5)
    finally:
        if alive(pid):
            os.kill(pid, signal.SIGKILL)


def test_only_the_very_engine_that_the_program_is_pinned_to_is_taken_from_path(tools: Path) -> None:
    command(tools, "pulumi", f"echo {toolchain.ENGINE}")
    assert toolchain.ensure(["pulumi"], print) == {"pulumi": tools / "pulumi"}
    command(tools, "pulumi", "echo v3.1.0")
    with pytest.raises(SandboxError, match="pulumi is not built yet"):
        toolchain.ensure(["pulumi"], print)
