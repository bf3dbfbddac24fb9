"""The rule for version pins: one daemon, one version, wherever it is written down.

Seen in the wild: TOKEL b97260d in KomodoPlatform/dPoW 2f846c0 `doc/daemon_versions.json` and README, and 96234b4 in the
compose file of smk762/notary_docker_3p.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from config.lint.finding import Finding

RULES = {
    "pin-mismatch": "One daemon's version differs between a release, a script, a README, a compose file, an image."
}
# What one daemon is called: its project's folder, its coin, our release's build.
_SUBJECTS = {
    **dict.fromkeys(("KMD", "KOMODO", "KOMODOD", "KOMODO-DAEMON"), "komodod"),
    **dict.fromkeys(("LTC", "LITECOIN", "LITECOIND"), "litecoind"),
    **dict.fromkeys(("BTC", "BITCOIN", "BITCOIND"), "bitcoind"),
    **dict.fromkeys(("MCL", "MARMARA", "MARMARAD", "KOMODOD-MCL"), "MCL"),
    **dict.fromkeys(("TOKEL", "TKL", "TOKELD", "KOMODOD-TOKEL"), "TOKEL"),
    **dict.fromkeys(("IGUANA", "DPOW"), "iguana"),
}
_RELEASE = re.compile(r"(?<![0-9A-Za-z.])v?(\d+\.\d+(?:\.\d+)*(?:-\d+)?)(?![0-9A-Za-z.])")
_COMMIT = re.compile(r"(?<![0-9a-z])(?=[0-9]*[a-f]|\d{7,})([0-9a-f]{7,40})(?![0-9a-z])")


@dataclass(frozen=True, kw_only=True)
class Pin:
    """A version as it is written at one place. `subject` is a daemon, or a chain that has its own."""

    path: str
    subject: str
    version: str
    kind: Literal["commit", "release"]

    def agrees(self, other: Pin) -> bool:
        """Whether two pins may be one version: a commit may be cut short."""
        if self.kind == "release":
            return self.version == other.version
        return self.version.startswith(other.version) or other.version.startswith(self.version)


def subject_of(name: str) -> str | None:
    """The daemon that a name stands for, if it is one of those that projects and images go by."""
    return _SUBJECTS.get(name.upper())


def pin(path: str, subject: str, text: str) -> Iterator[Pin]:
    """The pin that a text such as v0.9.2-2, 2651eaf or cd_release_2651eaf_dev holds; none for `latest`."""
    if found := _RELEASE.search(text):
        yield Pin(path=path, subject=subject, version=found[1], kind="release")
    elif found := _COMMIT.search(text):
        yield Pin(path=path, subject=subject, version=found[1], kind="commit")


def pin_mismatch(pins: Iterable[Pin]) -> Iterator[Finding]:
    """Pins that differ from the first of their subject and kind: a commit can't be compared with a version number."""
    first: dict[tuple[str, str], Pin] = {}
    for item in pins:
        reference = first.setdefault((item.subject, item.kind), item)
        if not item.agrees(reference):
            yield Finding(
                rule="pin-mismatch",
                path=item.path,
                found=f"{item.subject} {item.version}",
                expected=f"{reference.version}, as {reference.path} has it",
            )
