"""Running the engine on a stack: up, preview, refresh and destroy, with progress and one result."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from pulumi import automation as auto
from pulumi.automation import EngineEvent, OpType

from config.plan import FleetPlan
from fleet.errors import Exit, FleetError
from fleet.policies import VARIABLE, Policies
from fleet.releases.history import message
from fleet.workspace import Workspace

Report = Callable[[str], None]
Operation = Literal["up", "preview", "refresh", "destroy"]
QUIET_SECONDS = 2.0
# Most of an update is waiting for pods: the engine's own choice, four a core, would have daemons wait for one another.
AT_ONCE = 64
PARTS_OF_A_REPLACEMENT = (OpType.CREATE_REPLACEMENT, OpType.DELETE_REPLACED)


@dataclass(frozen=True, kw_only=True, order=True)
class Step:
    """One change of one resource. `region` is empty for what stands in none."""

    region: str
    name: str
    kind: str
    operation: str


@dataclass(frozen=True, kw_only=True)
class Result:
    """What an operation did: each step, their number by kind, or the errors that ended it, each with its region."""

    operation: Operation
    steps: tuple[Step, ...]
    changes: dict[str, int]
    errors: tuple[str, ...]
    seconds: float


@dataclass(kw_only=True)
class Watch:
    """Follows the engine's events: counts, prints a line now and then, keeps the errors."""

    report: Report
    regions: tuple[str, ...]
    started: float = field(default_factory=time.monotonic)
    counts: Counter[str] = field(default_factory=Counter[str])
    changes: dict[str, int] = field(default_factory=dict[str, int])
    steps: set[Step] = field(default_factory=set[Step])
    listeners: tuple[Callable[[EngineEvent], None], ...] = ()
    failed: dict[tuple[str | None, str], list[str]] = field(default_factory=dict[tuple[str | None, str], list[str]])
    told: float = 0.0

    def __call__(self, event: EngineEvent) -> None:
        """Take one event of the engine."""
        for listener in self.listeners:
            listener(event)
        if event.resource_pre_event and event.resource_pre_event.metadata.op != OpType.SAME:
            self._begin(event.resource_pre_event.metadata.op, event.resource_pre_event.metadata.urn)
        elif event.res_outputs_event:
            self.counts[event.res_outputs_event.metadata.op.value] += 1
        elif event.res_op_failed_event:
            self.counts["failed"] += 1
        elif event.diagnostic_event:
            self._diagnose(event.diagnostic_event.severity, event.diagnostic_event.message, event.diagnostic_event.urn)
        elif event.summary_event:
            self.changes = {str(kind): count for kind, count in event.summary_event.resource_changes.items()}

    def _begin(self, operation: OpType, urn: str) -> None:
        kind, _, name = _label(urn).partition(" ")
        self._tell(f"{operation.value} {kind} {name}")
        if operation not in PARTS_OF_A_REPLACEMENT:
            step = Step(region=self._region(urn) or "", name=name, kind=kind, operation=operation.value)
            self.steps.add(step)

    def _diagnose(self, severity: str, message: str, urn: str | None) -> None:
        text = " ".join(message.replace("<{%reset%}>", "").split())
        if severity == "error" and text and not text.endswith("failed"):
            self.failed.setdefault((self._region(urn), text), []).append(_label(urn or ""))
        elif severity == "warning" and not text.startswith("using pulumi-resource-"):
            where = self._region(urn)
            self.report(f"warning: {f'region {where}: ' if where else ''}{text}")

    @property
    def errors(self) -> tuple[str, ...]:
        """One sentence per error, however many of a region's resources it hit."""
        told: list[str] = []
        for (region, text), names in self.failed.items():
            others = f" and {len(names) - 1} more" if names[1:] else ""
            told.append(f"region {region}: {names[0]}{others}: {text}" if region else text)
        return tuple(told)

    def _region(self, urn: str | None) -> str | None:
        name = (urn or "").rsplit("::", 1)[-1]
        return next((region for region in self.regions if name == region or name.startswith(f"{region}-")), None)

    def _tell(self, what: str) -> None:
        now = time.monotonic()
        if now - self.told >= QUIET_SECONDS:
            self.told = now
            done = sum(count for kind, count in self.counts.items() if kind != OpType.SAME.value)
            self.report(f"{now - self.started:5.0f} s  {done:4d} done  {what}")


def _label(urn: str) -> str:
    kind, _, name = urn.rsplit("$", 1)[-1].rpartition("::")
    return f"{kind.rsplit(':', 1)[-1]} {name}"


@dataclass(frozen=True, kw_only=True)
class Look:
    """How closely a preview looks: who hears every event of the engine, which policies judge.

    One for `drift` asks the clusters first what is there, and fails where anything would change.
    """

    listeners: tuple[Callable[[EngineEvent], None], ...] = ()
    policies: Policies | None = None
    drift: bool = False


def run(
    workspace: Workspace,
    plan: FleetPlan,
    operation: Operation,
    report: Report,
    targets: list[str] | None = None,
    look: Look | None = None,
) -> Result:
    """Run one operation to its end. Raises FleetError when another update holds the stack."""
    look = look or Look()
    regions = tuple(sorted(plan.regions, key=len, reverse=True))
    watch = Watch(report=report, regions=regions, listeners=look.listeners)
    stack = workspace.stack
    quiet: dict[str, Any] = {"suppress_progress": True, "suppress_outputs": True, "parallel": AT_ONCE}
    errors: tuple[str, ...] = ()
    try:
        if operation == "up":
            told = message(plan.loaded.release)
            stack.up(on_event=watch, continue_on_error=True, target=targets, message=told, **quiet)
        elif operation == "preview":
            stack.preview(on_event=watch, **quiet, **_looking(stack, look))
        elif operation == "refresh":
            stack.refresh(on_event=watch, target=targets, **quiet)
        else:
            stack.destroy(on_event=watch, **quiet)
    except auto.ConcurrentUpdateError:
        name = workspace.loaded.name
        raise FleetError(f"another update of {name} is running; wait for it, or end it", Exit.LOCKED) from None
    except (auto.CommandError, auto.InlineSourceRuntimeError) as error:
        errors = watch.errors or (_reason(str(error)),)
    return Result(
        operation=operation,
        steps=tuple(sorted(watch.steps)),
        changes=watch.changes,
        errors=errors,
        seconds=time.monotonic() - watch.started,
    )


def _looking(stack: auto.Stack, look: Look) -> dict[str, Any]:
    """The engine's options for a preview."""
    options: dict[str, Any] = {"refresh": look.drift, "expect_no_changes": look.drift}
    if look.policies:
        stack.workspace.env_vars = {**stack.workspace.env_vars, VARIABLE: str(look.policies.known)}
        options["policy_packs"] = [str(look.policies.pack)]
    return options


def _reason(text: str) -> str:
    lines = [" ".join(line.split()) for line in text.splitlines() if "error:" in line]
    if killed := re.search(r"code: -(\d+)", text):
        return f"the engine was killed by signal {killed[1]}; the next `fleet up` completes what it began"
    return lines[-1] if lines else "the engine ended without a reason"
