"""What a container of a pod sees: its user, its root, its variables, its volumes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.helpers import eventually
from tests.sandbox.pods import Maker, done, mounted, shell


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Maker]:
    with Maker(tmp_path) as maker:
        yield maker


def test_a_container_has_its_user_no_capability_a_read_only_root_and_its_host_names(make: Maker) -> None:
    script = """
        id -u; id -g; grep CapBnd /proc/self/status | cut -f 2; hostname; echo "$HOSTNAME $BASHPID"
        for path in /x /usr/x /etc/x /tmp/x /dev/x; do touch $path 2>/dev/null && echo "wrote $path"; done
        grep example /etc/hosts; ls /home /root /work 2>/dev/null; echo end
    """
    pod = make(shell(script), restartPolicy="Never", securityContext={"runAsUser": 12_345, "fsGroup": 10_001})
    seen = done(pod).split()
    assert seen == ["12345", "10001", "0" * 16, "pod-0", "pod-0", "1", "10.77.2.2", "zk-2.example.invalid", "end"]
    assert pod.phase == "Succeeded"


def test_variables_are_expanded_in_commands_and_in_one_another(make: Maker) -> None:
    env = [
        {"name": "ID", "value": "7"},
        {"name": "NAME", "value": "server.$(ID)"},
        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
    ]
    words = ["$(NAME)", "$(IP)", "$$(ID)", "$(OTHER)", "$$$$", "$(HOSTNAME)"]
    container = {**shell(""), "command": ["printf", "%s|"], "args": words, "env": env}
    pod = make(container, restartPolicy="Never")
    assert done(pod) == "server.7|127.0.0.1|$(ID)|$(OTHER)|$$|pod-0|"


def test_a_working_directory_and_sources_of_variables_are_honoured(make: Maker) -> None:
    make.sources["ConfigMap", "settings"] = {"A": "1"}
    make.sources["Secret", "password"] = {"word": b"secret"}
    reference = {"secretKeyRef": {"name": "password", "key": "word"}}
    main = shell('echo "$PWD $IN_A $WORD"', workingDir="/usr", env=[{"name": "WORD", "valueFrom": reference}])
    main["envFrom"] = [{"configMapRef": {"name": "settings"}, "prefix": "IN_"}]
    assert done(make(main, restartPolicy="Never")) == "/usr 1 secret\n"


def test_volumes_are_writable_by_the_user_unless_they_are_mounted_read_only(make: Maker, tmp_path: Path) -> None:
    volumes: list[Any] = [
        {"name": "scratch", "emptyDir": {}},
        {"name": "data", "persistentVolumeClaim": {"claimName": "data-pod-0"}},
    ]
    mounts = [*mounted("scratch", "/tmp"), *mounted("data", "/data"), *mounted("data", "/seen", readOnly=True)]
    script = "touch /tmp/x && echo kept > /data/x && ! touch /seen/y 2>/dev/null && cat /seen/x && ls /tmp"
    spec = {"volumes": volumes, "restartPolicy": "Never"}
    assert done(make(shell(script, volumeMounts=mounts), **spec)).split() == ["kept", "x"]
    assert (tmp_path / "claims" / "data-pod-0" / "x").read_text() == "kept\n"
    again = make(shell("cat /data/x; ls /tmp", volumeMounts=mounts), **spec)
    assert done(again).split() == ["kept", "x", "kept"]  # the log goes on; the emptyDir is new


def test_a_secret_reaches_a_running_container_in_one_step_but_not_through_a_sub_path(make: Maker) -> None:
    make.sources["Secret", "tls"] = {"a.pem": b"one", "b.pem": "one", "ignored": "x"}
    items = [{"key": key, "path": key} for key in ("a.pem", "b.pem")]
    volume = {"name": "tls", "secret": {"secretName": "tls", "defaultMode": 0o440, "items": items}}
    mounts = [*mounted("tls", "/tls"), *mounted("tls", "/fixed.pem", subPath="a.pem")]
    script = """
        stat -L -c %a /tls/a.pem; ls -A /tls | wc -l; readlink /tls/a.pem
        while [ "$(cat /tls/..data/a.pem)" = one ]; do [ -e /tls/a.pem ] || echo gap; sleep 0.01; done
        cat /tls/a.pem /tls/b.pem /fixed.pem
        touch /tls/c 2>/dev/null || echo ' read-only'
    """
    pod = make(shell(script, volumeMounts=mounts), volumes=[volume], restartPolicy="Never")
    eventually("it reads", lambda: "..data" in pod.log("main"))
    folder = pod.folder / "volumes" / "tls"
    before = (folder / "..data").readlink()
    pod.refresh()
    assert (folder / "..data").readlink() == before  # nothing has changed
    make.sources["Secret", "tls"] = {"a.pem": b"two", "b.pem": "two"}
    pod.refresh()
    assert done(pod).split() == ["440", "4", "..data/a.pem", "twotwoone", "read-only"]
    assert not (folder / before).exists()


def test_a_projected_volume_has_the_files_of_all_its_sources_and_one_mode(make: Maker) -> None:
    make.sources["Secret", "tls"] = {"a.pem": b"one"}
    make.sources["ConfigMap", "servers"] = {"servers": "here"}
    sources = [{"secret": {"name": "tls"}}, {"configMap": {"name": "servers"}}]
    volume = {"name": "both", "projected": {"sources": sources, "defaultMode": 0o440}}
    script = """
        stat -L -c %a /both/a.pem /both/servers
        while [ "$(cat /both/servers)" = here ]; do sleep 0.01; done
        cat /both/a.pem /both/servers
    """
    pod = make(shell(script, volumeMounts=mounted("both", "/both")), volumes=[volume], restartPolicy="Never")
    eventually("it reads", lambda: pod.log("main").count("440") == 2)
    make.sources["ConfigMap", "servers"] = {"servers": "there"}
    pod.refresh()
    assert done(pod).split() == ["440", "440", "onethere"]


def test_a_pod_waits_for_its_config_map(make: Maker) -> None:
    volume = {"name": "conf", "configMap": {"name": "conf"}}
    pod = make(shell("cat /conf/x", volumeMounts=mounted("conf", "/conf")), volumes=[volume], restartPolicy="Never")
    waiting = {"reason": "ContainerCreating", "message": "ConfigMap conf not found"}
    eventually("it waits", lambda: pod.status()["containerStatuses"][0]["state"] == {"waiting": waiting})
    make.sources["ConfigMap", "conf"] = {"x": "there"}
    assert done(pod) == "there"


def test_an_image_that_nothing_stands_for_is_told_and_nothing_else_happens(make: Maker) -> None:
    pod = make({"name": "main", "image": "registry.invalid/other:shell", "command": ["true"]})
    state = eventually("it says why", lambda: pod.status()["containerStatuses"][0]["state"].get("waiting"))
    eventually("it says why", lambda: pod.status()["containerStatuses"][0]["state"]["waiting"]["message"])
    state = pod.status()["containerStatuses"][0]["state"]["waiting"]
    assert state["reason"] == "ErrImageNeverPull"
    assert "registry.invalid/other:shell" in state["message"]
    pod.stop()
    assert pod.ended
