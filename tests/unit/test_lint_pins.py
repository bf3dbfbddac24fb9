"""One daemon, one version, wherever it is written down."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.lint.pins import pin
from config.lint.run import Request, lint
from tests.unit.test_lint_project import checked, copy_project, lint_script, replace

RELEASE = "releases/2026.11-draft.yaml"
COMPOSE = "services:\n  tokel:\n    build:\n      args:\n        - USER_ID=1\n        - COMMIT_HASH={}\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_project(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "wrong", "right"),
    [
        ("compose.yaml", COMPOSE, "96234b4", "b97260d"),
        (
            "compose.yaml",
            COMPOSE.replace("- USER_ID=1\n        - COMMIT_HASH=", "COMMIT_HASH: "),
            "96234b4",
            "b97260d4ac9d",
        ),
        ("compose.yaml", "services:\n  kmd:\n    image: example.net/x/komodod:{}@sha256:00\n", "v0.9.1", "v0.9.2-2"),
        ("versions.json", '{{"TOKEL": "{}"}}', "96234b4", "b97260d"),
        ("versions.json", '{{"LTC": "{}"}}', "0.21.3", "0.21.4"),
        ("versions.json", '{{"CCL": "{}"}}', "0.8.3", "0.9.2-2"),
        ("README.md", "| LTC | [litecoin](https://x/litecoin) | [{}](https://x/y) |\n", "0.18.1", "v0.21.4"),
        ("README.md", "| `MCL` | `{}` |\n", "a92d834", "7938b2cb5d79"),
        ("Dockerfile", "FROM --platform=linux/amd64 komodoofficial/komodo:{} AS base\n", "v0.9.1", "v0.9.2-2"),
        ("Dockerfile", "FROM example.net/tokel:cd_release_{}_dev\n", "96234b4", "b97260d"),
        ("build.sh", "git clone -b {} https://example.net/litecoin-project/litecoin.git\n", "v0.21.3", "v0.21.4"),
        ("build.sh", "git clone https://example.net/KomodoPlatform/komodo --branch {} src\n", "v0.9.1", "v0.9.2-2"),
        ("build.sh", "KOMODO_VERSION={}\n", "v0.9.1", "v0.9.2-2"),
    ],
)
def test_a_pin_that_differs_from_the_release_is_found(
    project: Path, name: str, text: str, wrong: str, right: str
) -> None:
    (finding,) = lint_script(project, text.format(wrong), name, "mainnet")
    assert finding.rule == "pin-mismatch"
    assert finding.path.startswith(f"{project}/{name}")
    assert RELEASE in finding.expected
    assert lint_script(project, text.format(right), name, "mainnet") == []


def test_a_readme_and_an_image_that_differ_are_found_without_a_release(project: Path) -> None:
    readme, image = project / "README.md", project / "Dockerfile"
    readme.write_text("| KMD | [v0.9.2-2](https://x) |\n")
    image.write_text("FROM komodo:v0.9.1\n")
    (finding,) = checked(lint(Request(root=project, scripts=(readme, image))))
    assert (finding.path, finding.found) == (f"{image}:1", "komodod 0.9.1")
    assert finding.expected == f"0.9.2-2, as {readme}:1 has it"


def test_a_commit_is_not_held_against_a_version_number(project: Path) -> None:
    assert lint_script(project, '{"KMD": "2651eaf", "CCL": "2651eaf"}', "versions.json", "mainnet") == []


def test_a_releases_image_with_another_tag_than_its_version_is_found(project: Path) -> None:
    replace(project / RELEASE, "notary/litecoind@", "notary/litecoind:v0.21.3@")
    (finding,) = checked(lint(Request(root=project, stacks=("mainnet",))))
    assert (finding.rule, finding.path) == ("pin-mismatch", f"{RELEASE} daemons.litecoind.image")


def test_a_checkpoint_masters_version_is_that_of_the_daemon_that_it_starts(project: Path) -> None:
    replace(project / RELEASE, "notary/checkpoint-master@", "notary/checkpoint-master:v0.9.2-3@")
    (finding,) = checked(lint(Request(root=project, stacks=("mainnet",))))
    assert (finding.rule, finding.found) == ("pin-mismatch", "komodod 0.9.2-3")
    assert finding.path == f"{RELEASE} masters.komodod.image"


@pytest.mark.parametrize("commit", ["b97260d", "65d50d0"])
def test_the_commit_of_an_addcoin_body_is_a_pin(project: Path, commit: str) -> None:
    path = project / "coins.json"
    path.write_text(f'[{{"newcoin": "TOKEL", "p2p": 29404, "rpc": 29405, "git": {{"commit": "{commit}"}}}}]')
    found = checked(lint(Request(root=project, stacks=("mainnet",), coins=(path,))))
    assert [item.rule for item in found] == ([] if commit == "b97260d" else ["pin-mismatch"])


@pytest.mark.parametrize("text", ["latest", "master", "", "deadbeefs", "20.04", "v2"])
def test_only_versions_and_commits_are_pins(text: str) -> None:
    assert [item.kind for item in pin("x", "komodod", text)] == (["release"] if text == "20.04" else [])
