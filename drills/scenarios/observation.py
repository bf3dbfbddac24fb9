"""What the servers tell of themselves: the names that alerts and dashboards rest on."""

from __future__ import annotations

import re
import urllib.request

from config import pod_ports
from drills.drill import Drill, Scene
from drills.inside import inside
from drills.rig import Rig

EVERY_SERVER = (
    "outstanding_requests",
    "avg_latency",
    "max_latency",
    "num_alive_connections",
    "fsynctime_count",
    "election_time_count",
    "znode_count",
    "approximate_data_size",
    "open_file_descriptor_count",
    "connection_drop_count",
    "jvm_memory_bytes_used",
    "jvm_gc_collection_seconds_count",
)
THE_LEADER = ("synced_followers", "learners", "leader_uptime", "quorum_size")


def metrics(scene: Scene) -> str:
    """Each server has the metrics that are documented, and the leader those of a leader."""
    rig = scene.rig
    leader = rig.known_leader()
    for number in rig.numbers:
        found = names(rig, number)
        wanted = {*EVERY_SERVER, *(THE_LEADER if number == leader else ())}
        scene.require(wanted <= found, f"server {number} has no metric {', '.join(sorted(wanted - found))}")
    return f"{len(EVERY_SERVER)} metrics of each server, {len(THE_LEADER)} more of the leader"


def names(rig: Rig, number: int) -> set[str]:
    """The metrics of a server."""

    def read() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{pod_ports.ZOOKEEPER_METRICS}/metrics", timeout=5) as answer:
            return answer.read().decode()

    return set(re.findall(r"^([a-z_]+)(?:\{|\s)", inside(rig.host(number), read), re.MULTILINE))


DRILLS = (Drill(name="metrics", act=metrics),)
