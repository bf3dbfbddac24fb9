"""What an image's files say they are, and the papers that are made of it."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from config.images import load_images
from fleet.errors import FleetError
from fleet.images import contents
from fleet.images.contents import Package, debian, go, java, packages, python
from fleet.images.documents import REVISION, Described, provenance, sbom
from tests.recording import ROOT

DIGEST = "sha256:" + "a" * 64
REVISED = "2" * 40


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def jar(path: Path, **records: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as made:
        for artifact, version in records.items():
            text = f"groupId=org.example\nartifactId={artifact}\nversion={version}\n"
            made.writestr(f"META-INF/maven/org.example/{artifact}/pom.properties", text)


def named(*found: Package) -> list[str]:
    return [package.purl for package in found]


def test_debians_records_name_what_was_unpacked(tmp_path: Path) -> None:
    write(
        tmp_path / "var/lib/dpkg/status.d/libstdc++6",
        "Package: libstdc++6\nVersion: 1:12.2+b1\nArchitecture: amd64\nDescription: text\n Version: not this\n",
    )
    assert named(*debian(tmp_path)) == ["pkg:deb/debian/libstdc%2B%2B6@1%3A12.2%2Bb1?arch=amd64"]


def test_pythons_metadata_names_distributions_by_their_normal_names(tmp_path: Path) -> None:
    text = "Metadata-Version: 2.4\nName: A_Thing.x\nVersion: 1.0\nLicense-Expression: MIT\n\nName: not this\n"
    write(tmp_path / "app/lib/a_thing-1.0.dist-info/METADATA", text)
    (found,) = python(tmp_path)
    assert found == Package(name="A_Thing.x", version="1.0", purl="pkg:pypi/a-thing-x@1.0", license="MIT")


def test_jars_are_named_by_mavens_record_of_themselves_else_by_their_names_and_bytes(tmp_path: Path) -> None:
    jar(tmp_path / "lib/core-1.2.jar", core="1.2", shaded="9")
    jar(tmp_path / "lib/native-1.2-linux.jar", native="1.2")
    jar(tmp_path / "lib/other-3.jar", shaded="9")
    jar(tmp_path / "opt/java/lib/jrt-fs.jar")
    write(tmp_path / "opt/java/release", 'JAVA_VERSION="17.0.21"\nMODULES="java.base"\n')
    found = {package.name: package for package in java(tmp_path)}
    known = [found[name] for name in ("org.example:core", "org.example:native", "openjdk")]
    assert named(*known) == [
        "pkg:maven/org.example/core@1.2",
        "pkg:maven/org.example/native@1.2?classifier=linux",
        "pkg:generic/openjdk@17.0.21",
    ]
    assert found["other"].sha256
    assert found["other"].purl == f"pkg:generic/other@3?checksum=sha256:{found['other'].sha256}"
    assert len(found) == 4


def test_gos_list_of_modules_follows_replacements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = (
        "/x/btcd: go1.26.1\n\tpath\texample.org/a/cmd\n\tmod\texample.org/a\tv1.0.0\th1:x=\n"
        "\tdep\texample.org/old\tv1.1.0\n\t=>\texample.org/new\tv2.0.0\th1:y=\n\tbuild\t-trimpath=true\n"
    )
    write(tmp_path / "usr/local/bin/plain", "#!/bin/sh\n")
    (tmp_path / "usr/local/bin/made").write_bytes(b"\x7fELF" + contents._GO_MARK + b"rest")
    tool = tmp_path / "go"
    tool.write_text(f"#!/bin/sh\ncat <<'END'\n{told}END\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert named(*go(tmp_path)) == [
        "pkg:golang/stdlib@1.26.1",
        "pkg:golang/example.org/a@v1.0.0",
        "pkg:golang/example.org/new@v2.0.0",
    ]
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(FleetError, match="to tell what made is made of needs Go on PATH"):
        packages(tmp_path)


def described(name: str, **labels: str) -> Described:
    source = load_images(ROOT)[name]
    return Described(name=name, source=source, reference=f"registry/{name}:1", digest=DIGEST, labels=labels)


def test_a_bill_of_materials_is_the_same_for_the_same_image_and_names_what_was_fetched() -> None:
    one, two = (Package(name=name, version="1", purl=f"pkg:generic/{name}@1") for name in ("one", "two"))
    image = described("litecoind")
    made = sbom(image, [two, one])
    assert made == sbom(image, [one, two])
    assert made["serialNumber"] != sbom(replace(image, digest=DIGEST.replace("a", "b")), [one, two])["serialNumber"]
    assert made["metadata"]["component"]["licenses"] == [{"expression": "MIT"}]
    fetched = made["components"][0]
    assert fetched["purl"].startswith("pkg:generic/litecoind@v0.21.4?download_url=https%3A%2F%2Fdownload.litecoin.org")
    assert fetched["hashes"] == [{"alg": "SHA-256", "content": image.source.arguments["SHA256"]}]
    assert [part["name"] for part in made["components"][1:]] == ["one", "two"]
    iguana = sbom(described("iguana"), [])["components"]
    assert [part["purl"][:31] for part in iguana] == ["pkg:github/komodoplatform/dpow@"]


def test_provenance_names_digest_commit_and_what_was_fetched_and_claims_nothing_of_others_builds() -> None:
    made = provenance(described("iguana", **{"dev.notary-fleet.inputs": "abc", REVISION: REVISED}))
    assert made
    assert made["subject"] == [{"name": "registry/iguana:1", "digest": {"sha256": "a" * 64}}]
    definition = made["predicate"]["buildDefinition"]
    assert definition["internalParameters"] == {"inputs": "abc", "revision": REVISED}
    commits = [found["digest"]["gitCommit"] for found in definition["resolvedDependencies"]]
    assert commits == [REVISED, definition["externalParameters"]["arguments"]["COMMIT"]]
    dirty = provenance(described("btcd", **{"dev.notary-fleet.inputs": "abc", REVISION: f"{REVISED}-dirty"}))
    assert dirty
    assert dirty["predicate"]["buildDefinition"]["resolvedDependencies"] == []
    assert provenance(described("btcd")) is None
