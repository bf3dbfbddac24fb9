"""The rules of the house that a machine can hold: folders, imports, sizes, documents."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drills import test_mutants as on_the_engine
from tests.recording import ROOT
from tests.unit import test_mutants as of_units
from tests.unit import test_mutants_ensemble as of_the_ensemble
from tests.unit import test_mutants_releases as of_releases

LINES_PER_FILE = 400
LINES_PER_FUNCTION = 40
ALLOWED = {  # which of our packages each may import
    "config": set[str](),
    "components": {"config"},
    "sandbox": set[str](),
    "doubles": set[str](),
    "keeper": {"config"},
    "failover": {"config"},
    "drills": {"config", "components", "failover", "sandbox"},
    "chaos": {"config", "doubles", "drills", "failover", "sandbox"},
    "fleet": {"config", "components", "sandbox"},
    "policy": set[str](),
    "bench": {"chaos", "config", "components", "doubles", "drills", "failover", "fleet", "sandbox"},
}


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / line for line in listed.stdout.splitlines()]


PYTHON = tracked("*.py")


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {item.name for item in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or 0) - node.lineno + 1


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_go_one_way(package: str) -> None:
    files = [path for path in PYTHON if path.relative_to(ROOT).parts[0] == package]
    assert files
    for path in files:
        ours = {name.split(".")[0] for name in imports(path)} & set(ALLOWED)
        assert ours <= ALLOWED[package] | {package}, path


def test_the_configuration_and_the_manifests_know_nothing_of_the_engine() -> None:
    for path in [*(ROOT / "config").rglob("*.py"), *(ROOT / "components" / "manifests").glob("*.py")]:
        assert not any(name.split(".")[0].startswith("pulumi") for name in imports(path)), path


def test_no_file_and_no_function_is_too_long() -> None:
    long = [(str(path), len(path.read_text().splitlines())) for path in PYTHON]
    assert [item for item in long if item[1] > LINES_PER_FILE] == []
    found = [(str(path), name, lines) for path in PYTHON for name, lines in functions(path)]
    assert [item for item in found if item[2] > LINES_PER_FUNCTION] == []


def test_every_module_says_what_it_is_for() -> None:
    for path in PYTHON:
        text = path.read_text()
        assert not text.strip() or ast.get_docstring(ast.parse(text)), path


def test_folders_are_three_deep_at_most() -> None:
    deep = [str(path.relative_to(ROOT)) for path in PYTHON if len(path.relative_to(ROOT).parts) > 4]
    assert deep == []


def test_every_dependency_is_pinned_and_has_its_reason() -> None:
    reasons = next((ROOT / "docs" / "adr").glob("*-dependencies.md")).read_text()
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text().splitlines():
            if line and not line.startswith(("#", "-r")):
                assert re.fullmatch(r"[A-Za-z0-9-]+==[0-9.]+", line), line
                assert f"`{line.split('==')[0]}`" in reasons, line


def test_what_dependencies_bring_along_is_pinned_too() -> None:
    pinned = (ROOT / "constraints.txt").read_text().lower().replace("_", "-").splitlines()
    for name in ("requirements.txt", "requirements-dev.txt"):
        direct = [line.lower() for line in (ROOT / name).read_text().splitlines() if "==" in line]
        assert [line for line in direct if line not in pinned] == []
    assert len(pinned) > 30


def test_decisions_are_numbered_without_gaps_and_listed() -> None:
    files = sorted(path.name for path in (ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert [int(name[:4]) for name in files] == list(range(1, len(files) + 1))
    listing = (ROOT / "docs" / "adr" / "README.md").read_text()
    assert [name for name in files if f"({name})" not in listing] == []


def test_links_between_documents_lead_somewhere() -> None:
    for path in tracked("*.md"):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_what_the_readme_tells_to_type_exists() -> None:
    text = (ROOT / "README.md").read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)`|^make ([a-z-]+)", text, re.MULTILINE))
    assert {one or other for one, other in named} <= targets
    assert {"setup", "up", "down", "test", "check", "bench"} <= targets


def test_no_file_names_a_place_of_the_machine_that_wrote_it() -> None:
    places = re.compile(r"/(?:home|root|work)/(?!notary)[a-z.]+/|/Users/")
    for path in tracked():
        if path.suffix not in (".sum", ".mod") and path != Path(__file__):
            assert not places.search(path.read_text(errors="replace")), path


def test_every_mutant_still_fits_the_code() -> None:
    for mutant in (*on_the_engine.MUTANTS, *of_units.MUTANTS, *of_releases.MUTANTS):
        assert (ROOT / mutant.file).read_text().count(mutant.line) == 1, mutant.promise
    for promise, (file, line, _), _ in of_the_ensemble.BROKEN:
        assert (ROOT / file).read_text().count(line) == 1, promise
