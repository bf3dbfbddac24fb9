"""One drill: clients write in every region while something is done to the ensemble; then everything is compared."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from drills.checker import check, lost
from drills.client import Config
from drills.history import Op, statistics
from drills.report import Result
from drills.rig import PROJECT_REGIONS, Rig
from drills.workload import Workload

WARM_SECONDS = 0.8
RATE = 40.0  # operations a second and client, of which about five in six are writes


@dataclass(kw_only=True)
class Scene:
    """What a drill works with. `limit_s` is the longest write gap that it allows; None: as long as it takes."""

    rig: Rig
    random: random.Random
    workload: Workload
    root: str
    limit_s: float | None = None
    problems: list[str] = field(default_factory=list)
    history: Callable[[Sequence[Op]], Sequence[Op]] = lambda ops: ops

    @property
    def silence_s(self) -> float:
        """How long a silent server is waited for: syncLimit ticks."""
        ensemble = self.rig.plan.loaded.stack.ensemble
        return ensemble.sync_ticks * ensemble.tick_time_ms / 1000

    def require(self, holds: bool, problem: str) -> None:
        """Note a problem beyond the history's own."""
        if not holds:
            self.problems.append(problem)

    def write_for(self, seconds: float) -> None:
        """Let the clients work."""
        time.sleep(seconds)


@dataclass(frozen=True, kw_only=True)
class Drill:
    """A drill by name. `act` does something to the ensemble, leaves it whole, and says what it did."""

    name: str
    act: Callable[[Scene], str]


def run(drill: Drill, rig: Rig, seed: int) -> Result:
    """Run one drill and check it; afterwards the ensemble is whole."""
    started = time.monotonic()
    # The name, not the place in a list, so that one drill alone does what it does among all.
    chance = random.Random(f"{seed}/{drill.name}")
    folder = rig.folder / "drills" / f"{seed}-{drill.name}"
    folder.mkdir(parents=True, exist_ok=True)
    scene = Scene(rig=rig, random=chance, workload=Workload(folder), root=f"/{seed}-{drill.name}")
    _start_clients(scene, seed)
    begun = time.monotonic_ns()
    time.sleep(WARM_SECONDS)
    done = drill.act(scene)
    rig.wait_serving()
    time.sleep(WARM_SECONDS)
    ended = time.monotonic_ns()
    ops = scene.history(scene.workload.stop())
    final = rig.final_state(scene.root)
    found = statistics(ops, begun, ended)
    violations = [*scene.problems, *map(str, check(ops, final))]
    gap = found.longest_gap_s
    if scene.limit_s is not None and gap > scene.limit_s:
        violations.append(f"no write for {gap:.2f} s, at most {scene.limit_s:.2f} s were allowed")
    return Result(
        name=drill.name,
        done=done,
        acknowledged=found.acknowledged,
        lost=len(lost(ops, final)),
        longest_gap_s=gap,
        seconds=time.monotonic() - started,
        violations=violations,
    )


def _start_clients(scene: Scene, seed: int) -> None:
    rig = scene.rig
    for number, region in enumerate(PROJECT_REGIONS):
        config = Config(
            client=f"client-{region}",
            region=region,
            history="",
            access=replace(rig.access("eu-west"), reply_timeout_ms=400),
            seed=seed * 10 + number,
            rate=RATE,
            root=scene.root,
        )
        scene.workload.start(config, rig.place(region, f"client-{region}").enter)
    scene.workload.wait_for_writes([f"client-{region}" for region in PROJECT_REGIONS], 20)
