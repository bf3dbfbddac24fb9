"""One lint: reads what was given, runs every rule over it, and collects what can't be read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from config.chains import Chain, known_chains
from config.each import at, texts
from config.lint import coins, compose, network, pins, registries, shell, stacks
from config.lint.coinlist import Listed, parse_coins
from config.lint.finding import Finding
from config.lint.openings import Opening, openings
from config.lint.pinned import coin_pins, release_pins, script_pins
from config.lint.script import read_script
from config.load import PROJECT, LoadedStack, load_stack, stack_file, stack_names
from config.mistakes import ConfigError, Mistake
from config.reader import read_text, read_yaml
from config.registry import RegistryChain, parse_registry, read_entries

T = TypeVar("T")
RULES: Mapping[str, str] = {
    rule: sentence
    for theme in (coins, network, registries, pins, shell, compose, stacks)
    for rule, sentence in theme.RULES.items()
}


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to lint. `root` is the project; registries that are not given are those of its stacks."""

    root: Path
    stacks: tuple[str, ...] = ()
    registries: tuple[Path, ...] = ()
    coins: tuple[Path, ...] = ()
    scripts: tuple[Path, ...] = ()


@dataclass(kw_only=True)
class Report:
    """Findings and, apart from them, what could not be read."""

    findings: list[Finding] = field(default_factory=list[Finding])
    mistakes: list[Mistake] = field(default_factory=list[Mistake])

    def read(self, reader: Callable[[], T]) -> T | None:
        """What a reader returns; None, with its mistakes kept, when it can't read."""
        try:
            return reader()
        except ConfigError as error:
            self.mistakes += error.mistakes
            return None


def lint(request: Request) -> Report:
    """Run every rule that fits what was given; all stacks when nothing was."""
    report = Report()
    everything = not (request.stacks or request.registries or request.coins or request.scripts)
    all_names = stack_names(request.root)
    names = list(dict.fromkeys(request.stacks)) or (all_names if everything else [])
    given = {str(path): path for path in request.registries}
    named = {name: _registries_of(request.root, name) for name in (names or ([] if given else all_names))}
    chains: dict[str, RegistryChain] = {}
    broken: set[str] = set()
    for source, path in {**given, **{key: path for found in named.values() for key, path in found.items()}}.items():
        loaded, blocked = _registry(path, source, report)
        broken |= {source} if blocked else set()
        chains = {**{chain.key: chain for chain in loaded}, **chains}
    ready = [name for name in names if not broken & set(named[name])]
    found = [report.read(lambda name=name: load_stack(request.root, name)) for name in ready]
    _files(request, [stack for stack in found if stack], known_chains(chains.values()), report)
    return report


def _registries_of(root: Path, name: str) -> dict[str, Path]:
    """The registries that a stack names; what is wrong with its file is for `load_stack` to tell."""
    source = f"Pulumi.{name}.yaml"
    try:
        values = read_yaml(stack_file(root, name), source)
    except ConfigError:
        return {}
    return {item: root / item for item in texts(at(values, "config", f"{PROJECT}:registries"))}


def _registry(path: Path, source: str, report: Report) -> tuple[tuple[RegistryChain, ...], bool]:
    """A registry's chains, without those whose values are wrong, and whether there are any of these."""
    entries = report.read(lambda: read_entries(read_text(path, source), source))
    if entries is None:
        return (), True
    findings = list(registries.registry_values(entries, source))
    report.findings += findings
    try:
        return parse_registry(read_text(path, source), source), False
    except ConfigError as error:
        told = {finding.path for finding in findings}
        report.mistakes += [mistake for mistake in error.mistakes if mistake.path not in told]
        places = [mistake.path.removeprefix(f"{source}[").partition("]")[0] for mistake in error.mistakes]
        return _sound([entry for n, entry in enumerate(entries) if str(n) not in places], source), True


def _sound(entries: list[object], source: str) -> tuple[RegistryChain, ...]:
    """The chains of the entries without a mistake, for what else is linted against them."""
    try:
        return parse_registry(json.dumps(entries), source)
    except ConfigError:
        return ()


def _files(request: Request, loaded: list[LoadedStack], chains: Mapping[str, Chain], report: Report) -> None:
    """The rules over stacks, coin lists and scripts, and those that look at all of them together."""
    found = [
        report.read(lambda path=path: parse_coins(read_text(path, str(path)), str(path))) for path in request.coins
    ]
    listed: list[tuple[Listed, ...]] = [item for item in found if item]
    read = [report.read(lambda path=path: read_script(path, str(path))) for path in request.scripts]
    scripts = [script for script in read if script]
    report.findings += [finding for stack in loaded for finding in stacks.stack_rules(stack)]
    report.findings += [finding for items in listed for finding in coins.coin_ports(items, chains)]
    for script in scripts:
        report.findings += [*shell.assignments(script), *shell.unlocks(script), *network.rpc_bound(script)]
        report.findings += compose.short_stop(script)
    opened = [opening for script in scripts for opening in openings(script)]
    report.findings += [*network.firewall_port(opened), *network.rpc_opened(opened, network.rpc_ports(chains))]
    _firewall(opened, loaded if request.stacks else [], report)
    written = [pin for stack in loaded for pin in release_pins(stack)]
    written += [pin for script in scripts for pin in script_pins(script, chains)]
    written += [pin for items in listed for pin in coin_pins(items, chains)]
    report.findings += pins.pin_mismatch(written)
    report.findings = sorted(dict.fromkeys(report.findings), key=lambda item: (item.path, item.rule))


def _firewall(opened: list[Opening], loaded: list[LoadedStack], report: Report) -> None:
    """A firewall against the stacks that were named: without them nobody knows what it has to let through."""
    used = {port: user for stack in loaded for port, user in stacks.used_ports(stack).items()}
    buses = {port: user for stack in loaded for port, user in stacks.bus_ports(stack).items()}
    if loaded:
        report.findings += [*network.firewall_unused(opened, used), *network.firewall_closed(opened, buses)]
