"""The fleet's certificates as its own component asks for them, made by the sandbox's stand-in, without an engine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pulumi
from pulumi.runtime import mocks

from components.certificates import Certificates, CertificatesArgs, authority_name
from components.manifests.certificates import Circle, Part, holders
from config.plan import FleetPlan
from sandbox.plugins.tls.certificates import made
from sandbox.plugins.values import revealed

Pem = Callable[[str, Circle, Part], str]


class Issuer(mocks.Mocks):
    """Plays the engine for TLS resources: what was made stays, until its inputs change or it is renewed."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str], dict[str, Any]] = {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if not args.typ.startswith("tls:"):
            return args.name, dict(args.inputs)
        # Every number comes as a double, and every secret in its wrapping.
        given = revealed(args.inputs)
        inputs = {name: int(value) if isinstance(value, float) else value for name, value in given.items()}
        key = (args.name, json.dumps(inputs, sort_keys=True))
        if key not in self._made:
            self._made[key] = made(args.typ, inputs, datetime.now(UTC))
        return args.name, self._made[key]

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"no function is called: {args.token}")

    def renew(self) -> None:
        """Forget every certificate that an authority signed; the keys and the authorities stay."""
        self._made = {key: value for key, value in self._made.items() if "caCertPem" not in value}

    def authority(self, circle: Circle, name: str) -> tuple[str, str]:
        """An authority's key and certificate, to misuse them."""
        label = authority_name(circle, name)
        found = {key[0]: outputs for key, outputs in self._made.items()}
        return found[f"{label}-key"]["privateKeyPem"], found[label]["certPem"]

    def issue(self, plan: FleetPlan) -> Pem:
        """All keys and certificates of a plan."""
        found: dict[tuple[str, Circle, Part], str] = {}
        parts: tuple[Part, ...] = ("pair", "key", "certificate", "trust")
        # Pulumi's mocks want the thread's event loop, which an `asyncio.run` before this has taken away.
        asyncio.set_event_loop(asyncio.new_event_loop())
        mocks.set_mocks(self, project="notary", stack="drill", preview=False)

        @pulumi.runtime.test
        def run() -> pulumi.Output[list[None]]:
            component = Certificates(CertificatesArgs(plan=plan))
            wanted: list[tuple[str, Circle, Part]] = [
                (item.name, circle, part) for item in holders(plan) for circle in item.circles for part in parts
            ]
            return pulumi.Output.all(*(component.pem(*key).apply(_keep(found, key)) for key in wanted))

        run()
        return lambda holder, circle, part: found[holder, circle, part]


def _keep(found: dict[tuple[str, Circle, Part], str], key: tuple[str, Circle, Part]) -> Callable[[str], None]:
    return lambda value: found.__setitem__(key, value)
