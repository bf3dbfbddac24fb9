"""Builds images with buildah, each once for what goes into it, and hands them on."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from config.images import ImageSource, dockerfile, load_images
from fleet.errors import FleetError
from fleet.images import bases
from fleet.images.buildah import Buildah, require
from fleet.images.commands import INPUTS, build, inputs_of, local_name
from fleet.images.contents import Package, packages
from fleet.images.documents import Described
from sandbox.toolchain import Report, cache, locked


@dataclass(frozen=True, kw_only=True)
class Built:
    """An image as it lies on this machine. `size` is what a registry would keep and send, in bytes."""

    name: str
    reference: str
    digest: str
    size: int
    new: bool


@dataclass(frozen=True, kw_only=True)
class Builder:
    """Builds what `images/images.yaml` lists. `base` and `golang` are images to build on; made here if left out."""

    root: Path
    report: Report
    base: str | None = None
    golang: str | None = None

    @cached_property
    def images(self) -> Mapping[str, ImageSource]:
        return load_images(self.root)

    @cached_property
    def buildah(self) -> Buildah:
        """With its images in the cache, beside the sandbox's tools."""
        return Buildah(root=self.root, storage=cache() / "images", report=self.report)

    def build(self, names: Sequence[str]) -> list[Built]:
        """Build these, in this order, where they are not there already. Raises FleetError."""
        require(self.base is None)
        self.buildah.storage.mkdir(parents=True, exist_ok=True)
        with locked(cache() / "images.lock", self.report):
            made = {"BASE": self.base or bases.debian(self.buildah)}
            if any("ARG GO=" in self._dockerfile(name) for name in names):
                made["GO"] = self.golang or bases.golang(self.buildah, made["BASE"])
            found = [self._build(name, made) for name in names]
            if any(built.new for built in found):
                self.buildah.ask("rmi", "--prune")  # what the new ones took the names of
            return found

    def _build(self, name: str, made: Mapping[str, str]) -> Built:
        source = self.images[name]
        used = {key: value for key, value in made.items() if f"ARG {key}=" in self._dockerfile(name)}
        on = {argument: local_name(other, self.images[other]) for argument, other in source.on.items()}
        stood_on = {argument: self.buildah.labels(reference)[INPUTS] for argument, reference in on.items()}
        inputs = inputs_of(self.root, name, source, {**used, **stood_on})
        reference = local_name(name, source)
        new = self.buildah.labels(reference).get(INPUTS) != inputs
        if new:
            self.buildah.run(
                build(name, source, bases=used, on=on, inputs=inputs, revision=self._revision), f"image {name}"
            )
        digest, size = self._measured(reference)
        return Built(name=name, reference=reference, digest=digest, size=size, new=new)

    def push(self, built: Built, registry: str) -> str:
        """Push to a registry and a path, such as registry.example.net/notary; the image there, by its digest."""
        there = f"{registry}/{built.reference.rpartition('/')[2].partition(':')[0]}"
        version = built.reference.rpartition(":")[2]
        with tempfile.NamedTemporaryFile("r") as told:
            self.buildah.run(
                ["push", "--digestfile", told.name, built.reference, f"docker://{there}:{version}"], f"push {there}"
            )
            return f"{there}@{told.read().strip()}"

    def describe(self, name: str, pushed: str | None = None) -> tuple[Described, list[Package]]:
        """An image and what is in it: as it was built here, or as it was `pushed`, by its digest. Raises FleetError."""
        require(makes_base=False)
        source = self.images[name]
        reference = pushed or local_name(name, source)
        with locked(cache() / "images.lock", self.report):
            if pushed:
                self.buildah.run(["pull", "--quiet", f"docker://{pushed}"], f"pull {pushed}")
            elif not self.buildah.config(reference):
                raise FleetError(f"there is no {reference} on this machine; run `fleet images build {name}`")
            digest = pushed.rpartition("@")[2] if pushed else self._measured(reference)[0]
            labels = self.buildah.labels(reference)
            with self.buildah.unpacked(reference) as folder:
                found = packages(folder)
        return Described(name=name, source=source, reference=reference, digest=digest, labels=labels), found

    def _measured(self, reference: str) -> tuple[str, int]:
        """Digest and bytes of an image as a registry would have it."""
        with tempfile.TemporaryDirectory(dir=self.buildah.storage) as folder:
            self.buildah.ask("push", "--quiet", reference, f"oci:{folder}")
            (found,) = json.loads(Path(folder, "index.json").read_bytes())["manifests"]
            manifest = json.loads(Path(folder, "blobs/sha256", found["digest"].partition(":")[2]).read_bytes())
            return found["digest"], sum(layer["size"] for layer in [manifest["config"], *manifest["layers"]])

    def _dockerfile(self, name: str) -> str:
        return (self.root / dockerfile(name, self.images[name])).read_text()

    @cached_property
    def _revision(self) -> str:
        # With what was not committed yet it is no revision, and says so.
        words = ["git", "describe", "--always", "--abbrev=40", "--exclude", "*", "--dirty"]
        told = subprocess.run(words, cwd=self.root, capture_output=True, text=True, check=False)
        return told.stdout.strip() or "unknown"
