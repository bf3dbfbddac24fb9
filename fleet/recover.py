"""Making a stack usable again after an update was cut off: by a crash, kill -9 or a lost machine."""

from __future__ import annotations

import copy
from collections.abc import Callable

from pulumi.automation import CommandError, Deployment

from config.plan import FleetPlan
from fleet import state, update
from fleet.errors import Exit, FleetError
from fleet.workspace import Workspace, last_line

Report = Callable[[str], None]


def recover(workspace: Workspace, plan: FleetPlan, report: Report, forget: tuple[str, ...] = ()) -> None:
    """Release a dead process's lock and settle pending operations, so that the next update completes the last one.

    What may be on AWS without an id in the state is `forget`-ten by name alone: made again, it might be there twice.
    """
    _release_dead_locks(workspace, report)
    try:
        exported = workspace.stack.export_stack()
    except CommandError as error:
        what = f"the state of {workspace.loaded.name} can't be read: {last_line(str(error))}"
        raise FleetError(what, Exit.MISSING) from None
    deployment = exported.deployment or {}
    orphans = state.orphans(deployment)
    _refuse(set(orphans) - set(forget), set(forget) - set(orphans))
    if not deployment.get("pending_operations"):
        return
    mended, doubtful = state.recovered(deployment)
    report(f"the last update was interrupted: settling {len(deployment['pending_operations'])} operations")
    # Imported first: from here on the state is whole, and what is doubtful carries an error that the update mends.
    workspace.stack.import_stack(Deployment(version=exported.version, deployment=copy.deepcopy(mended)))
    if doubtful:
        result = update.run(workspace, plan, "refresh", report, targets=doubtful)
        if result.errors:
            raise FleetError("; ".join(result.errors))


def _refuse(orphans: set[str], unknown: set[str]) -> None:
    """Raises FleetError for what nobody looked for yet, and for names that nothing pending has."""
    if unknown:
        found = ", ".join(sorted(unknown))
        raise FleetError(f"--forget {found}: no interrupted update was making such a thing on AWS", Exit.BAD_INPUT)
    if orphans:
        names = sorted(orphans)
        options = " ".join(f"--forget {name}" for name in names)
        raise FleetError(
            f"the last update was cut off while it made {', '.join(names)}, and whether AWS has it no state tells. "
            f"Look for it by its tag Name, delete what you find, and let `fleet up` make it again: {options}",
            Exit.BAD_INPUT,
        )


def _release_dead_locks(workspace: Workspace, report: Report) -> None:
    if workspace.state_folder is None:
        return
    found = state.locks(workspace.state_folder, workspace.loaded.name)
    dead = list(state.dead_locks(found))
    if found and len(dead) < len(found):
        name = workspace.loaded.name
        raise FleetError(f"another update of {name} is running; wait for it, or end it", Exit.LOCKED)
    for lock in dead:
        report("the last update's process is gone: releasing its lock")
        lock.unlink(missing_ok=True)


def permit_removals(workspace: Workspace, planned: set[str], named: tuple[str, ...], dry: bool, report: Report) -> None:
    """Let go of data-bearing things that are no longer planned, if a person named each; else refuse.

    Raises FleetError that lists what would be lost. In a preview (`dry`) that is only told.
    """
    deployment = workspace.stack.export_stack().deployment or {}
    lost = state.lost(deployment, planned)
    unknown = set(named) - set(lost.values())
    if unknown:
        there = ", ".join(sorted(set(lost.values()))) or "nothing"
        found = ", ".join(sorted(unknown))
        raise FleetError(
            f"--remove {found}: no such data-bearing thing is about to go; there is {there}", Exit.BAD_INPUT
        )
    unnamed = sorted(set(lost.values()) - set(named))
    if unnamed:
        options = " ".join(f"--remove {name}" for name in unnamed)
        what = f"would remove what carries data: {', '.join(unnamed)}; say so with {options}"
        if not dry:
            raise FleetError(f"this update {what}", Exit.BAD_INPUT)
        report(f"warning: the update {what}")
    if named and not dry:
        unprotect(workspace, list(lost))


def unprotect(workspace: Workspace, urns: list[str]) -> None:
    """Take the engine's protection off these resources."""
    exported = workspace.stack.export_stack()
    deployment = copy.deepcopy(dict(exported.deployment or {}))
    for resource in state.resources(deployment):
        if resource["urn"] in urns:
            resource.pop("protect", None)
    workspace.stack.import_stack(Deployment(version=exported.version, deployment=deployment))
