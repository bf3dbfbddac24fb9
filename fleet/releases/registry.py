"""Whether a registry has an image: its manifest asked for by digest, over the registry's HTTP API."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

import httpx

from config.each import at
from config.mistakes import Mistake
from config.plan import FleetPlan
from fleet.releases.diff import pods

TIMEOUT_SECONDS = 10.0
AT_ONCE = 8
# OCI image-spec 1.1 and Docker's schema 2; a registry answers 404 for a kind of manifest that is not accepted.
MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


class Resolver(Protocol):
    """Looks images up where clusters pull them from."""

    def problem(self, image: str) -> str | None:
        """Why `image`, a name with a digest, can't be pulled; None when it can."""
        ...


@dataclass(frozen=True, kw_only=True)
class Reference:
    """An image's name in three parts."""

    host: str
    repository: str
    digest: str


def reference(image: str) -> Reference:
    """The parts of an image by digest, as `config.types.Image` has checked it; a tag before the digest is dropped."""
    name, _, digest = image.partition("@")
    host, _, repository = name.partition("/")
    return Reference(host=host, repository=re.sub(r":[^/]*$", "", repository), digest=digest)


def missing(plan: FleetPlan, resolver: Resolver) -> tuple[Mistake, ...]:
    """The images of a plan that can't be pulled, each with the regions that need it and the reason."""
    regions: dict[tuple[str, str], set[str]] = {}
    for pod in pods(plan):
        for image in pod.images.values():
            regions.setdefault((image.path, image.build.image), set()).add(pod.region)
    source = plan.loaded.stack.release
    told = problems({image for _, image in regions}, resolver)
    found = [
        Mistake(
            path=f"{source} {path}.image",
            found=f"{told[image]}, needed in {', '.join(sorted(where))}",
            expected=f"{image} in the registry of each region",
        )
        for (path, image), where in sorted(regions.items())
        if image in told
    ]
    return tuple(found)


def problems(images: Iterable[str], resolver: Resolver) -> Mapping[str, str]:
    """The problem of each image that has one; all are asked side by side."""
    ordered = sorted(set(images))
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        answers = pool.map(resolver.problem, ordered)
        return {image: answer for image, answer in zip(ordered, answers, strict=True) if answer}


@dataclass(frozen=True, kw_only=True)
class HttpResolver:
    """Asks registries as `docker pull` would, with the logins of the Docker configuration in `folder`.

    Where the configuration names a credential helper instead of a login, it asks without one.
    """

    folder: Path

    def problem(self, image: str) -> str | None:
        """Why the registry does not give the image's manifest, in words that tell no password."""
        wanted = reference(image)
        url = f"{_scheme(wanted.host)}://{wanted.host}/v2/{wanted.repository}/manifests/{wanted.digest}"
        login = _login(self.folder, wanted.host)
        headers = {"Accept": ", ".join(MANIFESTS)}
        try:
            with httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=True) as client:
                answer = client.head(url, headers=headers)
                if answer.status_code == 401:
                    granted = _authorization(client, answer.headers.get("www-authenticate", ""), wanted, login)
                    answer = client.head(url, headers={**headers, **granted})
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return f"no answer of {wanted.host} ({type(error).__name__})"
        return _judged(answer, wanted)


def _judged(answer: httpx.Response, wanted: Reference) -> str | None:
    if answer.status_code == 404:
        return f"no such digest in {wanted.host}/{wanted.repository}"
    if answer.status_code != 200:
        return f"the answer {answer.status_code} of {wanted.host}"
    told = answer.headers.get("docker-content-digest", wanted.digest)  # a registry need not send it
    return None if told == wanted.digest else f"another digest of {wanted.host}, {told}"


def _authorization(client: httpx.Client, challenge: str, wanted: Reference, login: str | None) -> dict[str, str]:
    """The header that answers a registry's challenge: the login itself, or a token that the login is good for."""
    kind, _, rest = challenge.partition(" ")
    basic = {"Authorization": f"Basic {login}"} if login else {}
    if kind.lower() != "bearer":
        return basic
    asked = {str(key).lower(): str(value) for key, value in re.findall(r'(\w+)="([^"]*)"', rest)}
    realm = asked.get("realm", "")
    # A login never goes over the network in the clear, whatever realm a registry names.
    if basic and not (realm.startswith("https://") or _loopback(httpx.URL(realm).host)):
        raise httpx.UnsupportedProtocol("a realm without TLS")
    scope = asked.get("scope") or f"repository:{wanted.repository}:pull"
    answer = client.get(realm, params={"service": asked.get("service", ""), "scope": scope}, headers=basic)
    body = cast("object", answer.json()) if answer.is_success else None
    token = at(body, "token") or at(body, "access_token")
    return {"Authorization": f"Bearer {token}"} if isinstance(token, str) else {}


def _login(folder: Path, host: str) -> str | None:
    """The login for a registry, user and password in base64, where the Docker configuration holds one."""
    try:
        found = at(json.loads((folder / "config.json").read_text()), "auths", host, "auth")
        return base64.b64encode(base64.b64decode(found)).decode() if isinstance(found, str) and found else None
    except (OSError, ValueError):
        return None


def _scheme(host: str) -> str:
    return "http" if _loopback(host.rpartition(":")[0] or host) else "https"


def _loopback(host: str) -> bool:
    return host in ("localhost", "127.0.0.1")


def default_resolver() -> HttpResolver:
    """The resolver with the logins of the person who runs the command."""
    return HttpResolver(folder=Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker"))
