"""Regions that don't hear one another: packets vanish, connections stay open."""

from __future__ import annotations

from drills.drill import Drill, Scene
from drills.rig import PROJECT_REGIONS
from drills.scenarios.crashes import HOP_SECONDS

ELECTION_SECONDS = 1.5


def isolate_leader(scene: Scene) -> str:
    """The leader's region is cut from all others; the others go on with a leader of theirs."""
    rig = scene.rig
    region = rig.region_of(rig.known_leader())
    scene.limit_s = scene.silence_s + ELECTION_SECONDS
    rig.network.isolate(region)
    scene.write_for(scene.silence_s + 3)
    modes = [rig.mode(number) for number in rig.in_region(region)]
    scene.require(not any(modes), f"a server of {region} served without a quorum: {modes}")
    rig.network.heal()
    rig.wait_serving()
    return f"cut {region}, where the leader was, from all"


def isolate_followers(scene: Scene) -> str:
    """A region of followers is cut off: its servers stop to serve and live on."""
    rig = scene.rig
    leader = rig.region_of(rig.known_leader())
    region = scene.random.choice([name for name in PROJECT_REGIONS if name != leader])
    restarts = {number: rig.pods[number].restarts for number in rig.in_region(region)}
    rig.network.isolate(region)
    # The leader acknowledges with the other regions; only clients of the region must find another way, and can't.
    scene.limit_s = HOP_SECONDS
    scene.write_for(scene.silence_s + 3)
    modes = [rig.mode(number) for number in restarts]
    scene.require(not any(modes), f"a server of {region} served without a quorum: {modes}")
    killed = {number for number, before in restarts.items() if rig.pods[number].restarts != before}
    scene.require(not killed, f"servers of a minority were restarted: {killed}")
    rig.network.heal()
    rig.wait_serving()
    return f"cut {region} from all"


def one_sees_one(scene: Scene) -> str:
    """Two regions don't see each other, the third sees both; the leader's is one of the two."""
    rig = scene.rig
    leader = rig.region_of(rig.known_leader())
    other = scene.random.choice([name for name in PROJECT_REGIONS if name != leader])
    scene.limit_s = scene.silence_s + ELECTION_SECONDS
    rig.network.cut(leader, other)
    scene.write_for(scene.silence_s + 3)
    rig.network.heal()
    rig.wait_serving()
    return f"cut {leader}, where the leader was, from {other}; both see the third"


def one_way(scene: Scene) -> str:
    """What the leader's region sends to another vanishes; what it hears still comes."""
    rig = scene.rig
    leader = rig.region_of(rig.known_leader())
    other = scene.random.choice([name for name in PROJECT_REGIONS if name != leader])
    ends = scene.random.choice([(leader, other), (other, leader)])
    scene.limit_s = scene.silence_s + ELECTION_SECONDS
    rig.network.cut(*ends, one_way=True)
    scene.write_for(scene.silence_s + 3)
    rig.network.heal()
    rig.wait_serving()
    return f"dropped what {ends[0]} sent to {ends[1]}, not what came back"


def flapping(scene: Scene) -> str:
    """A link comes and goes faster than anybody can tell."""
    rig = scene.rig
    leader = rig.region_of(rig.known_leader())
    other = scene.random.choice([name for name in PROJECT_REGIONS if name != leader])
    times = scene.random.randint(6, 10)
    for _ in range(times):
        rig.network.cut(leader, other)
        scene.write_for(scene.random.uniform(0.1, 0.8))
        rig.network.heal()
        scene.write_for(scene.random.uniform(0.1, 0.6))
    rig.wait_serving()
    return f"cut {leader} from {other} {times} times for up to 0.8 s"


DRILLS = (
    Drill(name="isolate-leader", act=isolate_leader),
    Drill(name="isolate-followers", act=isolate_followers),
    Drill(name="one-sees-one", act=one_sees_one),
    Drill(name="one-way", act=one_way),
    Drill(name="flapping", act=flapping),
)
