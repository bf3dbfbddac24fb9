"""The engine's workspace for one stack: settings, state and tools, apart from what git holds."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import yaml
from pulumi import automation as auto

from config.load import LoadedStack, stack_file
from fleet import state
from fleet.errors import Exit, FleetError
from fleet.project import program_of
from sandbox import plugins, toolchain
from sandbox.errors import SandboxError

Report = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """One stack as the engine works on it. `state_folder` is None where the state is kept elsewhere."""

    root: Path
    loaded: LoadedStack
    stack: auto.Stack
    state_folder: Path | None


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Where the engine works: its executable, its folder for the stack, its environment, the state's folder if here."""

    engine: Path
    work: Path
    environment: dict[str, str]
    state_folder: Path | None


def open_stack(root: Path, loaded: LoadedStack, report: Report, changes: bool) -> Workspace:
    """Select the stack, or make it. `changes` says whether the command is more than a preview."""
    ground = prepare(root, loaded.name, loaded.stack.stage == "sandbox", report, changes)
    try:
        workspace = auto.LocalWorkspace(
            work_dir=str(ground.work),
            program=program_of(root),
            env_vars=ground.environment,
            pulumi_command=auto.PulumiCommand(str(ground.engine.parent.parent)),
        )
        stack = auto.Stack.create_or_select(loaded.name, workspace)
    except auto.CommandError as error:
        raise FleetError(f"the engine could not open the stack {loaded.name}: {last_line(str(error))}") from None
    return Workspace(root=root, loaded=loaded, stack=stack, state_folder=ground.state_folder)


def prepare(root: Path, name: str, sandboxed: bool, report: Report, changes: bool) -> Ground:
    """Make the engine ready to work on a stack. Raises FleetError where something that it needs is not here."""
    folder = root / ".fleet"
    work = folder / name
    work.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = _engine(folder, report)
    path = [str(engine.parent), os.environ.get("PATH", os.defpath)]
    environment = {"PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_ERROR_OUTPUT_STRING": "true"}
    if _needs_stand_in(sandboxed, changes):
        if not sandboxed:
            report("pulumi-resource-kubernetes is not installed: planning with the sandbox's stand-in for it")
        plugins.install(folder / "stand-in")
        path.insert(0, str(folder / "stand-in"))
        environment["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
    kept, state_folder = _state(folder, sandboxed, changes)
    for sidecar in state.broken_sidecars(state_folder) if state_folder else ():
        sidecar.unlink(missing_ok=True)
    _settings(root, work, name)
    environment |= {"PATH": os.pathsep.join(path), **kept}
    return Ground(engine=engine, work=work, environment=environment, state_folder=state_folder)


def last_line(text: str) -> str:
    """The last line that says something, of what the engine printed."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("code:")]
    errors = [line for line in lines if "error:" in line]
    return (errors or lines or ["no reason given"])[-1].removeprefix("stderr:").strip()


def _needs_stand_in(sandboxed: bool, changes: bool) -> bool:
    """Whether the stand-in for the Kubernetes plugin serves: on the sandbox, and in previews without the official one.

    An update of real clusters never runs on it: the engine then fetches the official plugin, or says that it can't.
    """
    return (sandboxed or not changes) and not plugin_installed()


def plugin_installed() -> bool:
    """Whether the official Kubernetes plugin is on this machine."""
    found = [*(_pulumi_home() / "plugins").glob("resource-kubernetes-v4.*")]
    return bool(found) or shutil.which("pulumi-resource-kubernetes") is not None


def _pulumi_home() -> Path:
    return Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")


def _engine(folder: Path, report: Report) -> Path:
    """A link to the engine, in a folder for the front of PATH."""
    try:
        engine = toolchain.ensure(["pulumi"], report)["pulumi"]
    except SandboxError as error:
        raise FleetError(str(error), Exit.MISSING) from None
    link = folder / "bin" / "pulumi"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink() or link.readlink() != engine:
        link.unlink(missing_ok=True)
        link.symlink_to(engine)
    return link


def _state(folder: Path, sandboxed: bool, changes: bool) -> tuple[dict[str, str], Path | None]:
    """The environment that says where the state is kept, and its folder where that is on this machine.

    The sandbox's state stays in the checkout, and so does that of previews for which no other place is known.
    """
    backend = os.environ.get("PULUMI_BACKEND_URL", "")
    elsewhere = backend or (_pulumi_home() / "credentials.json").is_file()
    if elsewhere and not sandboxed:
        local = backend.startswith("file://")
        return {}, Path(backend.removeprefix("file://").partition("?")[0]).expanduser() if local else None
    if changes and not sandboxed:
        what = "no place for the stack's state: set PULUMI_BACKEND_URL, such as s3://bucket, or run `pulumi login`"
        raise FleetError(what, Exit.MISSING)
    kept = folder / "state"
    kept.mkdir(exist_ok=True, mode=0o700)
    home = folder / "home"
    home.mkdir(exist_ok=True, mode=0o700)
    # A file where the engine would make the folder of its logs: all inputs and outputs once more, a sixth of the time.
    with suppress(OSError):
        (home / "logs").touch()
    made = {"PULUMI_BACKEND_URL": f"file://{kept}", "PULUMI_HOME": str(home)}
    if not {"PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"} & set(os.environ):
        made["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(_passphrase(folder))
    return made, kept


def _passphrase(folder: Path) -> Path:
    """A passphrase of this checkout's own, for states that never leave it."""
    path = folder / "passphrase"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32))
    return path


def _settings(root: Path, work: Path, name: str) -> None:
    """Copies of the project's and the stack's settings: the engine writes into them, and git must not see that."""
    settings = yaml.safe_load((root / "Pulumi.yaml").read_text())
    (work / "Pulumi.yaml").write_text(yaml.safe_dump({"name": settings["name"], "runtime": "python"}))
    copy = work / f"Pulumi.{name}.yaml"
    text = stack_file(root, name).read_text()
    if copy.exists() and "encryptionsalt:" not in text:
        salts = [line for line in copy.read_text().splitlines() if line.startswith("encryptionsalt:")]
        text = "\n".join([text.rstrip("\n"), *salts, ""])
    copy.write_text(text)
