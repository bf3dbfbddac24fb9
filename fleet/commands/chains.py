"""The chains of a registry, with what is derived from their parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from config.registry import RegistryChain, load_registry
from fleet.commands.options import Json
from fleet.output import Output, table


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(chains)


def chains(registry: Annotated[Path, typer.Argument(help="A JSON list of ac_* objects")], json: Json = False) -> None:
    """Show a registry's chains with their ports, network magic and flags.

    Example: fleet chains registry/assetchains.json --json
    """
    found = load_registry(registry)
    shown = table("chain", "name", "p2p", "rpc", "magic", "flags")
    for chain in found:
        plain = " ".join(flag for flag in chain.flags if not flag.startswith("-addnode="))
        peers = f"{plain} and {len(chain.addnodes)} peers"
        shown.add_row(chain.key, chain.name, str(chain.p2p), str(chain.rpc), str(chain.magic), peers)
    Output(json=json).result([_described(chain) for chain in found], shown)


def _described(chain: RegistryChain) -> dict[str, object]:
    return {
        "key": chain.key,
        "name": chain.name,
        "p2p": chain.p2p,
        "rpc": chain.rpc,
        "magic": chain.magic,
        "flags": list(chain.flags),
    }
