"""The daemons' images that packages suffice for, started as a pod starts them: the conf first, then the daemon."""

from __future__ import annotations

import base64
import json
import signal
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.manifests import chain as manifests
from config.plan import Daemon
from config.programs import PROGRAMS
from fleet.images.builder import Builder, Built
from sandbox.pods.image import Image
from sandbox.pods.volumes import Mount
from sandbox.processes import free_ports
from tests.images.conftest import BUILDABLE
from tests.images.containers import container, started
from tests.sandbox.helpers import eventually
from tests.unit.stacks import plan_of

LOGIN = {"RPC_USERNAME": "fleet", "RPC_PASSWORD": 'g3heim=$"1'}
LITECOIND = "litecoind-debian"


@pytest.fixture
def litecoin() -> Daemon:
    """LTC's daemon as the local stack plans it, at ports that are free here."""
    (daemon,) = [item for item in plan_of("local").regions["eu-west"].daemons if item.chain.key == "LTC"]
    rpc, p2p = free_ports(2)
    return replace(daemon, chain=replace(daemon.chain, rpc=rpc, p2p=p2p))


def conf_written(images: dict[str, Image], folder: Path, daemon: Daemon) -> list[Mount]:
    """What the init container does: the conf with the login, as the failover image writes it. The daemon's mounts."""
    for name in ("config", "conf", "data"):
        (folder / name).mkdir()
        (folder / name).chmod(0o777)
    (folder / "config" / "chain.conf").write_text(manifests.conf(daemon))
    mounts = [
        Mount(outside=folder / "config", inside="/config", read_only=True),
        Mount(outside=folder / "conf", inside="/run/chain", read_only=False),
    ]
    writer = container(images["failover"], folder, mounts=mounts, environment=LOGIN)
    words = [*PROGRAMS["failover"].entrypoint, "conf"]
    words += ["--from", "/config/chain.conf", "--to", "/run/chain/chain.conf"]
    with started(writer, words, folder / "conf.log") as process:
        eventually("the conf is written", lambda: process.poll() is not None, seconds=30)
        assert process.poll() == 0, (folder / "conf.log").read_text()
    return [
        Mount(outside=folder / "conf", inside="/run/chain", read_only=True),
        Mount(outside=folder / "data", inside="/data", read_only=False),
    ]


def asked(daemon: Daemon, method: str, *params: object, password: str = LOGIN["RPC_PASSWORD"]) -> Any:
    """A call with the login that the gate has; None while nobody listens, the HTTP status of a refusal."""
    pair = base64.b64encode(f"{LOGIN['RPC_USERNAME']}:{password}".encode()).decode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{daemon.chain.rpc}/",
        json.dumps({"id": 1, "method": method, "params": params}).encode(),
        {"Authorization": f"Basic {pair}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())["result"]
    except urllib.error.HTTPError as error:
        return f"HTTP {error.code}"
    except OSError:
        return None


def test_litecoind_takes_its_login_from_the_conf_and_keeps_its_wallet_over_a_restart(
    images: dict[str, Image], tmp_path: Path, litecoin: Daemon
) -> None:
    mounts = conf_written(images, tmp_path, litecoin)
    # As the pod starts it; of its own here is that it calls no peers.
    words = [*PROGRAMS["debian-daemon"].entrypoint, *manifests.flags(litecoin), "-connect=0", "-listen=0"]
    log = tmp_path / "daemon.log"
    for wallets in ([], [""]):
        with started(container(images[LITECOIND], tmp_path, mounts=mounts), words, log) as process:
            eventually("it answers", lambda: asked(litecoin, "getblockcount") == 0, seconds=60)
            assert asked(litecoin, "getblockcount", password="another") == "HTTP 401"
            assert asked(litecoin, "listwallets") == wallets  # it makes none by itself
            if not wallets:
                assert asked(litecoin, "createwallet", "") == {"name": "", "warning": ""}
                assert asked(litecoin, "getwalletinfo")["walletname"] == ""
            process.signal(signal.SIGTERM)
            eventually("it has ended", lambda: process.poll() is not None, seconds=60)
            assert process.poll() == 0, log.read_text()


@pytest.mark.parametrize("name", BUILDABLE)
def test_an_image_has_the_entry_point_that_the_manifests_go_by(
    builder: Builder, built: dict[str, Built], name: str
) -> None:
    entrypoint = PROGRAMS[builder.images[name].folder or name].entrypoint
    assert tuple(builder.buildah.config(built[name].reference).get("Entrypoint") or ()) == entrypoint


def test_a_daemons_image_has_no_shell(images: dict[str, Image]) -> None:
    programs = {path.name for path in Path(images[LITECOIND].binds["/usr"]).rglob("*bin/*")}
    assert programs & {"daemon"}
    assert programs & {"sh", "bash", "dash", "busybox"} == set()
