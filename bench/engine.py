"""One operation of the engine on one program: the process that `overhead` measures.

    python -m bench.engine preview|up PROJECT ours|BARE.json

The program runs in this process, as the language host would run it, and the engine is its only child. It imports
nothing that a bare program would not: what our program needs more, it imports itself, and that counts as its own.
"""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2_grpc

STACK = "bench"
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def ours(root: Path) -> Callable[[], None]:
    """The project's program."""

    def program() -> None:
        spec = importlib.util.spec_from_file_location("notary_program", root / "__main__.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.program(root)

    return program


def bare(recording: Path) -> Callable[[], None]:
    """The bare program of a recording."""

    def program() -> None:
        from bench import bare

        bare.program(recording)

    return program


def run(operation: str, root: Path, program: Callable[[], None]) -> dict[str, Any]:
    """Serve the program and run the engine on it to its end; what each of the two processes took."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4), options=UNLIMITED)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageServer(program), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    command = ["pulumi", operation, "--stack", STACK, "--non-interactive", "--color", "never", "--suppress-outputs"]
    command += ["--exec-kind", "auto.inline", f"--client=127.0.0.1:{port}"]
    command += ["--yes", "--skip-preview"] if operation == "up" else []
    started = time.monotonic()
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout
    printed = process.stdout.read()
    _, status, engine = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - started
    server.stop(0)
    own = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "code": process.returncode,
        "printed": printed,
        "engine_wall_s": wall,
        "program_cpu_s": own.ru_utime + own.ru_stime,
        "engine_cpu_s": engine.ru_utime + engine.ru_stime,
        "program_peak_mib": own.ru_maxrss / 1024,
        "engine_peak_mib": engine.ru_maxrss / 1024,
    }


def main() -> None:
    """Run what the command line says, and print the figures as JSON."""
    operation, root, which = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    result = run(operation, root, ours(root) if which == "ours" else bare(Path(which)))
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
