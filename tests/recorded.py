"""Where the recordings of real daemons and of a real Iguana lie: beside the checkout, as they were made."""

from __future__ import annotations

import pytest

from tests.recording import ROOT

FOLDER = ROOT.parent / "shared" / "data" / "recordings"
NEEDED = pytest.mark.skipif(not FOLDER.is_dir(), reason="no folder of recordings beside the checkout")


def lines(name: str) -> list[str]:
    """Each entry of a recording, as JSON; none without the folder."""
    path = FOLDER / f"{name}.jsonl"
    return path.read_text().splitlines() if path.exists() else []
