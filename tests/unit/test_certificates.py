"""Who vouches for whom in the ensemble, and where private keys may be."""

from __future__ import annotations

from functools import cache
from typing import Any

import pulumi
import pytest

from components.certificates import Certificates, CertificatesArgs, protected_names
from components.manifests.certificates import Circle, Part
from config.plan import FleetPlan
from fleet.commands.stack import planned_names
from fleet.project import program_of
from tests import recording
from tests.recording import ROOT, Created, configured, record
from tests.unit.stacks import plan_of, planned, values_of

Values = dict[str, Any]


def made(plan: FleetPlan) -> dict[str, Created]:
    """What the component registers, by logical name."""
    created = record(lambda: (Certificates(CertificatesArgs(plan=plan)), None)[1], "test", {}).created
    return {item.name: item for item in created if item.type.startswith("tls:")}


@cache
def made_locally() -> dict[str, Created]:
    return made(plan_of("local"))


def of_kind(plan: FleetPlan, kind: str) -> dict[str, dict[str, Any]]:
    created = made_locally() if plan is plan_of("local") else made(plan)
    return {name: item.inputs for name, item in created.items() if item.type.endswith(f":{kind}")}


def pems(plan: FleetPlan, *wanted: tuple[str, Circle, Part]) -> list[str]:
    """What Secrets would hold."""
    found: dict[int, str] = {}

    def program() -> None:
        certificates = Certificates(CertificatesArgs(plan=plan))
        for place, item in enumerate(wanted):
            certificates.pem(*item).apply(lambda text, place=place: found.update({place: text}))

    record(program, "test", {})
    return [found[place] for place in range(len(wanted))]


def with_authorities(*names: str) -> FleetPlan:
    values = values_of("local")
    values["ensemble"]["certificates"] = {"authorities": list(names)}
    return planned(values)


