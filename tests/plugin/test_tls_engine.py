"""The tls stand-in under the real engine: a key, an authority, a request and a certificate of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pulumi
import pulumi_tls
import pytest
from pulumi import automation as auto

from sandbox import plugins, toolchain
from tests.plugin.test_tls_chains import accepts

pytestmark = pytest.mark.sandbox
Names = list[str]


def program(names: Names, early_hours: int) -> Callable[[], None]:
    """A program with one root and one server; the provider is a resource of its own."""

    def run() -> None:
        options = pulumi.ResourceOptions(provider=pulumi_tls.Provider("here"))
        root_key, key = (
            pulumi_tls.PrivateKey(name, algorithm="ECDSA", ecdsa_curve="P256", opts=options)
            for name in ("root-key", "server-key")
        )
        root = pulumi_tls.SelfSignedCert(
            "root",
            private_key_pem=root_key.private_key_pem,
            subject=pulumi_tls.SelfSignedCertSubjectArgs(common_name="root", organization="notary"),
            allowed_uses=["cert_signing", "crl_signing"],
            validity_period_hours=48,
            is_ca_certificate=True,
            opts=options,
        )
        request = pulumi_tls.CertRequest("request", private_key_pem=key.private_key_pem, dns_names=names, opts=options)
        server = pulumi_tls.LocallySignedCert(
            "server",
            ca_cert_pem=root.cert_pem,
            ca_private_key_pem=root_key.private_key_pem,
            cert_request_pem=request.cert_request_pem,
            allowed_uses=["digital_signature", "server_auth"],
            validity_period_hours=24,
            early_renewal_hours=early_hours,
            opts=options,
        )
        pulumi.export("root", root.cert_pem)
        pulumi.export("server", server.cert_pem)
        pulumi.export("key", key.private_key_pem)
        pulumi.export("openssh", key.private_key_openssh)

    return run


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[auto.Stack]:
    """An empty stack in a folder of its own, on the real engine with the stand-in."""
    engine = toolchain.ensure(["pulumi"], print)["pulumi"]
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pulumi").symlink_to(engine)
    plugins.install(tmp_path / "stand-in")
    for folder in ("state", "home", "work"):
        (tmp_path / folder).mkdir()
    folders = (tmp_path / "stand-in", tmp_path / "bin", os.environ.get("PATH", os.defpath))
    workspace = auto.LocalWorkspace(
        work_dir=str(tmp_path / "work"),
        pulumi_command=auto.PulumiCommand(str(tmp_path)),
        project_settings=auto.ProjectSettings(name="chains", runtime="python"),
        env_vars={
            "PATH": os.pathsep.join(map(str, folders)),
            "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
            "PULUMI_HOME": str(tmp_path / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "of this test alone",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        },
    )
    made = auto.Stack.create("test", workspace)
    yield made
    made.destroy()


def planned(stack: auto.Stack, names: Names, early_hours: int = 0) -> dict[str, set[str]]:
    """What a preview would do to each resource, by name; what stays is left out."""
    found: dict[str, set[str]] = {}

    def note(event: auto.EngineEvent) -> None:
        if event.resource_pre_event and event.resource_pre_event.metadata.op != "same":
            data = event.resource_pre_event.metadata
            found.setdefault(data.urn.rsplit("::", 1)[-1], set()).add(str(data.op.value))

    stack.preview(program=program(names, early_hours), on_event=note)
    return found


def changed(stack: auto.Stack, names: Names, early_hours: int = 0) -> dict[str, int]:
    """How many resources an update touched, by what it did to them."""
    stack.workspace.program = program(names, early_hours)
    counts = stack.up().summary.resource_changes or {}
    return {str(getattr(op, "value", op)): count for op, count in counts.items() if op != "same"}


def test_a_chain_lives_through_updates_on_the_real_engine(stack: auto.Stack) -> None:
    first, second = ["zk-1.test"], ["zk-1.test", "zk-2.test"]
    assert changed(stack, first) == {"create": 7}
    before = stack.outputs()
    assert accepts(before["root"].value, before["server"].value, "zk-1.test")
    assert (before["key"].secret, before["openssh"].secret, before["server"].secret) == (True, True, False)
    assert planned(stack, first) == {}
    assert changed(stack, first) == {}

    replaced = {"create-replacement", "replace", "delete-replaced"}
    assert planned(stack, second) == {"request": replaced, "server": replaced}
    assert changed(stack, second) == {"replace": 2}
    after = stack.outputs()
    assert accepts(after["root"].value, after["server"].value, "zk-2.test")
    assert (after["root"].value, after["key"].value) == (before["root"].value, before["key"].value)

    assert changed(stack, second, early_hours=2) == {"update": 1}
    assert stack.outputs()["server"].value == after["server"].value
    assert planned(stack, second, early_hours=24) == {"server": replaced}

    work, environment = Path(stack.workspace.work_dir), dict(stack.workspace.env_vars)
    command = ["stack", "export", "--stack", "test"]  # the Automation API's own export shows secrets
    exported = stack.workspace.pulumi_command.run(command, str(work), environment).stdout
    on_disk = "".join(path.read_text() for path in work.parent.glob("state/**/*.json*"))
    body = after["key"].value.splitlines()[1]
    for text in (exported, on_disk):
        assert "BEGIN CERTIFICATE" in text
        assert "PRIVATE KEY" not in text
        assert body not in text


def test_a_first_preview_makes_nothing_and_knows_nothing(stack: auto.Stack) -> None:
    assert list(planned(stack, ["zk-1.test"]).values()) == [{"create"}] * 7
    assert "resources" not in (stack.export_stack().deployment or {})


def test_a_mistake_ends_the_update_in_one_sentence(stack: auto.Stack) -> None:
    def run() -> None:
        pulumi_tls.PrivateKey("key", algorithm="ECDSA", ecdsa_curve="P999")

    stack.workspace.program = run
    with pytest.raises(auto.CommandError, match="ecdsaCurve: 'P999' is not known") as error:
        stack.up()
    assert "Traceback" not in str(error.value)


def test_a_refresh_finds_nothing_changed(stack: auto.Stack) -> None:
    changed(stack, ["zk-1.test"])
    before = stack.outputs()
    counts = stack.refresh().summary.resource_changes or {}
    assert {str(getattr(op, "value", op)) for op in counts} == {"same"}
    assert {name: output.value for name, output in stack.outputs().items()} == {
        name: output.value for name, output in before.items()
    }
