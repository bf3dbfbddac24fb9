"""A stack's configuration from its file or from the engine's values, with everything it points at."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

from pydantic import ValidationError

from config import checks, pod_ports
from config.aws import checks as aws_checks
from config.chains import Chain, known_chains
from config.each import at, each, texts
from config.explain import mistakes_of
from config.images import load_images
from config.mistakes import ConfigError, Mistake, shown
from config.reader import kind_of, read_yaml
from config.registry import RegistryChain, load_registry
from config.release import Release
from config.stack import Stack

M = TypeVar("M", Stack, Release)

PROJECT = "notary"  # the namespace of the configuration's keys, and the project's name in Pulumi.yaml


@dataclass(frozen=True, kw_only=True)
class LoadedStack:
    """A valid stack with its release and the chains of its registries."""

    name: str
    stack: Stack
    release: Release
    chains: Mapping[str, Chain]

    def daemon_for(self, chain: str) -> str:
        """The name of the release's build that runs a chain of this stack."""
        return self.release.daemon_for(chain, self.chains[chain].build)


def stack_file(root: Path, name: str) -> Path:
    """Where the configuration of a stack lies."""
    return root / f"Pulumi.{name}.yaml"


def stack_names(root: Path) -> list[str]:
    """The stacks that have a file below `root`."""
    return sorted(path.name[7:-5] for path in root.glob("Pulumi.?*.yaml"))


def load_stack(root: Path, name: str, release: str | None = None) -> LoadedStack:
    """Read and check `Pulumi.<name>.yaml` below `root`; raises ConfigError with every mistake.

    `release` is a release's file that takes the place of the one that the stack names.
    """
    if not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise ConfigError([Mistake(path="--stack", found=shown(name), expected="a stack's name such as testnet")])
    source = f"Pulumi.{name}.yaml"
    if not stack_file(root, name).is_file():
        expected = f"one of the stacks here: {', '.join(stack_names(root)) or 'none'}"
        raise ConfigError([Mistake(path="--stack", found=f"no file {source}", expected=expected)])
    document = read_yaml(stack_file(root, name), source)
    values, secrets, mistakes = split_document(document, source)
    if mistakes and not values:
        raise ConfigError(mistakes)
    return parse_stack(name, {**values, "release": release} if release else values, secrets, root, mistakes)


def load_release(root: Path, source: str) -> Release:
    """Read and check a release's file, a path below `root`; raises ConfigError with every mistake."""
    mistakes: list[Mistake] = []
    release = _release(root, {"release": source}, mistakes)
    if release is None:
        raise ConfigError(mistakes)
    return release


def split_document(document: Mapping[str, object], source: str) -> tuple[dict[str, object], set[str], list[Mistake]]:
    """The plain values of `notary:*`, the names of its secrets, and what is wrong with the file itself."""
    values: dict[str, object] = {}
    secrets: set[str] = set()
    mistakes: list[Mistake] = []
    engine_keys = {"config", "secretsprovider", "encryptionsalt", "encryptedkey", "environment"}
    for key in document:
        if key not in engine_keys:
            expected = f"one of {', '.join(sorted(engine_keys))}"
            mistakes.append(Mistake(path=source, found=f"the key {shown(key)}", expected=expected))
    config = document.get("config")
    if not isinstance(config, dict):
        mistakes.append(Mistake(path=f"{source} config", found=kind_of(config), expected="a mapping of notary: keys"))
        return values, secrets, mistakes
    for key, value in cast("dict[object, object]", config).items():
        namespace, _, name = str(key).partition(":")
        if namespace not in (PROJECT, "pulumi") or not name:
            expected = f"keys that begin with {PROJECT}:"
            mistakes.append(Mistake(path=f"{source} config", found=shown(key), expected=expected))
        elif namespace == PROJECT and isinstance(value, dict) and set(cast("dict[str, object]", value)) == {"secure"}:
            secrets.add(name)
        elif namespace == PROJECT:
            values[name] = value
    return values, secrets, mistakes


def parse_stack(
    name: str, values: Mapping[str, object], secrets: Collection[str], root: Path, earlier: Collection[Mistake] = ()
) -> LoadedStack:
    """Check the values of one stack, and read the registries and the release that they name.

    Raises ConfigError with every mistake; nothing is planned when there is one.
    """
    mistakes = list(earlier)
    stack = _model(Stack, values, f"{PROJECT}:", mistakes)
    registry = _registries(root, values, mistakes)
    release = _release(root, values, mistakes)
    chains = known_chains(registry)
    found = [*checks.ranges(values), *checks.candidates(values), *checks.ensemble(values)]
    found += aws_checks.mistakes(values)
    found += [*checks.maintenance(values), *checks.names(values), *checks.fencing(values)]
    found += checks.chains(values, chains) if registry else []
    found += [*checks.secrets(values, secrets), *pod_ports.collisions(values, chains)]
    found += checks.release(values, release, chains) if release else []
    found += _kubeconfigs(root, values)
    if isinstance(values.get("images"), dict):  # nobody else pays for reading the list
        found += checks.image_builds(values, load_images(root))
    mistakes += [Mistake(path=f"{PROJECT}:{item.path}", found=item.found, expected=item.expected) for item in found]
    if mistakes or stack is None or release is None:
        raise ConfigError(mistakes)
    return LoadedStack(name=name, stack=stack, release=release, chains=chains)


def _model(model: type[M], values: Mapping[str, object], prefix: str, mistakes: list[Mistake]) -> M | None:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        mistakes += mistakes_of(error, model, prefix)
        return None


def _registries(root: Path, values: Mapping[str, object], mistakes: list[Mistake]) -> list[RegistryChain]:
    """The chains of all registries that could be read; a key in two registries is a mistake."""
    chains: dict[str, RegistryChain] = {}
    for source in texts(values.get("registries")):
        try:
            loaded = load_registry(root / source, source)
        except ConfigError as error:
            mistakes += error.mistakes
            continue
        for chain in loaded:
            if chain.key in chains:
                expected = "each chain in one registry"
                mistakes.append(Mistake(path=source, found=f"{chain.key} for the second time", expected=expected))
            chains[chain.key] = chain
    return list(chains.values())


def _release(root: Path, values: Mapping[str, object], mistakes: list[Mistake]) -> Release | None:
    source = values.get("release")
    if not isinstance(source, str):
        return None
    try:
        document = read_yaml(root / source, source)
    except ConfigError as error:
        mistakes += error.mistakes
        return None
    return _model(Release, document, f"{source} ", mistakes)


def _kubeconfigs(root: Path, values: Mapping[str, object]) -> Iterator[Mistake]:
    """Kubeconfig files that can't be read, or that name no cluster."""
    for (_, region, *_), source in each(values, "regions", "*", "connection", "file"):
        if not isinstance(source, str):
            continue
        path = f"regions.{region}.connection.file"
        try:
            clusters = at(read_yaml(root / source, source), "clusters")
        except ConfigError as error:
            for mistake in error.mistakes:
                yield Mistake(path=path, found=f"{source}: {mistake.found}", expected="a kubeconfig that can be read")
            continue
        if not isinstance(clusters, list) or not clusters:
            yield Mistake(path=path, found=f"{source} without clusters", expected="a kubeconfig with its cluster")