@pytest.fixture
def unmasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets among the recorded inputs as what they hold."""
    masked = recording._plain

    def plain(value: Any) -> Any:
        if isinstance(value, dict) and value.get(recording.SECRET) == recording.SECRET_VALUE:
            return plain(value["value"])
        return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else masked(value)

    monkeypatch.setattr(recording, "_plain", plain)


@pytest.mark.usefixtures("unmasked")
def test_peers_clients_and_gates_are_vouched_for_by_an_authority_each() -> None:
    plan = planned(values_of("local"))
    found = of_kind(plan, "LocallySignedCert")
    assert set(found) == {
        *(f"zookeeper-{number}-{circle}" for number in (1, 2, 3) for circle in ("peers", "clients")),
        *("eu-central-client-clients", "eu-west-client-clients", "keeper-clients"),
        *(f"{region}-{side}-gates" for region in ("eu-central", "eu-west") for side in ("gates", "agents")),
    }
    for name, inputs in found.items():
        circle = name.rpartition("-")[2]
        assert inputs["caCertPem"] == f"<certPem of {circle}-authority-a>"
        assert inputs["caPrivateKeyPem"] == f"<privateKeyPem of {circle}-authority-a-key>"
        assert inputs["certRequestPem"] == f"<certRequestPem of {name.removesuffix(f'-{circle}')}-request>"
    requests = of_kind(plan, "CertRequest")
    assert {inputs["privateKeyPem"] for inputs in requests.values()} == {
        f"<privateKeyPem of {name.removesuffix('-request')}-key>" for name in requests
    }


def test_only_authorities_may_sign_and_only_servers_may_serve() -> None:
    for inputs in of_kind(plan_of("local"), "SelfSignedCert").values():
        assert inputs["isCaCertificate"] is True
        assert "cert_signing" in inputs["allowedUses"]
    for name, inputs in of_kind(plan_of("local"), "LocallySignedCert").items():
        assert not inputs.get("isCaCertificate")
        assert "cert_signing" not in inputs["allowedUses"]
        assert "client_auth" in inputs["allowedUses"]
        assert ("server_auth" in inputs["allowedUses"]) == (name.startswith("zookeeper-") or "-gates-" in name)


def test_who_holds_a_certificate_is_its_common_name_and_the_fleet_its_organisation() -> None:
    requests = of_kind(plan_of("local"), "CertRequest")
    names = {name: inputs["subject"]["commonName"] for name, inputs in requests.items()}
    assert {name for name, common in names.items() if common == "keeper"} == {"keeper-request"}
    for who, part in (("client", "client"), ("gate", "gates"), ("agent", "agents")):
        assert {name for name, common in names.items() if common == who} == {
            f"{region}-{part}-request" for region in ("eu-central", "eu-west")
        }
    assert set(names.values()) == {"keeper", "client", "server", "gate", "agent"}
    assert {inputs["subject"]["organization"] for inputs in requests.values()} == {"notary/local"}


def test_certificates_live_and_are_renewed_as_the_stack_says() -> None:
    values = values_of("local")
    values["ensemble"]["certificates"] = {"validDays": 30, "renewDays": 10}
    for inputs in of_kind(planned(values), "LocallySignedCert").values():
        assert (inputs["validityPeriodHours"], inputs["earlyRenewalHours"]) == (24 * 30, 24 * 10)
    for inputs in of_kind(planned(values), "SelfSignedCert").values():
        assert inputs["validityPeriodHours"] > 10 * 365 * 24
        assert "earlyRenewalHours" not in inputs  # a person changes an authority


def test_no_private_key_is_a_plain_input_of_anything() -> None:
    created = record(program_of(ROOT), "local", configured("local")).created
    assert not [item for item in created if "<privateKey" in repr(item)]
    assert [item for item in created if "<certPem" in repr(item)]  # certificates are no secret, and are seen
    for item in created:
        if item.type.startswith("kubernetes:") and "<secret>" in repr(item.inputs):
            assert item.type.endswith(":Secret")


def test_authorities_are_protected_and_go_only_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of("local")
    names = {f"{circle}-authority-a{end}" for circle in ("peers", "clients", "gates") for end in ("", "-key")}
    assert set(protected_names(plan)) == names
    assert names <= planned_names(plan)
    seen: dict[str, bool] = {}
    plain = pulumi.CustomResource.__init__

    def watch(self: pulumi.CustomResource, token: str, name: str, *args: Any, **more: Any) -> None:
        (options,) = [item for item in (*args, *more.values()) if isinstance(item, pulumi.ResourceOptions)]
        seen[name] = bool(options.protect)
        plain(self, token, name, *args, **more)

    monkeypatch.setattr(pulumi.CustomResource, "__init__", watch)
    assert set(made(plan)) < set(seen)  # and the provider
    assert {name for name, protected in seen.items() if protected} == names


def test_of_two_authorities_both_are_trusted_and_the_first_issues() -> None:
    plan = with_authorities("b", "a")
    issuers = {inputs["caCertPem"] for inputs in of_kind(plan, "LocallySignedCert").values()}
    assert issuers == {f"<certPem of {circle}-authority-b>" for circle in ("peers", "clients", "gates")}
    assert pems(plan, ("zookeeper-1", "peers", "trust"), ("keeper", "clients", "trust")) == [
        "<certPem of peers-authority-b><certPem of peers-authority-a>",
        "<certPem of clients-authority-b><certPem of clients-authority-a>",
    ]


def test_an_authority_that_comes_second_changes_nothing_that_the_first_issued() -> None:
    before, after = made(with_authorities("a")), made(with_authorities("a", "b"))
    assert {name: item for name, item in after.items() if name in before} == before
    assert set(after) - set(before) == {
        f"{circle}-authority-b{end}" for circle in ("peers", "clients", "gates") for end in ("", "-key")
    }


def test_a_region_and_a_server_more_add_their_own_resources_alone() -> None:
    values = values_of("local")
    before = made(planned(values))
    values["regions"]["sh-north"] = {
        **values["regions"]["na-east"],
        "ranges": {"pods": "10.98.0.0/16", "services": "10.99.0.0/16"},
        "ensemble": {"role": "observer", "servers": {9: "zk-9.sh-north.sandbox.invalid"}},
    }
    values["notaries"]["alice-eu"]["duties"]["main"]["candidates"]["sh-north"] = {"priority": 3}
    values["regions"]["sh-north"]["area"] = "EU"
    after = made(planned(values))
    assert {name: item for name, item in after.items() if name in before} == before
    assert set(after) - set(before) == {
        *(f"zookeeper-9-{part}" for part in ("key", "request", "peers", "clients")),
        *(f"sh-north-client-{part}" for part in ("key", "request", "clients")),
        *(f"sh-north-{side}-{part}" for side in ("gates", "agents") for part in ("key", "request", "gates")),
    }


def test_a_server_is_known_by_its_host_name_or_its_address() -> None:
    values = values_of("local")
    values["regions"]["na-east"]["ensemble"]["servers"] = {1: "192.0.2.7"}
    requests = of_kind(planned(values), "CertRequest")
    assert requests["zookeeper-1-request"]["ipAddresses"] == ["192.0.2.7"]
    assert "dnsNames" not in requests["zookeeper-1-request"]
    assert requests["zookeeper-2-request"]["dnsNames"] == ["zk-2.eu-central.sandbox.invalid"]
    assert "ipAddresses" not in requests["zookeeper-2-request"]
    assert not {"dnsNames", "ipAddresses"} & set(requests["keeper-request"])


def test_a_key_comes_with_its_own_certificate() -> None:
    wanted: list[tuple[str, Circle, Part]] = [
        *(("zookeeper-1", "peers", "pair"), ("zookeeper-1", "clients", "pair")),
        *(("keeper", "clients", "key"), ("keeper", "clients", "certificate")),
    ]
    assert pems(plan_of("local"), *wanted) == [
        "<privateKeyPemPkcs8 of zookeeper-1-key><certPem of zookeeper-1-peers>",
        "<privateKeyPemPkcs8 of zookeeper-1-key><certPem of zookeeper-1-clients>",
        "<privateKeyPemPkcs8 of keeper-key>",
        "<certPem of keeper-clients>",
    ]
