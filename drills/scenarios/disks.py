"""Disks that are full, forget, or tell something else than was written."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from drills.drill import Drill, Scene
from drills.history import Op, Outcome
from drills.rig import Rig
from drills.scenarios.crashes import HOP_SECONDS
from drills.scenarios.partitions import ELECTION_SECONDS
from sandbox.pods import Pod


def data(rig: Rig, number: int) -> Path:
    """Where a server's snapshots lie."""
    return rig.claim("data", number) / "version-2"


def logs(rig: Rig, number: int) -> Path:
    """Where a server's transaction log lies."""
    return rig.claim("datalog", number) / "version-2"


def full_log(scene: Scene) -> str:
    """The disk of a server's log is full: it ends, and takes part again once there is room."""
    rig = scene.rig
    number = scene.random.choice(rig.numbers)
    led = rig.known_leader() == number
    # A leader whose log is full may win once more, and fall silent before it notices.
    scene.limit_s = scene.silence_s + ELECTION_SECONDS if led else HOP_SECONDS
    filler = rig.claim("datalog", number) / "filler"
    before = rig.pods[number].restarts
    _fill(filler)
    rig.wait(lambda: rig.mode(number) is None, 30, lambda: f"server {number} gave up")
    scene.write_for(3)
    filler.unlink()
    # What it could not write stays in its log's buffer, and a record cut off in the log: it must begin anew.
    rig.wait(lambda: rig.pods[number].restarts > before, 60, lambda: f"server {number} began anew")
    rig.wait_serving(number)
    return f"filled the log's disk of server {number}{', the leader' if led else ''}"


def _fill(path: Path) -> None:
    # Unbuffered: what a full disk did not take would be tried once more when the file is closed.
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 65536)


def corrupt_snapshot(scene: Scene) -> str:
    """A server's newest snapshot is damaged while it is down: it takes an older one, or what the others have."""
    return _corrupt(scene, data, "snapshot.*")


def corrupt_log(scene: Scene) -> str:
    """A server's log is damaged while it is down: it must not serve what it made of it."""
    return _corrupt(scene, logs, "log.*")


def _corrupt(scene: Scene, folder: Callable[[Rig, int], Path], pattern: str) -> str:
    rig = scene.rig
    number = scene.random.choice(rig.followers())
    scene.limit_s = HOP_SECONDS
    rig.kill(number)
    newest = max(folder(rig, number).glob(pattern), key=lambda path: int(path.name.partition(".")[2], 16))
    _damage(newest, scene)
    return _back_or_resync(scene, number, f"damaged {newest.name} of server {number}")


def _damage(path: Path, scene: Scene) -> None:
    """Some bytes of what was written become others. In place: a log is mostly hole, and its disk is small."""
    content = path.read_bytes()
    written = len(content.rstrip(b"\0"))
    with path.open("r+b") as file:
        for _ in range(8):
            place = scene.random.randrange(min(32, written // 2), written)
            file.seek(place)
            file.write(bytes([content[place] ^ 0xFF]))


def _back_or_resync(scene: Scene, number: int, done: str) -> str:
    """Start the server; where it refuses, take its data away, as docs/ensemble.md has it."""
    rig = scene.rig
    rig.start(number)
    scene.write_for(6)
    if rig.mode(number):
        return f"{done}: it synchronised by itself"
    rig.kill(number)
    forget(rig, number)
    rig.start(number)
    rig.wait_ready(number)
    return f"{done}: it refused, and took all from the others once its data was taken away"


def forget(rig: Rig, number: int) -> None:
    """Take a server's data away, but neither its id nor who is a member."""
    for folder in (data(rig, number), logs(rig, number)):
        shutil.rmtree(folder, ignore_errors=True)


def lost_disk(scene: Scene) -> str:
    """A server's disk is replaced by an empty one: it joins, and had no vote before."""
    rig = scene.rig
    number = scene.random.choice(rig.followers())
    scene.limit_s = HOP_SECONDS
    rig.kill(number)
    rig.empty(number)
    rig.start(number)
    rig.wait_ready(number)
    rig.wait_serving(number)
    return f"emptied the disks of server {number}"


def restore(scene: Scene) -> str:
    """All servers' data is lost; each goes back to its backup, and what was acknowledged before it is there."""
    rig = scene.rig
    begun = time.monotonic_ns()
    for number in rig.numbers:
        _back_up(rig, number)
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    scene.write_for(1)
    scene.workload.stop()
    rig.kill(*rig.numbers)
    for number in rig.numbers:
        forget(rig, number)
    plan = rig.plan
    rig.change(rig.with_settings(restore=moment))
    rig.start(*rig.numbers)
    rig.wait_ready()
    for number in rig.numbers:
        scene.require("restored 2" in rig.pods[number].log("prepare"), f"server {number} restored nothing")
    rig.change(plan)
    scene.history = lambda ops: list(as_of(ops, begun))
    return f"took the data of all servers away, and restored their backups of {moment}"


def as_of(ops: Sequence[Op], moment: int) -> Iterator[Op]:
    """The history as it was at a moment: what had no answer yet may or may not come true."""
    for op in ops:
        if op.completed and op.completed <= moment:
            yield op
        elif op.kind.is_write:
            yield replace(op, outcome=Outcome.UNKNOWN, completed=None, version=None, mzxid=None)


def _back_up(rig: Rig, number: int) -> None:
    """What `kubectl exec … -c backup -- bash /conf/backup.sh once` does."""
    manifest = rig.pod_manifest(number)
    script = next(item for item in manifest["spec"]["initContainers"] if item["name"] == "backup")
    once = {**script, "command": [*script["command"], "once"]}
    once.pop("restartPolicy")
    spec = {**manifest["spec"], "initContainers": [], "containers": [once], "restartPolicy": "Never"}
    name = f"backup-{number}-{os.urandom(2).hex()}"
    pod: Pod = rig.make_pod(number, {"metadata": {**manifest["metadata"], "name": name}, "spec": spec})
    pod.start()
    pod.join(60)
    if pod.phase != "Succeeded":
        raise RuntimeError(f"the backup of server {number} failed: {pod.log('backup')}")


DRILLS = (
    Drill(name="full-log-disk", act=full_log),
    Drill(name="corrupt-snapshot", act=corrupt_snapshot),
    Drill(name="corrupt-log", act=corrupt_log),
    Drill(name="lost-disk", act=lost_disk),
    Drill(name="restore", act=restore),
)
