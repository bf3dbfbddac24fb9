"""What images run: Dockerfiles, releases and every container of the shipped stacks, held against one place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

import pytest

from config.checks import release
from config.images import dockerfile, load_images
from config.load import load_release
from config.mistakes import Mistake
from config.programs import FAILOVER, PROGRAMS, PYTHON, Program, folders_for, image_name
from config.release import DaemonBuild
from failover.__main__ import parser
from tests.recording import ROOT
from tests.unit.objects import Manifest, containers_of, named, objects_of, pod_of
from tests.unit.stacks import SHIPPED, plan_of, values_of

IMAGES = load_images(ROOT)
RELEASE = load_release(ROOT, "releases/2026.11-draft.yaml")
DAEMONS = folders_for("daemons.komodod")
CREDENTIAL = re.compile(r"rpcuser|rpcpassword|rpcauth|userpass|passphrase|password|\bwif\b|\$\(", re.IGNORECASE)


def program_of(reference: str) -> tuple[str, Program]:
    """The folder of an image that a manifest or a release names, and what it runs."""
    name = image_name(reference)
    folder = IMAGES[name].folder or name
    return folder, PROGRAMS[folder]


def words_of(container: Manifest) -> list[str]:
    """The command line of a container, as Kubernetes makes it of the image's entry point."""
    begin = container.get("command") or program_of(container["image"])[1].entrypoint
    return [*begin, *container.get("args", [])]


def workloads() -> Iterator[tuple[str, str, Manifest]]:
    """Every set and Job of the shipped stacks, with its stack and region."""
    for stack in SHIPPED:
        yield from ((stack, region, item) for region, item in objects_of(plan_of(stack), "StatefulSet", "Job"))


def started_by_an_agent(stack: str, region: str, item: Manifest, container: Manifest) -> list[str]:
    """The command line of what an agent starts: behind its own, or in its file."""
    given = parser().parse_args(words_of(container)[len(FAILOVER) :])
    if given.signer:
        return given.signer
    mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    (volume,) = [each for each in pod_of(item)["volumes"] if each["name"] == mounts[str(given.config)]["name"]]
    file = named(plan_of(stack), region, "ConfigMap", volume["configMap"]["name"])["data"]
    return json.loads(file[mounts[str(given.config)]["subPath"]])["signer"]["command"]


@pytest.mark.parametrize("name", IMAGES)
def test_a_dockerfile_has_the_entry_point_that_the_manifests_go_by(name: str) -> None:
    source = IMAGES[name]
    text = (ROOT / dockerfile(name, source)).read_text()
    last = text[text.rindex("\nFROM ") :]
    while inherited := re.match(r"\nFROM \$\{(\w+)\}", last):  # made of another image: the entry point is that one's
        source = IMAGES[IMAGES[name].on[inherited[1]]]
        text = (ROOT / dockerfile(IMAGES[name].on[inherited[1]], source)).read_text()
        last = text[text.rindex("\nFROM ") :]
    found = re.findall(r"^ENTRYPOINT (.+)$", last, re.M)
    assert [tuple(json.loads(item)) for item in found] == [
        item for item in [PROGRAMS[IMAGES[name].folder or name].entrypoint] if item
    ]


@pytest.mark.parametrize("build", RELEASE.builds)
def test_a_release_names_an_image_that_runs_what_the_build_is_for(build: str) -> None:
    assert program_of(RELEASE.builds[build].image)[0] in folders_for(build)


@pytest.mark.parametrize("daemon", RELEASE.masters)
def test_a_masters_image_is_made_of_the_very_daemon_that_other_nodes_run(daemon: str) -> None:
    made_of = IMAGES[image_name(RELEASE.masters[daemon].image)].on["KOMODOD"]
    assert made_of == image_name(RELEASE.daemons[daemon].image)
    assert PROGRAMS["checkpoint-master"].starts == PROGRAMS[IMAGES[made_of].folder or made_of].entrypoint[0]


def test_every_container_of_the_shipped_stacks_is_told_what_its_image_understands() -> None:
    seen: set[str] = set()
    for stack, region, item in workloads():
        for container in containers_of(item):
            folder, program = program_of(container["image"])
            words = words_of(container)
            if folder in DAEMONS:
                seen.add("daemon")
                # komodod ends at a bare word, and litecoind takes it for a mistake.
                assert all(word.startswith("-") for word in words[len(program.entrypoint) :]), words
            elif words[:3] == [*FAILOVER]:
                given = parser().parse_args(words[3:])  # exits where there is no such command or option
                seen.add(given.command)
                if given.command == "agent":
                    program_started, *options = started_by_an_agent(stack, region, item, container)
                    assert program_started == program.starts
                    assert program.starts == "iguana" or all(word.startswith("-") for word in options), options
            else:
                seen.add(words[0])
                assert (folder, words[0]) in {("failover", PYTHON), ("zookeeper", "java"), ("zookeeper", "bash")}
    assert seen == {"daemon", "agent", "gate", "watchdog", "conf", PYTHON, "java", "bash"}


