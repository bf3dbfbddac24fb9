"""CycloneDX's own library takes the bills of materials that `fleet images describe` writes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from config.images import load_images
from fleet.images.contents import Package
from fleet.images.documents import Described, sbom
from tests.recording import ROOT

PYTHON = ROOT / ".venv" / "scan" / "bin" / "python"
VALIDATE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
print(JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read()))
"""
PACKAGES = [
    Package(name="libc6", version="2.36", purl="pkg:deb/debian/libc6@2.36?arch=amd64"),
    Package(name="pydantic", version="2", purl="pkg:pypi/pydantic@2", license="MIT"),
    Package(name="a:b", version="1", purl="pkg:maven/a/b@1", sha256="0" * 64),
]


def complaints(paper: dict[str, Any], path: Path) -> str:
    """What the library says against it; None in words, where it is content."""
    path.write_text(json.dumps(paper))
    done = subprocess.run([PYTHON, "-c", VALIDATE, path], capture_output=True, text=True, check=True, timeout=120)
    return done.stdout.strip()


def test_every_images_bill_of_materials_is_valid(tmp_path: Path) -> None:
    for name, source in load_images(ROOT).items():
        image = Described(name=name, source=source, reference="x", digest="sha256:" + "0" * 64, labels={})
        assert complaints(sbom(image, PACKAGES), tmp_path / name) == "None"


def test_a_bill_of_materials_with_a_mistake_is_not(tmp_path: Path) -> None:
    source = load_images(ROOT)["btcd"]
    image = Described(name="btcd", source=source, reference="x", digest="sha256:" + "0" * 64, labels={})
    wrong = {**sbom(image, PACKAGES), "components": [{"type": "parcel", "name": "x"}]}
    assert "parcel" in complaints(wrong, tmp_path / "wrong")
