"""The list of images, their Dockerfiles, and the commands that build them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from config.images import dockerfile, load_images, needed
from config.load import load_release
from config.mistakes import ConfigError
from fleet.images.commands import INPUTS, build, inputs_of
from tests.recording import ROOT

IMAGES = load_images(ROOT)
FILES = sorted((ROOT / "images").glob("*/*Dockerfile"))
OURS = {"zookeeper": "zookeeper", "keeper": "failover", "gate": "failover"}  # by the name that a release gives a build


def lines(path: str) -> set[str]:
    return set((ROOT / path).read_text().splitlines())


def test_hadolint_finds_nothing_and_would_find_something(tmp_path: Path) -> None:
    tool = [str(Path(sys.executable).parent / "hadolint"), "--config", str(ROOT / ".hadolint.yaml")]
    assert len(FILES) >= 10
    done = subprocess.run([*tool, *map(str, FILES)], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("", 0)
    (tmp_path / "Dockerfile").write_text("FROM debian\nRUN curl x | sh\n")
    done = subprocess.run([*tool, str(tmp_path / "Dockerfile")], capture_output=True, text=True, check=False)
    assert "DL3006" in done.stdout
    assert "DL4006" in done.stdout


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_is_pinned_runs_as_nobody_and_stops_in_order(name: str) -> None:
    text = (ROOT / dockerfile(name, IMAGES[name])).read_text()
    for argument, image in re.findall(r"^ARG (\w+)=(\S+/\S+)$", text, re.M):
        assert re.search(r"@sha256:[0-9a-f]{64}$", image) or IMAGES[name].on.get(argument), image
    last = text[text.rindex("\nFROM ") :]
    if "FROM scratch" in last:
        assert re.search(r"^USER 65532:65532$", last, re.M)
        assert re.search(r"^STOPSIGNAL SIG(TERM|INT)$", last, re.M)
    else:  # all that it says is the other image's
        assert re.match(r"\nFROM \$\{(\w+)\}", last)[1] in IMAGES[name].on  # type: ignore[index]
        assert "USER" not in last
    for path in re.findall(r"^COPY (?!--from)(?:--\S+ )*(.+) \S+$", text, re.M):
        assert all((ROOT / word).exists() for word in path.split()), path
    taken = set(re.findall(r"^ARG (\w+)", text, re.M))
    assert {*IMAGES[name].arguments, *IMAGES[name].on} <= taken


def test_all_are_built_on_the_same_base() -> None:
    bases = {line for name in IMAGES for line in lines(dockerfile(name, IMAGES[name])) if line.startswith("ARG BASE=")}
    assert len(bases) == 1


@pytest.mark.parametrize("path", load_release(ROOT, "releases/2026.11-draft.yaml").builds)
def test_the_release_names_the_versions_that_are_built(path: str) -> None:
    release = load_release(ROOT, "releases/2026.11-draft.yaml")
    name = OURS.get(path, path.rpartition(".")[2])
    assert IMAGES[name].version == release.builds[path].version


def test_the_failover_image_has_the_versions_that_are_tested() -> None:
    locked = set(re.findall(r"^(\S+==\S+) \\$", (ROOT / "images/failover/requirements.txt").read_text(), re.M))
    asked = {line for line in lines("images/failover/requirements.in") if "==" in line}
    tested = {line.lower().replace("_", "-") for line in lines("constraints.txt")}
    assert asked <= locked & lines("requirements.txt")
    # What only other systems need is not in the virtual environment.
    assert {item for item in locked if item not in tested} <= {"tzdata==2026.6"}


def test_images_come_after_those_that_they_are_built_on() -> None:
    assert needed(IMAGES, ["iguana-double"]) == ["failover", "iguana-double"]
    assert needed(IMAGES, ["checkpoint-master", "btcd"]) == ["failover", "btcd", "komodod", "checkpoint-master"]


def test_every_mistake_of_the_list_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "images" / "one").mkdir(parents=True)
    (tmp_path / "images" / "one" / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "images" / "images.yaml").write_text(
        'images:\n  one: {version: "1", license: MIT, on: {BASE: two}}\n  two: {version: "2", license: MIT}\n'
        '  three: {version: "3", license: MIT, folder: one}\n'
    )
    with pytest.raises(ConfigError) as caught:
        load_images(tmp_path)
    assert [(item.path, item.found) for item in caught.value.mistakes] == [
        ("images/images.yaml: one.on.BASE", "two"),
        ("images/images.yaml: two", "no images/two/Dockerfile"),
    ]
    (tmp_path / "images" / "images.yaml").write_text("images:\n  one: {verion: 1, license: MIT}\n")
    with pytest.raises(ConfigError) as caught:
        load_images(tmp_path)
    assert len(caught.value.mistakes) == 2


def test_a_build_is_named_by_all_that_goes_into_it(tmp_path: Path) -> None:
    for path in ("config", "failover", "keeper", "images"):
        shutil.copytree(ROOT / path, tmp_path / path, ignore=shutil.ignore_patterns("__pycache__"))
    source, bases = IMAGES["failover"], {"BASE": "localhost/base"}

    def named() -> str:
        return inputs_of(tmp_path, "failover", source, bases)

    first = named()
    assert named() == first
    assert inputs_of(tmp_path, "failover", source, {"BASE": "localhost/other"}) != first
    for changes in ({"arguments": {"A": "b"}}, {"license": "ISC"}):
        assert inputs_of(tmp_path, "failover", source.model_copy(update=changes), bases) != first
    for changed in ("failover/clock.py", "images/rootfs.sh", "images/failover/requirements.txt"):
        text = (tmp_path / changed).read_text()
        (tmp_path / changed).write_text(text + "\n")
        assert named() != first, changed
        (tmp_path / changed).write_text(text)
    (tmp_path / "images" / "btcd" / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "failover" / "__pycache__").mkdir()
    (tmp_path / "failover" / "__pycache__" / "clock.pyc").write_text("no matter")
    assert named() == first


def test_a_build_is_told_its_arguments_and_says_what_it_is() -> None:
    words = build(
        "iguana", IMAGES["iguana"], bases={"BASE": "b"}, on={"FAILOVER": "f"}, inputs="0" * 16, revision="abc"
    )
    given = [words[place + 1] for place, word in enumerate(words) if word == "--build-arg"]
    source = ["COMMIT=2f846c0aa790516c49299914488623ecb31b1d2b", "REPOSITORY=KomodoPlatform/dPoW"]
    assert given == ["BASE=b", source[0], "FAILOVER=f", source[1]]
    labels = dict(words[place + 1].split("=", 1) for place, word in enumerate(words) if word == "--label")
    assert labels[INPUTS] == "0" * 16
    assert labels["org.opencontainers.image.revision"] == "abc"
    assert labels["org.opencontainers.image.version"] == "2f846c0"
    assert words[-5:] == ["--file", "images/iguana/Dockerfile", "--tag", "localhost/notary/iguana:2f846c0", "."]
