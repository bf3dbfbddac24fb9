"""A stack of everything on AWS below the clusters' own objects, on the real engine and the stand-in for AWS."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pulumi import automation as auto

from components.aws.cloud import Cloud
from sandbox import plugins, toolchain
from tests.unit.stacks import planned


def made_in(folder: Path) -> auto.Stack:
    """An empty stack in a folder of its own."""
    engine = toolchain.ensure(["pulumi"], print)["pulumi"]
    (folder / "bin").mkdir()
    (folder / "bin" / "pulumi").symlink_to(engine)
    plugins.install(folder / "stand-in")
    for name in ("state", "home", "work"):
        (folder / name).mkdir()
    path = (folder / "stand-in", folder / "bin", os.environ.get("PATH", os.defpath))
    workspace = auto.LocalWorkspace(
        work_dir=str(folder / "work"),
        pulumi_command=auto.PulumiCommand(str(folder)),
        project_settings=auto.ProjectSettings(name="notary", runtime="python"),
        env_vars={
            "PATH": os.pathsep.join(map(str, path)),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "of this test alone",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_ERROR_OUTPUT_STRING": "true",
            # The state is written at the end alone: nothing is interrupted here.
            "PULUMI_EXPERIMENTAL": "true",
            "PULUMI_SKIP_CHECKPOINTS": "true",
        },
    )
    return auto.Stack.create("test", workspace)


def program(values: dict[str, Any]) -> Callable[[], None]:
    """The program of a stack's values."""
    plan = planned(values)

    def run() -> None:
        Cloud(plan)

    return run


def changed(stack: auto.Stack, values: dict[str, Any]) -> dict[str, int]:
    """How many resources an update touched, by what it did to them."""
    stack.workspace.program = program(values)
    counts = stack.up(suppress_progress=True, suppress_outputs=True).summary.resource_changes or {}
    return {str(getattr(op, "value", op)): count for op, count in counts.items() if op != "same"}


def previewed(stack: auto.Stack, values: dict[str, Any]) -> dict[str, set[str]]:
    """What a preview would do to each resource, by type and name; what stays is left out."""
    found: dict[str, set[str]] = {}

    def note(event: auto.EngineEvent) -> None:
        if event.resource_pre_event and event.resource_pre_event.metadata.op != "same":
            data = event.resource_pre_event.metadata
            kind = data.urn.split("::")[2].rsplit("$", 1)[-1].rsplit(":", 1)[-1]
            found.setdefault(f"{kind} {data.urn.rsplit('::', 1)[-1]}", set()).add(str(data.op.value))

    stack.preview(program=program(values), on_event=note, suppress_progress=True, suppress_outputs=True)
    return found


def resources(stack: auto.Stack) -> dict[str, dict[str, Any]]:
    """The state's resources of AWS, by type and name."""
    kept = (stack.export_stack().deployment or {}).get("resources") or []
    return {
        f"{item['type'].rsplit(':', 1)[-1]} {item['urn'].rsplit('::', 1)[-1]}": item
        for item in kept
        if item["type"].startswith("aws:")
    }


def unprotect(stack: auto.Stack) -> None:
    """Let everything go, as `fleet destroy` does once a person has said the stack's name."""
    exported = stack.export_stack()
    for item in (exported.deployment or {}).get("resources") or []:
        item.pop("protect", None)
    stack.import_stack(exported)
