"""An image's papers: what it is made of (CycloneDX), and what it was made from (SLSA, in-toto). Pure; unsigned."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from config.images import ImageSource, dockerfile
from fleet.images.commands import INPUTS
from fleet.images.contents import Package

REVISION = "org.opencontainers.image.revision"
BUILD_TYPE, BUILDER = "urn:notary-fleet:image:v1", "urn:notary-fleet:images-build"  # docs/images.md says what they mean


@dataclass(frozen=True, kw_only=True)
class Described:
    """An image as it lies somewhere: `digest` begins with sha256:, `labels` are those that it bears."""

    name: str
    source: ImageSource
    reference: str
    digest: str
    labels: Mapping[str, str]


def sbom(image: Described, packages: Iterable[Package]) -> dict[str, Any]:
    """A bill of materials as CycloneDX 1.6, the same for the same image."""
    parts = sorted((*packages, *_fetched(image)), key=lambda package: package.purl)
    purl = f"pkg:oci/{image.name}@{quote(image.digest, safe='')}?tag={quote(image.source.version, safe='')}"
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, image.digest)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "container",
                "bom-ref": purl,
                "name": image.name,
                "version": image.source.version,
                "licenses": [{"expression": image.source.license}],
                "purl": purl,
            }
        },
        "components": [_component(package) for package in parts],
    }


def provenance(image: Described) -> dict[str, Any] | None:
    """How it was made, as SLSA has it; None for an image that `fleet images build` has not made."""
    if INPUTS not in image.labels:
        return None
    revision = image.labels.get(REVISION, "unknown")
    source = image.source
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": image.reference, "digest": {"sha256": image.digest.removeprefix("sha256:")}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "image": image.name,
                    "version": source.version,
                    "dockerfile": dockerfile(image.name, source),
                    "arguments": dict(source.arguments),
                    "on": dict(source.on),
                },
                "internalParameters": {"inputs": image.labels[INPUTS], "revision": revision},
                "resolvedDependencies": [
                    # What was not committed has no name: such a build is known by its inputs alone.
                    *([{"uri": "git", "digest": {"gitCommit": revision}}] if _committed(revision) else []),
                    *({"uri": package.purl, **_digest(package)} for package in _fetched(image)),
                ],
            },
            "runDetails": {"builder": {"id": BUILDER}},
        },
    }


def _fetched(image: Described) -> Iterator[Package]:
    """What a build takes from elsewhere by its arguments: a commit of a repository, or a file by its checksum."""
    given = image.source.arguments
    name, version = given.get("PROGRAM", image.name), image.source.version
    if "REPOSITORY" in given:
        purl = f"pkg:github/{given['REPOSITORY'].lower()}@{given['COMMIT']}"
        yield Package(name=given["REPOSITORY"], version=given["COMMIT"], purl=purl, license=image.source.license)
    if "URL" in given:
        url, sha256 = quote(given["URL"], safe=""), given["SHA256"]
        purl = f"pkg:generic/{name}@{version}?download_url={url}&checksum=sha256:{sha256}"
        yield Package(name=name, version=version, purl=purl, license=image.source.license, sha256=sha256)


def _component(package: Package) -> dict[str, Any]:
    return {
        "type": "library",
        "bom-ref": package.purl,
        "name": package.name,
        "version": package.version,
        **({"hashes": [{"alg": "SHA-256", "content": package.sha256}]} if package.sha256 else {}),
        **({"licenses": [{"expression": package.license}]} if package.license else {}),
        "purl": package.purl,
    }


def _digest(package: Package) -> dict[str, Any]:
    digest = {"sha256": package.sha256} if package.sha256 else {"gitCommit": package.version}
    return {"digest": digest}


def _committed(revision: str) -> bool:
    return len(revision) == 40
