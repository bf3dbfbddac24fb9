"""Processes that end or stand still, machines and regions that go."""

from __future__ import annotations

from drills.drill import Drill, Scene
from drills.rig import PROJECT_REGIONS

AWAY_SECONDS = 4.0
# From the end of a leader to the next write: election, its announcement, and the clients' own way to another server.
HOP_SECONDS = 1.5


def lose_region(region: str) -> Drill:
    """All servers of a region die at once and come back."""

    def act(scene: Scene) -> str:
        rig, numbers = scene.rig, scene.rig.in_region(region)
        led = rig.known_leader() in numbers
        scene.limit_s = HOP_SECONDS
        rig.kill(*numbers)
        scene.write_for(AWAY_SECONDS)
        rig.start(*numbers)
        rig.wait_serving(*numbers)
        return f"killed {region}, servers {_listed(numbers)}{', the leader among them' if led else ''}"

    return Drill(name=f"lose-{region}", act=act)


def kill_leader(scene: Scene) -> str:
    """The leader's processes die."""
    number = scene.rig.known_leader()
    scene.limit_s = HOP_SECONDS
    return _kill(scene, number, "leader")


def kill_follower(scene: Scene) -> str:
    """A follower's processes die; its clients go elsewhere."""
    scene.limit_s = HOP_SECONDS
    return _kill(scene, scene.random.choice(scene.rig.followers()), "follower")


def _kill(scene: Scene, number: int, what: str) -> str:
    scene.rig.kill(number)
    scene.write_for(2)
    scene.rig.start(number)
    scene.rig.wait_serving(number)
    return f"killed the {what}, server {number}"


def freeze_leader(scene: Scene) -> str:
    """The leader stands still, its connections open, and goes on when another leads."""
    number = scene.rig.known_leader()
    scene.limit_s = scene.silence_s + 1.0
    scene.rig.pods[number].freeze()
    scene.write_for(scene.silence_s + 3)
    scene.rig.pods[number].thaw()
    scene.rig.wait_serving(number)
    return f"froze the leader, server {number}, for {scene.silence_s + 3:.0f} s"


def freeze_follower(scene: Scene) -> str:
    """A follower stands still."""
    number = scene.random.choice(scene.rig.followers())
    scene.limit_s = HOP_SECONDS
    scene.rig.pods[number].freeze()
    scene.write_for(scene.silence_s + 2)
    scene.rig.pods[number].thaw()
    scene.rig.wait_serving(number)
    return f"froze server {number}, a follower, for {scene.silence_s + 2:.0f} s"


def kill_all(scene: Scene) -> str:
    """Every server dies at once, as when the power fails everywhere, and all come back."""
    rig = scene.rig
    rig.kill(*rig.numbers)
    scene.write_for(1)
    rig.start(*scene.random.sample(rig.numbers, len(rig.numbers)))
    rig.wait_serving()
    return "killed all servers at once"


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))


DRILLS = (
    *(lose_region(region) for region in PROJECT_REGIONS),
    Drill(name="kill-leader", act=kill_leader),
    Drill(name="kill-follower", act=kill_follower),
    Drill(name="freeze-leader", act=freeze_leader),
    Drill(name="freeze-follower", act=freeze_follower),
    Drill(name="kill-all", act=kill_all),
)
