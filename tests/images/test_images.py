"""What every image holds to, and each of them started: read-only, as any user, and it answers."""

from __future__ import annotations

import json
import re
import signal
import stat
import urllib.request
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from config.failover import TlsFiles, to_json
from drills.rig import Rig
from drills.stacks import THREE
from fleet.images.builder import Builder, Built
from fleet.images.documents import provenance, sbom
from sandbox.pods.image import Image
from sandbox.pods.volumes import Mount
from sandbox.processes import free_ports
from tests.failover.gate_certificates import Authority
from tests.failover.gate_world import configured
from tests.images.conftest import BUILDABLE
from tests.images.containers import container, run, started
from tests.recording import ROOT
from tests.sandbox.helpers import eventually

FAILOVER_BYTES = 80_000_000  # compressed, as the issue wants it
CALLED = "awk bash cat cmp cp cut date find grep head java mkdir mv od openssl rm sed seq sleep sort tail touch tr wc"
PINNED = re.compile(r"^([\w-]+)==([^\s;]+) \\$", re.MULTILINE)
SHELLS = {"sh", "bash", "dash", "busybox", "ash"}


@pytest.mark.parametrize("name", BUILDABLE)
def test_an_image_says_what_it_is_and_runs_as_nobody(builder: Builder, built: dict[str, Built], name: str) -> None:
    config = builder.buildah.config(built[name].reference)
    assert config["User"] == "65532:65532"
    assert config["StopSignal"] in ("SIGTERM", "SIGINT")
    labels = builder.buildah.labels(built[name].reference)
    assert labels["org.opencontainers.image.title"] == name
    assert labels["org.opencontainers.image.version"] == builder.images[name].version
    assert labels["org.opencontainers.image.licenses"] == builder.images[name].license


@pytest.mark.parametrize("name", BUILDABLE)
def test_no_file_of_an_image_gives_rights_or_may_be_changed_by_all(images: dict[str, Image], name: str) -> None:
    files = [path for place in images[name].binds.values() for path in Path(place).rglob("*") if not path.is_symlink()]
    assert files
    for path in files:
        mode = path.stat().st_mode
        assert not mode & (stat.S_ISUID | stat.S_ISGID), path
        assert not mode & stat.S_IWOTH or mode & stat.S_ISVTX, path


def test_an_image_is_built_once(builder: Builder, built: dict[str, Built]) -> None:
    again = {image.name: image for image in builder.build(BUILDABLE)}
    assert {image.name: image.digest for image in again.values()} == {
        image.name: image.digest for image in built.values()
    }
    assert not any(image.new for image in again.values())


def test_nothing_of_the_machine_is_in_an_image(images: dict[str, Image]) -> None:
    for image in images.values():
        etc = Path(image.binds.get("/etc", "/nowhere"))
        assert not (etc / "apt").exists()
        assert not (etc / "ssl" / "certs" / "ca-certificates.crt").exists()


def test_the_failover_image_is_small_and_has_no_shell(built: dict[str, Built], images: dict[str, Image]) -> None:
    assert built["failover"].size < FAILOVER_BYTES
    programs = {path.name for path in Path(images["failover"].binds["/usr"]).glob("*bin/*")}
    assert programs & {"python3", "python3.11"}
    assert programs & SHELLS == set()


def test_an_images_papers_name_what_it_was_built_of(builder: Builder, built: dict[str, Built]) -> None:
    pinned = (ROOT / "images/failover/requirements.txt").read_text()
    wanted = {
        "failover": {f"pkg:pypi/{name}@{version}" for name, version in PINNED.findall(pinned)},
        "zookeeper": {"pkg:maven/org.apache.zookeeper/zookeeper@3.9.5", "pkg:generic/openjdk@17"},
        "btcd": {"pkg:golang/github.com/btcsuite/btcd@v0.21", "pkg:golang/stdlib@1."},
        "iguana-double": {"pkg:deb/debian/dash@", "pkg:pypi/aiohttp@"},
        "litecoind-debian": {"pkg:deb/debian/litecoind@0.21.2.1-", "pkg:deb/debian/libevent-2.1-7@"},
    }
    assert set(wanted) == set(BUILDABLE)
    assert len(wanted["failover"]) > 10
    for name, purls in wanted.items():
        image, packages = builder.describe(name)
        found = [part["purl"] for part in sbom(image, packages)["components"]]
        missing = [purl for purl in purls if not any(part.startswith(purl) for part in found)]
        assert missing == [], name
        paper = provenance(image)
        assert paper
        assert paper["subject"][0]["digest"]["sha256"] == built[name].digest.removeprefix("sha256:")


