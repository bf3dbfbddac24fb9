"""One sandbox for all of these tests; each test has a stack and a namespace of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import Sandbox
from tests.engine.project import REGIONS, Project, make_project


@pytest.fixture(scope="session")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a running sandbox."""
    root = tmp_path_factory.mktemp("project")
    sandbox = Sandbox(root, REGIONS)
    sandbox.start(print)
    yield root
    sandbox.remove()


@pytest.fixture
def project(clusters: Path, request: pytest.FixtureRequest) -> Iterator[Project]:
    """A small stack that is not up yet."""
    made = make_project(clusters, re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_"))[:30].strip("-"))
    yield made
    for region in REGIONS:
        made.sandbox.up(region)
