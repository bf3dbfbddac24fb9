"""A server's pod for its scripts: a process that sees the pod's folders, and nothing else of the machine."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.manifests.zookeeper_files import SCRIPTS


def cages() -> bool:
    """Whether this machine can show a process a few folders of it alone."""
    tried = ["bwrap", "--unshare-user", "--unshare-pid", "--unshare-net", "--ro-bind", "/", "/", "true"]
    return bool(shutil.which("bwrap")) and subprocess.run(tried, capture_output=True, check=False).returncode == 0


needs_bwrap = pytest.mark.skipif(not cages(), reason="bwrap is not on PATH, or may not make namespaces here")

# Answers each question with the file of its name, as a server's plain port does.
ANSWERING = """
import socket, sys, threading
listening = socket.create_server(("127.0.0.1", 2181))
open("/tmp/listens", "w").close()
while True:
    asked, _ = listening.accept()
    word = asked.recv(4).decode()
    asked.sendall(open(f"/answers/{word}").read().encode())
    asked.close()
"""
ALONE = "This ZooKeeper instance is not currently serving requests\n"
ANSWERED = "python3 /conf/answering.py & until [ -e /tmp/listens ]; do /usr/bin/sleep 0.02; done; "
CFG = "tickTime=500\ndataDir=/data\n"
SERVERS = "server.1=zk-1:2888:3888:participant;127.0.0.1:2181\nserver.2=zk-2:2888:3888:participant;127.0.0.1:2181\n"
SEALED = "content\0\0\0\1/"  # a whole snapshot ends so


@dataclass(frozen=True)
class Pod:
    """A pod's folders: each folder below `root` is mounted under its own name."""

    root: Path

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def read(self, folder: str) -> dict[str, str]:
        """The files below a folder."""
        top = self.root / folder
        return {str(path.relative_to(top)): path.read_text() for path in top.rglob("*") if path.is_file()}

    def start(self, *command: str, **environment: str) -> subprocess.Popen[str]:
        system = [name for name in ("bin", "sbin", "lib", "lib64", "etc/alternatives") if Path("/", name).exists()]
        mounts = [("--ro-bind", f"/{name}", f"/{name}") for name in ("usr", *system)]
        mounts += [("--bind", str(path), f"/{path.name}") for path in self.root.iterdir()]
        variables = {"PATH": "/fake:/usr/bin:/bin", "SERVER_ID": "2", **environment}
        return subprocess.Popen(
            [
                *("bwrap", "--unshare-user", "--unshare-pid", "--unshare-net", "--die-with-parent", "--clearenv"),
                *(word for mount in mounts for word in mount),
                *("--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"),
                *(word for item in variables.items() for word in ("--setenv", *item)),
                *command,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, script: str, **environment: str) -> tuple[int, str]:
        """Run a script to its end; its exit code and what it said."""
        process = self.start("bash", f"/conf/{script}", **environment)
        said, _ = process.communicate(timeout=20)
        return process.returncode, said


def pod_in(tmp_path: Path) -> Pod:
    """A pod with its configuration and scripts, and an empty volume."""
    made = Pod(tmp_path)
    made.write({"conf/zoo.cfg": CFG, "members/servers.cfg": SERVERS, "members/clients": ""})
    for path in SCRIPTS.iterdir():
        shutil.copy(path, tmp_path / "conf")
    (tmp_path / "data").mkdir()
    return made
