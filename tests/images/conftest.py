"""Images, built once for all tests here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from config.images import buildable, load_images
from fleet.images.buildah import unavailable
from fleet.images.builder import Builder, Built
from sandbox.pods.image import Image, unpacked_image
from tests.recording import ROOT

BUILDABLE = buildable(load_images(ROOT))


@pytest.fixture(scope="session")
def builder() -> Builder:
    if reason := unavailable():
        pytest.fail(reason)
    return Builder(root=ROOT, report=print)


@pytest.fixture(scope="session")
def built(builder: Builder) -> dict[str, Built]:
    """Every image that packages suffice for."""
    return {image.name: image for image in builder.build(BUILDABLE)}


@pytest.fixture(scope="session")
def images(builder: Builder, built: dict[str, Built]) -> Iterator[dict[str, Image]]:
    """The same as the sandbox's pods take them."""
    with ExitStack() as stack:
        yield {
            name: unpacked_image(
                stack.enter_context(builder.buildah.unpacked(image.reference)),
                dict(word.split("=", 1) for word in builder.buildah.config(image.reference)["Env"]),
            )
            for name, image in built.items()
        }
