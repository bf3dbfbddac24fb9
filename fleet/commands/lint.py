"""Mistakes that are no errors of form: wrong ports, published RPC, pins that differ."""

from __future__ import annotations

import typer


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    del app
