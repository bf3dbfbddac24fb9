"""A test stack that builds images: what is registered, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from config.mistakes import ConfigError
from config.stack import ImageBuilds
from tests.recording import ROOT, Recorder
from tests.unit.stacks import planned, values_of

BUILDS: dict[str, Any] = {"registry": "registry.example.net/notary", "names": ["iguana-double"]}
DIGEST = f"sha256:{'a' * 64}"
OTHER = f"sha256:{'b' * 64}"


class Registry(Recorder):
    """Docker's plugins: builds have one digest, and copies of the registry what `copies` says."""

    copies: str = DIGEST

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        identity, outputs = super().new_resource(args)
        if args.typ == "docker-build:index:Image":
            outputs |= {"digest": DIGEST, "ref": f"{args.inputs['tags'][0]}@{DIGEST}"}
        return identity, outputs

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        assert args.token == "docker:index/getRegistryImage:getRegistryImage"
        return {"name": args.args["name"], "sha256Digest": self.copies, "id": "x"}


def built(builds: dict[str, Any], copies: str = DIGEST) -> tuple[Registry, dict[str, str]]:
    """What the component registers, and its references."""
    from components.images import Images, ImagesArgs

    recorder, told = Registry(), dict[str, str]()
    recorder.copies = copies
    mocks.set_mocks(recorder, project="notary", stack="test", preview=False)

    @pulumi.runtime.test
    def program() -> Any:
        images = Images(ImagesArgs(builds=ImageBuilds.model_validate(builds), root=ROOT))
        return pulumi.Output.all(**images.references).apply(told.update)

    program()
    return recorder, told


def test_an_image_is_pushed_for_good_behind_those_that_it_is_built_on() -> None:
    recorder, told = built(BUILDS)
    images = {item.name: item.inputs for item in recorder.created if item.type == "docker-build:index:Image"}
    assert list(images) == ["image-failover", "image-iguana-double"]
    double = images["image-iguana-double"]
    assert double["tags"] == ["registry.example.net/notary/iguana-double:0.1.0"]
    # By digest: a tag of another build could not come between.
    assert double["buildArgs"] == {"FAILOVER": f"registry.example.net/notary/failover:0.1.0@{DIGEST}"}
    assert (double["push"], double["buildOnPreview"], double["platforms"]) == (True, False, ["linux/amd64"])
    assert double["dockerfile"]["location"] == str(ROOT / "images" / "iguana-double" / "Dockerfile")
    assert double["cacheTo"][0]["registry"]["ref"] == "registry.example.net/notary/iguana-double:cache"
    assert told == {"iguana-double": f"registry.example.net/notary/iguana-double@{DIGEST}"}


def test_every_copy_of_the_registry_must_have_the_same_digest() -> None:
    builds = {**BUILDS, "replicas": ["copy.example.net/notary"]}
    assert built(builds)[1] == {"iguana-double": f"registry.example.net/notary/iguana-double@{DIGEST}"}
    with pytest.raises(
        pulumi.RunError, match=r"copy.example.net/notary/iguana-double:0.1.0 is sha256:b+, and sha256:a+"
    ):
        built(builds, copies=OTHER)


def test_production_builds_nothing_and_every_unknown_image_is_named() -> None:
    values = values_of("mainnet")
    values["images"] = {**BUILDS, "names": ["komodod", "komodo", "gate"]}
    with pytest.raises(ConfigError) as caught:
        planned(values)
    assert [(item.path, item.found) for item in caught.value.mistakes] == [
        ("notary:images", "images to build"),
        ("notary:images.names", '"gate"'),
        ("notary:images.names", '"komodo"'),
    ]


@pytest.mark.parametrize("registry", ["registry.example.net", "registry.example.net/notary:1", "Registry/notary"])
def test_a_registry_is_a_host_and_a_path(registry: str) -> None:
    values = values_of("testnet")
    values["images"] = {**BUILDS, "registry": registry}
    with pytest.raises(ConfigError, match="a registry and a path without a tag"):
        planned(values)


def test_who_builds_nothing_imports_no_sdk_of_dockers() -> None:
    program = "import sys, components.fleet; print([name for name in sys.modules if 'docker' in name])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
