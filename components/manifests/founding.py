"""What a new ensemble begins with: a snapshot that holds the fleet's chroot and every ACL, and no superuser ever.

Without it the root would be open to everybody until somebody closed it, and only a superuser could let another
identity change the membership (ZOOKEEPER-2014). The form is that of FileSnap and DataTree in ZooKeeper 3.9.5; numbers
are big-endian, as jute writes them.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from components.manifests.certificates import KEEPER, identity
from components.manifests.pods import COMMON, Manifest, metadata
from components.manifests.zookeeper_files import members
from config.plan import FleetPlan

NAME = "zookeeper-members"
READ, WRITE, CREATE, DELETE, ADMIN = (1 << bit for bit in range(5))
ALL = READ | WRITE | CREATE | DELETE | ADMIN
_MAGIC, _VERSION, _DATABASE = 0x5A4B534E, 2, -1  # "ZKSN"

Acl = tuple[tuple[int, str, str], ...]  # permissions, scheme, identity


@dataclass(frozen=True, kw_only=True)
class Znode:
    """A node of the first tree. The root's path is empty."""

    path: str
    acl: Acl


def founding(plan: FleetPlan) -> Manifest:
    """The ConfigMap of what only an empty server takes: members and, until the ensemble is founded, its first data.

    It keeps its name, so that a change restarts nobody: members change by reconfiguration.
    """
    described = metadata(plan.loaded.stack.namespace, NAME, COMMON)
    content = base64.b64encode(snapshot(tree(plan))).decode()
    first = {} if plan.loaded.stack.ensemble.founded else {"binaryData": {"snapshot.0": content}}
    ports = "".join(f"{server.number} {server.ports['client']}\n" for server in plan.servers)
    data = {"servers.cfg": members(plan), "clients": ports}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": described, "data": data, **first}


def tree(plan: FleetPlan) -> list[Znode]:
    """The first znodes: clients own the chroot and may look at what leads to it; the keeper alone changes members."""
    keeper, client = ("x509", identity(plan, KEEPER)), ("x509", identity(plan, "client"))
    above: Acl = ((ALL, *keeper), (READ, *client))
    own: Acl = ((ALL, *keeper), (READ | WRITE | CREATE | DELETE, *client))
    chroot = plan.loaded.stack.ensemble.chroot
    parts = list(accumulate(chroot.strip("/").split("/"), lambda path, part: f"{path}/{part}", initial=""))
    return [
        Znode(path="", acl=above),
        *(Znode(path=path, acl=own if path == chroot else above) for path in parts[1:]),
        Znode(path="/zookeeper", acl=above),
        Znode(path="/zookeeper/config", acl=((READ | WRITE, *keeper), (READ, *client))),
        Znode(path="/zookeeper/quota", acl=above),
    ]


def snapshot(nodes: Sequence[Znode]) -> bytes:
    """The bytes of `snapshot.0`: no sessions, no data, nothing written yet."""
    numbers = {acl: number for number, acl in enumerate(dict.fromkeys(node.acl for node in nodes), start=1)}
    body = struct.pack(">iiq", _MAGIC, _VERSION, _DATABASE) + struct.pack(">i", 0)
    body += struct.pack(">i", len(numbers))
    for acl, number in numbers.items():
        body += struct.pack(">qi", number, len(acl))
        body += b"".join(struct.pack(">i", allowed) + _text(scheme) + _text(who) for allowed, scheme, who in acl)
    for node in nodes:
        # data, ACL, then czxid, mzxid, ctime, mtime, version, cversion, aversion, ephemeralOwner, pzxid
        body += _text(node.path) + struct.pack(">i", 0) + struct.pack(">q", numbers[node.acl])
        body += struct.pack(">qqqqiiiqq", *([0] * 9))
    body += _text("/")
    return body + struct.pack(">q", zlib.adler32(body)) + _text("/")


def _text(value: str) -> bytes:
    encoded = value.encode()
    return struct.pack(">i", len(encoded)) + encoded
