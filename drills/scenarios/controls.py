"""Ensembles that are broken on purpose: the checker must see what they lose."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from drills.drill import Drill, Scene
from drills.rig import VOLUMES
from drills.scenarios.disks import forget


def forgetting_disks(scene: Scene) -> str:
    """A majority's disks forget what they had acknowledged as written, as without fsync and power."""
    rig = scene.rig
    majority = rig.numbers[: len(rig.numbers) // 2 + 1]
    for number in majority:
        for volume in VOLUMES:
            _copy(rig.claim(volume, number) / "version-2", rig.folder / "forgotten" / f"{volume}-{number}")
    scene.write_for(2)
    rig.kill(*rig.numbers)
    for number in rig.numbers:
        forget(rig, number)
    for number in majority:
        for volume in VOLUMES:
            source = rig.folder / "forgotten" / f"{volume}-{number}"
            _copy(source, rig.claim(volume, number) / "version-2")
            shutil.rmtree(source)
    rig.start(*rig.numbers)
    rig.wait_ready()
    return f"servers {', '.join(map(str, majority))} forgot two seconds of acknowledged writes"


def split_quorum(scene: Scene) -> str:
    """One server takes itself for a majority, while its region is cut off and the others have theirs."""
    rig = scene.rig
    alone = rig.known_leader()
    conf = rig.claim("data", alone) / "conf"
    rig.kill(*rig.numbers)
    right = (conf / "zoo.cfg").read_text()
    current = conf / right.partition("dynamicConfigFile=")[2].split()[0].rpartition("/")[2]
    members = current.read_text()
    own = next(line for line in members.splitlines() if line.startswith(f"server.{alone}="))
    current.write_text(f"{own}\n")
    region = rig.region_of(alone)
    rig.network.isolate(region)
    rig.start(*rig.numbers)
    rig.wait_serving(alone, *(number for number in rig.numbers if rig.region_of(number) != region))
    scene.write_for(3)
    rig.kill(*rig.numbers)
    rig.network.heal()
    for path in conf.glob("zoo.cfg*"):
        path.unlink()
    rig.start(*rig.numbers)
    rig.wait_ready()
    return f"server {alone} was a quorum of its own while its region was cut off"


def _copy(source: Path, target: Path) -> None:
    """With its holes: a log is mostly hole, and its disk small."""
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", "--sparse=always", str(source), str(target)], check=True)


DRILLS = (
    Drill(name="control-forgetting-disks", act=forgetting_disks),
    Drill(name="control-split-quorum", act=split_quorum),
)
