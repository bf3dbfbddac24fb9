"""The first data of a new ensemble: a snapshot as ZooKeeper reads it, whose every znode belongs to somebody."""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import dataclass

import pytest

from components.manifests import founding
from config.plan import FleetPlan
from tests.unit.objects import objects_of
from tests.unit.stacks import SHIPPED, plan_of, planned, values_of

READ, WRITE, CREATE, DELETE, ADMIN = 1, 2, 4, 8, 16  # ZooDefs.Perms
Acl = list[tuple[int, str, str]]


@dataclass
class Reader:
    """Reads what jute writes."""

    content: bytes
    place: int = 0

    def numbers(self, form: str) -> tuple[int, ...]:
        found = struct.unpack_from(f">{form}", self.content, self.place)
        self.place += struct.calcsize(f">{form}")
        return found

    def text(self) -> str:
        (length,) = self.numbers("i")
        self.place += length
        return self.content[self.place - length : self.place].decode()


def snapshot(plan: FleetPlan) -> bytes:
    return base64.b64decode(founding.founding(plan)["binaryData"]["snapshot.0"])


def read(content: bytes) -> dict[str, Acl]:
    """Each znode's ACL, in the order of the file, as DataTree.deserialize of ZooKeeper 3.9 reads it."""
    reader = Reader(content)
    assert reader.numbers("iiq") == (int.from_bytes(b"ZKSN"), 2, -1)
    assert reader.numbers("i") == (0,)  # sessions
    acls: dict[int, Acl] = {}
    for _ in range(reader.numbers("i")[0]):
        number, entries = reader.numbers("qi")
        acls[number] = [(reader.numbers("i")[0], reader.text(), reader.text()) for _ in range(entries)]
    znodes: dict[str, Acl] = {}
    while (path := reader.text()) != "/":
        assert reader.text() == ""  # data
        (acl,) = reader.numbers("q")
        assert reader.numbers("qqqqiiiqq") == (0,) * 9
        assert path not in znodes
        znodes[path] = acls[acl]
    checksum = zlib.adler32(content[: reader.place])
    assert reader.numbers("q") == (checksum,)
    assert reader.text() == "/"
    assert reader.place == len(content)
    return znodes


@pytest.fixture(params=SHIPPED)
def plan(request: pytest.FixtureRequest) -> FleetPlan:
    return plan_of(request.param)


def test_a_parent_comes_before_its_children_and_the_root_before_all(plan: FleetPlan) -> None:
    paths = list(read(snapshot(plan)))
    assert paths[0] == ""
    for place, path in enumerate(paths[1:], start=1):
        assert path.rpartition("/")[0] in paths[:place]
    assert {"/zookeeper", "/zookeeper/config", "/zookeeper/quota", plan.loaded.stack.ensemble.chroot} <= set(paths)


def test_every_znode_belongs_to_certificates_and_none_to_the_world(plan: FleetPlan) -> None:
    for path, acl in read(snapshot(plan)).items():
        assert acl, path
        assert {scheme for _, scheme, _ in acl} == {"x509"}
        organisation = plan.loaded.stack.ensemble.chroot.strip("/")
        assert {who for *_, who in acl} == {f"CN=keeper,O={organisation}", f"CN=client,O={organisation}"}


def test_the_keeper_alone_may_change_permissions_and_the_membership(plan: FleetPlan) -> None:
    znodes = read(snapshot(plan))
    for path, acl in znodes.items():
        assert not [who for allowed, _, who in acl if allowed & ADMIN and not who.startswith("CN=keeper,")], path
    (keeper,) = [allowed for allowed, _, who in znodes["/zookeeper/config"] if who.startswith("CN=keeper,")]
    assert keeper & (READ | WRITE) == READ | WRITE
    (client,) = [allowed for allowed, _, who in znodes["/zookeeper/config"] if who.startswith("CN=client,")]
    assert client == READ


def test_clients_own_the_chroot_and_only_look_at_everything_else(plan: FleetPlan) -> None:
    for path, acl in read(snapshot(plan)).items():
        (allowed,) = [allowed for allowed, _, who in acl if who.startswith("CN=client,")]
        own = path == plan.loaded.stack.ensemble.chroot
        assert allowed == (READ | WRITE | CREATE | DELETE if own else READ), path


@pytest.mark.parametrize("chroot", ["/a", "/a/b/c/d"])
def test_everything_that_leads_to_the_chroot_is_there(chroot: str) -> None:
    values = values_of("local")
    values["ensemble"]["chroot"] = chroot
    paths = set(read(snapshot(planned(values))))
    steps = chroot.strip("/").split("/")
    assert {"/" + "/".join(steps[: count + 1]) for count in range(len(steps))} <= paths


def test_a_founded_ensemble_gives_an_empty_server_nothing_and_restarts_none() -> None:
    values = values_of("local")
    before = list(objects_of(planned(values)))
    values["ensemble"]["founded"] = True
    after = list(objects_of(planned(values)))
    changed = [item for item, other in zip(after, before, strict=True) if item != other]
    assert len(changed) == 3  # one in each region
    for _, item in changed:
        assert item["metadata"]["name"] == "zookeeper-members"
        assert not {"binaryData", "immutable"} & set(item)


def test_equal_plans_give_equal_bytes() -> None:
    assert snapshot(planned(values_of("local"))) == snapshot(plan_of("local"))
