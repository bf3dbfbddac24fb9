"""In which order a pod starts and restarts its containers, and what probes decide."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.helpers import eventually
from tests.sandbox.pods import FOREVER, NOTES, Maker, mounted, notes, probe, shell


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Maker]:
    with Maker(tmp_path) as maker:
        yield maker


SERVER = """
import http.server, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/ok" and self.headers["X-Asks"] == "probe" else 503)
        self.end_headers()
server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
open("/notes/port", "w").write(str(server.server_port))
server.serve_forever()
"""


def test_init_containers_come_in_order_and_sidecars_run_from_before_to_after_the_main_one(make: Maker) -> None:
    note = 'say() { echo "$1" >> /notes/all; };'
    mounts = mounted("notes", "/notes")
    sidecar = f"{note} trap 'say sidecar-ends; exit 0' TERM; sleep 0.2; touch /notes/up; while :; do sleep 0.02; done"
    main = f"{note} say main; trap 'sleep 0.2; say main-ends; exit 0' TERM; while :; do sleep 0.02; done"
    first = [
        shell(f"{note} say first; [ -e /notes/tried ] || {{ touch /notes/tried; exit 1; }}", "first"),
        shell(sidecar, "sidecar", restartPolicy="Always", startupProbe=probe("test -e /notes/up", failureThreshold=99)),
        shell(f"{note} test -e /notes/up || say early; say second", "second"),
    ]
    for item in first:
        item["volumeMounts"] = mounts
    pod = make(shell(main, volumeMounts=mounts), initContainers=first, volumes=[NOTES])
    eventually("it is ready", lambda: pod.ready)
    assert [item["ready"] for item in pod.status()["initContainerStatuses"]] == [True, True, True]
    pod.stop()
    said = (notes(pod) / "all").read_text().split()
    assert said == ["first", "first", "second", "main", "main-ends", "sidecar-ends"]


def test_a_sidecar_that_ends_is_started_again(make: Maker) -> None:
    pod = make(shell(FOREVER), initContainers=[shell("sleep 0.1", "sidecar", restartPolicy="Always")])
    eventually("it was restarted", lambda: pod.status()["initContainerStatuses"][0]["restartCount"] > 1)
    assert pod.status()["containerStatuses"][0]["restartCount"] == 0


def test_readiness_counts_answers_in_a_row_and_restarts_nothing(make: Maker) -> None:
    script = "[ -e /notes/ready ] && echo yes >> /notes/asked || { echo no >> /notes/asked; exit 1; }"
    ready = probe(script, successThreshold=3, failureThreshold=4)
    pod = make(shell(FOREVER, volumeMounts=mounted("notes", "/notes"), readinessProbe=ready), volumes=[NOTES])
    kept = notes(pod)
    asked = kept / "asked"
    eventually("it was asked", lambda: asked.exists() and len(asked.read_text().split()) > 3)
    assert not pod.ready
    (kept / "ready").touch()
    eventually("it is ready", lambda: pod.ready)
    assert asked.read_text().split().count("yes") >= 3
    conditions = {item["type"]: item for item in pod.status()["conditions"]}
    assert conditions["Ready"]["status"] == "True"
    assert conditions["Ready"]["lastTransitionTime"].endswith("Z")
    (kept / "ready").unlink()
    before = asked.read_text().split().count("no")
    eventually("it is ready no longer", lambda: not pod.ready)
    assert asked.read_text().split().count("no") - before >= 4
    assert pod.restarts == 0


def test_a_failing_startup_probe_restarts_and_holds_the_others_back(make: Maker) -> None:
    script = "echo started; " + FOREVER
    startup = probe("exit 1", failureThreshold=2)
    pod = make(shell(script, startupProbe=startup, readinessProbe=probe("true")), terminationGracePeriodSeconds=5)
    eventually("it was restarted", lambda: pod.restarts >= 2)
    assert pod.log("main").count("started") >= 2
    assert not pod.ready
    assert pod.status()["containerStatuses"][0]["started"] is False


def test_a_failing_liveness_probe_stops_and_restarts_the_container(make: Maker) -> None:
    script = "echo up; trap 'echo asked; exit 0' TERM; while :; do sleep 0.02; done"
    hook = {"preStop": {"exec": {"command": ["bash", "-c", "echo hook >> /notes/hook"]}}}
    live = probe("! test -e /notes/hang", failureThreshold=2)
    main = shell(script, livenessProbe=live, lifecycle=hook, volumeMounts=mounted("notes", "/notes"))
    pod = make(main, volumes=[NOTES])
    kept = notes(pod)
    eventually("it is up", lambda: pod.log("main"))
    (kept / "hang").touch()
    eventually("it was restarted", lambda: pod.restarts)
    (kept / "hang").unlink()
    eventually("it is up again", lambda: pod.log("main").split()[:3] == ["up", "asked", "up"])
    assert (kept / "hook").read_text().startswith("hook")
    assert pod.status()["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] == 0


@pytest.mark.parametrize("kind", ["ok", "bad", "tcp", "closed"])
def test_http_and_tcp_probes_ask_at_the_pods_address(make: Maker, kind: str) -> None:
    server = {**shell("", volumeMounts=mounted("notes", "/notes")), "command": ["python3", "-c", SERVER]}
    first = make(server, volumes=[NOTES])
    port_file = notes(first) / "port"
    port = int(eventually("it listens", lambda: port_file.exists() and port_file.read_text()))
    headers = [{"name": "X-Asks", "value": "probe"}]
    handlers: dict[str, Any] = {
        "ok": {"httpGet": {"path": "/ok", "port": "web", "httpHeaders": headers}},
        "bad": {"httpGet": {"path": "/bad", "port": port}},
        "tcp": {"tcpSocket": {"port": port}},
        "closed": {"tcpSocket": {"port": 1}},
    }
    asked = {**handlers[kind], "periodSeconds": 0.05, "timeoutSeconds": 5, "failureThreshold": 1}
    main = shell(FOREVER, ports=[{"name": "web", "containerPort": port}], livenessProbe=asked, readinessProbe=asked)
    pod = make(main, terminationGracePeriodSeconds=1)
    if kind in ("ok", "tcp"):
        eventually("it is ready", lambda: pod.ready)
        assert pod.restarts == 0
    else:
        eventually("it was restarted", lambda: pod.restarts)
        assert not pod.ready


def test_a_probe_that_gives_no_answer_in_time_has_failed(make: Maker) -> None:
    pod = make(shell(FOREVER, livenessProbe=probe("sleep 60", timeoutSeconds=0.1, failureThreshold=1)))
    eventually("it was restarted", lambda: pod.restarts)
