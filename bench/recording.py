"""What our program asks of the engine, call by call, as data that a bare program can repeat."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import pulumi
import yaml
from pulumi.runtime import mocks, rpc

SIGNATURE = "4dabf18193072939515e22adb298388d"  # marks what is more than plain data on the wire
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # of that, what marks a secret
# What resources of the TLS package put out: keys and certificates, which other resources refer to.
PEM_OUTPUTS = ("privateKeyPem", "privateKeyPemPkcs8", "certRequestPem", "certPem")
_REFERENCE = re.compile(rf"<({'|'.join(PEM_OUTPUTS)}) of ([a-z0-9-]+)>")


class _Echo(mocks.Mocks):
    """Every resource comes out as it went in, and a key or a certificate as the name of its place."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        pems = PEM_OUTPUTS if args.typ.startswith("tls:") else ()
        return f"{args.name}-id", {**args.inputs, **{key: f"<{key} of {args.name}>" for key in pems}}

    def call(self, args: mocks.MockCallArgs) -> NoReturn:
        raise AssertionError(f"the program calls {args.token}, which the bare program could not repeat")


class Recorder(mocks.MockMonitor):
    """Keeps each registration. Resources are named by their place in the list: each refers to earlier ones alone."""

    def __init__(self) -> None:
        super().__init__(_Echo())
        self.registered: list[dict[str, Any]] = []
        self.places: dict[str, int] = {}
        self._lock = threading.Lock()  # the SDK calls from several threads

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        """Record one registration."""
        if request.type != "pulumi:pulumi:Stack":
            made = self._registration(request)
            with self._lock:
                self.places[self.make_urn(request.parent, request.type, request.name)] = len(self.registered)
                self.registered.append(made)
        return super().RegisterResource(request)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        """Record the outputs of a component."""
        if request.urn in self.places:
            outputs = plain(rpc.deserialize_properties(request.outputs))
            self.registered[self.places[request.urn]]["outputs"] = outputs
        return super().RegisterResourceOutputs(request)

    def _registration(self, request: Any) -> dict[str, Any]:
        return {
            "type": request.type,
            "name": request.name,
            "custom": bool(request.custom),
            "inputs": plain(rpc.deserialize_properties(request.object, keep_unknowns=True)),
            "parent": self.places.get(request.parent),
            "provider": self.places[request.provider.rpartition("::")[0]] if request.provider else None,
            "dependsOn": sorted(self.places[urn] for urn in request.dependencies),
            "protect": bool(request.protect),
            "ignoreChanges": sorted(request.ignoreChanges),
        }


def plain(value: Any) -> Any:
    """Values as JSON has them: whole floats as integers. A secret is refused: it would not stay one in a file.

    Only one that names outputs of other resources comes through, as what it names: it holds nothing yet.
    """
    if isinstance(value, Mapping):
        if value.get(SIGNATURE) == SECRET and not _rest(value["value"]):
            return plain(value["value"])
        if SIGNATURE in value:
            raise ValueError("a secret or an asset among the inputs: a benchmark's stack has none")
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, str) and _REFERENCE.search(value) and not _rest(value):
        return {"concatenated": [[name, key] for key, name in _REFERENCE.findall(value)]}
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _rest(value: Any) -> Any:
    """What a value holds beside references to outputs: nothing, where it holds them alone."""
    if isinstance(value, Mapping):
        return any(map(_rest, value.values()))
    return _REFERENCE.sub("", value) if isinstance(value, str) else value


def configured(root: Path, stack: str) -> dict[str, str]:
    """A stack file's values as the engine hands them to a program."""
    values = yaml.safe_load((root / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def record(program: Callable[[], None], stack: str, config: Mapping[str, str]) -> dict[str, Any]:
    """Run a program under mocks: its resources in order, and what it exports."""
    monitor = Recorder()
    mocks.set_mocks(_Echo(), project="notary", stack=stack, preview=False, monitor=monitor)
    pulumi.runtime.set_all_config(dict(config), [])
    exports: dict[str, Any] = {}

    @pulumi.runtime.test
    def run() -> None:
        program()
        root: Any = pulumi.runtime.get_root_resource()
        exports.update(plain(dict(root.outputs)) if root else {})

    run()
    return {"resources": monitor.registered, "exports": exports}
