"""One sandbox for all of these tests; each test has a stack and a namespace of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.names import object_name
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
    words = request.node.name.removeprefix("test_").replace("_", "-")
    made = make_project(clusters, object_name(re.sub(r"[^a-z0-9-]+", "-", words), limit=40))
    yield made
    for region in REGIONS:
        made.sandbox.up(region)