@pytest.mark.parametrize("words", [("-m", "failover", "--help"), ("-m", "keeper", "--help")])
def test_the_programs_of_the_failover_image_start(images: dict[str, Image], tmp_path: Path, words: tuple[str]) -> None:
    done = run(images["failover"], ["python3", *words], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "usage:" in done.stdout


def test_every_module_of_the_failover_image_can_be_imported(images: dict[str, Image], tmp_path: Path) -> None:
    program = (
        "import importlib, pkgutil, sys, failover, keeper\n"
        "for package in (failover, keeper):\n"
        "    for found in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        if not found.name.endswith(('__main__', 'launch')): importlib.import_module(found.name)\n"
        "print(len(sys.modules))"
    )
    done = run(images["failover"], ["python3", "-c", program], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 100


def test_a_gate_of_the_image_lives_without_an_ensemble_and_ends_when_it_is_told(
    images: dict[str, Image], tmp_path: Path
) -> None:
    Authority("gates").files(tmp_path / "files")
    inside = TlsFiles(authority_file="/files/ca.crt", certificate_file="/files/tls.crt", key_file="/files/tls.key")
    config = replace(configured(tmp_path, inside, free_ports(1)[0], ()), state_directory="/home/notary/state")
    config = replace(config, ensemble=replace(config.ensemble, servers_file="/files/servers", **asdict(inside)))
    (tmp_path / "files" / "servers").write_text("127.0.0.1:1\n")
    (tmp_path / "files" / "gate.json").write_text(to_json(config))
    mounts = [Mount(outside=tmp_path / "files", inside="/files", read_only=True)]
    login = {"RPC_USERNAME": "user", "RPC_PASSWORD": "geheim"}
    gate = container(images["failover"], tmp_path, mounts=mounts, environment=login)
    words, log = ["python3", "-m", "failover", "gate", "--config", "/files/gate.json"], tmp_path / "log"
    with started(gate, words, log) as process:

        def lives() -> bool:
            assert process.poll() is None, log.read_text()
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{config.health_port}/livez", timeout=2) as answer:
                    return bool(answer.status == 200)
            except OSError:
                return False

        eventually("the gate lives", lives, seconds=30)
        process.signal(signal.SIGTERM)
        eventually("the gate has ended", lambda: process.poll() is not None, seconds=30)
        assert process.poll() == 0, log.read_text()


def test_three_servers_of_the_image_make_an_ensemble(images: dict[str, Image], tmp_path: Path) -> None:
    rig = Rig(tmp_path, THREE, {"zookeeper": images["zookeeper"]}, memory="512Mi")
    try:
        rig.start(*rig.numbers)
        rig.wait_ready()
        assert rig.known_leader() in rig.numbers
        assert all(pod.restarts == 0 for pod in rig.pods.values())
    finally:
        rig.close()


def test_what_the_servers_scripts_call_is_in_the_image(images: dict[str, Image], tmp_path: Path) -> None:
    script = f"for name in {CALLED}; do command -v $name >/dev/null || echo $name; done"
    done = run(images["zookeeper"], ["bash", "-c", script], tmp_path)
    assert (done.stdout, done.stderr) == ("", "")
    words = ["java", "-cp", "/zookeeper/lib/*", "org.apache.zookeeper.version.VersionInfoMain"]
    assert "3.9.5" in run(images["zookeeper"], words, tmp_path).stdout


def test_a_node_of_the_btcd_image_answers(images: dict[str, Image], tmp_path: Path) -> None:
    rpc, peers = free_ports(2)
    words = [
        "btcd",
        "--simnet",
        "--notls",
        "--configfile=/dev/null",
        "--datadir=/home/notary/data",
        "--logdir=/tmp/logs",
    ]
    words += ["--rpcuser=u", "--rpcpass=p", f"--rpclisten=127.0.0.1:{rpc}", f"--listen=127.0.0.1:{peers}"]
    manager = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    manager.add_password(None, f"http://127.0.0.1:{rpc}", "u", "p")
    opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(manager))
    body = json.dumps({"jsonrpc": "1.0", "id": 1, "method": "getblockcount", "params": []}).encode()

    def height() -> object:
        try:
            with opener.open(f"http://127.0.0.1:{rpc}/", body, timeout=2) as answer:
                return json.loads(answer.read())["result"]
        except OSError:
            return None

    with started(container(images["btcd"], tmp_path), words, tmp_path / "log") as process:
        eventually("the node answers", lambda: height() == 0, seconds=30)
        assert process.poll() is None


def test_the_double_of_iguana_takes_calls_where_iguana_would(images: dict[str, Image], tmp_path: Path) -> None:
    ask = (
        "import json, time, urllib.request\n"
        "for _ in range(100):\n"
        "    try:\n"
        "        body = json.dumps({'agent': 'SuperNET', 'method': 'myipaddr', 'ipaddr': '192.0.2.1'}).encode()\n"
        "        print(urllib.request.urlopen('http://127.0.0.1:7776', body, timeout=2).read().decode())\n"
        "        break\n"
        "    except OSError: time.sleep(0.1)\n"
    )
    done = run(images["iguana-double"], ["sh", "-c", f'iguana notary >/dev/null & python3 -c "{ask}"'], tmp_path)
    assert '"result":"192.0.2.1"' in done.stdout, done.stderr
    assert "myipaddr" in (tmp_path / "home" / "calls").read_text()
    refused = run(images["iguana-double"], ["iguana", "elected"], tmp_path)
    assert refused.returncode == 1
    assert "usage" in refused.stderr
