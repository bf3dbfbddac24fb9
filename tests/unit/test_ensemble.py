"""The ensemble for any configuration: its times, its files, what may be evicted, and the order of an update."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from components.manifests import zookeeper
from components.manifests.fleet import carries_data
from components.manifests.zookeeper_files import files, jvm_options, member, members
from config.ensemble import Ensemble
from config.plan import FleetPlan, Server
from tests.unit.objects import objects_of
from tests.unit.stacks import SHIPPED, plan_of, planned, told, values_of

ROLES = ("voter", "tiebreaker", "observer")
TIMES = st.fixed_dictionaries(
    {
        "rttMs": st.integers(0, 1_000),
        "sessionTimeoutMs": st.integers(1_000, 60_000),
        "tickTimeMs": st.integers(100, 10_000),
    }
)


def refusal(values: dict[str, Any]) -> str:
    """Why the times are refused; nothing where they are accepted."""
    try:
        Ensemble.model_validate(values)
    except ValidationError as error:
        return error.errors()[0]["msg"]
    return ""


@given(TIMES)
def test_a_silent_server_is_given_up_within_half_a_session_and_not_before_ten_round_trips(
    times: dict[str, Any],
) -> None:
    if not refusal(times):
        ensemble = Ensemble.model_validate(times)
        sync_ms = ensemble.sync_ticks * ensemble.tick_time_ms
        assert 10 * ensemble.rtt_ms <= sync_ms <= ensemble.session_timeout_ms / 2
        assert ensemble.sync_ticks >= 2


@given(st.integers(0, 1_000), st.integers(100, 10_000), st.integers(2, 20))
def test_the_shortest_session_that_fits_is_named_and_then_accepted(rtt: int, tick: int, ticks: int) -> None:
    times = {"rttMs": rtt, "tickTimeMs": tick, "sessionTimeoutMs": min(60_000, max(1_000, tick * ticks))}
    if found := re.search(r"a session takes (\d+) ms", refusal(times)):
        shortest = int(found[1])
        assert shortest > times["sessionTimeoutMs"]
        assert refusal({**times, "sessionTimeoutMs": shortest}) == ""
        assert refusal({**times, "sessionTimeoutMs": shortest - 1}) != ""
    elif rtt > tick:
        assert refusal(times)


@given(TIMES)
def test_a_sync_limit_that_was_derived_is_accepted_when_it_is_written_out(times: dict[str, Any]) -> None:
    if not refusal(times):
        assert refusal({**times, "syncLimit": Ensemble.model_validate(times).sync_ticks}) == ""


@pytest.mark.parametrize(
    ("certificates", "part"),
    [
        ({"authorities": []}, "at least 1"),
        ({"authorities": ["a", "a"]}, "each authority once, such as [a, b]"),
        ({"authorities": ["A"]}, "an authority's name such as a or 2026"),
        ({"authorities": ["peers-2026"]}, "an authority's name such as a or 2026"),
        ({"authorities": ["a", "b", "c", "d"]}, "at most 3"),
        ({"validDays": 30, "renewDays": 30}, "renewDays below validDays (30), such as a third of it"),
        ({"validDays": 826}, "at most 825"),
    ],
)
def test_a_mistake_about_certificates_is_told(certificates: dict[str, Any], part: str) -> None:
    values = values_of("local")
    values["ensemble"]["certificates"] = certificates
    (line,) = told(values)
    assert line.startswith("notary:ensemble.certificates")
    assert part in line


def test_an_authority_may_be_called_by_its_year() -> None:
    assert Ensemble.model_validate({"certificates": {"authorities": [2026]}}).certificates.authorities == ("2026",)


def settings_of(plan: FleetPlan) -> dict[str, str]:
    """zoo.cfg, in which no key comes twice."""
    pairs = [line.split("=", 1) for line in files(plan)["zoo.cfg"].splitlines()]
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


@pytest.mark.parametrize("stack", SHIPPED)
def test_nobody_joins_the_quorum_or_opens_a_session_without_a_certificate(stack: str) -> None:
    found = settings_of(plan_of(stack))
    assert found["sslQuorum"] == found["enforce.auth.enabled"] == "true"
    assert found["enforce.auth.schemes"] == "x509"
    assert found["authProvider.x509"].endswith(".X509AuthenticationProvider")
    for prefix in ("ssl.", "ssl.quorum."):
        assert found[f"{prefix}clientAuth"] == "need"
        assert found[f"{prefix}enabledProtocols"] == found[f"{prefix}protocol"] == "TLSv1.3"
    assert found["ssl.trustStore.location"] != found["ssl.quorum.trustStore.location"]
    assert found["ssl.keyStore.location"] != found["ssl.quorum.keyStore.location"]
    assert found["secureClientPort"] == "2281"
    assert not {"clientPort", "clientPortAddress", "portUnification", "sslQuorum.portUnification"} & set(found)
    assert not [key for key in found if "hostnameVerification" in key or "skipACL" in key]
    for line in members(plan_of(stack)).splitlines():
        assert line.endswith(";127.0.0.1:2181")


@pytest.mark.parametrize("stack", SHIPPED)
def test_a_server_says_little_writes_down_who_did_what_and_never_elects_an_empty_past(stack: str) -> None:
    found = settings_of(plan_of(stack))
    assert found["4lw.commands.whitelist"] == "ruok,srvr,mntr"
    assert (found["admin.enableServer"], found["audit.enable"], found["db.autocreate"]) == ("false", "true", "false")
    assert (found["reconfigEnabled"], found["standaloneEnabled"]) == ("true", "false")


@pytest.mark.parametrize("stack", SHIPPED)
def test_there_is_no_superuser(stack: str) -> None:
    text = "\n".join(files(plan_of(stack)).values()).lower()
    for word in ("superdigest", "superuser", "skipacl", "digestauthenticationprovider.super"):
        assert word not in text


@pytest.mark.parametrize(("memory", "heap"), [("512Mi", 307), ("1Gi", 614), ("2Gi", 1228), ("1Ti", 629_145)])
def test_the_heap_is_three_fifths_of_the_containers_memory(memory: str, heap: int) -> None:
    lines = jvm_options(memory).splitlines()
    assert lines[:2] == [f"-Xms{heap}m", f"-Xmx{heap}m"]
    with pytest.raises(ValueError, match="1g: expected an amount such as"):
        jvm_options("1g")


def test_every_server_of_every_region_has_the_same_bytes() -> None:
    for stack in SHIPPED:
        found = [item for _, item in objects_of(plan_of(stack), "ConfigMap") if "zoo.cfg" in item.get("data", {})]
        assert len(found) == 3
        assert found[0] == found[1] == found[2]


SEATS = st.dictionaries(
    st.sampled_from(["eu-central", "eu-west", "na-east", "sh-north", "ar-south"]),
    st.tuples(st.sampled_from(ROLES), st.integers(1, 3)),
    min_size=1,
).filter(lambda seats: any(role != "observer" for role, _ in seats.values()))


def seated(seats: dict[str, tuple[str, int]], maintenance: str | None = None) -> FleetPlan:
    """The local fleet with other servers."""
    plan = plan_of("local")
    names = [(region, role) for region, (role, count) in sorted(seats.items()) for _ in range(count)]
    servers = [
        Server(region=region, number=number, host=f"zk-{number}.example.net", role=role)
        for number, (region, role) in enumerate(names, start=1)
    ]
    anywhere = plan.regions["na-east"]
    regions = {
        name: replace(anywhere, name=name, servers=tuple(item for item in servers if item.region == name))
        for name in seats
    }
    ensemble = plan.loaded.stack.ensemble.model_copy(update={"maintenance": maintenance})
    stack = plan.loaded.stack.model_copy(update={"ensemble": ensemble})
    return replace(plan, loaded=replace(plan.loaded, stack=stack), regions=regions)


@given(SEATS, st.data())
@settings(max_examples=80)
def test_all_regions_together_never_evict_more_voters_than_the_quorum_can_spare(
    seats: dict[str, tuple[str, int]], data: st.DataObject
) -> None:
    maintained = data.draw(st.sampled_from([None, *sorted(seats)]))
    budgets = zookeeper.budgets(seated(seats, maintained))
    voting = {name: count for name, (role, count) in seats.items() if role != "observer"}
    spare = (sum(voting.values()) - 1) // 2
    assert set(budgets) == set(seats)
    assert sum(budgets[name] for name in voting) <= spare
    assert sum(budgets[name] for name in voting) == min(spare, len(voting))  # and no fewer than it can
    assert all(budgets[name] == 1 for name in set(seats) - set(voting))
    if maintained in voting and spare:
        assert budgets[maintained] == 1


def test_the_budgets_are_those_of_the_objects() -> None:
    for stack in SHIPPED:
        plan = plan_of(stack)
        made = [item for item in objects_of(plan, "PodDisruptionBudget") if item[1]["metadata"]["name"] == "zookeeper"]
        assert {region: item["spec"]["maxUnavailable"] for region, item in made} == zookeeper.budgets(plan)


@given(SEATS, st.none() | st.integers(1, 15))
@settings(max_examples=80)
def test_an_update_takes_each_server_once_observers_first_and_the_leader_last(
    seats: dict[str, tuple[str, int]], leader: int | None
) -> None:
    plan = seated(seats)
    order = zookeeper.update_order(plan, leader)
    assert sorted(server.number for server in order) == [server.number for server in plan.servers]
    if leader in {server.number for server in plan.servers}:
        assert order[-1].number == leader
        order = order[:-1]
    assert [server.votes for server in order] == sorted(server.votes for server in order)
    assert order == tuple(sorted(order, key=lambda one: (-ROLES.index(one.role), one.number)))


def test_observers_are_members_and_no_voters() -> None:
    values = values_of("local")
    values["regions"]["sh-north"] = {
        **values["regions"]["na-east"],
        "ranges": {"pods": "10.98.0.0/16", "services": "10.99.0.0/16"},
        "ensemble": {"role": "observer", "servers": {8: "zk-8.example.net", 9: "zk-9.example.net"}},
    }
    plan = planned(values)
    assert [server.number for server in plan.servers] == [1, 2, 3, 8, 9]
    assert [server.number for server in plan.voters] == [1, 2, 3]
    assert member(plan.servers[-1]) == "server.9=zk-9.example.net:2888:3888:observer;127.0.0.1:2181"
    assert member(plan.servers[-1]) in members(plan).splitlines()


def test_volumes_that_come_later_are_claims_beside_the_sets_and_carry_data() -> None:
    values = values_of("local")
    before = {item["metadata"]["name"]: item for _, item in objects_of(planned(values), "StatefulSet")}
    values["ensemble"] |= {"logStorage": "5Gi", "backup": {"storage": "7Gi"}}
    plan = planned(values)
    claims = {item["metadata"]["name"]: item for _, item in objects_of(plan, "PersistentVolumeClaim")}
    assert set(claims) == {f"{key}-zookeeper-{number}" for key in ("datalog", "backup") for number in (1, 2, 3)}
    assert all(carries_data(item) for item in claims.values())
    sizes = {name: item["spec"]["resources"]["requests"]["storage"] for name, item in claims.items()}
    assert (sizes["datalog-zookeeper-1"], sizes["backup-zookeeper-1"]) == ("5Gi", "7Gi")
    for _, item in objects_of(plan, "StatefulSet"):
        templates = before[item["metadata"]["name"]]["spec"].get("volumeClaimTemplates")
        assert item["spec"].get("volumeClaimTemplates") == templates
        names = {
            volume["persistentVolumeClaim"]["claimName"]
            for volume in item["spec"]["template"]["spec"]["volumes"]
            if "persistentVolumeClaim" in volume
        }
        assert names == {name for name in claims if name.endswith(f"-{item['metadata']['name']}")}
    assert settings_of(plan)["dataLogDir"] == "/datalog"
