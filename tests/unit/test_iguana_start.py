"""How Iguana is started: with its lists beside it, line by line, and not with a list that it would hang or die of."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.recording import ROOT

LINES = ["stdbuf", "-oL"]
SEEDS = [f"192.0.2.{number}" for number in range(1, 11)]


@pytest.fixture(scope="module")
def program() -> ModuleType:
    """The start script of Iguana's image."""
    loader = SourceFileLoader("start_iguana", str(ROOT / "images" / "iguana" / "iguana"))
    spec = spec_from_loader("start_iguana", loader)
    assert spec
    made = module_from_spec(spec)
    loader.exec_module(made)
    return made


def start(program: ModuleType, folder: Path, name: str, seeds: object) -> list[Any]:
    """What it becomes, with a mounted list of this name."""
    home, mounted, became = folder / "home", folder / "mounted", list[Any]()
    for made in (home, mounted):
        made.mkdir()
    (mounted / "elected").write_text(json.dumps({"port": 13848, "seeds": SEEDS, "notaries": []}))
    if seeds is not None:
        (mounted / name).write_text(json.dumps({"seeds": seeds}))
    before = Path.cwd()
    try:
        program.main([name], home=home, places=(mounted,), start=lambda *words: became.extend(words))
        assert Path.cwd() == home, "it reads its list in the folder where it starts"
    finally:
        os.chdir(before)
    return became


def test_iguana_is_started_as_its_own_scripts_do_so_that_its_lines_come_at_once(
    program: ModuleType, tmp_path: Path
) -> None:
    became = start(program, tmp_path, "notary", None)
    assert became == ["/usr/bin/stdbuf", ["/usr/bin/stdbuf", "-oL", "/opt/iguana/iguana", "notary"]]
    assert (tmp_path / "home" / "elected").exists()


@pytest.mark.parametrize("seeds", [SEEDS[:8], SEEDS])
def test_a_mounted_list_with_enough_seeds_is_taken(program: ModuleType, tmp_path: Path, seeds: list[str]) -> None:
    assert start(program, tmp_path, "testnet", seeds)[1][-1] == "testnet"


@pytest.mark.parametrize(
    ("seeds", "why"),
    [
        (SEEDS[:1], "testnet: found 1 seeds, expected 8 to 64, all different"),
        (SEEDS[:7], "testnet: found 7 seeds, expected 8 to 64, all different"),
        ([*SEEDS[:7], SEEDS[0]], "testnet: found 7 seeds, expected 8 to 64, all different"),
        ([], "testnet: found 0 seeds, expected 8 to 64, all different"),
        ([f"192.0.2.{number}" for number in range(65)], "testnet: found 65 seeds, expected 8 to 64, all different"),
        (7, 'testnet: expected JSON with "seeds" and "notaries", as elected has them'),
        (None, "testnet: No such file or directory; mount the list below /etc/iguana"),
    ],
)
def test_a_list_that_iguana_would_hang_or_die_of_is_refused_in_one_line(
    program: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], seeds: object, why: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        start(program, tmp_path, "testnet", seeds)
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"{why}\n"


def test_with_stdbuf_a_program_that_dies_of_a_segmentation_fault_has_told_its_last_whole_line() -> None:
    """Python's own buffer is bypassed: what is tested is the C library's, which is Iguana's."""
    crash = "import ctypes as c; l = c.CDLL(None); l.printf(b'the last line\\n'); c.string_at(0)"
    kept = [subprocess.run([*how, sys.executable, "-E", "-c", crash], capture_output=True) for how in (LINES, [])]
    assert [done.stdout for done in kept] == [b"the last line\n", b""]
    assert all(done.returncode == -11 for done in kept)
