"""A container as a bubblewrap command: its root, its mounts, its user; and the process that it becomes."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sandbox.pods.image import Image
from sandbox.pods.volumes import Mount
from sandbox.processes import die_with_parent

Enter = Callable[[Sequence[str]], list[str]]  # a command prefixed so that it runs in the pod's network
_EXEC_SECONDS = 5.0
_PASSES = 2  # over all processes: one may have forked during the first


@dataclass(frozen=True, kw_only=True)
class Bubble:
    """All that is fixed before a command runs in a container. `user` and `group` are numbers seen inside."""

    image: Image
    mounts: Sequence[Mount]
    hosts: Path
    resolver: Path
    host_name: str
    user: int
    group: int
    environment: Mapping[str, str]
    directory: str

    def command(self, command: Sequence[str], *, info: int | None = None) -> list[str]:
        """The command in the container. `info` is a descriptor that learns the process's number.

        The command is process 1 of its own numbers, as in a container: a signal that it doesn't handle is ignored.
        """
        apart = ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--as-pid-1", "--die-with-parent"]
        identity = [
            "--uid",
            str(self.user),
            "--gid",
            str(self.group),
            "--hostname",
            self.host_name,
            "--cap-drop",
            "ALL",
        ]
        told = [] if info is None else ["--info-fd", str(info)]
        variables = [word for name, value in self.environment.items() for word in ("--setenv", name, value)]
        return [
            *("bwrap", *apart, *identity, *told, "--clearenv", *variables),
            *self._root(),
            *("--chdir", self.directory, "--", *command),
        ]

    def _root(self) -> list[str]:
        words = ["--dir", "/tmp"]
        for inside, outside in sorted(self.image.binds.items(), key=lambda item: len(Path(item[0]).parts)):
            link = Path(outside).is_symlink() and not Path(outside).readlink().is_absolute()
            words += ["--symlink", str(Path(outside).readlink()), inside] if link else ["--ro-bind", outside, inside]
        words += ["--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev", "--tmpfs", "/dev/shm"]
        for name, file in (("hosts", self.hosts), ("resolv.conf", self.resolver)):
            there = Path(self.image.binds.get("/etc", "/nowhere")) / name
            if there.is_file() and not there.is_symlink():  # a link leads out of the image, to nothing
                words += ["--ro-bind", str(file), f"/etc/{name}"]
        for mount in self.mounts:
            words += ["--ro-bind" if mount.read_only else "--bind", str(mount.outside), mount.inside]
        return [*words, "--remount-ro", "/"]


class Process:
    """A container's process tree: bubblewrap's own process, and the container's first."""

    def __init__(self, bubble: Bubble, command: Sequence[str], enter: Enter, log: Path) -> None:
        """Start it; it dies with the calling thread. What it prints is appended to `log`."""
        readable, writable = os.pipe()
        try:
            words = enter(bubble.command(command, info=writable))
            self._outer = launch(words, log, pass_fds=[writable])
        finally:
            os.close(writable)
        with os.fdopen(readable) as answer:
            said = answer.read()  # ends when bubblewrap has told it, or has ended
        self.pid: int = json.loads(said)["child-pid"] if said else 0
        self._wait_for_exec()

    def _wait_for_exec(self) -> None:
        """Until the command itself runs: before, a signal would go to bubblewrap, which ignores it."""
        deadline = time.monotonic() + _EXEC_SECONDS
        with suppress(OSError):
            while self.pid and self.poll() is None and time.monotonic() < deadline:
                if Path(f"/proc/{self.pid}/exe").readlink().name != "bwrap":
                    return
                time.sleep(0.001)

    def poll(self) -> int | None:
        """The exit code, 128 and the signal's number for one that was killed; None while it runs."""
        code = self._outer.poll()
        return 128 - code if code is not None and code < 0 else code

    def signal(self, number: signal.Signals) -> None:
        """To the container's first process alone, as a container runtime does."""
        if self.poll() is None and self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def signal_all(self, number: signal.Signals) -> None:
        """To every process of the container, whichever started it."""
        with suppress(OSError):
            inside = Path(f"/proc/{self.pid}/ns/pid").readlink()
            for path in itertools.chain.from_iterable(Path("/proc").glob("[0-9]*") for _ in range(_PASSES)):
                with suppress(OSError):
                    if (path / "ns" / "pid").readlink() == inside:
                        os.kill(int(path.name), number)

    def kill(self) -> None:
        """End it and all that it started, at once: the kernel takes the others with the first, and ends it last."""
        if self.pid:
            self.signal(signal.SIGKILL)
        else:
            self._outer.kill()

    def wait(self) -> None:
        """Until nothing of it is left."""
        self._outer.wait()


def launch(command: Sequence[str], log: Path | None, pass_fds: Sequence[int] = ()) -> subprocess.Popen[bytes]:
    """A process that dies with the calling thread, with its output appended to `log`, or nowhere."""
    with (log or Path(os.devnull)).open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=die_with_parent,
            pass_fds=pass_fds,
        )
