"""One sandbox of two regions for the tests that leave it as they found it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from sandbox import Sandbox
from tests.sandbox.helpers import eventually, get

REGIONS = ("eu", "na")


@pytest.fixture(scope="package")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running sandbox, removed when its tests are through."""
    made = Sandbox(tmp_path_factory.mktemp("shared"), REGIONS)
    try:
        made.start(print)
        yield made
    finally:
        made.remove()


@pytest.fixture
def running(shared: Sandbox) -> Iterator[Sandbox]:
    """The shared sandbox; whatever a test broke is mended before the next one."""
    yield shared
    for region in REGIONS:
        shared.up(region)
        shared.resume(region)
        eventually(f"{region} answers again", lambda region=region: get(shared, region, "/readyz").is_success)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[str, Sequence[str]], Sandbox]]:
    """Sandboxes in folders of their own, stopped whatever happens."""
    made: list[Sandbox] = []

    def one(name: str, regions: Sequence[str] = ("eu",)) -> Sandbox:
        (tmp_path / name).mkdir()
        made.append(Sandbox(tmp_path / name, regions))
        return made[-1]

    yield one
    for sandbox in made:
        sandbox.remove()
