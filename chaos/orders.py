"""What people order in the middle of it all."""

from __future__ import annotations

from functools import partial

from chaos.strikes import Scene, Struck, signs, where


def handover(scene: Scene) -> Struck:
    """The duty is to go to another candidate, if that one is well."""
    members = scene.fleet.of(scene.duty())
    others = [member for member in members if not signs(member)] or members
    target = scene.chance.choice(others)
    duty, region = target.unit.duty, target.unit.region
    scene.fleet.order(scene.chance.choice(members), "handover", "--to", region)
    return Struck(told=f"ordered {duty} to {region}", hits=[member.unit.name for member in members])


def drain(scene: Scene) -> Struck:
    """A candidate must not hold its duty for a while."""
    member = scene.member()
    told = f"drained {where(member)}"
    scene.fleet.order(member, "drain", "--candidate", member.unit.region)
    undo = partial(scene.fleet.order, member, "undrain", "--candidate", member.unit.region, undoes=True)
    return Struck(told=told, heal=undo, over=scene.fleet.ordered, takes=(member.unit.takes,), hits=(member.unit.name,))


def all_stop(scene: Scene) -> Struck:
    """Every signer of the fleet is stopped, and may go on later."""
    member = scene.member()
    scene.fleet.order(member, "all-stop")
    undo = partial(scene.fleet.order, member, "all-stop", "--resume", undoes=True)
    return Struck(told="stopped all", heal=undo, over=scene.fleet.ordered, takes=("all",))