@pytest.mark.parametrize("stack", SHIPPED)
def test_each_chains_daemon_and_master_run_the_chains_own_fork(stack: str) -> None:
    plan = plan_of(stack)
    for region, item in objects_of(plan, "StatefulSet"):
        chain = item["metadata"]["labels"].get("notary-fleet.dev/chain")
        if chain:
            (daemon,) = pod_of(item)["containers"]
            wanted = RELEASE.daemons[plan.loaded.daemon_for(chain)].image
            made_of = IMAGES[image_name(daemon["image"])].on.get("KOMODOD", image_name(daemon["image"]))
            assert made_of == image_name(wanted), (region, chain)


@pytest.mark.parametrize(("chain", "image"), [("mcl", "-mcl"), ("tokel", "-tokel"), ("kmd", ""), ("ccl", "")])
def test_a_master_runs_the_agent_with_the_daemon_of_its_chain(chain: str, image: str) -> None:
    item = named(plan_of("mainnet"), "eu-west", "StatefulSet", f"masters-{chain}-{chain}")
    for container in containers_of(item):
        assert image_name(container["image"]) == f"checkpoint-master{image}", container["name"]


def test_whoever_is_told_to_call_a_program_of_an_image_is_told_a_name_that_is_there() -> None:
    told = [*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"]
    told += [ROOT / name / "__main__.py" for name in ("failover", "keeper")]
    calls = {path.name: re.findall(r"\b(python\S*) -m (?:failover|keeper)\b", path.read_text()) for path in told}
    assert {name for names in calls.values() for name in names} == {PYTHON}


def test_no_container_has_a_credential_on_its_command_line() -> None:
    for stack, region, item in workloads():
        for container in containers_of(item):
            words = words_of(container)
            if words[:4] == [*FAILOVER, "agent"]:
                words = [*words, *started_by_an_agent(stack, region, item, container)]
            probes = [container.get(f"{name}Probe", {}) for name in ("startup", "liveness", "readiness")]
            hooks = container.get("lifecycle", {}).values()
            words += [word for item in (*probes, *hooks) for word in item.get("exec", {}).get("command", [])]
            assert [word for word in words if CREDENTIAL.search(word)] == [], container["name"]


def test_a_login_reaches_those_that_use_it_and_no_daemon() -> None:
    holders: set[tuple[str, str]] = set()
    for _, _, item in workloads():
        for container in containers_of(item):
            if any(variable["name"].startswith("RPC_") for variable in container.get("env", [])):
                holders.add((container["name"], program_of(container["image"])[0]))
    # A master's agent calls the daemon that it has started.
    masters = {("conf", "checkpoint-master"), ("daemon", "checkpoint-master")}
    assert holders == {("conf", "failover"), ("gate", "failover"), *masters}


def mistakes(masters: Mapping[str, DaemonBuild], notary: str = "masters") -> list[Mistake]:
    """What is wrong with the release for one notary of the mainnet, were these its masters."""
    values = values_of("mainnet")
    values["notaries"] = {notary: values["notaries"][notary]}
    return [*release(values, RELEASE.model_copy(update={"masters": masters}), plan_of("mainnet").loaded.chains)]


def test_a_master_without_an_image_of_its_fork_is_refused() -> None:
    without = {name: build for name, build in RELEASE.masters.items() if name != "komodod-mcl"}
    (mistake,) = mistakes(without)
    assert mistake.found == "release 2026.11-draft without the master komodod-mcl"
    assert "MCL needs it" in mistake.expected
    assert mistakes({}, "alice-eu") == []  # who has no masters needs no image of theirs


def test_a_masters_daemon_of_another_version_than_the_other_nodes_have_is_refused() -> None:
    older = RELEASE.masters["komodod"].model_copy(update={"version": "v0.9.1"})
    (mistake,) = mistakes({**RELEASE.masters, "komodod": older})
    assert mistake.found == "release 2026.11-draft masters.komodod v0.9.1"
    assert "v0.9.2-2, as daemons.komodod has it" in mistake.expected


def test_what_is_said_of_a_daemons_data_and_forks_holds_for_its_master() -> None:
    assert RELEASE.daemons["komodod"].forks
    assert RELEASE.master_with("komodod").forks == RELEASE.daemons["komodod"].forks
    assert RELEASE.master_with("komodod").image == RELEASE.masters["komodod"].image
    own = RELEASE.masters["komodod"].model_copy(update={"forks": ()})
    changed = RELEASE.model_copy(update={"masters": {"komodod": own}})
    assert changed.master_with("komodod").forks == ()
