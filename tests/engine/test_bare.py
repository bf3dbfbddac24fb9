"""The same program without the `fleet` command: the engine in the project's folder, with the stack's own file."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2_grpc

from fleet.workspace import prepare
from tests.engine.project import Project

pytestmark = pytest.mark.sandbox
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


@contextmanager
def language_host(main: Path) -> Iterator[str]:
    """What the language host does: it runs `__main__.py` for the engine. The real one can't be had here."""
    server = grpc.server(ThreadPoolExecutor(max_workers=4), options=UNLIMITED)
    host = LanguageServer(lambda: runpy.run_path(str(main), run_name="__main__"))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(0)


def test_a_bare_preview_plans_what_the_command_plans(project: Project) -> None:
    planned = project.fleet("preview").json
    ground = prepare(project.root, project.name, True, print, False)
    with language_host(project.root / "__main__.py") as address:
        done = subprocess.run(
            [str(ground.engine), "preview", "--stack", project.name, "--json", f"--client={address}"],
            cwd=project.root,
            env={**os.environ, **ground.environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr + done.stdout
    steps = [step["urn"].rsplit("::", 1)[-1] for step in json.loads(done.stdout)["steps"] if step["op"] == "create"]
    assert sorted(steps) == sorted(step["name"] for step in planned["steps"])
    assert len(steps) == planned["changes"]["create"]
