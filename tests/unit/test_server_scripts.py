"""The scripts that prepare a server, run for real in a pod's folders."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from components.manifests.zookeeper_files import SCRIPTS
from tests.unit.caged import CFG, SEALED, SERVERS, Pod, needs_bwrap, pod_in


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    return pod_in(tmp_path)


def prepared(pod: Pod, **environment: str) -> dict[str, str]:
    """The data after a successful preparation."""
    code, said = pod.run("prepare.sh", **environment)
    assert code == 0, said
    return pod.read("data")


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not on PATH")
def test_every_script_passes_shellcheck() -> None:
    scripts = sorted(map(str, SCRIPTS.glob("*.sh")))
    assert len(scripts) >= 5
    done = subprocess.run(["shellcheck", *scripts], capture_output=True, text=True, check=False)
    assert done.stdout == ""


@needs_bwrap
def test_an_empty_server_of_a_new_ensemble_gets_its_id_its_members_and_the_first_data(pod: Pod) -> None:
    pod.write({"members/snapshot.0": SEALED})
    assert prepared(pod) == {
        "myid": "2\n",
        "conf/zoo.cfg": f"{CFG}dynamicConfigFile=/data/conf/zoo.cfg.dynamic\n",
        "conf/zoo.cfg.dynamic": SERVERS,
        "version-2/snapshot.0": SEALED,
    }


@needs_bwrap
def test_an_empty_server_of_a_founded_ensemble_gets_no_data(pod: Pod) -> None:
    (pod.root / "members").mkdir(exist_ok=True)
    assert set(prepared(pod)) == {"myid", "conf/zoo.cfg", "conf/zoo.cfg.dynamic"}


@needs_bwrap
def test_a_server_with_data_is_never_given_the_first(pod: Pod) -> None:
    pod.write({"members/snapshot.0": SEALED, "data/version-2/snapshot.100": "own"})
    assert {key: text for key, text in prepared(pod).items() if "snapshot" in key} == {"version-2/snapshot.100": "own"}


@needs_bwrap
def test_a_membership_that_changed_survives_and_the_rest_of_the_configuration_is_new(pod: Pod) -> None:
    changed = "server.2=zk-2:2888:3888:participant;127.0.0.1:2181\nversion=1000"
    pod.write(
        {
            "data/conf/zoo.cfg": "tickTime=9\ndynamicConfigFile=/data/conf/zoo.cfg.dynamic.1000\n",
            "data/conf/zoo.cfg.dynamic.1000": changed,
            "data/conf/zoo.cfg.dynamic.2000": "server.7=zk-",  # torn, and nothing points to it
            "data/conf/zoo.cfg.dynamic.next": "",
        }
    )
    for _ in range(2):
        found = prepared(pod)
        assert found["conf/zoo.cfg"] == f"{CFG}dynamicConfigFile=/data/conf/zoo.cfg.dynamic.1000\n"
        assert found["conf/zoo.cfg.dynamic.1000"] == changed


@needs_bwrap
@pytest.mark.parametrize("members", [{}, {"data/conf/zoo.cfg.dynamic.1000": ""}])
def test_a_server_whose_membership_was_lost_takes_the_configurations(pod: Pod, members: dict[str, str]) -> None:
    pod.write({"data/conf/zoo.cfg": "dynamicConfigFile=/data/conf/zoo.cfg.dynamic.1000\n", **members})
    found = prepared(pod)
    assert found["conf/zoo.cfg"].endswith("\ndynamicConfigFile=/data/conf/zoo.cfg.dynamic\n")
    assert found["conf/zoo.cfg.dynamic"] == SERVERS


@needs_bwrap
def test_logs_move_to_a_volume_of_their_own_and_can_not_be_forgotten(pod: Pod) -> None:
    pod.write({"data/version-2/log.1": "one", "data/version-2/snapshot.0": SEALED})
    (pod.root / "datalog").mkdir()
    plain = pod.read("conf")["zoo.cfg"]
    pod.write({"conf/zoo.cfg": f"{plain}{APART}"})
    for _ in range(2):
        assert "version-2/log.1" not in prepared(pod)
        assert pod.read("datalog") == {"version-2/log.1": "one"}
    pod.write({"conf/zoo.cfg": plain})
    before = pod.read("data")
    code, said = pod.run("prepare.sh")
    assert code == 1
    assert "set ensemble.logStorage again" in said
    assert pod.read("data") == before


APART = "dataLogDir=/datalog\n"
BACKUPS = {
    f"backup/{stamp}/{name}": f"{name} of {stamp}"
    for stamp in ("20261119T000000Z", "20261120T000000Z", "20261121T000000Z")
    for name in ("snapshot.100", "log.90")
}
MOMENT = "20261120T120000Z"


@needs_bwrap
@pytest.mark.parametrize("logs", ["data", "datalog"])
def test_a_backup_is_restored_once_and_what_was_there_is_kept_aside(pod: Pod, logs: str) -> None:
    pod.write({**BACKUPS, "data/version-2/snapshot.100": "own", "data/version-2/currentEpoch": "7"})
    pod.write({f"{logs}/version-2/log.90": "own log"})
    if logs == "datalog":
        pod.write({"conf/zoo.cfg": f"{CFG}{APART}"})
    found = prepared(pod, RESTORE=MOMENT)
    assert found["version-2/snapshot.100"] == "snapshot.100 of 20261120T000000Z"
    assert pod.read(logs)["version-2/log.90"] == "log.90 of 20261120T000000Z"
    assert "version-2/currentEpoch" not in found
    aside = {key.rpartition("/")[2]: text for key, text in found.items() if key.startswith(f"before-{MOMENT}/")}
    assert aside == {"snapshot.100": "own", "currentEpoch": "7", "log.90": "own log"}
    pod.write({"data/version-2/snapshot.200": "written since"})
    again = prepared(pod, RESTORE=MOMENT)
    assert again == {**found, "version-2/snapshot.200": "written since"}


@needs_bwrap
def test_a_restore_that_was_cut_off_begins_again_and_keeps_the_old_data(pod: Pod) -> None:
    pod.write({**BACKUPS, f"data/before-{MOMENT}/snapshot.100": "own", "data/version-2/snapshot.100": "torn"})
    found = prepared(pod, RESTORE=MOMENT)
    assert found["version-2/snapshot.100"] == "snapshot.100 of 20261120T000000Z"
    assert found[f"before-{MOMENT}/snapshot.100"] == "own"


@needs_bwrap
def test_a_server_without_a_backup_that_old_is_emptied_and_joins(pod: Pod) -> None:
    pod.write({**BACKUPS, "data/version-2/snapshot.100": "own"})
    found = prepared(pod, RESTORE="20200101T000000Z")
    assert not [key for key in found if key.startswith("version-2/")]


CERTIFICATES = ("peer-ca.pem", "client-ca.pem", "peer.pem", "server.pem")


@needs_bwrap
def test_authorities_are_copied_first_and_later_only_what_changed(pod: Pod) -> None:
    pod.write({f"secret/{name}": name for name in CERTIFICATES})
    (pod.root / "tls").mkdir()
    process = pod.start("bash", "/conf/certificates.sh", EVERY_SECONDS="0.05")
    try:
        assert process.stdout
        assert [process.stdout.readline().split()[0] for _ in CERTIFICATES] == list(CERTIFICATES)
        wait_for(pod.root / "tls" / "ready")
        pod.write({"secret/server.pem": "renewed", "secret/client-ca.pem": "two"})
        assert [process.stdout.readline() for _ in range(2)] == ["client-ca.pem is new\n", "server.pem is new\n"]
        assert pod.read("tls") == {**pod.read("secret"), "ready": ""}
    finally:
        process.kill()
        process.wait()


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < deadline, path
        time.sleep(0.02)
