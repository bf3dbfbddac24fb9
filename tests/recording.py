"""A recording engine for unit tests: what a program registers, with the checks that plain mocks leave out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import mocks, settings

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class Created:
    """One registered resource. `inputs` are as the engine would get them; a secret is the text `<secret>`."""

    type: str
    name: str
    inputs: dict[str, Any]
    provider: str
    custom: bool


@dataclass
class Recorder(mocks.Mocks):
    """Records every resource, and refuses a second one of the same type and name as the engine would."""

    created: list[Created] = field(default_factory=list)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if any((item.type, item.name) == (args.typ, args.name) for item in self.created):
            raise AssertionError(f"{args.typ} {args.name} is registered twice")
        inputs = _plain(args.inputs)
        self.created.append(
            Created(
                type=args.typ, name=args.name, inputs=inputs, provider=args.provider or "", custom=bool(args.custom)
            )
        )
        return f"{args.name}-id", {**args.inputs, **_made(args.typ, args.name)}

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        raise AssertionError(f"no function is called: {args.token}")


SECRET = "4dabf18193072939515e22adb298388d"
SECRET_VALUE = "1b47061264138c4ac30d75fd1eb44270"


def _made(kind: str, name: str) -> dict[str, Any]:
    """What a resource puts out that others take in: the part's own name in the place of a key or a certificate."""
    if kind.startswith("aws:"):
        return _made_on_aws(kind, name)
    if not kind.startswith("tls:"):
        return {}
    return {key: f"<{key} of {name}>" for key in ("privateKeyPem", "privateKeyPemPkcs8", "certRequestPem", "certPem")}


def _made_on_aws(kind: str, name: str) -> dict[str, Any]:
    """Outputs of resources on AWS, each recognisable by the resource's name."""
    more: dict[str, dict[str, Any]] = {
        "aws:eks/cluster:Cluster": {
            "endpoint": f"https://{name}.invalid",
            "certificateAuthority": {"data": f"authority of {name}"},
            "vpcConfig": {"clusterSecurityGroupId": f"{name}-group-id", "subnetIds": []},
        },
        "aws:eks/nodeGroup:NodeGroup": {"resources": [{"autoscalingGroups": [{"name": f"{name}-scaling"}]}]},
        "aws:lb/loadBalancer:LoadBalancer": {"dnsName": f"{name}.elb.invalid", "zoneId": "ZELB"},
        "aws:route53/zone:Zone": {"zoneId": f"{name}-zone"},
        "aws:ec2/launchTemplate:LaunchTemplate": {"latestVersion": 1},
        "aws:kms/key:Key": {"keyId": f"{name}-key-id"},
    }
    return {"arn": f"arn:aws:made:::{name}", **more.get(kind, {})}


def _plain(value: Any) -> Any:
    """Inputs as JSON: whole floats as integers, secrets replaced by `<secret>`."""
    if isinstance(value, Mapping):
        if value.get(SECRET) == SECRET_VALUE:
            return "<secret>"
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def configured(stack: str, root: Path = ROOT) -> dict[str, str]:
    """A stack file's values as the engine hands them to a program."""
    values = yaml.safe_load((root / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


class Callbacks:
    """The mocks' monitor calls no hook back, and refuses to register one."""

    def register_resource_hook(self, hook: pulumi.ResourceHook) -> None:
        """Leave it be."""


def record(
    program: Callable[[], None], stack: str, config: Mapping[str, str], secrets: list[str] | None = None
) -> Recorder:
    """Preview a program under mocks to its end, applies included, and return what it registered."""
    recorder = Recorder()
    mocks.set_mocks(recorder, project="notary", stack=stack, preview=True)
    settings.SETTINGS.callbacks = Callbacks()  # pyright: ignore[reportAttributeAccessIssue]
    pulumi.runtime.set_all_config(dict(config), secrets or [])

    @pulumi.runtime.test
    def run() -> None:
        program()

    run()
    return recorder
