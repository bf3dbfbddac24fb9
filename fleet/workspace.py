"""The engine's workspace for one stack: settings, state and tools, apart from what git holds."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml
from pulumi import automation as auto

from config.load import LoadedStack, stack_file
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


def open_stack(root: Path, loaded: LoadedStack, report: Report, changes: bool) -> Workspace:
    """Select the stack, or make it. `changes` says whether the command is more than a preview."""
    folder = root / ".fleet"
    work = folder / loaded.name
    work.mkdir(parents=True, exist_ok=True, mode=0o700)
    stands_in = _needs_stand_in(root, loaded, changes)
    binaries = _binaries(folder, report, stands_in)
    environment, state_folder = _environment(folder, loaded, binaries, changes)
    if stands_in and loaded.stack.stage != "sandbox":
        report("pulumi-resource-kubernetes is not installed: planning with the sandbox's stand-in for it")
    _settings(root, work, loaded.name)
    try:
        workspace = auto.LocalWorkspace(
            work_dir=str(work),
            program=program_of(root),
            env_vars=environment,
            pulumi_command=auto.PulumiCommand(str(folder)),
        )
        stack = auto.Stack.create_or_select(loaded.name, workspace)
    except auto.CommandError as error:
        raise FleetError(f"the engine could not open the stack {loaded.name}: {last_line(str(error))}") from None
    return Workspace(root=root, loaded=loaded, stack=stack, state_folder=state_folder)


def last_line(text: str) -> str:
    """The last line that says something, of what the engine printed."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("code:")]
    errors = [line for line in lines if "error:" in line]
    return (errors or lines or ["no reason given"])[-1].removeprefix("stderr:").strip()


def _needs_stand_in(root: Path, loaded: LoadedStack, changes: bool) -> bool:
    """Whether the stand-in for the Kubernetes plugin serves: on the sandbox, and in previews without the official one.

    An update of real clusters never runs on it: the engine then fetches the official plugin, or says that it can't.
    """
    del root
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    installed = any((home / "plugins").glob("resource-kubernetes-v4.*")) or shutil.which("pulumi-resource-kubernetes")
    return not installed and (loaded.stack.stage == "sandbox" or not changes)


def _binaries(folder: Path, report: Report, stands_in: bool) -> Path:
    """A folder for the front of PATH: the engine, and the stand-in where it serves."""
    binaries = folder / "bin"
    binaries.mkdir(parents=True, exist_ok=True)
    try:
        engine = toolchain.ensure(["pulumi"], report)["pulumi"]
    except SandboxError as error:
        raise FleetError(str(error), Exit.MISSING) from None
    link = binaries / "pulumi"
    if not link.is_symlink() or link.readlink() != engine:
        link.unlink(missing_ok=True)
        link.symlink_to(engine)
    if stands_in:
        plugins.install(folder / "stand-in")
    return binaries


def _environment(
    folder: Path, loaded: LoadedStack, binaries: Path, changes: bool
) -> tuple[dict[str, str], Path | None]:
    """The engine's environment, and the folder of the state where that is on this machine."""
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    stands_in = (folder / "stand-in").is_dir() and _needs_stand_in(folder, loaded, changes)
    path = os.pathsep.join([*([str(folder / "stand-in")] if stands_in else []), str(binaries), os.environ["PATH"]])
    made = {"PATH": path, "PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_ERROR_OUTPUT_STRING": "true"}
    if stands_in:
        made["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
    sandboxed = loaded.stack.stage == "sandbox"
    backend = os.environ.get("PULUMI_BACKEND_URL")
    if sandboxed or (not backend and not (home / "credentials.json").is_file()):
        if changes and not sandboxed:
            what = "no place for the stack's state: set PULUMI_BACKEND_URL, such as s3://bucket, or run `pulumi login`"
            raise FleetError(what, Exit.MISSING)
        state = folder / "state"
        state.mkdir(exist_ok=True, mode=0o700)
        backend = made["PULUMI_BACKEND_URL"] = f"file://{state}"
        made["PULUMI_HOME"] = str(folder / "home")
    if not {"PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"} & set(os.environ):
        made["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(_passphrase(folder))
    local = backend is not None and backend.startswith("file://")
    return made, Path(backend.removeprefix("file://")) if local and backend else None


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
