"""The tls plugin as an engine sees it: a process of its own, over gRPC."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

import grpc
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2, provider_pb2_grpc

from sandbox.plugins.tls.inputs import LOCALLY_SIGNED, PRIVATE_KEY, REQUEST, SELF_SIGNED
from sandbox.plugins.values import from_struct, revealed, to_struct
from tests.plugin.plugin import Engine, served

ROOT = Path(__file__).resolve().parent.parent.parent
CA_USES = ["cert_signing", "crl_signing", "digital_signature"]
LEAF_USES = ["digital_signature", "key_agreement", "server_auth", "client_auth"]


class Tls:
    """The plugin's process, and the engine that it talks to. Ends both when left."""

    def __init__(self) -> None:
        self.engine = Engine()
        self._engine_server, address = served(engine_pb2_grpc.add_EngineServicer_to_server, self.engine)
        command = [sys.executable, "-m", "sandbox.plugins.tls", address]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert self.process.stdout is not None
        self._channel = grpc.insecure_channel(f"127.0.0.1:{int(self.process.stdout.readline())}")
        self.stub: Any = provider_pb2_grpc.ResourceProviderStub(self._channel)
        self.stub.Configure(provider_pb2.ConfigureRequest())

    def check(self, resource: str, inputs: dict[str, Any]) -> list[str]:
        """The reasons of all failures."""
        request = provider_pb2.CheckRequest(urn=urn(resource), news=to_struct(inputs))
        return [failure.reason for failure in self.stub.Check(request).failures]

    def create(self, resource: str, preview: bool = False, **inputs: Any) -> dict[str, Any]:
        """The outputs as they travel: secrets keep their wrapping."""
        request = provider_pb2.CreateRequest(urn=urn(resource), properties=to_struct(inputs), preview=preview)
        made = self.stub.Create(request)
        outputs = from_struct(made.properties)
        assert made.id == ("" if preview else outputs["id"])
        return outputs

    def made(self, resource: str, **inputs: Any) -> dict[str, Any]:
        """The outputs, plain."""
        return revealed(self.create(resource, **inputs))

    def diff(
        self, resource: str, old: dict[str, Any], new: dict[str, Any], outputs: dict[str, Any] | None = None
    ) -> Any:
        request = provider_pb2.DiffRequest(
            id="1", urn=urn(resource), old_inputs=to_struct(old), news=to_struct(new), olds=to_struct(outputs or {})
        )
        return self.stub.Diff(request)

    def key(self, algorithm: str = "ECDSA", **inputs: Any) -> str:
        """A new private key's PEM, of P256 unless told otherwise."""
        made = self.made(PRIVATE_KEY, algorithm=algorithm, **{"ecdsaCurve": "P256", **inputs})
        return made["privateKeyPem"]

    def authority(self, key: str, **inputs: Any) -> dict[str, Any]:
        """A root's outputs."""
        return self.made(SELF_SIGNED, **{**authority_inputs(key), **inputs})

    def request(self, key: str, **inputs: Any) -> str:
        """A request's PEM."""
        return self.made(REQUEST, privateKeyPem=key, **inputs)["certRequestPem"]

    def signed(self, authority: str, authority_key: str, request: str, **inputs: Any) -> dict[str, Any]:
        """The outputs of a certificate for a request."""
        return self.made(LOCALLY_SIGNED, **{**leaf_inputs(authority, authority_key, request), **inputs})

    def __enter__(self) -> Tls:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._channel.close()
        self.process.kill()
        self.process.wait(10)
        self._engine_server.stop(None)


def authority_inputs(key: str) -> dict[str, Any]:
    return {
        "privateKeyPem": key,
        "subject": {"commonName": "notary test root", "organization": "notary"},
        "allowedUses": CA_USES,
        "validityPeriodHours": 48,
        "isCaCertificate": True,
    }


def leaf_inputs(authority: str, authority_key: str, request: str) -> dict[str, Any]:
    return {
        "caCertPem": authority,
        "caPrivateKeyPem": authority_key,
        "certRequestPem": request,
        "allowedUses": LEAF_USES,
        "validityPeriodHours": 24,
    }


def urn(resource: str) -> str:
    """An engine's name of a resource that a component holds."""
    return f"urn:pulumi:test::notary::fleet:index:Fleet${resource}::made"
