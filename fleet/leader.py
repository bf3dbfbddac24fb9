"""Which server leads the ensemble now: an update restarts that one last."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from components.ensemble import LEADER_VARIABLE
from config.plan import FleetPlan, Server
from fleet.reach import api_of, asked

TIMEOUT_SECONDS = 3.0


def ensemble_leader(root: Path, plan: FleetPlan) -> int | None:
    """The id of the server whose log says that it leads; None where none does, or several, or nobody can be asked.

    Asked with the operator's own kubeconfig: a region whose kubeconfig is a secret, or an output, is not asked.
    """

    def ask(server: Server) -> str:
        return _role(root, plan, server)

    with ThreadPoolExecutor(max_workers=max(1, len(plan.servers))) as pool:
        roles = dict(zip((server.number for server in plan.servers), pool.map(ask, plan.servers), strict=True))
    return the_leader(roles)


def tell_program(leader: int | None) -> None:
    """Hand the id to the program, which reads it where a bare `pulumi up` would be given it too."""
    os.environ[LEADER_VARIABLE] = str(leader or "")


def the_leader(roles: Mapping[int, str]) -> int | None:
    """The one that leads; a log may be a few seconds old, so two may say so for a moment."""
    leaders = [number for number, role in roles.items() if role == "leader"]
    return leaders[0] if len(leaders) == 1 else None


def _role(root: Path, plan: FleetPlan, server: Server) -> str:
    from kubernetes import client  # as slow to import as `api_of` says

    region = plan.regions[server.region]
    if not asked(region):
        return ""
    try:
        return (
            client.CoreV1Api(api_of(root, region))
            .read_namespaced_pod_log(
                f"{server.name}-0",
                plan.loaded.stack.namespace,
                container="role",
                tail_lines=1,
                _request_timeout=TIMEOUT_SECONDS,
            )
            .strip()
        )
    except Exception:  # whatever it is, the update itself meets it again, and tells; here it means: not known
        return ""
