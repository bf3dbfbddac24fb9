"""Every mistake in a stack is told in one line: path, what was found, what would be right."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.load import load_stack
from config.mistakes import ConfigError
from tests.recording import ROOT
from tests.unit.stacks import told, values_of

Values = dict[str, Any]
SEAT = "notary:notaries.alice-eu.duties.main"


def put(path: str, value: Any) -> Callable[[Values], None]:
    """A change of one value; `DELETE` takes it away."""

    def change(values: Values) -> None:
        *parents, last = path.split("/")
        place: Any = values
        for part in parents:
            place = place[part]
        if value == "DELETE":
            del place[last]
        else:
            place[last] = value

    return change


DUTY = "notaries/alice-eu/duties/main"
CASES = [
    # what was typed, the path in the message, and a part of what was found or is expected
    (put("regionz", {}), "notary:regionz", 'found the key "regionz", expected no such key; here are aws, canary'),
    (put(f"{DUTY}/busport", 1), f"{SEAT}.busport", "here are busNotaries, busPort, candidates"),
    (put("stage", "prod"), "notary:stage", 'found "prod", expected "sandbox", "test" or "production"'),
    (put("release", 7), "notary:release", "found 7, expected text"),
    (put("release", "DELETE"), "notary:release", "found nothing, expected a value"),
    (put("release", "/etc/passwd"), "notary:release", "expected a path relative to the project"),
    (put("registries", []), "notary:registries", "expected at least 1 of them"),
    (put("registries", "x.json"), "notary:registries", 'found "x.json", expected a list'),
    (put("rpc", {}), "notary:rpc", "expected exactly one of secretName, config"),
    (put("rpc", {"config": "rpcPassword"}), "notary:rpc.config", "found no such secret in the stack"),
    (put("regions/EU_1", {}), "notary:regions.EU_1", "expected a region's name such as eu-west"),
    (put("regions/eu-west/area", "Europe"), "notary:regions.eu-west.area", 'expected "AR", "DEV", "EU", "NA" or "SH"'),
    (put("regions/eu-west/provider", "gke"), "notary:regions.eu-west.provider", 'expected "existing"'),
    (put("regions/eu-west/connection", {}), "notary:regions.eu-west.connection", "expected exactly one of context"),
    (put("regions/eu-west/ranges/pods", "10.11.0.0/8"), "notary:regions.eu-west.ranges.pods", "host bits zero"),
    (
        put("regions/eu-west/ranges/pods", "10.12.128.0/17"),
        "notary:regions.eu-west.ranges.pods",
        "expected addresses apart from regions.eu-central.ranges.pods, 10.12.0.0/16",
    ),
    (
        put("regions/eu-west/ranges/services", "10.11.0.0/16"),
        "notary:regions.eu-west.ranges.services",
        "expected addresses apart from regions.eu-west.ranges.pods",
    ),
    (
        put("regions/eu-west/ensemble/servers", {2: "zk-1.eu-west.sandbox.invalid"}),
        "notary:regions.eu-west.ensemble.servers.2",
        "found the id 2, expected another one: regions.eu-central.ensemble.servers.2 has it",
    ),
    (
        put("regions/eu-west/ensemble/servers", {1: "zk-2.eu-central.sandbox.invalid"}),
        "notary:regions.eu-west.ensemble.servers.1",
        'found the name "zk-2.eu-central.sandbox.invalid", expected another one',
    ),
    (
        put("regions/na-east/ensemble", "DELETE"),
        "notary:regions.eu-west.ensemble.servers",
        "found 1 of 2 servers that vote, expected a majority elsewhere when this region is lost",
    ),
    (
        put("regions/eu-west/ensemble/role", "observer"),
        "notary:regions.na-east.ensemble.servers",
        "found 1 of 2 servers that vote",
    ),
    (
        put("regions/na-east/ensemble/servers", {4: "zk-4.na-east.sandbox.invalid"}),
        "notary:regions.na-east.ensemble.servers.4",
        "found the id 4 for a tiebreaker, expected one below the voters' 2: the highest id leads",
    ),
    (put("ensemble/maintenance", "eu-north"), "notary:ensemble.maintenance", "expected one of eu-central, eu-west"),
    (put("ensemble/syncLimit", 6), "notary:ensemble", "at most half of sessionTimeoutMs"),
    (put("ensemble/rttMs", 300), "notary:ensemble", "with rttMs 300 a session takes 6000 ms"),
    (put("ensemble/rttMs", 501), "notary:ensemble", "expected tickTimeMs of rttMs (501) at least"),
    (put("ensemble", {"syncLimit": 4, "rttMs": 300}), "notary:ensemble", "at least ten round trips (3000)"),
    (put("ensemble/sessionTimeoutMs", 10_001), "notary:ensemble", "expected sessionTimeoutMs between 2 and 20 ticks"),
    (put("ensemble/restore", "yesterday"), "notary:ensemble.restore", "a moment such as 20261121T103000Z, in UTC"),
    (put("sizes/KMD/storage", "100"), "notary:sizes.KMD.storage", "expected a size such as 20Gi"),
    (put("sizes/KMD/cpu", "0.5"), "notary:sizes.KMD.cpu", "expected cores such as 2 or 500m"),
    (put("sizes/KMX", {}), "notary:sizes.KMX", "expected a chain of the registries: BCZERO"),
    (put("notaries", {}), "notary:notaries", "expected at least 1 of them"),
    (put("notaries/alice-eu/kind", "iguna"), "notary:notaries.alice-eu.kind", 'expected "iguana", "checkpoint-master"'),
    (put(f"{DUTY}/pubkey", "02" + "00" * 32), f"{SEAT}.pubkey", "lie on secp256k1"),
    (put(f"{DUTY}/pubkey", 2), f"{SEAT}.pubkey", "found a number, expected text"),
    (put(f"{DUTY}/chains", ["KMD", "CCX"]), f"{SEAT}.chains", 'found "CCX", expected a chain of the registries'),
    (put(f"{DUTY}/chains", ["KMD", "CCL", "CCL"]), f"{SEAT}.chains", 'found "CCL" 2 times, expected each chain once'),
    (put(f"{DUTY}/chains", ["CCL"]), f"{SEAT}.chains", "found no KMD, expected KMD among them"),
    (put(f"{DUTY}/busPort", 7771), f"{SEAT}.chains", "found port 7771 for the RPC of KMD, expected another port"),
    (put(f"{DUTY}/busPort", 7776), f"{SEAT}.busPort", "expected another port: Iguana's API has it"),
    (put(f"{DUTY}/busPort", "13848"), f"{SEAT}.busPort", 'found "13848", expected a whole number'),
    (put(f"{DUTY}/candidates", {}), f"{SEAT}.candidates", "expected at least 1 of them"),
    (put(f"{DUTY}/candidates/us", {"priority": 3}), f"{SEAT}.candidates.us", "expected one of the regions eu-central"),
    (
        put(f"{DUTY}/candidates/na-east", {"priority": 3}),
        f"{SEAT}.candidates.na-east",
        'found a region of the area "NA", expected one of the elected region "EU"',
    ),
    (
        put(f"{DUTY}/candidates/eu-central/priority", 1),
        f"{SEAT}.candidates.eu-central.priority",
        "found 1, expected another priority than eu-west has",
    ),
    (put("release", "releases/none.yaml"), "releases/none.yaml", "found no such file or directory"),
    (put("registries", ["Pulumi.yaml"]), "Pulumi.yaml:1:1", "expected a JSON list of chains"),
    (
        put("regions/eu-west/connection", {"file": "no/kubeconfig"}),
        "notary:regions.eu-west.connection.file",
        "found no/kubeconfig: no such file or directory, expected a kubeconfig that can be read",
    ),
]


@pytest.mark.parametrize(("change", "path", "part"), CASES, ids=[case[1].split(":")[-1] for case in CASES])
def test_a_mistake_is_told_once_with_its_path(change: Callable[[Values], None], path: str, part: str) -> None:
    values = values_of("local")
    change(values)
    lines = told(values)
    mine = [line for line in lines if line.startswith(f"{path}: found ")]
    assert len(mine) == 1, lines
    assert part in mine[0]
    assert "Traceback" not in "".join(lines)


def test_all_mistakes_come_at_once_in_order_of_path() -> None:
    values = values_of("local")
    for change, _, _ in CASES[:12]:
        change(values)
    put(f"{DUTY}/pubkey", "03")(values)
    lines = told(values)
    paths = [line.split(": found")[0] for line in lines]
    assert paths == sorted(paths)
    for path in ("notary:regionz", "notary:stage", "notary:registries", f"{SEAT}.busport", f"{SEAT}.pubkey"):
        assert any(line.startswith(path) for line in lines), path


def test_two_notaries_whose_objects_would_have_one_name_are_told() -> None:
    values = values_of("local")
    alice = values["notaries"]["alice-eu"]
    alice["duties"]["signer"] = {**alice["duties"]["main"]}
    values["notaries"]["alice"] = {**alice, "duties": {"eu": {**alice["duties"]["main"], "chains": ["KMD"]}}}
    values["notaries"]["alice-eu"]["duties"] = {"main": alice["duties"]["main"]}
    values["regions"]["eu"] = {**values["regions"]["eu-west"], "ensemble": None}
    values["regions"]["eu"]["ranges"] = {"pods": "10.99.0.0/16", "services": "10.98.0.0/16"}
    values["notaries"]["west-alice"] = {**alice, "duties": {"eu": {**alice["duties"]["main"], "chains": ["KMD"]}}}
    values["notaries"]["west-alice"]["duties"]["eu"]["candidates"] = {"eu": {"priority": 1}}
    lines = told(values)
    assert [line for line in lines if "found the name eu-west-alice-eu-kmd for KMD in eu" in line]


def test_a_release_without_an_image_that_is_needed_is_told(tmp_path: Path) -> None:
    values = values_of("mainnet")
    for part in ("registry", "releases"):
        shutil.copytree(ROOT / part, tmp_path / part)
    path = tmp_path / "releases" / "2026.11-draft.yaml"
    release = yaml.safe_load(path.read_text())
    del release["daemons"]["litecoind"], release["daemons"]["komodod-mcl"], release["gate"], release["signers"]
    release["zookeeper"]["image"] = "zookeeper:latest"
    path.write_text(yaml.safe_dump(release))
    lines = told(values, root=tmp_path)
    wanted = ["the daemon litecoind", "the daemon komodod-mcl", "the gate", "the signer iguana"]
    assert "expected an image by digest" in "\n".join(lines)
    put("zookeeper/image", "registry.example.net/notary/zookeeper@sha256:" + "a" * 64)(release)
    path.write_text(yaml.safe_dump(release))
    lines = told(values, root=tmp_path)
    for what in wanted:
        assert any(f"without {what}" in line for line in lines), what


SECRET = "5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss"


SECRETIVE = [
    *(f"{DUTY}/pubkey", f"{DUTY}/keys", f"{DUTY}/keys/secretName", f"{DUTY}/keys/config", "rpc", "rpc/config"),
    *("regions/eu-west/connection", "regions/eu-west/connection/config", "regions/eu-west/connection/context"),
]


@pytest.mark.parametrize("path", SECRETIVE)
def test_a_secret_in_a_wrong_place_is_never_repeated(path: str) -> None:
    values = values_of("local")
    put(path, SECRET + "\n" + SECRET)(values)
    lines = told(values)
    assert SECRET not in "\n".join(lines)


def write(root: Path, text: str) -> None:
    for part in ("registry", "releases"):
        shutil.copytree(ROOT / part, root / part)
    (root / "Pulumi.x.yaml").write_text(text)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "Pulumi.x.yaml: found nothing, expected a mapping"),
        ("config: [", "Pulumi.x.yaml:1: found"),
        ("config: 7\n", "Pulumi.x.yaml config: found a number"),
        ("config: {}\nconfig: {}\n", 'Pulumi.x.yaml:2: found the name "config" twice'),
        (
            "config:\n  aws:region: x\n",
            'Pulumi.x.yaml config: found "aws:region", expected keys that begin with notary:',
        ),
        ("konfig: {}\nconfig: {}\n", 'Pulumi.x.yaml: found the key "konfig"'),
        ("a: &a [x, x]\nb: &b [*a, *a]\n", 'found the key "a"'),
        ("config: " + "[" * 200 + "]" * 200, "Pulumi.x.yaml: found more, expected at most 40 levels"),
        ("x" * (1024 * 1024 + 1), "Pulumi.x.yaml: found more than 1 MiB"),
        ("config: !!python/object/apply:os.system [ls]\n", "Pulumi.x.yaml:1: found"),
    ],
)
def test_a_stack_file_that_is_no_stack_is_told(tmp_path: Path, text: str, part: str) -> None:
    write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_stack(tmp_path, "x")
    assert part in str(caught.value)


def test_one_name_twice_in_a_stack_is_told_with_its_line(tmp_path: Path) -> None:
    text = (ROOT / "Pulumi.local.yaml").read_text()
    write(tmp_path, text.replace("    eu-west:\n      provider", "    eu-central:\n      provider"))
    with pytest.raises(ConfigError, match=r'Pulumi.x.yaml:\d+: found the name "eu-central" twice, expected each name'):
        load_stack(tmp_path, "x")


def test_an_unknown_stack_is_told_with_those_that_are_here() -> None:
    with pytest.raises(ConfigError, match="expected one of the stacks here: local, mainnet, mainnet-eks, testnet"):
        load_stack(ROOT, "staging")
    with pytest.raises(ConfigError, match="expected a stack's name"):
        load_stack(ROOT, "../../etc/passwd")
