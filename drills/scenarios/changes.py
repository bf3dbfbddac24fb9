"""Changes that an operator makes: restarts one by one, more servers, fewer servers."""

from __future__ import annotations

import time

from components.manifests import keeper
from components.manifests.certificates import servers_map
from components.manifests.zookeeper_files import member
from config.plan import FleetPlan
from drills.drill import Drill, Scene
from drills.objects import data_of
from drills.rig import Rig, addresses_of
from drills.scenarios.crashes import HOP_SECONDS
from drills.stacks import FIVE, THREE
from sandbox.pods import Pod


def roll(scene: Scene) -> str:
    """Every server is restarted as an update does it."""
    rig = scene.rig
    leader = rig.known_leader()
    # Only the leader's own restart changes the leader, and it comes last.
    scene.limit_s = HOP_SECONDS
    seconds = rig.roll()
    return f"restarted all servers in {seconds:.0f} s, the leader, server {leader}, last"


def resize(scene: Scene) -> str:
    """Two more servers join one by one, then leave again: each change is a reconfiguration under writes."""
    rig = scene.rig
    small, plan = rig.plan, rig.with_shape(FIVE if len(rig.numbers) == 3 else THREE)
    scene.limit_s = HOP_SECONDS
    if len(plan.servers) > len(small.servers):
        _grow(scene, plan)
        _shrink(scene, small)
        return "grew to 5 servers and shrank to 3"
    large = small
    _shrink(scene, plan)
    _grow(scene, large)
    return "shrank to 3 servers and grew to 5"


def _grow(scene: Scene, plan: FleetPlan) -> None:
    rig = scene.rig
    known = set(rig.numbers)
    rig.change(plan)
    rig.start(*(number for number in rig.numbers if number not in known))
    run_keeper(rig)
    rig.wait_serving()
    _same_members(scene)


def _shrink(scene: Scene, plan: FleetPlan) -> None:
    rig = scene.rig
    gone = set(rig.numbers) - {server.number for server in plan.servers}
    rig.change(plan)
    run_keeper(rig)
    _same_members(scene)
    for number in gone:
        rig.pods.pop(number).stop()
        rig.empty(number)


def run_keeper(rig: Rig) -> None:
    """Run the keeper's Job to its end. RuntimeError with its words when it fails."""
    region = keeper.home(rig.plan)
    own = [item for _, item in keeper.objects(rig.plan, rig.plan.regions[region], rig.pem)]
    objects = [*own, servers_map(rig.plan)]
    sources = {(item["kind"], item["metadata"]["name"]): data_of(item) for item in objects}
    job = next(item for item in objects if item["kind"] == "Job")
    pod = Pod(
        {"metadata": {"name": f"keeper-{time.monotonic_ns()}"}, "spec": job["spec"]["template"]["spec"]},
        host=rig.place(region, "keeper"),
        folder=rig.folder / "pods",
        configs=lambda kind, name: sources.get((kind, name)),
        hosts=addresses_of(rig),
        images=rig.images,
    )
    pod.start()
    pod.join(120)
    if pod.phase != "Succeeded":
        raise RuntimeError(f"the keeper is {pod.phase}: {pod.log('keeper')}")


def _same_members(scene: Scene) -> None:
    rig = scene.rig
    found, wanted = rig.members(rig.numbers[-1]), {member(server) for server in rig.plan.servers}
    scene.require(found == wanted, f"the members are {sorted(found)}, expected {sorted(wanted)}")


DRILLS = (
    Drill(name="roll", act=roll),
    Drill(name="resize", act=resize),
)
