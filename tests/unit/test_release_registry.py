"""Asking a registry for a digest: a double on loopback speaks its HTTP API."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.releases.registry import HttpResolver, problems, reference
from tests.unit.registry_double import Registry, registry

DIGEST = f"sha256:{'a' * 64}"
LOGIN = base64.b64encode(b"puller:hunter2").decode()


@pytest.fixture
def double() -> Iterator[Registry]:
    with registry() as held:
        held.manifests.add(f"notary/komodod@{DIGEST}")
        yield held


def asked(double: Registry, folder: Path, name: str = "komodod", digest: str = DIGEST) -> str | None:
    return HttpResolver(folder=folder).problem(f"{double.host}/notary/{name}@{digest}")


def log_in(double: Registry, folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"auths": {double.host: {"auth": LOGIN}}}))


def test_a_name_has_host_repository_and_digest_and_its_tag_does_not_matter() -> None:
    plain = reference(f"registry.example.net:5000/notary/komodod@{DIGEST}")
    assert (plain.host, plain.repository, plain.digest) == ("registry.example.net:5000", "notary/komodod", DIGEST)
    assert reference(f"registry.example.net:5000/notary/komodod:v1@{DIGEST}") == plain


def test_a_digest_is_there_or_it_is_not(double: Registry, tmp_path: Path) -> None:
    assert asked(double, tmp_path) is None
    assert asked(double, tmp_path, digest=f"sha256:{'b' * 64}") == f"no such digest in {double.host}/notary/komodod"
    assert asked(double, tmp_path, name="litecoind") == f"no such digest in {double.host}/notary/litecoind"
    assert {method for method, _, _ in double.asked} == {"HEAD"}


def test_a_registry_that_fails_lies_or_is_away_has_nothing(double: Registry, tmp_path: Path) -> None:
    double.tells = f"sha256:{'c' * 64}"
    assert "another digest" in (asked(double, tmp_path) or "")
    double.status = 500
    assert "the answer 500" in (asked(double, tmp_path) or "")
    away = HttpResolver(folder=tmp_path).problem(f"127.0.0.1:1/notary/komodod@{DIGEST}")
    assert away == "no answer of 127.0.0.1:1 (ConnectError)"


def test_a_token_is_fetched_with_the_login_that_the_registry_has(double: Registry, tmp_path: Path) -> None:
    double.tokens = True
    assert asked(double, tmp_path) is None
    assert "scope=repository%3Anotary%2Fkomodod%3Apull" in double.asked[1][1]
    double.login = LOGIN
    assert "the answer 401" in (asked(double, tmp_path) or "")
    log_in(double, tmp_path)
    assert asked(double, tmp_path) is None


def test_a_registry_may_want_the_login_itself(double: Registry, tmp_path: Path) -> None:
    double.login = LOGIN
    assert "the answer 401" in (asked(double, tmp_path) or "")
    log_in(double, tmp_path)
    assert asked(double, tmp_path) is None


def test_a_login_goes_to_no_realm_in_the_clear_and_into_no_message(double: Registry, tmp_path: Path) -> None:
    double.tokens, double.realm = True, "http://tokens.example.net/token"
    log_in(double, tmp_path)
    told = asked(double, tmp_path) or ""
    assert told == f"no answer of {double.host} (UnsupportedProtocol)"
    assert LOGIN not in told
    assert [login for _, _, login in double.asked] == [""]


def test_a_broken_docker_configuration_is_no_login(double: Registry, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    assert asked(double, tmp_path) is None


def test_each_image_is_asked_once(double: Registry, tmp_path: Path) -> None:
    good, bad = (f"{double.host}/notary/{name}@{DIGEST}" for name in ("komodod", "gate"))
    assert set(problems([good, bad, good], HttpResolver(folder=tmp_path))) == {bad}
    assert len(double.asked) == 2
